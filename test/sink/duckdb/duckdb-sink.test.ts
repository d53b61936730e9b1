import { spawnSync } from 'node:child_process';
import { renameSync, writeFileSync } from 'node:fs';
import { DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { SluiceError } from '../../../src/lib/errors.js';
import { duckdbSettings } from '../../../src/sink/duckdb/duckdb-database.js';
import { DuckdbSink } from '../../../src/sink/duckdb/duckdb-sink.js';
import { maxColumns } from '../../../src/sink/duckdb/measurement-table.js';
import type { Point } from '../../../src/sink/point.js';
import { pointOf, seriesOf } from '../../support/points.js';
import { duckdbPath, never, openedSink, queried, readBack } from './opened-sink.js';

const NOW_NS = 1_795_000_000_000_000_000n;
const HOUR_NS = 3_600_000_000_000n;

describe('what people see in the file', () => {
  test('one view per measurement with time, tags and fields, and nothing else beside it', async () => {
    const { sink, options } = await openedSink();
    await sink.write(
      [pointOf(seriesOf('climate', { city: 'Pune' }), NOW_NS, { temperature: 23.5, ok: true })],
      never(),
    );
    await sink.close();
    const instance = await DuckDBInstance.create(options.path, { access_mode: 'READ_ONLY' });
    const connection = await instance.connect();
    const rows = async (sql: string) => (await connection.runAndReadAll(sql)).getRowsJson();
    expect(
      await rows("SELECT table_name FROM information_schema.tables WHERE table_schema = 'main'"),
    ).toEqual([['climate']]);
    expect(await rows('SELECT column_name, column_type FROM (DESCRIBE climate)')).toEqual([
      ['time', 'TIMESTAMP_NS'],
      ['city', 'VARCHAR'],
      ['temperature', 'DOUBLE'],
      ['ok', 'BOOLEAN'],
    ]);
    expect(await rows('SELECT city, temperature, ok FROM climate')).toEqual([['Pune', 23.5, true]]);
    connection.disconnectSync();
    instance.closeSync();
  });

  test('the view works when the file is attached under another name', async () => {
    const { sink, options } = await openedSink();
    await sink.write([pointOf(seriesOf('climate', { city: 'Pune' }), NOW_NS, { t: 1 })], never());
    await sink.close();
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    await connection.run(`ATTACH '${options.path}' AS elsewhere (READ_ONLY)`);
    expect((await connection.runAndReadAll('SELECT city, t FROM elsewhere.climate')).getRows()).toEqual([
      ['Pune', 1],
    ]);
    connection.disconnectSync();
    instance.closeSync();
  });

  test('measurements, tags and fields whose names differ only in case stay apart', async () => {
    const { sink, options } = await openedSink();
    const lower = pointOf(seriesOf('temp', { room: 'a', ROOM: 'b' }), NOW_NS, {
      value: 1,
      Value: 2,
      Time: 3,
    });
    const upper = pointOf(seriesOf('Temp', { room: 'a' }), NOW_NS, { value: 4 });
    expect(await sink.write([lower, upper], never())).toEqual([]);
    expect(await readBack(options, 'temp')).toEqual([
      { tags: { room: 'a', ROOM: 'b' }, fields: { value: 1, Value: 2, Time: 3 }, timestampNs: NOW_NS },
    ]);
    expect(await readBack(options, 'Temp')).toHaveLength(1);
    const views = await queried(
      options,
      'SELECT view_name AS v FROM duckdb_views() WHERE NOT internal ORDER BY 1',
    );
    expect(views).toEqual([{ v: 'Temp_2' }, { v: 'temp' }]);
  });

  test('an existing table or view keeps its name', async () => {
    const { sink, options } = await openedSink();
    await queried(options, 'CREATE TABLE climate AS SELECT 42 AS mine');
    await sink.close();
    const again = new DuckdbSink(options);
    await again.open();
    onTestFinished(() => again.close());
    const points = ['Climate', 'sqlite_master'].map((name) => pointOf(seriesOf(name), NOW_NS, { v: 1 }));
    expect(await again.write(points, never())).toEqual([]);
    expect(await queried(options, 'FROM climate')).toEqual([{ mine: 42 }]);
    expect(await queried(options, 'SELECT v FROM "Climate_2"')).toEqual([{ v: 1 }]);
    expect(await queried(options, 'SELECT v FROM "sqlite_master_2"')).toEqual([{ v: 1 }]);
  });

  test('names and values with any characters are read back unchanged', async () => {
    const { sink, options } = await openedSink();
    const odd = ['a"b', "it's", 'NUL\0inside', ';DROP TABLE x;--', 'select', ' ', 'line\nbreak', '🌡️', 'ß'];
    for (const [i, name] of odd.entries()) {
      const point = pointOf(seriesOf(name, { [name]: name }), NOW_NS + BigInt(i), { [`f ${name}`]: name });
      expect(await sink.write([point], never())).toEqual([]);
      expect(await readBack(options, name)).toEqual([
        { tags: { [name]: name }, fields: { [`f ${name}`]: name }, timestampNs: NOW_NS + BigInt(i) },
      ]);
    }
  });
});

describe('points that are rejected', () => {
  test.each<[string, Point, string, RegExp]>([
    [
      'a field of another type',
      pointOf(seriesOf('m', { tag: 'a' }), NOW_NS, { f: 'x' }),
      'store-refused',
      /^field type conflict: input field "f" on measurement "m" is type string, already exists as type float$/,
    ],
    [
      'an int for a float field',
      pointOf(seriesOf('m', { tag: 'a' }), NOW_NS, { f: 1n }),
      'store-refused',
      /is type int, already exists as type float/,
    ],
    [
      'a field with the name of a tag',
      pointOf(seriesOf('m'), NOW_NS, { tag: 1 }),
      'store-refused',
      /"tag".*both a tag and a field/,
    ],
    [
      'a tag with the name of a field',
      pointOf(seriesOf('m', { f: 'a' }), NOW_NS, { g: 1 }),
      'store-refused',
      /"f".*both a tag and a field/,
    ],
    [
      'a tag and a field of one name in one point',
      pointOf(seriesOf('m', { x: 'a' }), NOW_NS, { x: 1 }),
      'store-refused',
      /"x".*both a tag and a field/,
    ],
    ['a field named time', pointOf(seriesOf('m'), NOW_NS, { time: 1 }), 'not-expressible', /time/],
    [
      'a tag named time',
      pointOf(seriesOf('m', { time: 'noon' }), NOW_NS, { g: 1 }),
      'not-expressible',
      /time/,
    ],
    ['NaN', pointOf(seriesOf('m'), NOW_NS, { g: Number.NaN }), 'not-expressible', /finite/],
    ['an int beyond int64', pointOf(seriesOf('m'), NOW_NS, { g: 2n ** 63n }), 'not-expressible', /int64/],
    [
      'the time DuckDB keeps for infinity',
      pointOf(seriesOf('m'), 2n ** 63n - 1n, { g: 1 }),
      'not-expressible',
      /timestamp/,
    ],
    [
      'the time DuckDB keeps for minus infinity',
      pointOf(seriesOf('m'), -(2n ** 63n) + 1n, { g: 1 }),
      'not-expressible',
      /timestamp/,
    ],
    [
      'half a surrogate pair in a tag',
      pointOf(seriesOf('m', { t: '\ud800' }), NOW_NS, { g: 1 }),
      'not-expressible',
      /surrogate/,
    ],
    [
      'half a surrogate pair in a string',
      pointOf(seriesOf('m'), NOW_NS, { g: '\ud800' }),
      'not-expressible',
      /surrogate/,
    ],
  ])('%s costs only its point and leaves no column behind', async (_name, bad, code, reason) => {
    const { sink, options } = await openedSink();
    const good = pointOf(seriesOf('m', { tag: 'a' }), NOW_NS, { f: 1 });
    await sink.write([good], never());
    const badWithNew = {
      ...bad,
      fields: [...bad.fields, { name: 'brought', type: 'float', value: 1 } as const],
    };
    const other = pointOf(seriesOf('m', { tag: 'a' }), NOW_NS + 1n, { f: 2 });
    const rejections = await sink.write([good, badWithNew, other], never());
    expect(rejections).toMatchObject([{ index: 1, code, reason: expect.stringMatching(reason) }]);
    expect(await readBack(options, 'm')).toHaveLength(2);
    expect(await sink.reader.measurements()).toEqual([
      { name: 'm', tags: ['tag'], fields: [{ name: 'f', type: 'float' }] },
    ]);
  });

  test('the first point of a batch fixes the type, also after the file was opened again', async () => {
    const { sink, options } = await openedSink();
    const series = seriesOf('m');
    const rejections = await sink.write(
      [pointOf(series, NOW_NS, { v: 1 }), pointOf(series, NOW_NS + 1n, { v: true })],
      never(),
    );
    expect(rejections.map(({ index }) => index)).toEqual([1]);
    await sink.close();
    const again = new DuckdbSink(options);
    await again.open();
    onTestFinished(() => again.close());
    expect(await again.write([pointOf(series, NOW_NS + 2n, { v: 'x' })], never())).toMatchObject([
      { index: 0, code: 'store-refused' },
    ]);
  });

  test('a measurement grows up to its limit of columns, then points with new names are rejected', async () => {
    const memoryLimitBytes = 64 * 2 ** 20;
    const limit = maxColumns(memoryLimitBytes);
    const { sink } = await openedSink({ memoryLimitBytes });
    const wide = (from: number, count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`f${from + i}`, 1]));
    const series = seriesOf('wide', { tag: 'a' });
    expect(await sink.write([pointOf(series, NOW_NS, wide(0, limit - 1))], never())).toEqual([]);
    const rejections = await sink.write(
      [pointOf(series, NOW_NS + 1n, { f0: 2 }), pointOf(series, NOW_NS + 2n, { one_more: 1 })],
      never(),
    );
    expect(rejections).toEqual([
      { index: 1, code: 'store-refused', reason: expect.stringContaining('too many columns') },
    ]);
  });
});

