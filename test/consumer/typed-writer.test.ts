import { describe, expect, test } from 'vitest';
import { TypedWriter } from '../../src/consumer/typed-writer.js';
import { SluiceError } from '../../src/lib/errors.js';
import type { TypeOtherwise } from '../../src/rules/policies/field-types.js';
import type { FieldType, Point } from '../../src/sink/point.js';
import { SetClock } from '../support/clock.js';
import { fieldsOf, pointOf, seriesOf } from '../support/points.js';
import { TypedStore } from '../support/typed-store.js';

const never = () => new AbortController().signal;
const a = seriesOf('m', { device: 'a' });

function setUp(otherwise: TypeOtherwise = 'park') {
  const store = new TypedStore();
  /** What the store answers when it is asked; undefined: nothing. */
  const asked: { types?: Record<string, FieldType>; times: number } = { times: 0 };
  const reader = {
    measurements: async () => {
      asked.times++;
      if (asked.types === undefined) throw new Error('cannot be asked');
      const fields = Object.entries(asked.types).map(([name, type]) => ({ name, type }));
      return [{ name: 'm', tags: [], fields }];
    },
  };
  const clock = new SetClock();
  const warnings: Record<string, unknown>[] = [];
  const writer = new TypedWriter(
    { otherwise },
    { sink: store, reader, clock, warn: (fields) => warnings.push(fields) },
  );
  return {
    store,
    asked,
    clock,
    warnings,
    writer,
    write: (points: readonly Point[]) => writer.write(points, never()),
  };
}

test.each<[string, readonly (number | bigint | string)[], readonly unknown[]]>([
  ['int first', [1n, 2.5, 3, 'x'], [1n, undefined, 3n, undefined]],
  ['float first', [1.5, 2n, 3.5, 'x'], [1.5, 2, 3.5, undefined]],
  ['string first', ['x', 1n, 2.5, 'y'], ['x', undefined, undefined, 'y']],
])('%s: the others are converted or parked, in one batch as in several', async (_name, values, stored) => {
  const points = values.map((v, i) => pointOf(a, BigInt(i), { v }));
  const expected = stored.map((v) => (v === undefined ? undefined : { v }));
  const together = setUp();
  const refused = await together.write(points);
  expect(points.map((_, i) => together.store.rows.get(`a ${i}`))).toEqual(expected);
  expect(refused.map(({ index, code }) => [index, code])).toEqual(
    stored.flatMap((v, index) => (v === undefined ? [[index, 'field-type-conflict']] : [])),
  );
  const apart = setUp();
  for (const point of points) await apart.write([point]);
  expect(points.map((_, i) => apart.store.rows.get(`a ${i}`))).toEqual(expected);
  expect(together.writer.counters()).toEqual({
    pointsWritten: expected.filter((row) => row !== undefined).length,
    pointsRefused: refused.length,
  });
  expect(apart.writer.counters()).toEqual(together.writer.counters());
  expect(apart.writer.conversions()).toEqual(together.writer.conversions());
});

test('a later point with the same identity still wins over one that was converted', async () => {
  const { store, write } = setUp();
  await write([pointOf(a, 0n, { v: 0.5 })]);
  const points = [
    pointOf(a, 1n, { v: 1n, only: 1 }),
    // Another object with the same content is the same series.
    pointOf(seriesOf('m', { device: 'a' }), 1n, { v: 2 }),
    pointOf(a, 2n, { v: 3 }),
    pointOf(a, 1n, { v: 4n }),
    pointOf(a, 1n, { v: 5 }),
    pointOf(seriesOf('m', { device: 'b' }), 1n, { v: 6 }),
  ];
  expect(await write(points)).toEqual([]);
  expect(store.rows.get('a 1')).toEqual({ v: 5, only: 1 });
  // Only what was refused and what must win over it is written again.
  expect(store.sizes).toEqual([1, 6, 4]);
});

