import { SluiceError } from '../../lib/errors.js';
import {
  checkCells,
  type RowColumns,
  type StatisticsAnswer,
  type StatisticsCell,
  type StatisticsQuery,
  type TimedValue,
} from '../statistics.js';
import type { InterruptibleRead } from './interruptible-read.js';
import {
  instant,
  isOneOf,
  type StoredMeasurement,
  storedMeasurement,
  tagText,
} from './stored-measurement.js';

const NS_PER_MS = 1_000_000n;
/** Twice the values that a tag may have by default; each takes about 200 bytes. */
const MAX_GROUPS = 200_000;

function tooManyGroups(): SluiceError {
  return new SluiceError(
    'SINK_QUERY_FAILED',
    `DuckDB: more than ${MAX_GROUPS} groups; choose a tag with fewer values`,
  );
}

export async function readStatistics(
  read: InterruptibleRead,
  query: StatisticsQuery,
): Promise<StatisticsAnswer> {
  checkCells(query);
  const stored = await storedMeasurement(read, query.measurement);
  const columns = stored && columnsOf(stored, query);
  if (stored === undefined || columns === undefined) return new Map();
  const groups = new Map<string, StatisticsCell[]>();
  await read.each(statisticsSql(stored, columns, query), (row) => {
    const [name] = row as [string];
    let cells = groups.get(name);
    if (cells === undefined) {
      if (groups.size === MAX_GROUPS) throw tooManyGroups();
      cells = [];
      groups.set(name, cells);
    }
    cells.push(cellOf(row, columns, query));
  });
  return groups;
}

/** SQL expressions over a row `p` of the points table; absent: not asked, or not known. */
interface Columns {
  readonly isRows: boolean;
  /** Is not null in rows that count. */
  readonly value: string;
  readonly count: string;
  readonly sum?: string;
  readonly min?: string;
  readonly max?: string;
  readonly first?: string;
  readonly last?: string;
  readonly inexact?: string;
}

function columnsOf(stored: StoredMeasurement, query: StatisticsQuery): Columns | undefined {
  const { values, parts } = query;
  if (values.kind === 'rows') return rowColumns(stored, values.columns, query);
  const field = stored.fields.get(values.field);
  if (field === undefined) return undefined;
  if (field.type !== 'float' && field.type !== 'int') {
    throw new SluiceError(
      'SINK_QUERY_UNSUPPORTED',
      `The field "${values.field}" is a ${field.type}, it has no mean.`,
    );
  }
  const value = `p.${field.column}::DOUBLE`;
  return {
    isRows: false,
    value: `p.${field.column}`,
    count: '1',
    ...Object.fromEntries([...parts].map((part) => [part, value])),
  };
}

function rowColumns(
  stored: StoredMeasurement,
  names: RowColumns,
  { parts }: StatisticsQuery,
): Columns | undefined {
  const column = (name: string | undefined) => {
    const found = name === undefined ? undefined : stored.fields.get(name);
    return found && `p.${found.column}`;
  };
  const count = column(names.count);
  if (count === undefined) return undefined;
  const mean = column(names.mean);
  const sums = [column(names.sum), mean && `${mean} * ${count}`].filter((sql) => sql !== undefined);
  const known = {
    sum: sums.length === 0 ? undefined : `coalesce(${sums.join(', ')})::DOUBLE`,
    min: column(names.min),
    max: column(names.max),
    first: column(names.first),
    last: column(names.last),
  };
  const asked = Object.entries(known).filter(
    ([part, sql]) => sql !== undefined && parts.has(part as keyof typeof known),
  );
  const inexact = column(names.inexact);
  return {
    isRows: true,
    value: count,
    count,
    ...Object.fromEntries(asked),
    ...(inexact !== undefined && { inexact }),
  };
}

