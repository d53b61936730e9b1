import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect, it, onTestFinished } from 'vitest';
import { serveCommands } from '../../src/control/serve-commands.js';
import { dataDirectory } from '../../src/data-directory/data-directory.js';
import { isDataDirectoryLocked, lockDataDirectory } from '../../src/data-directory/directory-lock.js';
import { openDataDirectory } from '../../src/data-directory/open-directory.js';
import { VERSION } from '../../src/lib/package-root.js';
import { DuckdbSink } from '../../src/sink/duckdb/duckdb-sink.js';
import { NO_COMMANDS } from '../support/no-commands.js';
import { pointOf, seriesOf } from '../support/points.js';
import { tempDirectory } from '../support/temp-directory.js';
import { runMain } from './run-main.js';

const START_MS = Date.parse('2026-11-30T08:00:00Z');
const MINUTE_MS = 60_000;

/** A configuration whose store has ten rows, one a minute, and a gateway that runs on it or has stopped. */
async function store(isRunning: boolean): Promise<{ config: string; data: string; folder: string }> {
  const folder = tempDirectory();
  const data = join(folder, 'data');
  const config = join(folder, 'sluice.yaml');
  writeFileSync(config, 'stream: { log: { directory: ./data/log } }\nsink: { duckdb: { retention: 0d } }\n');
  // As a gateway leaves it.
  const { lock: first } = await openDataDirectory(dataDirectory(data), VERSION);
  await first.release();
  const sink = new DuckdbSink({ path: join(data, 'telemetry.duckdb'), retentionMs: 0 });
  await sink.open();
  const points = Array.from({ length: 10 }, (_, i) =>
    pointOf(
      seriesOf('climate', { device: i < 5 ? 'kitchen' : 'hall\u001b' }),
      BigInt(START_MS + i * MINUTE_MS) * 1_000_000n,
      {
        temperature: 20 + i / 2,
        count: BigInt(i) + 2n ** 60n,
      },
    ),
  );
  await sink.write(points, new AbortController().signal);
  if (!isRunning) {
    await sink.close();
    return { config, data, folder };
  }
  const lock = await lockDataDirectory(dataDirectory(data));
  lock.onConnection((connection) =>
    serveCommands(connection, {
      ...NO_COMMANDS,
      query: (query, signal) => sink.queries.answer(query, signal),
      queryProgress: async () => sink.queries.writtenBytes(),
    }),
  );
  onTestFinished(async () => {
    await lock.release();
    await sink.close();
  });
  return { config, data, folder };
}

/** Rows of a file, by DuckDB in a database of its own. */
async function rowsOf(from: string): Promise<unknown[]> {
  const database = await DuckDBInstance.create(':memory:');
  const connection = await database.connect();
  try {
    return (await connection.runAndReadAll(`FROM ${from}`)).getRowObjectsJson();
  } finally {
    connection.closeSync();
    database.closeSync();
  }
}

describe.each([
  ['beside a running gateway', true],
  ['while none runs', false],
] as const)('sluice query %s', (_when, isRunning) => {
  it('prints a table, with control characters made visible', async () => {
    const { config } = await store(isRunning);
    const sql =
      'SELECT device, avg(temperature) AS mean, max(count) AS top, NULL AS n FROM climate GROUP BY device ORDER BY device DESC';
    expect(await runMain('query', sql, '-c', config)).toEqual({
      exitCode: 0,
      stderr: '',
      stdout: [
        'device      mean  top                  n',
        'kitchen     21.0  1152921504606846980',
        'hall\\u001b  23.5  1152921504606846985',
        '',
      ].join('\n'),
    });
  });

  it('prints CSV and JSON as they are, says when the limit is reached, and leaves no file', async () => {
    const { config, data } = await store(isRunning);
    const sql = 'SELECT time, count FROM climate ORDER BY time';
    expect(await runMain('query', sql, '--format', 'csv', '--limit', '2', '-c', config)).toEqual({
      exitCode: 0,
      stderr: 'These are 2 rows, the limit: there may be more (--limit).\n',
      stdout:
        'time,count\n2026-11-30T08:00:00Z,1152921504606846976\n2026-11-30T08:01:00Z,1152921504606846977\n',
    });
    const { stdout } = await runMain('query', sql, '--format', 'json', '-c', config);
    expect(JSON.parse(stdout)).toHaveLength(10);
    expect(readdirSync(join(data, 'telemetry.duckdb.answers'))).toEqual([]);
  });

  it('writes Parquet that another program reads', async () => {
    const { config, folder } = await store(isRunning);
    const output = join(folder, 'mean.parquet');
    const sql = 'SELECT device, avg(temperature) AS mean FROM climate GROUP BY ALL ORDER BY ALL';
    expect(
      await runMain('query', sql, '--format', 'parquet', '--output', output, '-c', config),
    ).toMatchObject({ exitCode: 0 });
    expect(await rowsOf(`'${output}'`)).toEqual([
      { device: 'hall\u001b', mean: 23.5 },
      { device: 'kitchen', mean: 21 },
    ]);
  });

  it.each([
    [['DELETE FROM climate'], 2, 'The query is refused: found DELETE; expected one SELECT'],
    [['SELECT 1', '--output', 'x'], 2, '--output needs --format json, csv or parquet'],
    [['FROM climat'], 2, 'did you mean "climate"?'],
    [['SELECT nothing FROM climate'], 2, 'DuckDB refuses the query: Binder Error'],
    [['SELECT 1', '--format', 'xml'], 2, 'Allowed choices are table, json, csv, parquet'],
    [
      ['SELECT 1', '--output', '/nowhere/x.csv', '--format', 'csv'],
      2,
      '--output: no file can be made in /nowhere',
    ],
    [
      ['SELECT count(*) FROM range(1000000000000) WHERE range < 0', '--timeout', '100ms'],
      1,
      'took longer than 0.1 s',
    ],
  ])('%o exits with %i', async (args, code, sentence) => {
    const { config, data } = await store(isRunning);
    const { exitCode, stdout, stderr } = await runMain('query', ...args, '-c', config);
    expect(stderr).toContain(sentence);
    expect([exitCode, stdout]).toEqual([code, '']);
    if (existsSync(join(data, 'telemetry.duckdb.answers'))) {
      expect(readdirSync(join(data, 'telemetry.duckdb.answers'))).toEqual([]);
    }
  });
});

