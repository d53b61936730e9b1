import { describe, expect, it } from 'vitest';
import type { Connection } from '../../../src/broker/connection/connection.js';
import { NO_SESSION_EXPIRY, type Will } from '../../../src/broker/protocol/packets.js';
import { DelayedWills } from '../../../src/broker/publish/delayed-wills.js';
import { SetSchedule } from '../../support/set-schedule.js';

function start() {
  const published: string[] = [];
  const time = new SetSchedule();
  const wills = new DelayedWills(time.schedule, (_, { topic }) => published.push(topic));
  return { wills, published, time };
}

const client = (clientId: string, sessionExpirySeconds = NO_SESSION_EXPIRY, isCleanStart = false) =>
  ({ clientId, user: 'u', sessionExpirySeconds, isCleanStart }) as Connection;

const will = (topic: string, delaySeconds: number): Will => ({
  topic,
  payload: Buffer.from('gone'),
  qos: 0,
  isRetained: false,
  delaySeconds,
  properties: undefined,
});

describe('a will', () => {
  it('without a delay is published at once', () => {
    const { wills, published } = start();
    wills.add(client('a'), will('w', 0));
    expect(published).toEqual(['w']);
  });

  it('is published when its delay is over', () => {
    const { wills, published, time } = start();
    wills.add(client('a'), will('w', 5));
    time.advance(4_999);
    expect(published).toEqual([]);
    time.advance(1);
    expect(published).toEqual(['w']);
    expect(wills.size).toBe(0);
  });

  it('is published when the session ends, if that is earlier [MQTT-3.1.3-9]', () => {
    const { wills, published, time } = start();
    wills.add(client('a', 0), will('now', 60));
    wills.add(client('b', 2), will('soon', 60));
    expect(published).toEqual(['now']);
    time.advance(2_000);
    expect(published).toEqual(['now', 'soon']);
  });

  it('is not published when the client goes on with its session [MQTT-3.1.3-9]', () => {
    const { wills, published, time } = start();
    wills.add(client('a'), will('w', 5));
    wills.connected(client('a'));
    time.advance(10_000);
    expect(published).toEqual([]);
  });

  it('is published when the client starts a new session', () => {
    const { wills, published, time } = start();
    wills.add(client('a'), will('w', 5));
    wills.connected(client('a', 0, true));
    expect(published).toEqual(['w']);
    time.advance(10_000);
    expect(published).toEqual(['w']);
  });

  it('is that of its own user and client id', () => {
    const { wills, published, time } = start();
    wills.add(client('a'), will('w', 5));
    wills.connected(client('b'));
    wills.connected({ ...client('a'), user: 'other' } as Connection);
    time.advance(5_000);
    expect(published).toEqual(['w']);
  });

  it('is published early when too many wait: the oldest first', () => {
    const { wills, published } = start();
    for (let i = 0; i <= 10_000; i += 1) wills.add(client(`c${i}`), will(`w${i}`, 60));
    expect(published).toEqual(['w0']);
    expect(wills.size).toBe(10_000);
  });

  it('is published early when those that wait have too many bytes', () => {
    const { wills, published } = start();
    const payload = Buffer.alloc(1024 * 1024);
    for (let i = 0; i < 17; i += 1) wills.add(client(`c${i}`), { ...will(`w${i}`, 60), payload });
    expect(published).toEqual(['w0', 'w1']);
    wills.connected(client('c2'));
    wills.add(client('more'), { ...will('more', 60), payload: Buffer.alloc(900_000) });
    expect(published).toEqual(['w0', 'w1']);
  });

  it('waits for 24 days at most', () => {
    const { wills, time } = start();
    wills.add(client('a'), will('w', 0xffff_ffff));
    expect(time.delaysMs()).toEqual([24 * 24 * 60 * 60 * 1000]);
  });

  it('is not published after the end', () => {
    const { wills, published, time } = start();
    wills.add(client('a'), will('w', 5));
    wills.close();
    time.advance(10_000);
    expect(published).toEqual([]);
  });
});
