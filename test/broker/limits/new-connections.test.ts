import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { LIMIT_DEFAULTS } from '../../../src/broker/limits/limit-options.js';
import { NewConnections } from '../../../src/broker/limits/new-connections.js';
import { HeldIntake, startBroker } from '../../support/broker-fixture.js';
import { SetClock } from '../../support/clock.js';
import { CONNECT, eventually, rawClient } from '../../support/raw-client.js';
import { usedBytes } from '../../support/used-bytes.js';

function start(perSecond = 100) {
  const clock = new SetClock();
  return { clock, connections: new NewConnections({ perSecond, maxWaitMs: 10_000 }, clock) };
}

describe('NewConnections [security 21]', () => {
  it('lets 500 of an address in at once, makes 1,000 wait, and refuses those behind them', () => {
    const { clock, connections } = start();
    const waits = Array.from({ length: 5_000 }, () => connections.waitMs('192.0.2.1'));
    expect(waits.slice(0, 500).every((waitMs) => waitMs === 0)).toBe(true);
    const waited = waits.filter((waitMs) => waitMs !== undefined && waitMs > 0);
    expect(waited).toHaveLength(1_000);
    expect(waited.at(-1)).toBe(10_000);
    expect(waits.at(-1)).toBeUndefined();
    expect(connections.waitMs('192.0.2.2')).toBe(0);
    clock.elapsedMs = 15_000;
    expect(connections.waitMs('192.0.2.1')).toBe(0);
  });

  it('lets a fleet of 5,000 behind one address in at once, by default', () => {
    const { connections } = start(LIMIT_DEFAULTS.newConnectionsPerSecond);
    const waits = Array.from({ length: 5_000 }, () => connections.waitMs('127.0.0.1'));
    expect(new Set(waits)).toEqual(new Set([0]));
  });

  it('counts a network of IPv6 as one address', () => {
    const { connections } = start(1);
    const waits = Array.from({ length: 7 }, (_, n) => connections.waitMs(`2001:db8::${n}`));
    expect(waits).toEqual([0, 0, 0, 0, 0, 0, 1_000]);
  });

  it('stays bounded while addresses come and go', () => {
    const { connections } = start(1);
    const before = usedBytes();
    for (let n = 0; n < 300_000; n += 1) connections.waitMs(`${n >> 16}.${(n >> 8) & 255}.${n & 255}.1`);
    expect(usedBytes() - before).toBeLessThan(16 * 2 ** 20);
  });

  it('does not serve a connection that was closed while it waited, nor one when it stops', async () => {
    const { connections } = start(1);
    const served: string[] = [];
    const streams = ['a', 'b', 'c', 'd', 'e', 'f', 'gone', 'stopped'].map((name) => {
      const stream = new PassThrough();
      connections.admit(stream, '192.0.2.1', () => served.push(name));
      return stream;
    });
    expect(served).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
    // A reset of the peer: without a listener it would end the process.
    streams[6]!.destroy(new Error('ECONNRESET'));
    connections.close();
    await eventually(() => streams.every((stream, at) => at < 6 || stream.closed));
    expect(connections.delayed).toBe(2);
    expect(served).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
  });
});

describe('a broker whose address opens too many connections [security 21]', () => {
  it('reads them one after the other, and answers what would wait longer than the connect timeout with CONNACK 3', async () => {
    const { broker, port } = await startBroker(new HeldIntake(), {
      limits: { newConnectionsPerSecond: 5 },
      connectTimeoutMs: 300,
    });
    const devices = await Promise.all(
      Array.from({ length: 40 }, async (_, n) => {
        const device = await rawClient(port);
        device.send({ ...CONNECT, clientId: `d${n}` });
        return device;
      }),
    );
    await Promise.all(devices.map((device) => Promise.race([device.received('connack'), device.closed()])));
    const { refused, limits } = broker.counters();
    const answered = devices.map(({ packets }) =>
      packets.map((packet) => 'returnCode' in packet && packet.returnCode),
    );
    const connected = answered.filter(([returnCode]) => returnCode === 0);
    expect(answered.filter(([returnCode]) => returnCode === 3)).toHaveLength(40 - connected.length);
    // Twenty-six at once and some that waited up to 0.3 s; a slow machine earns more meanwhile.
    expect(connected.length).toBeGreaterThanOrEqual(27);
    expect(limits.delayedConnections).toBeGreaterThanOrEqual(1);
    expect(refused['too-many-new-connections']).toBe(40 - connected.length);
  });
});