test('any sequence of writes, replays and restarts leaves the same contents as a map', async () => {
  const names = ['a', 'A', 'b'];
  const point = fc
    .record({
      measurement: fc.constantFrom('m', 'M'),
      tags: fc.dictionary(fc.constantFrom('t', 'T', 'u'), fc.constantFrom('x', 'X', 'y z')),
      // Times close together, hours apart and years apart give all kinds of time ranges.
      timestampNs: fc
        .constantFrom(0n, 1n, 2n, HOUR_NS, 5_000n * HOUR_NS, -5_000n * HOUR_NS)
        .map((ns) => NOW_NS + ns),
      fields: fc.dictionary(fc.constantFrom(...names), fc.integer({ min: 0, max: 9 }), { minKeys: 1 }),
    })
    .map(({ measurement, tags, timestampNs, fields }) =>
      pointOf(seriesOf(measurement, tags), timestampNs, fields),
    );
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.array(point, { minLength: 1, maxLength: 30 }) },
    { weight: 1, arbitrary: fc.constant('restart' as const) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async (steps) => {
      const { path, remove } = duckdbPath();
      const options = { path, retentionMs: 0 };
      let sink = new DuckdbSink(options);
      await sink.open();
      const model = new Map<string, Map<string, unknown>>();
      const key = (m: string, tags: object, timestampNs: bigint) =>
        JSON.stringify([m, Object.entries(tags).sort(), String(timestampNs)]);
      for (const done of steps) {
        if (done === 'restart') {
          await sink.close();
          sink = new DuckdbSink(options);
          await sink.open();
          continue;
        }
        expect(await sink.write(done, never())).toEqual([]);
        for (const { series, timestampNs, fields } of done) {
          const tags = Object.fromEntries(series.tags.map(({ name, value }) => [name, value]));
          const identity = key(series.measurement, tags, timestampNs);
          const row = model.get(identity) ?? new Map();
          for (const { name, value } of fields) row.set(name, value);
          model.set(identity, row);
        }
      }
      const stored: [string, unknown][] = [];
      for (const measurement of ['m', 'M']) {
        for (const row of await readBack(options, measurement)) {
          stored.push([key(measurement, row.tags, row.timestampNs), row.fields]);
        }
      }
      await sink.close();
      remove();
      expect(stored).toHaveLength(model.size);
      expect(Object.fromEntries(stored)).toEqual(
        Object.fromEntries([...model].map(([identity, row]) => [identity, Object.fromEntries(row)])),
      );
    }),
    { numRuns: 25 },
  );
}, 120_000);

