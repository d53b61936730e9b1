import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DuckdbSink } from '../../src/sink/duckdb/duckdb-sink.js';
import { pointOf, seriesOf } from '../support/points.js';
import { tempDirectory } from '../support/temp-directory.js';
import { runMain } from './run-main.js';

const STREAM = 'stream: { log: { directory: ./data/log } }\n';

/** A configuration whose DuckDB file has one field with these values, while no gateway runs. */
async function storeWith(values: readonly (string | number | bigint | boolean)[]): Promise<string> {
  const root = tempDirectory();
  const file = join(root, 'sluice.yaml');
  writeFileSync(file, `${STREAM}sink: { duckdb: { path: ./data/telemetry.duckdb, retention: 0s } }\n`);
  const sink = new DuckdbSink({ path: join(root, 'data', 'telemetry.duckdb') });
  await sink.open();
  const nowNs = BigInt(Date.now()) * 1_000_000n;
  await sink.write(
    values.map((v, i) => pointOf(seriesOf('climate'), nowNs + BigInt(i), { v })),
    new AbortController().signal,
  );
  await sink.close();
  return file;
}

describe('sluice store retype', () => {
  it('converts what can be converted, and refuses to lose a value without --force', async () => {
    const config = await storeWith(['21.5', 'unavailable', '3']);
    expect(await runMain('store', 'retype', 'climate', 'v', 'float', '-c', config)).toEqual({
      exitCode: 2,
      stderr: '',
      stdout: `1 of 3 values of "v" of "climate" cannot become float without loss: "unavailable".
Nothing has been done. Add --force to remove these values and convert the others.
`,
    });
    expect(await runMain('store', 'retype', 'climate', 'v', 'float', '--force', '-c', config)).toEqual({
      exitCode: 0,
      stderr: '',
      stdout:
        'The field "v" of "climate" is float now, it was string: 2 values converted. 1 value that cannot become float is removed.\n',
    });
    expect(await runMain('store', 'retype', 'climate', 'v', 'float', '-c', config)).toMatchObject({
      exitCode: 0,
      stdout: 'The field "v" of "climate" is float already.\n',
    });
  });

  it('prints JSON', async () => {
    const config = await storeWith([1.5, 2]);
    const { exitCode, stdout } = await runMain(
      'store',
      'retype',
      'climate',
      'v',
      'int',
      '--json',
      '-c',
      config,
    );
    expect([exitCode, JSON.parse(stdout)]).toEqual([
      2,
      { isDone: false, storedType: 'float', values: 2, lost: 1, examples: ['1.5'] },
    ]);
  });

  it.each([
    [['climat', 'v', 'float'], 'the store has no measurement "climat"; did you mean "climate"?'],
    [['climate', 'w', 'float'], '"climate" has no field "w"; did you mean "v"?'],
    [['climate', 'v', 'text'], 'Allowed choices are float, int, string, boolean.'],
  ])('%o is wrong usage', async (args, sentence) => {
    const config = await storeWith([1]);
    const { exitCode, stderr } = await runMain('store', 'retype', ...args, '-c', config);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(sentence);
  });
});

describe('sluice store drop-field', () => {
  it('drops a field with values only with --yes', async () => {
    const config = await storeWith([true, false, true]);
    expect(await runMain('store', 'drop-field', 'climate', 'v', '-c', config)).toEqual({
      exitCode: 2,
      stderr: '',
      stdout: `This drops the field "v" of "climate" (boolean) with 3 values: "false", "true", ….
Nothing has been done. Add --yes to drop it.
`,
    });
    expect(await runMain('store', 'drop-field', 'climate', 'v', '--yes', '-c', config)).toMatchObject({
      exitCode: 0,
      stdout: 'The field "v" of "climate" (boolean) is dropped, with 3 values.\n',
    });
    expect(await runMain('store', 'drop-field', 'climate', 'v', '--yes', '-c', config)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('"climate" has no field "v"'),
    });
  });

  it('makes no file where there is none', async () => {
    const root = tempDirectory();
    const config = join(root, 'sluice.yaml');
    writeFileSync(config, STREAM);
    expect(await runMain('store', 'drop-field', 'm', 'v', '-c', config)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('there is no DuckDB file'),
    });
    expect(existsSync(join(root, 'data'))).toBe(false);
  });
});

it.each([
  ['database: iot', 'DROP MEASUREMENT "cli\\nmate"'],
  ['org: o, bucket: b, token: t', `--predicate '_measurement="cli\\nmate"'`],
  ['version: 3, database: d, token: t', 'influxdb3 delete table "cli\\nmate"'],
])('with InfluxDB (%s) both say what to do there', async (influx, words) => {
  const config = join(tempDirectory(), 'sluice.yaml');
  writeFileSync(config, `${STREAM}sink: { influx: { url: "http://127.0.0.1:9", ${influx} } }\n`);
  for (const command of [
    ['retype', 'cli\nmate', 'v', 'float'],
    ['drop-field', 'cli\nmate', 'v', '--yes'],
  ]) {
    const { exitCode, stderr } = await runMain('store', ...command, '-c', config);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('InfluxDB cannot change the type of a field');
    expect(stderr).toContain(words);
  }
});
