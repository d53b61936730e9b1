import type { DuckDBConnection, DuckDBType, DuckDBValue } from '@duckdb/node-api';
import type { FieldType } from '../point.js';
import { appendColumns, type StagedColumn } from './append-columns.js';
import type { DuckdbApi } from './duckdb-database.js';
import { type Column, SCHEMA, sqlType } from './measurement-table.js';
import type { RowBatch } from './row-batch.js';
import { seriesId } from './series-entries.js';
import { timeRanges } from './time-ranges.js';

/** Each range costs a comparison per row group (zone map), but more ranges read less of the table. */
const MAX_TIME_RANGES = 8;

/** DuckDB 1.5 keeps several copies of each column's vector while it merges: 700 columns at once did not fit into 128 MiB. */
const MAX_MERGED_COLUMNS = 40;

const STAGE = 'temp.main.sluice_stage';

/** The rows of one table, with at most MAX_MERGED_COLUMNS of their fields. */
interface Part {
  readonly id: number;
  readonly batch: RowBatch;
  /** Field → column of the stage that contains its values. */
  readonly slots: ReadonlyMap<Column, string>;
}

/**
 * Writes the rows of all tables, in the connection's open transaction. Every series must have an id.
 *
 * All tables share one staging table, whose columns contain different fields in each part: a temporary table takes
 * 256 KiB per column until the transaction ends, so separate staging tables for 300 tables did not fit into memory.
 */
export async function writeRows(
  api: DuckdbApi,
  connection: DuckDBConnection,
  batches: readonly RowBatch[],
): Promise<void> {
  const parts = partsOf(batches);
  const slots = slotsOf(parts);
  const definitions = [...slots].map(([slot, { type }]) => `, ${slot} ${sqlType(type)}`);
  await connection.run(
    `CREATE OR REPLACE TEMP TABLE sluice_stage (part INTEGER, series INTEGER, time TIMESTAMP_NS${definitions.join('')})`,
  );
  const identity: [DuckDBValue[], DuckDBValue[], DuckDBValue[]] = [[], [], []];
  for (const { id, batch } of parts) {
    for (const [row, entry] of batch.series.entries()) {
      identity[0].push(id);
      identity[1].push(seriesId(entry));
      identity[2].push(new api.DuckDBTimestampNanosecondsValue(batch.timesNs[row] ?? 0n));
    }
  }
  const staged: StagedColumn[] = [
    { type: api.INTEGER, values: identity[0] },
    { type: api.INTEGER, values: identity[1] },
    { type: api.TIMESTAMP_NS, values: identity[2] },
    ...[...slots.values()].map(({ type, values }) => ({ type: columnType(api, type), values })),
  ];
  const target = { catalog: 'temp', schema: 'main', table: 'sluice_stage' };
  await appendColumns(api, connection, target, staged, identity[0].length);
  // In order: the first part of a table inserts the missing rows, the following parts update them.
  for (const part of parts) await connection.run(mergeSql(part));
}

function partsOf(batches: readonly RowBatch[]): Part[] {
  const parts: Part[] = [];
  for (const batch of batches) {
    const columns = [...batch.columns.keys()];
    for (let from = 0; from < columns.length; from += MAX_MERGED_COLUMNS) {
      const used: Record<FieldType, number> = { float: 0, int: 0, string: 0, boolean: 0 };
      const slots = new Map<Column, string>();
      for (const column of columns.slice(from, from + MAX_MERGED_COLUMNS)) {
        slots.set(column, `${column.type}_${++used[column.type]}`);
      }
      parts.push({ id: parts.length, batch, slots });
    }
  }
  return parts;
}

/** Returns the columns of the stage, each with the values of all parts one after the other. */
function slotsOf(parts: readonly Part[]): Map<string, { type: FieldType; values: DuckDBValue[] }> {
  const slots = new Map<string, { type: FieldType; values: DuckDBValue[] }>();
  let before = 0;
  for (const { batch, slots: slotOf } of parts) {
    for (const [column, slot] of slotOf) {
      let staged = slots.get(slot);
      if (staged === undefined) {
        staged = { type: column.type, values: [] };
        slots.set(slot, staged);
      }
      while (staged.values.length < before) staged.values.push(null);
      for (const value of batch.columns.get(column) ?? []) staged.values.push(value);
    }
    before += batch.timesNs.length;
  }
  return slots;
}

/**
 * Returns the statement that overwrites the fields a point names, keeps the others and inserts new rows.
 *
 * The time ranges are redundant with the join, but they are constants, which DuckDB compares with the zone map of
 * each row group: the cost of a write does not depend on the size of the table. A row without a changed value is not
 * touched, so the replay of a batch writes nothing.
 */
function mergeSql({ id, batch: { table, timesNs }, slots }: Part): string {
  const staged = [...slots].map(([{ column }, slot]) => `${slot} AS ${column}`);
  const names = [...slots.keys()].map(({ column }) => column);
  const ranges = timeRanges(timesNs, MAX_TIME_RANGES).map(
    ({ fromNs, toNs }) => `t.time BETWEEN make_timestamp_ns(${fromNs}) AND make_timestamp_ns(${toNs})`,
  );
  const changed = names.map((name) => `(s.${name} IS NOT NULL AND s.${name} IS DISTINCT FROM t.${name})`);
  return `
    MERGE INTO ${SCHEMA}.${table.pointsTable} t
    USING (SELECT series, time, ${staged.join(', ')} FROM ${STAGE} WHERE part = ${id}) s
    ON t.series = s.series AND t.time = s.time AND (${ranges.join(' OR ')})
    WHEN MATCHED AND (${changed.join(' OR ')})
      THEN UPDATE SET ${names.map((name) => `${name} = coalesce(s.${name}, t.${name})`).join(', ')}
    WHEN NOT MATCHED
      THEN INSERT (series, time, ${names.join(', ')}) VALUES (s.series, s.time, ${names.map((name) => `s.${name}`).join(', ')})`;
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
