import fc from 'fast-check';
import { expect } from 'vitest';
import type { ErrorCode } from '../../../../src/lib/errors.js';
import { Rig } from './producer-fixture.js';
import type { CallFate } from './scripted-kinesis.js';

/** mulberry32: one seed, one schedule. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const CALL_ERRORS: readonly ErrorCode[] = [
  'KINESIS_THROTTLED',
  'KINESIS_UNREACHABLE',
  'KINESIS_UNREACHABLE',
  'KINESIS_STREAM_BUSY',
  'KINESIS_STREAM_MISSING',
  'KINESIS_DENIED',
  'KINESIS_UNUSABLE',
  'LOG_FAILED',
];

/** Faults of every kind for a number of calls, then none: so that everything must come to an end. */
function randomFates(random: () => number): (call: number, entries: { readonly length: number }) => CallFate {
  const faultyCalls = Math.floor(random() * 25);
  const faultRate = random();
  return (call, entries) => {
    const delayMs = Math.floor(random() * 80);
    if (call >= faultyCalls || random() > faultRate) return { delayMs };
    const kind = random();
    if (kind < 0.45) {
      const failing = new Map<number, 'throttled' | 'internal'>();
      for (let at = 0; at < entries.length; at += 1) {
        if (random() < 0.5) failing.set(at, random() < 0.5 ? 'throttled' : 'internal');
      }
      return { delayMs, entries: failing };
    }
    if (kind < 0.7) {
      const storedAfterMs = random() < 0.5 ? delayMs + Math.floor(random() * 3_000) : 0;
      return { delayMs, error: 'KINESIS_UNREACHABLE', storesAnyway: random() < 0.5, storedAfterMs };
    }
    if (kind < 0.8) {
      return { delayMs, garble: (results) => results.slice(0, Math.floor(random() * (results.length + 1))) };
    }
    return { delayMs, error: CALL_ERRORS[Math.floor(random() * CALL_ERRORS.length)]! };
  };
}

/** One random schedule of sends, flushes and faults; throws when an invariant is broken. */
async function runSchedule(seed: number, aggregation: boolean): Promise<void> {
  const random = seeded(seed);
  const upTo = (limit: number) => Math.floor(random() * limit);
  const maxRecordBytes = 400;
  const rig = new Rig(
    {
      aggregation,
      buckets: 2 ** upTo(4),
      aggregateBytes: 130 + upTo(270),
      maxRecordBytes,
      lingerMs: upTo(300),
      maxConcurrentRequests: 1 + upTo(4),
    },
    randomFates(random),
    random,
  );
  const devices = 1 + upTo(5);
  const records = 1 + upTo(30);
  const withPoison = random() < 0.3;
  const sentOf = new Map<string, string[]>();
  for (let n = 0; n < records; n += 1) {
    const device = `d${upTo(devices)}`;
    const kind = random();
    const text =
      withPoison && kind < 0.1 ? `poison-${n}` : kind > 0.95 ? `large-${n}-${'x'.repeat(500)}` : `r-${n}`;
    sentOf.set(device, [...(sentOf.get(device) ?? []), text]);
    rig.send(device, text);
    if (random() < 0.3) await rig.time.pass(upTo(200));
    if (random() < 0.03) rig.producer.flush();
  }
  await rig.done();
  // A call that timed out may still be carried out.
  await rig.time.pass(10_000);

  expect(rig.api.violations).toEqual([]);
  for (const [device, sent] of sentOf) {
    const taken = sent.filter((text) => !text.startsWith('poison') && !text.startsWith('large'));
    expect(rig.api.order(device)).toEqual(taken);
    for (const text of sent) {
      const outcome = rig.outcome(text);
      const expected = text.startsWith('poison') ? 'stream-refused' : 'stream-record-too-large';
      if (taken.includes(text)) expect(outcome).toBe('stored');
      else expect(outcome).toMatchObject({ code: expected });
    }
  }
  const { waitingRecords, inFlightRequests, oldestIncompleteNs, recordsSent, refused } =
    rig.producer.counters();
  expect({ waitingRecords, inFlightRequests, oldestIncompleteNs }).toEqual({
    waitingRecords: 0,
    inFlightRequests: 0,
    oldestIncompleteNs: undefined,
  });
  expect(recordsSent + refused).toBe(records);
  expect(rig.producer.status()).toEqual({ state: 'healthy', detail: '' });
}

/** Runs many random schedules; the seed that fails is in the error. */
export async function runSchedules(runs: number, aggregation: boolean): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.noShrink(fc.integer()), (seed) => runSchedule(seed, aggregation)),
    { seed: 20_260_801, numRuns: runs },
  );
}