test('many measurements fit into little memory: written rows do not stay there', async () => {
  const warnings: unknown[] = [];
  const { sink, options } = await openedSink(
    { memoryLimitBytes: 64 * 2 ** 20 },
    { warn: (fields) => warnings.push(fields) },
  );
  const series = Array.from({ length: 400 }, (_, i) => seriesOf(`m${i}`, { device: 'a' }));
  for (let batch = 0; batch < 3; batch++) {
    const points = series.map((one, i) => pointOf(one, NOW_NS + BigInt(batch), { a: i, b: i, c: BigInt(i) }));
    expect(await sink.write(points, never())).toEqual([]);
  }
  expect(warnings).toEqual([]);
  for (const name of ['m0', 'm399']) expect(await readBack(options, name)).toHaveLength(3);
});

describe('a file that cannot be used', () => {
  const openingOf = async (sink: DuckdbSink) => {
    const thrown: unknown = await sink.open().catch((reason: unknown) => reason);
    expect(thrown).toBeInstanceOf(SluiceError);
    expect((thrown as SluiceError).code).toBe('SINK_UNUSABLE');
    return (thrown as SluiceError).message;
  };
  const fresh = () => {
    const { path, remove } = duckdbPath();
    onTestFinished(remove);
    return path;
  };

  test('without a build of DuckDB the error suggests what to configure instead', async () => {
    const load = () =>
      Promise.reject(
        new Error("Cannot find module '@duckdb/node-bindings-linux-riscv64/duckdb.node'\nRequire stack:"),
      );
    const message = await openingOf(new DuckdbSink({ path: fresh() }, { load }));
    expect(message).toContain('sink.influx');
    expect(message).toContain('linux-riscv64/duckdb.node');
  });

  test('a file locked by another process names that process', async () => {
    const { sink, options } = await openedSink();
    await sink.write([pointOf(seriesOf('m'), NOW_NS, { v: 1 })], never());
    const script = `
      const { DuckdbSink } = await import(${JSON.stringify(new URL('../../../dist/src/sink/duckdb/duckdb-sink.js', import.meta.url).href)});
      await new DuckdbSink({ path: ${JSON.stringify(options.path)} }).open().catch((e) => console.log(e.code, e.message));`;
    const other = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    expect(other.stdout, other.stderr).toMatch(/^SINK_UNUSABLE .*is locked by another process/);
    expect(other.stdout).toContain(`process id ${process.pid}`);
  });

  test('a second sink of the same process shares the file instead of damaging it', async () => {
    const { sink, options } = await openedSink();
    const second = new DuckdbSink(options);
    await second.open();
    onTestFinished(() => second.close());
    await sink.write([pointOf(seriesOf('m'), NOW_NS, { v: 1 })], never());
    expect(await second.reader.measurements()).toHaveLength(1);
  });

  test('a file that is not a database is not changed', async () => {
    const path = fresh();
    writeFileSync(path, 'this is something else entirely'.repeat(200));
    expect(await openingOf(new DuckdbSink({ path }))).toContain('not a valid DuckDB database');
  });

  test('a file of another layout is refused', async () => {
    const { sink, options } = await openedSink();
    await queried(options, 'UPDATE sluice_internal.layout SET version = 99');
    await sink.close();
    expect(await openingOf(new DuckdbSink(options))).toContain('layout 99');
  });

  test('a directory that cannot be created is named', async () => {
    const path = fresh();
    writeFileSync(path, '');
    expect(await openingOf(new DuckdbSink({ path: `${path}/below/a.duckdb` }))).toContain('cannot be opened');
  });
});