/** The columns behind name and cell, in the order of `cellOf`. */
function aggregates(
  { isRows, value, count, sum, min, max, first, last, inexact }: Columns,
  percentile?: number,
): string[] {
  // A row that was written before a function was configured does not have it: then it is not known of all values.
  const all = (column: string, sql: string) =>
    isRows ? `CASE WHEN count(${column}) = count(${value}) THEN ${sql} END` : sql;
  const part = (column: string | undefined, sql: (column: string) => string) =>
    column === undefined ? 'NULL' : all(column, sql(column));
  const edge = (column: string | undefined, pick: 'arg_min' | 'arg_max') => {
    const order = `epoch_ns(p.time)::HUGEINT * 4294967296 ${pick === 'arg_min' ? '-' : '+'} n.rank`;
    const atNs = pick === 'arg_min' ? 'min(p.time)' : 'max(p.time)';
    // Of several rows of one time it is not known which has the first or last value.
    const one = (sql: string) => (isRows ? `CASE WHEN min(p.series) = max(p.series) THEN ${sql} END` : sql);
    return [
      part(column, (sql) => one(`${pick}(${sql}, ${order})`)),
      column === undefined ? 'NULL' : `epoch_ns(${atNs})`,
    ];
  };
  return [
    isRows ? `sum(${count})::DOUBLE` : 'count(*)::DOUBLE',
    part(sum, (sql) => `fsum(${sql})`),
    part(min, (sql) => `min(${sql})::DOUBLE`),
    part(max, (sql) => `max(${sql})::DOUBLE`),
    ...edge(first, 'arg_min'),
    ...edge(last, 'arg_max'),
    percentile === undefined ? 'NULL' : `quantile_disc(${value}, ${percentile})::DOUBLE`,
    inexact === undefined ? 'false' : `coalesce(bool_or(${inexact}), false)`,
  ];
}

function statisticsSql(stored: StoredMeasurement, columns: Columns, query: StatisticsQuery): string {
  const { by, only, names, fromMs, toMs, cellMs, percentile } = query;
  const { pointsTable, seriesTable } = stored;
  const conditions = [
    ...(only === undefined ? [] : [isOneOf(tagText(stored, only.tag), only.values)]),
    ...(names === undefined ? [] : [isOneOf(tagText(stored, by), names)]),
  ];
  const needsRank = columns.first !== undefined || columns.last !== undefined;
  const rank = needsRank ? ', row_number() OVER (ORDER BY s.tags) AS rank' : '';
  const isJoined = needsRank || by !== undefined || conditions.length > 0;
  // DuckDB's // rounds towards zero, so it counts from a multiple of the width that is not later than any point.
  const firstMs = Math.floor(fromMs / (cellMs ?? 1)) * (cellMs ?? 1);
  const ns = (ms: number) => `${BigInt(ms) * NS_PER_MS}`;
  const cell = cellMs === undefined ? '0' : `(epoch_ns(p.time) - ${ns(firstMs)}) // ${ns(cellMs)}`;
  const name = isJoined ? 'n.name' : `''`;
  return `
    ${
      isJoined
        ? `WITH named AS MATERIALIZED (
      SELECT s.series, ${tagText(stored, by)} AS name${rank} FROM ${seriesTable} s
      ${conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`})`
        : ''
    }
    SELECT ${name} AS name, ${cell} AS cell, ${aggregates(columns, percentile).join(', ')}
    FROM ${pointsTable} p ${isJoined ? 'JOIN named n USING (series)' : ''}
    WHERE p.time >= ${instant(fromMs)} AND p.time < ${instant(toMs)} AND ${columns.value} IS NOT NULL
    GROUP BY ALL ORDER BY cell`;
}

function cellOf(row: readonly unknown[], { isRows }: Columns, query: StatisticsQuery): StatisticsCell {
  const [, cell, count, sum, min, max, first, firstNs, last, lastNs, percentile, isInexact] = row as [
    string,
    bigint | number,
    number,
    number | null,
    number | null,
    number | null,
    number | null,
    bigint | null,
    number | null,
    bigint | null,
    number | null,
    boolean,
  ];
  const { fromMs, cellMs } = query;
  const startMs =
    cellMs === undefined ? fromMs : Math.floor(fromMs / cellMs) * cellMs + Number(cell) * cellMs;
  const timed = (value: number | null, atNs: bigint | null): TimedValue | undefined =>
    value === null || atNs === null
      ? undefined
      : { value: Number(value), atMs: Number(atNs / NS_PER_MS), isExactTime: !isRows };
  const known = {
    sum: sum ?? undefined,
    min: min ?? undefined,
    max: max ?? undefined,
    first: timed(first, firstNs),
    last: timed(last, lastNs),
    percentile: percentile ?? undefined,
  };
  return {
    startMs,
    count,
    ...Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined)),
    isInexact,
  };
}
