import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { partText } from '../../src/commands/prepare-store.js';
import { rowsPlaces } from '../../src/commands/rows-places.js';
import type { Aggregate, Resolution } from '../../src/windows/aggregate.js';
import { type ScriptedAnswer, type StoreCall, startFakeStore } from '../support/fake-store.js';
import { tempDirectory } from '../support/temp-directory.js';
import { runMain } from './run-main.js';

const DAY_MS = 86_400_000;

function aggregateWith(...resolutions: readonly Pick<Resolution, 'to' | 'retentionMs'>[]): Aggregate {
  return {
    name: 'climate',
    from: 'climate',
    sizeMs: 300_000,
    latenessMs: 0,
    fields: new Map(),
    resolutions: resolutions.map((one) => ({ everyMs: 300_000, measurement: 'climate_5min', ...one })),
  };
}

test('each place of rows is named once, with the longest retention of those that share it', () => {
  const windows = {
    memoryBytes: 1,
    aggregates: [
      aggregateWith({ retentionMs: DAY_MS }, { to: 'a', retentionMs: DAY_MS }, { to: 'b', retentionMs: 0 }),
      aggregateWith({ to: 'a', retentionMs: 2 * DAY_MS }, { to: 'b', retentionMs: DAY_MS }),
    ],
  };
  expect(rowsPlaces(windows)).toEqual([
    { to: 'a', retentionMs: 2 * DAY_MS },
    { to: 'b', retentionMs: 0 },
  ]);
  expect(rowsPlaces(undefined)).toEqual([]);
});

test('each part is one line, whatever a store puts into its answer', () => {
  expect(partText({ name: 'database "d"', state: 'there' })).toBe('database "d": is there\n');
  expect(partText({ name: 'database "d"', state: 'failed', detail: 'a\nb\u001b[2J', statement: 'S' })).toBe(
    'database "d": FAILED: a\\nb\\u001b[2J. By hand: S\n',
  );
});

test('a difference that the store cannot change is left to the operator', () => {
  const differs = { name: 'mapping', state: 'differs', detail: 'D', statement: 'S' } as const;
  expect(partText({ ...differs, isChangeable: false })).toMatch(/Nothing was changed\. By hand: S\n$/);
  expect(partText({ ...differs, isChangeable: true })).toMatch(
    /Nothing was changed\. Add --change, or: S\n$/,
  );
});

const CONFIG = `
windows:
  aggregates:
    - name: climate
      from: climate
      lateness: 30s
      fields: { temperature: [mean] }
      resolutions:
        - { every: 5min, retention: 30d }
        - { every: 1h, retention: 90d, to: rows }
`;

describe('the command', () => {
  /** Has the database "d", and "rows" with the duration given. */
  const answering =
    (duration?: string) =>
    ({ body }: StoreCall): ScriptedAnswer => {
      const statement = new URLSearchParams(body).get('q') ?? '';
      const series = statement.startsWith('SHOW DATABASES')
        ? [{ name: 'databases', columns: ['name'], values: [['d']] }]
        : [{ columns: ['name', 'duration'], values: duration === undefined ? [] : [['rows', duration]] }];
      return {
        status: 200,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ results: [statement.startsWith('SHOW') ? { series } : {}] }),
      };
    };

  async function prepare(script: (call: StoreCall) => ScriptedAnswer, ...options: readonly string[]) {
    const store = await startFakeStore(script);
    onTestFinished(() => store.stop());
    const file = join(tempDirectory(), 'sluice.yaml');
    writeFileSync(file, `sink: { influx: { url: '${store.url}', version: 1, database: d } }\n${CONFIG}`);
    const outcome = await runMain('store', 'prepare', '-c', file, ...options);
    const statements = store.calls.map(({ body }) => new URLSearchParams(body).get('q') ?? '');
    return { ...outcome, changes: statements.filter((statement) => !statement.startsWith('SHOW')) };
  }

  test('makes what is missing', async () => {
    const { exitCode, stdout, changes } = await prepare(answering());
    expect({ exitCode, stdout }).toEqual({
      exitCode: 0,
      stdout: 'database "d": is there\nretention policy "rows" of database "d": made\n',
    });
    expect(changes).toEqual(['CREATE RETENTION POLICY "rows" ON "d" DURATION 90d REPLICATION 1']);
  });

  test('--dry-run makes nothing', async () => {
    const { exitCode, stdout, changes } = await prepare(answering(), '--dry-run', '--change');
    expect(exitCode).toBe(0);
    expect(stdout).toContain('is missing. It would be made: CREATE RETENTION POLICY "rows" ON "d"');
    expect(changes).toEqual([]);
  });

  test('a difference is left with exit code 2, or changed with --change', async () => {
    const left = await prepare(answering('24h0m0s'));
    expect(left.exitCode).toBe(2);
    expect(left.stdout).toContain(
      'it keeps points for 1d, and should keep them for 90d. Nothing was changed.',
    );
    expect(left.changes).toEqual([]);
    const changed = await prepare(answering('24h0m0s'), '--change', '--json');
    expect(changed.exitCode).toBe(0);
    expect(JSON.parse(changed.stdout).parts[1]).toMatchObject({ state: 'changed' });
    expect(changed.changes).toEqual(['ALTER RETENTION POLICY "rows" ON "d" DURATION 90d']);
  });

  test('a store that refuses is exit code 1', async () => {
    const { exitCode, stdout } = await prepare(() => ({ status: 401, body: 'who are you' }));
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^database "d": FAILED: .*401: who are you.*CREATE DATABASE "d"\n$/);
  });

  test('DuckDB needs nothing', async () => {
    const file = join(tempDirectory(), 'sluice.yaml');
    writeFileSync(file, 'http: { port: 0 }\n');
    const { exitCode, stdout } = await runMain('store', 'prepare', '-c', file);
    expect({ exitCode, stdout }).toEqual({
      exitCode: 0,
      stdout: 'Nothing is needed: DuckDB makes its file and its tables when it is opened.\n',
    });
  });
});
