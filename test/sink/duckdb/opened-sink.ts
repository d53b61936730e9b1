import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance, DuckDBTimestampNanosecondsValue } from '@duckdb/node-api';
import { onTestFinished } from 'vitest';
import { type DuckdbSinkOptions, duckdbSettings } from '../../../src/sink/duckdb/duckdb-database.js';
import { DuckdbSink, type DuckdbSinkParts } from '../../../src/sink/duckdb/duckdb-sink.js';
import { literal } from '../../../src/sink/duckdb/identifiers.js';
import type { StoredRow, StoredValue } from '../../contract/sink-contract.js';

export const never = () => new AbortController().signal;

export function duckdbPath(): { path: string; remove: () => void } {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-duckdb-'));
  return {
    path: join(directory, 'telemetry.duckdb'),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** Opens a sink on a new file, which is closed and removed after the test. Retention is off by default. */
export async function openedSink(
  options: Partial<DuckdbSinkOptions> = {},
  parts: DuckdbSinkParts = {},
): Promise<{ sink: DuckdbSink; options: DuckdbSinkOptions }> {
  const { path, remove } = duckdbPath();
  const all = { path, retentionMs: 0, ...options };
  const sink = new DuckdbSink(all, { backOff: { baseMs: 5, capMs: 20 }, ...parts });
  onTestFinished(async () => {
    await sink.close();
    remove();
  });
  await sink.open();
  return { sink, options: all };
}

/** Runs a query, also while a sink of this process has the file open, and returns the rows. */
export async function queried(options: DuckdbSinkOptions, sql: string) {
  const instance = await DuckDBInstance.fromCache(options.path, duckdbSettings(options));
  const connection = await instance.connect();
  try {
    return (await connection.runAndReadAll(sql)).getRowObjects();
  } finally {
    connection.disconnectSync();
    instance.closeSync();
  }
}

/** Reads all points of a measurement under their exact names. */
export async function readBack(
  options: DuckdbSinkOptions,
  measurement: string,
): Promise<readonly StoredRow[]> {
  const columns = await queried(
    options,
    `SELECT m.view_name AS view, c.kind, c.name, c.shown_name AS shown FROM sluice_internal.measurements m
     JOIN sluice_internal.columns c ON c.measurement = m.id WHERE m.name = ${literal(measurement)}`,
  );
  const view = columns[0]?.view;
  if (view === undefined) return [];
  const rows = await queried(options, `SELECT * FROM "${String(view).replaceAll('"', '""')}"`);
  return rows.map((row) => {
    const named = (kind: string) =>
      Object.fromEntries(
        columns
          .filter((column) => column.kind === kind && row[String(column.shown)] !== null)
          .map((column) => [String(column.name), row[String(column.shown)]]),
      );
    const time = row.time;
    if (!(time instanceof DuckDBTimestampNanosecondsValue)) throw new Error('time is no TIMESTAMP_NS');
    return {
      tags: named('tag') as Record<string, string>,
      fields: named('field') as Record<string, StoredValue>,
      timestampNs: time.nanos,
    };
  });
}