describe.each([
  ['beside a running gateway', true],
  ['while none runs', false],
] as const)('sluice export %s', (_when, isRunning) => {
  it.each(['csv', 'parquet'] as const)('writes the rows of a time as %s', async (format) => {
    const { config, folder } = await store(isRunning);
    const output = join(folder, `climate.${format}`);
    writeFileSync(output, 'an older export');
    const span = ['--from', '2026-11-30T08:02:00Z', '--to', String(START_MS + 5 * MINUTE_MS)];
    const { exitCode, stdout, stderr } = await runMain(
      ...[
        'export',
        '--measurement',
        'climate',
        ...span,
        '--format',
        format,
        '--output',
        output,
        '-c',
        config,
      ],
    );
    expect([exitCode, stdout]).toEqual([0, '']);
    expect(stderr).toMatch(/^3 rows are in .*climate\.(csv|parquet) \(\d+KiB\)\.\n$/);
    expect(
      await rowsOf(
        `(SELECT count(*)::INTEGER AS n, min(temperature) AS low, max(count) AS top FROM '${output}')`,
      ),
    ).toEqual([{ n: 3, low: 21, top: '1152921504606846980' }]);
    expect(readdirSync(folder).sort()).toEqual([`climate.${format}`, 'data', 'sluice.yaml']);
  });

  it('names the measurement that was meant, and makes no file', async () => {
    const { config, folder } = await store(isRunning);
    const output = join(folder, 'x.csv');
    const { exitCode, stderr } = await runMain(
      ...['export', '--measurement', 'climat', '--format', 'csv', '--output', output, '-c', config],
    );
    expect([exitCode, stderr]).toEqual([2, 'No measurement "climat" is stored: did you mean "climate"?\n']);
    expect(existsSync(output)).toBe(false);
  });
});

describe('sluice query while no gateway runs', () => {
  it('holds the lock meanwhile and changes nothing in the file', async () => {
    const { config, data } = await store(false);
    const before = readFileSync(join(data, 'telemetry.duckdb'));
    expect(await runMain('query', 'FROM climate LIMIT 1', '-c', config)).toMatchObject({ exitCode: 0 });
    expect(readFileSync(join(data, 'telemetry.duckdb')).equals(before)).toBe(true);
    expect(await isDataDirectoryLocked(data)).toBe(false);
  });

  it('reads also what a killed gateway has left in the log of the store, and leaves it there', async () => {
    const { data } = await store(true);
    const folder = tempDirectory();
    const left = join(folder, 'data');
    cpSync(data, left, { recursive: true, filter: (path) => !/lock[^/]*$/.test(path) });
    const files = () =>
      readdirSync(left)
        .filter((name) => /\.duckdb(\.wal)?$/.test(name))
        .sort();
    const before = files();
    expect(before).toContain('telemetry.duckdb.wal');
    const config = join(folder, 'sluice.yaml');
    writeFileSync(config, 'stream: { log: { directory: ./data/log } }\n');
    const sql = 'SELECT count(*) AS n FROM climate';
    expect(await runMain('query', sql, '--format', 'csv', '-c', config)).toEqual({
      exitCode: 0,
      stdout: 'n\n10\n',
      stderr: '',
    });
    expect(files()).toEqual(before);
  });

  it('says so when there is no file', async () => {
    const folder = tempDirectory();
    const config = join(folder, 'sluice.yaml');
    writeFileSync(config, 'stream: { log: { directory: ./data/log } }\n');
    const { exitCode, stderr } = await runMain('query', 'SELECT 1', '-c', config);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('there is no DuckDB file')]);
  });

  it('says what to use where the store is InfluxDB', async () => {
    const folder = tempDirectory();
    mkdirSync(join(folder, 'data'), { mode: 0o700 });
    const config = join(folder, 'sluice.yaml');
    writeFileSync(
      config,
      'stream: { log: { directory: ./data/log } }\nsink: { influx: { url: "http://127.0.0.1:1", database: iot } }\n',
    );
    const { exitCode, stderr } = await runMain('query', 'SELECT 1', '-c', config);
    expect([exitCode, stderr]).toEqual([
      1,
      expect.stringContaining('The store is InfluxDB, which is asked directly'),
    ]);
  });
});