test('a conflict in one of ten points costs one write more, and none while the type is known', async () => {
  const { store, clock, write } = setUp();
  await write([pointOf(a, 0n, { v: 0.5 })]);
  const batch = (at: number) =>
    Array.from({ length: 100 }, (_, i) =>
      pointOf(a, BigInt(at + i), { v: i % 10 === 0 ? 'text' : i % 10 === 1 ? BigInt(i) : i }),
    );
  expect(await write(batch(1_000))).toHaveLength(10);
  expect(store.sizes).toEqual([1, 100, 10]);
  for (let n = 2; n < 10; n++) expect(await write(batch(n * 1_000))).toHaveLength(10);
  // What is to be parked is not sent at all.
  expect(store.sizes.slice(3)).toEqual(Array.from({ length: 8 }, () => 90));
  clock.elapsedMs += 60_000;
  await write(batch(90_000));
  expect(store.sizes.slice(11)).toEqual([100, 10]);
});

test('a change in the store is noticed after a minute, or after a reload', async () => {
  const { store, clock, writer, write } = setUp();
  await write([pointOf(a, 0n, { v: 'wrong' })]);
  const number = [pointOf(a, 1n, { v: 1.5 })];
  expect(await write(number)).toHaveLength(1);
  store.types.clear();
  expect(await write(number)).toHaveLength(1);
  clock.elapsedMs += 60_000;
  expect(await write(number)).toEqual([]);

  store.types.set('v', 'string');
  await write(number);
  store.types.clear();
  writer.replacePolicy({ otherwise: 'park' });
  expect(await write(number)).toEqual([]);
});

test('a type that was known wrongly is corrected by what the store says', async () => {
  const { store, asked, writer, write } = setUp();
  store.types.set('v', 'float');
  asked.types = { v: 'int' };
  await writer.askTypes();
  expect(await write([pointOf(a, 0n, { v: 2 }), pointOf(a, 1n, { v: 2.5 })])).toEqual([]);
  expect(store.rows.get('a 0')).toEqual({ v: 2 });
  expect(writer.conversions()['float-to-int']).toBe(0);
});

test('types that the store was asked for save the refusal', async () => {
  const { store, asked, writer, write } = setUp();
  store.types.set('v', 'float');
  asked.types = { v: 'float' };
  await writer.askTypes();
  expect(await write([pointOf(a, 0n, { v: 2n })])).toEqual([]);
  expect(store.sizes).toEqual([1]);
  expect(writer.conversions()['int-to-float']).toBe(1);
});

describe('a point with very many conflicts', () => {
  const names = Array.from({ length: 200 }, (_, i) => `f${i}`);
  const pointWith = (value: bigint | string, count: number) =>
    pointOf(a, 1n, { ok: 1, ...Object.fromEntries(names.slice(0, count).map((name) => [name, value])) });
  const start = (otherwise: TypeOtherwise) => {
    const all = setUp(otherwise);
    for (const name of names) all.store.types.set(name, 'float');
    return all;
  };

  test('lets the store be asked once, instead of a try for each field', async () => {
    const { store, asked, clock, write } = start('park');
    asked.types = Object.fromEntries(store.types);
    expect(await write([pointWith(1n, 200)])).toEqual([]);
    expect([store.sizes.length, asked.times]).toEqual([4, 1]);
    clock.elapsedMs += 60_000;
    expect(await write([pointWith(1n, 200)])).toEqual([]);
    expect([store.sizes.length, asked.times]).toEqual([8, 2]);
  });

  test('is converted all the same when the store cannot be asked', async () => {
    const { store, write } = start('park');
    expect(await write([pointWith(1n, 50)])).toEqual([]);
    expect(store.sizes).toHaveLength(51);
    expect(store.rows.get('a 1')).toMatchObject({ ok: 1, f0: 1, f49: 1 });
  });

  test.each(['omit', 'side-field'] as const)(
    'is parked by %s when more than 32 cannot be converted',
    async (otherwise) => {
      const { store, write } = start(otherwise);
      expect(await write([pointWith('x', 32)])).toEqual([]);
      expect(await write([pointWith('x', 33)])).toMatchObject([{ code: 'field-type-conflict' }]);
      expect(store.sizes.length).toBeLessThan(40);
    },
  );
});