test('a file removed while in use is detected: the points go into a new one', async () => {
  const warnings: string[] = [];
  const { sink, options } = await openedSink({}, { warn: (fields) => warnings.push(String(fields.reason)) });
  await sink.write([pointOf(seriesOf('m'), NOW_NS, { v: 1 })], never());
  renameSync(options.path, `${options.path}.away`);
  expect(await sink.write([pointOf(seriesOf('m'), NOW_NS + 1n, { v: 2 })], never())).toEqual([]);
  expect(warnings[0]).toContain('removed or replaced');
  expect(sink.counters().retries).toBeGreaterThan(0);
  await sink.close();
  expect(await readBack(options, 'm')).toMatchObject([{ fields: { v: 2 } }]);
});

test('a write after close rejects, and the points are still the caller’s', async () => {
  const { sink } = await openedSink();
  await sink.close();
  await expect(sink.write([pointOf(seriesOf('m'), NOW_NS, { v: 1 })], never())).rejects.toMatchObject({
    code: 'SINK_ABORTED',
  });
});

test('a file that could not be opened can be opened as soon as the reason has passed', async () => {
  const { path, remove } = duckdbPath();
  const options = { path, retentionMs: 0 };
  const instance = await DuckDBInstance.fromCache(path, duckdbSettings(options));
  const connection = await instance.connect();
  await connection.run('BEGIN; CREATE TABLE unfinished (a INTEGER)');
  const sink = new DuckdbSink(options);
  onTestFinished(async () => {
    await sink.close();
    remove();
  });
  await expect(sink.open()).rejects.toMatchObject({ code: 'SINK_UNUSABLE' });
  await connection.run('ROLLBACK');
  connection.disconnectSync();
  instance.closeSync();
  await sink.open();
  expect(await sink.write([pointOf(seriesOf('m'), 1n, { v: 1 })], never())).toEqual([]);
});
