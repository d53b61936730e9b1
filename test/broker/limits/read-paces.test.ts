import { describe, expect, it, onTestFinished } from 'vitest';
import { LIMIT_DEFAULTS } from '../../../src/broker/limits/limit-options.js';
import type { ReadPace } from '../../../src/broker/limits/read-pace.js';
import { ReadPaces, type ReadPacesOptions } from '../../../src/broker/limits/read-paces.js';
import { SetClock } from '../../support/clock.js';

const KiB = 1024;

function start(options: Partial<ReadPacesOptions> = {}, utilization = 0) {
  const clock = new SetClock();
  const slowed: string[] = [];
  const paces = new ReadPaces(
    { ...LIMIT_DEFAULTS, ...options },
    {
      monotonicMs: () => clock.monotonicMs(),
      utilization: () => utilization,
      onSlowed: (client, reason, seconds) => slowed.push(`${client.who().clientId} ${reason} ${seconds}`),
    },
  );
  onTestFinished(() => paces.close());
  const client = (clientId: string) => {
    const calls = { resumed: 0, keptAlive: 0, closed: [] as string[] };
    const pace = paces.of({
      resume: () => {
        calls.resumed += 1;
      },
      keepAlive: () => {
        calls.keptAlive += 1;
      },
      exceeded: (detail) => calls.closed.push(detail),
      who: () => ({ clientId, user: '', remoteAddress: '127.0.0.1' }),
    });
    paces.signedIn(pace, undefined);
    return { pace, calls };
  };
  const tick = (ms = 100) => {
    clock.elapsedMs += ms;
    paces.tick();
  };
  return { paces, client, tick, slowed };
}

/** Reads slices of so many bytes until it is held back. */
function readAll(pace: ReadPace, slices: number, bytes: number): number {
  let read = 0;
  while (read < slices && pace.mayRead()) {
    pace.wasRead(bytes);
    pace.published(1);
    read += 1;
  }
  return read;
}

describe('a busy broker [security 23] [drill B9]', () => {
  it('does not read the client that floods for the rest of the window, and reads its neighbours', () => {
    const { paces, client, tick } = start({}, 1);
    const flood = client('flood');
    const quiet = Array.from({ length: 10 }, (_, n) => client(`quiet${n}`));
    for (let window = 0; window < 10; window += 1) {
      readAll(flood.pace, 100, 16 * KiB);
      for (const { pace } of quiet) expect(readAll(pace, 2, 200)).toBe(2);
      tick();
    }
    expect(readAll(flood.pace, 100, 16 * KiB)).toBeLessThan(10);
    for (const { pace } of quiet) expect(readAll(pace, 2, 200)).toBe(2);
    expect(paces.counters().held).toEqual({ client: 0, user: 0, address: 0, share: 1 });
    expect(paces.counters().holds.share).toBeGreaterThan(1);
    const { resumed } = flood.calls;
    tick();
    expect(flood.calls.resumed).toBe(resumed + 1);
    expect(flood.calls.closed).toEqual([]);
  });

  it('holds nobody back while it has time left', () => {
    const { paces, client, tick } = start({}, 0.5);
    const flood = client('flood');
    const quiet = client('quiet');
    for (let window = 0; window < 10; window += 1) {
      expect(readAll(flood.pace, 100, 16 * KiB)).toBe(100);
      expect(readAll(quiet.pace, 2, 200)).toBe(2);
      tick();
    }
    expect(paces.counters().holds.share).toBe(0);
  });
});

describe('a client over its rate [security 23]', () => {
  const TEN = { perClient: { messagesPerSecond: 10 }, burstMs: 1_000 };

  it('is resumed when its bucket has refilled, and kept alive until then', () => {
    const { client, tick } = start(TEN);
    const { pace, calls } = client('d');
    expect(readAll(pace, 100, 100)).toBe(11);
    tick(50);
    expect(calls).toEqual({ resumed: 0, keptAlive: 1, closed: [] });
    tick(50);
    expect(calls.resumed).toBe(1);
    expect(readAll(pace, 100, 100)).toBe(1);
  });

  it('is reported after ten seconds, and closed after the time without a break', () => {
    const { client, tick, slowed } = start({ ...TEN, disconnectAfterMs: 30_000 });
    const { pace, calls } = client('d');
    for (let seconds = 0; seconds < 29; seconds += 1) {
      readAll(pace, 100, 100);
      tick(1_000);
      readAll(pace, 100, 100);
      tick(1);
    }
    expect(slowed[0]).toMatch(/^d client 1[01]$/);
    expect(calls.closed).toEqual([]);
    for (let seconds = 0; seconds < 3; seconds += 1) {
      readAll(pace, 100, 100);
      tick(1);
      tick(1_000);
    }
    expect(calls.closed.length).toBeGreaterThan(0);
  });

  it('begins a new time with a break: who has come down to the rate is not closed', () => {
    const { client, tick } = start({ ...TEN, disconnectAfterMs: 30_000 });
    const { pace, calls } = client('d');
    for (let round = 0; round < 20; round += 1) {
      for (let second = 0; second < 5; second += 1) {
        readAll(pace, 100, 100);
        tick(1);
        tick(1_000);
      }
      tick(10_000);
    }
    expect(calls.closed).toEqual([]);
  });
});
