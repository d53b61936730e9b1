import { mkdirSync, renameSync, rmdirSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { DuckdbSink } from '../../../src/sink/duckdb/duckdb-sink.js';
import type { FieldType } from '../../../src/sink/point.js';
import { SetClock } from '../../support/clock.js';
import { pointOf, seriesOf } from '../../support/points.js';
import { never, openedSink, queried, readBack } from './opened-sink.js';

type Value = number | bigint | string | boolean;

const series = seriesOf('m', { device: 'a' });
const DAY_MS = 86_400_000;
const DAY_NS = 86_400_000_000_000n;

async function sinkWith(values: readonly Value[]) {
  const opened = await openedSink();
  await opened.sink.write(
    values.map((v, i) => pointOf(series, BigInt(i), { v, n: i })),
    never(),
  );
  const stored = async () =>
    [...(await readBack(opened.options, 'm'))]
      .sort((a, b) => Number(a.timestampNs - b.timestampNs))
      .map(({ fields }) => fields.v);
  const retype = (type: FieldType, isConfirmed = false) =>
    opened.sink.changeField({ kind: 'retype', measurement: 'm', field: 'v', type, isConfirmed });
  return { ...opened, stored, retype };
}

describe('a field gets another type', () => {
  test.each<[FieldType, readonly Value[], readonly (Value | undefined)[]]>([
    ['float', [1n, -(2n ** 53n), 2n ** 62n], [1, -(2 ** 53), 2 ** 62]],
    ['float', [2n ** 53n + 1n, 2n ** 63n - 1n, 3n], [undefined, undefined, 3]],
    ['int', [1, -0.5, 1e300, 2 ** 63, -(2 ** 63)], [1n, undefined, undefined, undefined, -(2n ** 63n)]],
    ['float', ['21.5', '-3', '1e3', '0x10', ' 1', '', 'nan', '1e999', '.5', '1_000'], [21.5, -3, 1000]],
    [
      'int',
      ['5', '-7', '9223372036854775807.0', '5.5', '9223372036854775808', '+1'],
      [5n, -7n, 2n ** 63n - 1n],
    ],
    ['boolean', ['true', 'false', 'TRUE', '1'], [true, false]],
    ['string', [21.5, 1e21], ['21.5', '1e+21']],
    ['string', [5n], ['5']],
    ['string', [true], ['true']],
    ['int', [true], []],
    ['boolean', [1n], []],
  ])('%s: %o', async (type, values, expected) => {
    const { retype, stored, sink } = await sinkWith(values);
    const all = values.map((_, i) => expected[i]);
    const lost = all.filter((v) => v === undefined).length;
    const preview = await retype(type);
    expect(preview).toMatchObject({ values: values.length, lost, isDone: lost === 0 });
    expect(preview.examples).toHaveLength(Math.min(5, lost));
    if (lost > 0) {
      expect(await stored()).toEqual(values);
      expect(await retype(type, true)).toMatchObject({ lost, isDone: true });
    }
    expect(await stored()).toEqual(all);
    // The next write has the new type, and the old one is refused.
    const next = { float: 0.5, int: 5n, string: 'x', boolean: false }[type];
    const rejections = await sink.write(
      [pointOf(series, 100n, { v: next }), pointOf(series, 101n, { v: values[0]! })],
      never(),
    );
    expect(rejections).toMatchObject([{ index: 1, conflict: { storedType: type } }]);
  });

  test('which the file keeps, as the view for people does', async () => {
    const { retype, sink, options } = await sinkWith(['1', '2']);
    await retype('int');
    await sink.close();
    const again = new DuckdbSink(options);
    await again.open();
    onTestFinished(() => again.close());
    expect(await queried(options, 'SELECT v FROM m ORDER BY v')).toEqual([{ v: 1n }, { v: 2n }]);
    expect(await again.write([pointOf(series, 9n, { v: 3n })], never())).toEqual([]);
    expect((await again.reader.measurements())[0]?.fields).toContainEqual({ name: 'v', type: 'int' });
  });
});

describe('a field is dropped', () => {
  const drop = { kind: 'drop', measurement: 'm', field: 'v' } as const;

  test('only when it is confirmed, and its name can come again with another type', async () => {
    const { sink, options } = await sinkWith(['unavailable', 'x']);
    expect(await sink.changeField({ ...drop, isConfirmed: false })).toEqual({
      isDone: false,
      storedType: 'string',
      values: 2,
      lost: 2,
      examples: ['unavailable', 'x'],
    });
    expect(await sink.changeField({ ...drop, isConfirmed: true })).toMatchObject({ isDone: true, lost: 2 });
    expect((await readBack(options, 'm')).map(({ fields }) => fields)).toEqual([{ n: 0 }, { n: 1 }]);
    expect(await sink.write([pointOf(series, 0n, { v: 21.5, w: true })], never())).toEqual([]);
    expect(await readBack(options, 'm')).toContainEqual({
      tags: { device: 'a' },
      fields: { n: 0, v: 21.5, w: true },
      timestampNs: 0n,
    });
    // Under its own name, not as v_2.
    expect(Object.keys((await queried(options, 'FROM m'))[0]!).sort()).toEqual([
      'device',
      'n',
      'time',
      'v',
      'w',
    ]);
  });

  test('also when it is the only one, and the file can be opened again', async () => {
    const { sink, options } = await openedSink();
    await sink.write([pointOf(series, 0n, { v: 1 })], never());
    await sink.changeField({ ...drop, isConfirmed: true });
    await sink.close();
    const again = new DuckdbSink(options);
    await again.open();
    onTestFinished(() => again.close());
    expect(await again.write([pointOf(series, 1n, { v: 'x' })], never())).toEqual([]);
    expect((await readBack(options, 'm')).map(({ fields }) => fields)).toContainEqual({ v: 'x' });
  });
});

test.each([
  ['n', 'temperatur', 'the store has no measurement "n"'],
  ['climate', 'temperatur', '"climate" has no field "temperatur"; did you mean "temperature"?'],
  ['climate', 'device', '"climate" has no field "device": it is a tag'],
])('%s.%s is refused with the names that exist', async (measurement, field, sentence) => {
  const { sink } = await openedSink();
  await sink.write([pointOf(seriesOf('climate', { device: 'a' }), 0n, { temperature: 1 })], never());
  const change = sink.changeField({ kind: 'drop', measurement, field, isConfirmed: true });
  await expect(change).rejects.toMatchObject({
    code: 'USAGE_INVALID',
    message: expect.stringContaining(sentence),
  });
});

test('a file that is away is not changed; once it is back it can be', async () => {
  const { sink, options, stored, retype } = await sinkWith(['1']);
  renameSync(options.path, `${options.path}.away`);
  mkdirSync(options.path);
  await expect(retype('int')).rejects.toMatchObject({ code: 'SINK_CHANGE_FAILED' });
  rmdirSync(options.path);
  renameSync(`${options.path}.away`, options.path);
  expect(await sink.write([pointOf(series, 1n, { v: '2' })], never())).toEqual([]);
  expect(await stored()).toEqual(['1', '2']);
  expect(await retype('int')).toMatchObject({ isDone: true });
  await sink.close();
  await expect(retype('float')).rejects.toMatchObject({ code: 'SINK_CHANGE_FAILED' });
});

describe('with the retention run', () => {
  async function opened() {
    const clock = new SetClock();
    const { sink, options } = await openedSink({ retentionMs: DAY_MS }, { clock });
    /** Makes retention run, which is due after an hour and runs behind a write. */
    const later = async (ns: bigint) => {
      clock.wallNs += ns;
      clock.elapsedMs += 3_600_000;
      await sink.write([pointOf(series, clock.wallNs, { n: 1 })], never());
      await sink.write([pointOf(series, clock.wallNs + 1n, { n: 1 })], never());
    };
    const columns = async () =>
      (await queried(options, 'SELECT name FROM sluice_internal.columns ORDER BY name')).map(
        ({ name }) => name,
      );
    return { clock, sink, options, later, columns };
  }

  test('columns whose values have all expired leave, so that 500 names of one message do not stay', async () => {
    const { clock, sink, options, later, columns } = await opened();
    const bad = Object.fromEntries(Array.from({ length: 480 }, (_, i) => [`bad${i}`, i]));
    await sink.write(
      [pointOf(seriesOf('m', { device: 'b', wrong: 'x' }), clock.wallNs, { ...bad, v: true })],
      never(),
    );
    await sink.write([pointOf(series, clock.wallNs, { n: 1, v: true })], never());
    await later(DAY_NS / 2n);
    expect(await columns()).toHaveLength(484);
    await sink.write([pointOf(series, clock.wallNs, { kept: 2 })], never());
    await later(DAY_NS / 2n + 1n);
    expect(await columns()).toEqual(['device', 'kept', 'n']);
    const comes = pointOf(series, clock.wallNs, { v: 21.5, bad7: 'text' });
    expect(await sink.write([comes], never())).toEqual([]);
    expect(await readBack(options, 'm')).toContainEqual({
      tags: { device: 'a' },
      fields: { n: 1, v: 21.5, bad7: 'text' },
      timestampNs: clock.wallNs,
    });
  });

  test('what a process left that was killed in between leaves at the next start', async () => {
    const { clock, sink, options, columns } = await opened();
    await sink.write([pointOf(series, clock.wallNs, { n: 1, gone: 1 })], never());
    await sink.close();
    const before = new DuckdbSink({ ...options, retentionMs: 0 }, { clock });
    await before.open();
    await queried(options, 'UPDATE sluice_internal.points_1 SET f2 = NULL');
    await before.close();
    const again = new DuckdbSink(options, { clock });
    await again.open();
    onTestFinished(() => again.close());
    expect(await columns()).toEqual(['device', 'n']);
  });

  test('a measurement of which nothing is left can come again', async () => {
    const { clock, sink, options, columns } = await opened();
    await sink.write([pointOf(series, clock.wallNs, { n: 1 })], never());
    await sink.close();
    clock.wallNs += 2n * DAY_NS;
    const again = new DuckdbSink(options, { clock });
    await again.open();
    onTestFinished(() => again.close());
    expect(await columns()).toEqual([]);
    expect(await again.write([pointOf(series, clock.wallNs, { n: 'x' })], never())).toEqual([]);
    expect((await readBack(options, 'm')).map(({ fields }) => fields)).toEqual([{ n: 'x' }]);
  });
});
