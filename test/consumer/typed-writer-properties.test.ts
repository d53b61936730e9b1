import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TypedWriter } from '../../src/consumer/typed-writer.js';
import { TYPE_OTHERWISES, type TypeOtherwise } from '../../src/rules/policies/field-types.js';
import type { Point } from '../../src/sink/point.js';
import { SetClock } from '../support/clock.js';
import { pointOf, seriesOf } from '../support/points.js';
import { TypedStore } from '../support/typed-store.js';

const never = () => new AbortController().signal;
/** Fixes the types of all fields: which of two types a new field gets depends on which point is stored first. */
const FIRST = pointOf(seriesOf('m', { device: 'first' }), 0n, {
  a: 0.5,
  b: 1n,
  c: 'x',
  d: true,
  a_string: 'y',
});

const value = fc.oneof(
  fc.constantFrom(0.5, 2, -0, 1e300),
  fc.constantFrom(1n, 2n ** 53n + 1n, -7n),
  fc.constantFrom('x', '5', ''),
  fc.boolean(),
);
/** Few series and times, so that many points have the identity of another. */
const point = fc
  .record({
    device: fc.constantFrom('p', 'q'),
    time: fc.bigInt(1n, 3n),
    values: fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd', 'a_string'), value, { minKeys: 1 }),
  })
  .map(({ device, time, values }) => pointOf(seriesOf('m', { device }), time, values));

/** What happens between two batches: nothing, time passes, the process is killed, or killed after it has written. */
const step = fc.record({
  size: fc.integer({ min: 1, max: 6 }),
  behind: fc.constantFrom('next', 'a minute passes', 'killed', 'killed after writing'),
});

async function newStore(): Promise<TypedStore> {
  const store = new TypedStore();
  await store.write([FIRST]);
  return store;
}

/** Writes each point alone, by a process that knows nothing. */
async function oneByOne(points: readonly Point[], otherwise: TypeOtherwise) {
  const store = await newStore();
  const parked: number[] = [];
  for (const [index, one] of points.entries()) {
    const writer = new TypedWriter(
      { otherwise },
      { sink: store, clock: new SetClock(), warn: () => undefined },
    );
    if ((await writer.write([one], never())).length > 0) parked.push(index);
  }
  return { rows: store.rows, parked };
}

test('what becomes of a point depends neither on the batches nor on what was learned before a kill', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(point, { minLength: 1, maxLength: 25 }),
      fc.array(step, { minLength: 25, maxLength: 25 }),
      fc.constantFrom(...TYPE_OTHERWISES),
      async (points, steps, otherwise) => {
        const store = await newStore();
        const clock = new SetClock();
        const started = () => new TypedWriter({ otherwise }, { sink: store, clock, warn: () => undefined });
        let writer = started();
        const parked = new Set<number>();
        let from = 0;
        for (const { size, behind } of steps) {
          const batch = points.slice(from, from + size);
          if (behind.startsWith('killed')) writer = started();
          if (behind === 'killed after writing') {
            await writer.write(batch, never());
            writer = started();
          }
          if (behind === 'a minute passes') clock.elapsedMs += 60_000;
          for (const { index } of await writer.write(batch, never())) parked.add(from + index);
          from += size;
        }
        const expected = await oneByOne(points, otherwise);
        expect([...parked]).toEqual(expected.parked);
        expect(store.rows).toEqual(expected.rows);
      },
    ),
    { numRuns: 300 },
  );
});
