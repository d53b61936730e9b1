import type { DuckDBConnection } from '@duckdb/node-api';
import { appendColumns } from './append-columns.js';
import type { DuckdbApi } from './duckdb-database.js';
import { SCHEMA } from './measurement-table.js';
import type { RowBatch } from './row-batch.js';
import { type SeriesEntry, seriesId } from './series-entries.js';

/** Looks up the ids of the batch's series in the file and adds the missing ones, in the connection's open transaction. */
export async function identifySeries(
  api: DuckdbApi,
  connection: DuckDBConnection,
  batch: RowBatch,
): Promise<void> {
  const { table } = batch;
  const unknown = new Map<string, SeriesEntry>();
  for (const entry of batch.series) if (entry.id === undefined) unknown.set(entry.key, entry);
  if (unknown.size === 0) return;

  const found = await connection.runAndReadAll(
    `SELECT series, tags FROM ${SCHEMA}.${table.seriesTable} WHERE tags IN (SELECT unnest($keys))`,
    { keys: api.listValue([...unknown.keys()]) },
    { keys: api.LIST(api.VARCHAR) },
  );
  for (const [id, key] of found.getRows()) {
    const entry = unknown.get(String(key));
    if (entry !== undefined) entry.id = Number(id);
    unknown.delete(String(key));
  }
  if (unknown.size === 0) return;

  const added = [...unknown.values()];
  let lastId = table.lastSeriesId ?? (await lastSeriesId(connection, table.seriesTable));
  for (const entry of added) entry.id = ++lastId;
  table.lastSeriesId = lastId;
  const tagsOf = added.map(({ series }) => new Map(series.tags.map(({ name, value }) => [name, value])));
  await appendColumns(
    api,
    connection,
    { schema: SCHEMA, table: table.seriesTable },
    [
      { type: api.INTEGER, values: added.map(seriesId) },
      { type: api.VARCHAR, values: added.map(({ key }) => key) },
      ...[...table.tags.keys()].map((name) => ({
        type: api.VARCHAR,
        values: tagsOf.map((tags) => tags.get(name) ?? null),
      })),
    ],
    added.length,
  );
}

async function lastSeriesId(connection: DuckDBConnection, seriesTable: string): Promise<number> {
  const last = await connection.runAndReadAll(
    `SELECT coalesce(max(series), 0) FROM ${SCHEMA}.${seriesTable}`,
  );
  return Number(last.getRows()[0]?.[0]);
}
