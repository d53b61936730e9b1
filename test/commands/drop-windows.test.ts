import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { serveCommands } from '../../src/control/serve-commands.js';
import { dataDirectory, prepareDataDirectory } from '../../src/data-directory/data-directory.js';
import { lockDataDirectory } from '../../src/data-directory/directory-lock.js';
import { DuckdbSink } from '../../src/sink/duckdb/duckdb-sink.js';
import type { Aggregate } from '../../src/windows/aggregate.js';
import { savedLayouts } from '../../src/windows/drop-aggregate.js';
import { NO_COMMANDS } from '../support/no-commands.js';
import { openIdleWindows } from '../support/open-windows.js';
import { pointOf, seriesOf } from '../support/points.js';
import { tempDirectory } from '../support/temp-directory.js';
import { runMain } from './run-main.js';

const AGGREGATE: Aggregate = {
  name: 'climate',
  from: 'climate',
  sizeMs: 60_000,
  latenessMs: 0,
  fields: new Map([['v', { functions: ['mean'], quantiles: [] }]]),
  resolutions: [
    { everyMs: 60_000, measurement: 'climate_1min', retentionMs: 0 },
    { everyMs: 3_600_000, measurement: 'climate_1h', retentionMs: 0 },
  ],
};

/** A data directory in which windows of `climate` have been computed, and its configuration. */
async function directoryWith(sink: string) {
  const root = tempDirectory();
  const file = join(root, 'sluice.yaml');
  writeFileSync(file, `stream: { log: { directory: ./data/log } }\nsink: ${sink}\n`);
  const directory = dataDirectory(join(root, 'data'));
  await prepareDataDirectory(directory);
  mkdirSync(directory.windows, { recursive: true, mode: 0o700 });
  await (await openIdleWindows(directory.windows, [AGGREGATE])).close();
  return { file, directory, path: join(root, 'data', 'telemetry.duckdb') };
}

async function openStore(path: string): Promise<DuckdbSink> {
  const sink = new DuckdbSink({ path, retentionMs: 0 });
  await sink.open();
  return sink;
}

const DROP = ['windows', 'rebuild', '--drop', 'climate', '-c'] as const;

describe('sluice windows rebuild --drop', () => {
  it('deletes the rows from DuckDB and forgets the aggregate, when it is confirmed', async () => {
    const { file, directory, path } = await directoryWith('{ duckdb: { retention: 0d } }');
    const before = await openStore(path);
    const points = ['climate', 'climate_1min', 'climate_1min'].map((measurement, nth) =>
      pointOf(seriesOf(measurement), BigInt(nth), { v: nth }),
    );
    await before.write(points, new AbortController().signal);
    await before.close();

    expect(await runMain(...DROP, file)).toEqual({
      exitCode: 2,
      stderr: '',
      stdout:
        'This deletes all rows of "climate_1min" and "climate_1h", and what is known of these windows.\nNothing has been done. Add --yes to delete them.\n',
    });
    expect(Object.keys(await savedLayouts(directory.windows))).toEqual(['climate']);

    const { exitCode, stdout } = await runMain(...DROP, file, '--yes');
    expect(exitCode).toBe(0);
    expect(stdout).toContain('climate_1min: 2 rows deleted\nclimate_1h: 0 rows deleted\n');
    expect(await savedLayouts(directory.windows)).toEqual({});
    const after = await openStore(path);
    onTestFinished(() => after.close());
    const filled = (await after.reader.measurements()).filter(({ fields }) => fields.length > 0);
    expect(filled.map(({ name }) => name)).toEqual(['climate']);
  });

  it('says how rows are deleted from InfluxDB', async () => {
    const { file, directory } = await directoryWith(
      '{ influx: { url: "http://127.0.0.1:9", database: iot } }',
    );
    const { exitCode, stdout } = await runMain(...DROP, file, '--yes');
    expect(exitCode).toBe(0);
    expect(stdout).toContain('  DROP MEASUREMENT "climate_1min"\n  DROP MEASUREMENT "climate_1h"\n');
    expect(await savedLayouts(directory.windows)).toEqual({});
  });

  it('names the aggregates that are known', async () => {
    const { file } = await directoryWith('{ duckdb: { retention: 0d } }');
    const { exitCode, stderr } = await runMain('windows', 'rebuild', '--drop', 'klima', '-c', file);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('no windows "klima" are known in');
    expect(stderr).toContain('there are "climate"');
  });

  it('is refused while a gateway runs', async () => {
    const { file, directory } = await directoryWith('{ duckdb: { retention: 0d } }');
    const lock = await lockDataDirectory(directory);
    onTestFinished(() => lock.release());
    lock.onConnection((connection) => serveCommands(connection, NO_COMMANDS));
    const { exitCode, stderr } = await runMain(...DROP, file, '--yes');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('stop it first');
    expect(Object.keys(await savedLayouts(directory.windows))).toEqual(['climate']);
  });

  it('does not go with --from', async () => {
    const { file } = await directoryWith('{ duckdb: { retention: 0d } }');
    const { exitCode, stderr } = await runMain(...DROP, file, '--from', '2026-11-29');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('cannot be used with');
  });
});
