import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TypedWriter } from '../../src/consumer/typed-writer.js';
import { SystemClock } from '../../src/lib/clock.js';
import type { TypeOtherwise } from '../../src/rules/policies/field-types.js';
import type { Point } from '../../src/sink/point.js';
import { pointOf, seriesOf } from '../support/points.js';
import type { SinkUnderTest, StoredValue } from './sink-contract.js';

export interface StoreUnderTest extends Pick<SinkUnderTest, 'sink' | 'readBack' | 'stop'> {
  /** How many requests one write of good points takes. */
  readonly concurrency: number;
  /** Removes a field with its values, as an operator does when a wrong type got in first. */
  dropField(measurement: string, field: string): Promise<void>;
}

const never = () => new AbortController().signal;
/** Requests that a type may cost when it becomes known: those that find the points, and the one that writes them again. */
const MAX_REQUESTS_TO_LEARN = 4;

/** What becomes of fields whose type changes, with a real store behind the policy. `factory` is called once. */
export function typePolicyContract(name: string, factory: () => Promise<StoreUnderTest>): void {
  describe(`the policy for types on ${name}`, { timeout: 60_000 }, () => {
    let store: StoreUnderTest;
    // A whole hour, so that all points are in one shard.
    const baseNs = (BigInt(Date.now()) / 3_600_000n - 1n) * 3_600_000_000_000n;

    beforeAll(async () => {
      store = await factory();
    }, 60_000);
    afterAll(async () => {
      await store?.stop();
    }, 60_000);

    const writerOf = (otherwise: TypeOtherwise = 'park') =>
      new TypedWriter(
        { otherwise },
        {
          sink: store.sink,
          reader: store.sink.reader,
          clock: new SystemClock(),
          warn: () => undefined,
        },
      );
    const pointsOf = (measurement: string, values: readonly StoredValue[]): Point[] =>
      values.map((v, i) => pointOf(seriesOf(measurement, { device: 'a' }), baseNs + BigInt(i), { v, n: i }));
    const stored = async (measurement: string) =>
      [...(await store.readBack(measurement))]
        .sort((a, b) => Number(a.timestampNs - b.timestampNs))
        .map(({ fields, timestampNs }) => [Number(timestampNs - baseNs), fields]);

    describe.each<[string, readonly StoredValue[], readonly (StoredValue | undefined)[]]>([
      ['int first', [1n, 2, 2.5, 'x', true, 7n], [1n, 2n, undefined, undefined, undefined, 7n]],
      ['float first', [1.5, 2n, 2n ** 60n + 1n, 'x', false, 7], [1.5, 2, undefined, undefined, undefined, 7]],
      ['string first', ['x', 1n, 2.5, '3', true, 'y'], ['x', undefined, undefined, '3', undefined, 'y']],
    ])('%s', (order, values, expected) => {
      test.each([
        ['in one batch', false],
        ['in several', true],
      ])(
        '%s: equal numbers are converted, the rest is parked, and all others are written',
        async (how, isApart) => {
          const measurement = `types ${order} ${how}`;
          const points = pointsOf(measurement, values);
          const writer = writerOf();
          const codes = new Map<number, string>();
          for (const batch of isApart ? points.map((point) => [point]) : [points]) {
            for (const { index, code } of await writer.write(batch, never())) {
              codes.set(points.indexOf(batch[index]!), code);
            }
          }
          expect([...codes]).toEqual(
            expected.flatMap((v, i) => (v === undefined ? [[i, 'field-type-conflict']] : [])),
          );
          expect(await stored(measurement)).toEqual(
            expected.flatMap((v, i) => (v === undefined ? [] : [[i, { v, n: i }]])),
          );
        },
      );
    });

    test('omit and side-field write the rest of the point', async () => {
      const values: readonly StoredValue[] = [1.5, 'warm', 2n];
      for (const [otherwise, middle] of [
        ['omit', { n: 1 }],
        ['side-field', { v_string: 'warm', n: 1 }],
      ] as const) {
        const measurement = `types ${otherwise}`;
        expect(await writerOf(otherwise).write(pointsOf(measurement, values), never())).toEqual([]);
        expect(await stored(measurement)).toEqual([
          [0, { v: 1.5, n: 0 }],
          [1, middle],
          [2, { v: 2, n: 2 }],
        ]);
      }
    });

    test('of points with one identity the last one wins, whatever was converted', async () => {
      const measurement = 'types order';
      const at = (device: string, v: StoredValue) =>
        pointOf(seriesOf(measurement, { device }), baseNs, { v });
      const writer = writerOf();
      await writer.write([at('z', 0.5)], never());
      const points = Array.from({ length: 60 }, (_, i) => at(`d${i % 3}`, i % 2 === 0 ? BigInt(i) : i));
      expect(await writer.write(points, never())).toEqual([]);
      const rows = await store.readBack(measurement);
      expect(Object.fromEntries(rows.map(({ tags, fields }) => [tags.device, fields.v]))).toEqual({
        z: 0.5,
        d0: 57,
        d1: 58,
        d2: 59,
      });
    });

    test('conflicts in one of ten points cost a few requests once, and then none', async () => {
      const measurement = 'types cost';
      const requests = async (work: () => Promise<unknown>) => {
        const before = store.sink.counters().requests;
        await work();
        return store.sink.counters().requests - before;
      };
      const batch = (n: number) =>
        Array.from({ length: 1_000 }, (_, i) =>
          pointOf(seriesOf(measurement, { device: `d${i % 7}` }), baseNs + BigInt(n * 1_000 + i), {
            v: i % 10 === 0 ? BigInt(i) : i % 10 === 1 ? 'text' : i / 4,
          }),
        );
      const writer = writerOf();
      await writer.write([pointOf(seriesOf(measurement), baseNs, { v: 0.5 })], never());
      const first = await requests(async () => {
        expect(await writer.write(batch(1), never())).toHaveLength(100);
      });
      // Two types conflict.
      expect(first).toBeLessThanOrEqual(store.concurrency * (1 + 2 * MAX_REQUESTS_TO_LEARN));
      for (let n = 2; n < 6; n++) {
        expect(await requests(() => writer.write(batch(n), never()))).toBe(store.concurrency);
      }
      expect(await store.readBack(measurement)).toHaveLength(1 + 5 * 900);
    });

    test('a number that first came as text is written once the field is dropped', async () => {
      const measurement = 'types wrong first';
      const numbers = pointsOf(measurement, ['unavailable', 21.5, 22n]);
      const parked = await writerOf().write(numbers, never());
      expect(parked.map(({ index }) => index)).toEqual([1, 2]);
      await store.dropField(measurement, 'v');
      expect(await writerOf().write(numbers.slice(1), never())).toEqual([]);
      expect((await stored(measurement)).slice(-2)).toEqual([
        [1, { v: 21.5, n: 1 }],
        [2, { v: 22, n: 2 }],
      ]);
    });

    test('the types that the store is asked for are those it has', async () => {
      const measurement = 'types asked';
      await writerOf().write(pointsOf(measurement, [1.5]), never());
      const writer = writerOf();
      await writer.askTypes();
      const before = store.sink.counters().requests;
      expect(await writer.write(pointsOf(measurement, [0.5, 2n]), never())).toEqual([]);
      expect(store.sink.counters().requests - before).toBe(1);
    });
  });
}
