import { describe, expect, it, onTestFinished } from 'vitest';
import type { Connection } from '../../../src/broker/connection/connection.js';
import { Connections } from '../../../src/broker/connection/connections.js';
import { Refusals } from '../../../src/broker/refusals.js';

const CONNECT_TIMEOUT_MS = 10_000;
/** Between two sweeps. */
const SWEEP_MS = 500;

/** A connection opened at 0, with a clock that the test sets. */
function opened(facts: Partial<Connection>) {
  let nowMs = 0;
  const closed: string[] = [];
  const connections = new Connections({
    refusals: new Refusals({ warn: () => undefined }),
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    monotonicMs: () => nowMs,
  });
  onTestFinished(() => connections.close());
  connections.opened({
    openedAtMs: 0,
    lastReadAtMs: 0,
    fullSinceMs: 0,
    keepAliveMs: 0,
    isStopped: () => false,
    close: (reason: string) => closed.push(reason),
    ...facts,
  } as unknown as Connection);
  return {
    closed,
    sweepAt: (atMs: number) => {
      nowMs = atMs;
      connections.sweep();
    },
  };
}

describe('the sweep over connections', () => {
  it.each([
    ['without a CONNECT', { state: 'new' }, 'connect-timeout'],
    ['that was silent for too long', { state: 'connected', keepAliveMs: 6_000 }, 'keep-alive-expired'],
    ['that reads nothing', { state: 'connected', fullSinceMs: 1 }, 'reads-too-slowly'],
  ] as const)('ends one %s', (_what, facts, reason) => {
    const { closed, sweepAt } = opened(facts);
    for (let atMs = SWEEP_MS; atMs <= 9_000; atMs += SWEEP_MS) sweepAt(atMs);
    expect(closed).toEqual([]);
    for (let atMs = 9_500; closed.length === 0 && atMs <= 11_000; atMs += SWEEP_MS) sweepAt(atMs);
    expect(closed).toEqual([reason]);
  });

  it('leaves what may wait unread to the next sweep when the thread was held up, and not for ever', () => {
    const { closed, sweepAt } = opened({ state: 'new' });
    sweepAt(20_000);
    expect(closed).toEqual([]);
    sweepAt(40_000);
    expect(closed).toEqual(['connect-timeout']);
  });

  it('does not end one without a CONNECT while nothing may be read', () => {
    let isStopped = true;
    const { closed, sweepAt } = opened({ state: 'new', isStopped: () => isStopped });
    for (let atMs = SWEEP_MS; atMs <= 20_000; atMs += SWEEP_MS) sweepAt(atMs);
    expect(closed).toEqual([]);
    isStopped = false;
    sweepAt(20_500);
    expect(closed).toEqual(['connect-timeout']);
  });
});
