import { beforeEach, describe, expect, it } from 'vitest';
import { pageModule } from '../support/page-module.js';

interface Seen {
  startedAtMs: number;
  sampledAtMs: number;
  consumer?: { recordsRead: number; lagMs: number };
  sink?: { status: { state: string } };
}
const { ConsumerIdleness } = await pageModule<{ ConsumerIdleness: new () => { add(state: Seen): boolean } }>(
  'consumer-idleness.js',
);

describe('ConsumerIdleness', () => {
  let idleness: { add(state: Seen): boolean };
  let sampledAtMs: number;
  beforeEach(() => {
    idleness = new ConsumerIdleness();
    sampledAtMs = 0;
  });

  /** A state a second; the last answer. */
  function seconds(count: number, known: { read?: number; lagMs?: number; sink?: string } = {}): boolean {
    const { read = 5, lagMs = 60_000, sink = 'healthy' } = known;
    let isIdle = false;
    for (let nth = 0; nth < count; nth++) {
      sampledAtMs += 1_000;
      const consumer = { recordsRead: read, lagMs };
      isIdle = idleness.add({ startedAtMs: 1, sampledAtMs, consumer, sink: { status: { state: sink } } });
    }
    return isIdle;
  }

  it('says so when records wait, the sink is healthy and nothing is read for 15 s', () => {
    expect(seconds(15)).toBe(false);
    expect(seconds(1)).toBe(true);
    expect(seconds(1, { read: 6 })).toBe(false);
  });

  it('counts from when the sink is healthy again: after an outage the first batch takes a while', () => {
    expect(seconds(300, { sink: 'retrying' })).toBe(false);
    expect(seconds(14)).toBe(false);
    expect(seconds(1)).toBe(true);
  });

  it('does not when no record waits', () => {
    expect(seconds(60, { lagMs: 0 })).toBe(false);
  });

  it('starts again after a restart and after a gap between two states', () => {
    expect(seconds(16)).toBe(true);
    sampledAtMs += 60_000;
    expect(seconds(15)).toBe(false);
    expect(seconds(1)).toBe(true);
    const restarted = { startedAtMs: 2, sampledAtMs: sampledAtMs + 1_000 };
    expect(
      idleness.add({
        ...restarted,
        consumer: { recordsRead: 5, lagMs: 9 },
        sink: { status: { state: 'healthy' } },
      }),
    ).toBe(false);
  });

  it('has nothing to say of a process without a consumer', () => {
    for (let nth = 1; nth < 60; nth++)
      expect(idleness.add({ startedAtMs: 1, sampledAtMs: nth * 1_000 })).toBe(false);
  });
});