describe('the policy', () => {
  const start = async (otherwise: TypeOtherwise) => {
    const all = setUp(otherwise);
    await all.write([pointOf(a, 0n, { v: 0.5, w: true })]);
    return all;
  };

  test('omit writes the rest of the point, and parks it when there is none', async () => {
    const { store, writer, warnings, write } = await start('omit');
    const points = [pointOf(a, 1n, { v: 'warm', w: 'no', x: 1 }), pointOf(a, 2n, { v: 'warm' })];
    expect(await write(points)).toMatchObject([{ index: 1, code: 'field-type-conflict' }]);
    expect(store.rows.get('a 1')).toEqual({ x: 1 });
    expect(writer.conversions().omitted).toBe(2);
    expect(warnings).toMatchObject([
      {
        code: 'FIELD_TYPE_CONFLICT',
        measurement: 'm',
        field: 'v',
        type: 'string',
        storedType: 'float',
        outcome: 'omitted',
      },
      { field: 'w', storedType: 'boolean', outcome: 'omitted' },
    ]);
  });

  test('side-field writes it under the name of its type', async () => {
    const { store, writer, write } = await start('side-field');
    expect(await write([pointOf(a, 1n, { v: 'warm', w: 1n })])).toEqual([]);
    expect(store.rows.get('a 1')).toEqual({ v_string: 'warm', w_int: 1n });
    expect(writer.conversions()['side-field']).toBe(2);
  });

  test('side-field parks when the store has another type for that name too', async () => {
    const { store, write } = await start('side-field');
    store.types.set('v_string', 'int');
    expect(await write([pointOf(a, 1n, { v: 'warm', x: 1 })])).toMatchObject([
      { index: 0, code: 'field-type-conflict', reason: expect.stringContaining('"v" of "m" is string') },
    ]);
  });
});

test('other refusals are passed on with the index of the point', async () => {
  const { store, write } = setUp();
  store.types.set('v', 'float');
  store.refuse = ({ timestampNs }) => (timestampNs === 2n ? 'too old' : undefined);
  const points = [
    pointOf(a, 0n, { v: 'x' }),
    pointOf(a, 1n, { v: 1n }),
    pointOf(a, 2n, { v: 1n }),
    pointOf(a, 3n, { v: 1 }),
  ];
  expect(await write(points)).toMatchObject([
    { index: 0, code: 'field-type-conflict' },
    { index: 2, code: 'store-refused', reason: 'too old' },
  ]);
});

test('a store that names the same type again and again ends in a parked record', async () => {
  const { store, write } = setUp();
  store.write = async (points) => {
    store.sizes.push(points.length);
    return points.map((_, index) => ({
      index,
      code: 'store-refused' as const,
      reason: 'conflict',
      conflict: { measurement: 'm', field: 'v', storedType: 'float' as const },
    }));
  };
  expect(await write([pointOf(a, 0n, { v: 1 })])).toMatchObject([{ index: 0, code: 'field-type-conflict' }]);
  expect(store.sizes.length).toBeLessThan(4);
});

test('an aborted write rejects, and the points are still those of the caller', async () => {
  const { store, writer, write } = setUp();
  const stored = store.write.bind(store);
  await write([pointOf(a, 0n, { v: 0.5 })]);
  store.write = async (points) => {
    if (store.sizes.length === 2) throw new SluiceError('SINK_ABORTED', 'aborted');
    return stored(points);
  };
  const points = [pointOf(a, 1n, { v: 1n })];
  await expect(write(points)).rejects.toMatchObject({ code: 'SINK_ABORTED' });
  expect(points[0]!.fields).toEqual(fieldsOf({ v: 1n }));
  expect(writer.conversions()['int-to-float']).toBe(0);
});

test('the log names each field once in ten minutes, and at most 20', async () => {
  const { store, clock, warnings, write } = setUp();
  const names = Array.from({ length: 50 }, (_, i) => `f${i}`);
  for (const name of names) store.types.set(name, 'float');
  const points = names.map((name, i) => pointOf(a, BigInt(i), { [name]: 'x' }));
  await write(points);
  await write(points);
  expect(warnings).toHaveLength(20);
  clock.elapsedMs += 600_000;
  await write(points.slice(0, 1));
  expect(warnings).toHaveLength(21);
});
