import type { QueryFormat } from '../store-query.js';
import { literal, quoted, shownName } from './identifiers.js';

/** A column of an answer. */
export interface AnswerColumn {
  readonly name: string;
  /** DuckDB's name of the type. */
  readonly type: string;
}

/** Fewer than DuckDB's own 122,880 rows: a group of rows is in memory as a whole. */
const PARQUET_ROWS = 16_384;

const OPTIONS: Readonly<Record<QueryFormat, string>> = {
  csv: 'FORMAT csv, HEADER',
  json: 'FORMAT json, ARRAY true',
  'text-rows': 'FORMAT json, ARRAY true',
  parquet: `FORMAT parquet, ROW_GROUP_SIZE ${PARQUET_ROWS}`,
};

/** The statement as a table. DuckDB takes exactly one SELECT here, whatever the text has. */
export function asTable(sql: string): string {
  return `query(${literal(sql)})`;
}

/** Returns the statement that writes the answer into a file; it returns how many rows there are. */
export function answerSql(
  sql: string,
  columns: readonly AnswerColumn[],
  {
    format,
    maxRows,
    path,
  }: { readonly format: QueryFormat; readonly maxRows: number; readonly path: string },
): string {
  const inner = columns.map((_column, index) => `c${index}`);
  const shown = columns.map(
    ({ name, type }, index) => `${valueSql(`c${index}`, type, format)} AS ${quoted(name)}`,
  );
  return `COPY (SELECT ${shown.join(', ')} FROM ${asTable(sql)} AS answer(${inner.join(', ')}) LIMIT ${maxRows})
    TO ${literal(path)} (${OPTIONS[format]})`;
}

/** Gives each column a name that can be quoted: a PIVOT can make an empty one, or two that are shown alike. */
export function distinctColumns(columns: readonly AnswerColumn[]): AnswerColumn[] {
  const taken = new Set<string>();
  return columns.map(({ name, type }) => ({ name: shownName(name, taken), type }));
}

function valueSql(column: string, type: string, format: QueryFormat): string {
  if (format === 'parquet') return column;
  const value = textualSql(column, type);
  if (format === 'text-rows') return `CAST(${value} AS VARCHAR)`;
  // JSON has no NaN and no infinity, but DuckDB writes them.
  if (format === 'json' && /^(DOUBLE|FLOAT)$/.test(type))
    return `CASE WHEN isfinite(${column}) THEN ${column} END`;
  return value;
}

/** Times as in RFC 3339, and what has parts as DuckDB's text. All other values stay as they are. */
function textualSql(column: string, type: string): string {
  if (type === 'TIMESTAMP WITH TIME ZONE') return timeSql(`(${column} AT TIME ZONE 'UTC')`);
  if (type.startsWith('TIMESTAMP')) return timeSql(column);
  if (/[[(]/.test(type) && !type.startsWith('DECIMAL')) return `CAST(${column} AS VARCHAR)`;
  return column;
}

function timeSql(column: string): string {
  return `replace(CAST(${column} AS VARCHAR), ' ', 'T') || 'Z'`;
}
