import type { DuckDBConnection, DuckDBType } from '@duckdb/node-api';
import type { FieldType } from '../sink.js';
import type { DuckdbApi } from './duckdb-database.js';
import { type Column, SCHEMA, sqlType } from './measurement-table.js';
import type { RowBatch } from './row-batch.js';
import type { SeriesEntry } from './series-entries.js';
import { appendColumns } from './staging.js';
import { timeRanges } from './time-ranges.js';

/** Each range costs a comparison per row group (zone map); more ranges read less of the table. */
const MAX_TIME_RANGES = 8;

/**
 * DuckDB 1.5 holds a vector for each column several times over while it merges: 700 columns at once did not fit
 * into 128 MiB.
 */
const MAX_MERGED_COLUMNS = 50;

const STAGE = 'sluice_stage';

/** Writes the rows of one table, in the connection's open transaction. Every series has an id. */
export async function writeRows(
  api: DuckdbApi,
  connection: DuckDBConnection,
  batch: RowBatch,
): Promise<void> {
  const all = [...batch.columns.keys()];
  // The first group adds the missing rows, for those that follow every row is there.
  for (let from = 0; from < all.length; from += MAX_MERGED_COLUMNS) {
    await mergeColumns(api, connection, batch, all.slice(from, from + MAX_MERGED_COLUMNS));
  }
}

async function mergeColumns(
  api: DuckdbApi,
  connection: DuckDBConnection,
  batch: RowBatch,
  columns: readonly Column[],
): Promise<void> {
  const definitions = columns.map(({ column, type }) => `, ${column} ${sqlType(type)}`);
  await connection.run(
    `CREATE OR REPLACE TEMP TABLE ${STAGE} (series INTEGER, time TIMESTAMP_NS${definitions.join('')})`,
  );
  await appendColumns(
    api,
    connection,
    { catalog: 'temp', schema: 'main', table: STAGE },
    [
      { type: api.INTEGER, values: batch.series.map(seriesId) },
      {
        type: api.TIMESTAMP_NS,
        values: batch.timesNs.map((timeNs) => new api.DuckDBTimestampNanosecondsValue(timeNs)),
      },
      ...columns.map((column) => ({
        type: columnType(api, column.type),
        values: batch.columns.get(column) ?? [],
      })),
    ],
    batch.timesNs.length,
  );
  await connection.run(mergeSql(batch, columns));
}

/** Finds the ids of series that the file knows and adds the others, in the connection's open transaction. */
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

/**
 * Overwrites the fields a point names, keeps the others, adds what is new.
 *
 * The time ranges say nothing that the join does not say already; they are constants, which DuckDB compares
 * with the zone map of each row group, so that a write costs the same however large the table is. A row whose
 * values stay as they are is not touched: the replay of a batch writes nothing.
 */
function mergeSql({ table, timesNs }: RowBatch, columns: readonly Column[]): string {
  const names = columns.map(({ column }) => column);
  const ranges = timeRanges(timesNs, MAX_TIME_RANGES).map(
    ({ fromNs, toNs }) => `t.time BETWEEN make_timestamp_ns(${fromNs}) AND make_timestamp_ns(${toNs})`,
  );
  const changed = names.map((name) => `(s.${name} IS NOT NULL AND s.${name} IS DISTINCT FROM t.${name})`);
  return `
    MERGE INTO ${SCHEMA}.${table.pointsTable} t USING temp.main.${STAGE} s
    ON t.series = s.series AND t.time = s.time AND (${ranges.join(' OR ')})
    WHEN MATCHED AND (${changed.join(' OR ')})
      THEN UPDATE SET ${names.map((name) => `${name} = coalesce(s.${name}, t.${name})`).join(', ')}
    WHEN NOT MATCHED
      THEN INSERT (series, time, ${names.join(', ')}) VALUES (s.series, s.time, ${names.map((name) => `s.${name}`).join(', ')})`;
}

function seriesId({ key, id }: SeriesEntry): number {
  if (id === undefined) throw new Error(`series ${key} has no id`);
  return id;
}

function columnType(api: DuckdbApi, type: FieldType): DuckDBType {
  switch (type) {
    case 'float':
      return api.DOUBLE;
    case 'int':
      return api.BIGINT;
    case 'string':
      return api.VARCHAR;
    case 'boolean':
      return api.BOOLEAN;
  }
}
