import type { DuckDBConnection } from '@duckdb/node-api';
import { SluiceError } from '../../lib/errors.js';
import { nearestName } from '../../lib/nearest-name.js';
import { quoted } from '../../lib/printable.js';
import type { FieldChange, FieldChangeResult } from '../field-change.js';
import type { FieldType } from '../point.js';
import type { Catalog } from './catalog.js';
import { type Column, type MeasurementTable, SCHEMA } from './measurement-table.js';

/** How many of the values that would be lost are shown. */
const MAX_EXAMPLES = 5;

/** A field of the file, and what a change would do to its values. */
export interface PlannedChange {
  readonly table: MeasurementTable;
  readonly column: Column;
  readonly sql: string;
  readonly result: Omit<FieldChangeResult, 'isDone'>;
}

/** Counts what a change would lose. Changes nothing. Throws USAGE_INVALID for a field that is not in the file. */
export async function planChange(
  connection: DuckDBConnection,
  catalog: Catalog,
  change: FieldChange,
): Promise<PlannedChange> {
  const { table, column } = foundField(catalog, change);
  const converted = change.kind === 'drop' ? 'NULL' : convertedSql(column.column, column.type, change.type);
  const isLost = `${column.column} IS NOT NULL AND (${converted}) IS NULL`;
  const from = `FROM ${SCHEMA}.${table.pointsTable}`;
  const rows = async (sql: string) => (await connection.runAndReadAll(sql)).getRows();
  const [counts] = await rows(`SELECT count(${column.column}), count(*) FILTER (${isLost}) ${from}`);
  const examples = await rows(
    `SELECT DISTINCT CAST(${column.column} AS VARCHAR) AS text ${from} WHERE ${isLost} ORDER BY text LIMIT ${MAX_EXAMPLES}`,
  );
  return {
    table,
    column,
    sql: change.kind === 'drop' ? table.dropSql([column]) : table.retypeSql(column, change.type, converted),
    result: {
      storedType: column.type,
      values: Number(counts?.[0]),
      lost: Number(counts?.[1]),
      examples: examples.map(([text]) => String(text)),
    },
  };
}

function foundField(
  catalog: Catalog,
  { measurement, field }: FieldChange,
): { readonly table: MeasurementTable; readonly column: Column } {
  const table = catalog.find(measurement);
  if (table === undefined) {
    throw unknownName(
      `the store has no measurement ${quoted(measurement)}`,
      measurement,
      catalog.stored().map((one) => one.measurement),
    );
  }
  const column = table.fields.get(field);
  if (column !== undefined) return { table, column };
  const what = table.tags.has(field) ? 'it is a tag' : '';
  throw unknownName(`${quoted(measurement)} has no field ${quoted(field)}${what && `: ${what}`}`, field, [
    ...table.fields.keys(),
  ]);
}

function unknownName(what: string, name: string, known: readonly string[]): SluiceError {
  const near = nearestName(name, known);
  return new SluiceError(
    'USAGE_INVALID',
    near === undefined ? what : `${what}; did you mean ${quoted(near)}?`,
  );
}

/** 21.0 is a whole number too. */
const INT_TEXT = '-?[0-9]+([.]0+)?';
const FLOAT_TEXT = '-?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]+)?';

/**
 * Returns the SQL expression for the same value with another type; NULL where there is none. Text becomes the number that
 * a device would have sent in its place; true is not 1.
 */
function convertedSql(column: string, from: FieldType, to: FieldType): string {
  if (from === to) return column;
  switch (`${from} ${to}` as const) {
    case 'int float':
      return `CASE WHEN CAST(CAST(${column} AS DOUBLE) AS HUGEINT) = ${column} THEN CAST(${column} AS DOUBLE) END`;
    case 'float int':
      return `CASE WHEN ${column} = trunc(${column}) THEN TRY_CAST(${column} AS BIGINT) END`;
    case 'string float':
      return `CASE WHEN regexp_full_match(${column}, '${FLOAT_TEXT}') AND isfinite(TRY_CAST(${column} AS DOUBLE)) THEN TRY_CAST(${column} AS DOUBLE) END`;
    case 'string int':
      return `CASE WHEN regexp_full_match(${column}, '${INT_TEXT}') THEN TRY_CAST(split_part(${column}, '.', 1) AS BIGINT) END`;
    case 'string boolean':
      return `CASE ${column} WHEN 'true' THEN true WHEN 'false' THEN false END`;
    case 'int string':
    case 'float string':
    case 'boolean string':
      return `CAST(${column} AS VARCHAR)`;
    default:
      return 'NULL';
  }
}
