import { SluiceError } from '../../lib/errors.js';
import {
  checkCells,
  type RowColumns,
  STATISTICS_PARTS,
  type StatisticsAnswer,
  type StatisticsCell,
  type StatisticsPart,
  type StatisticsQuery,
  type ValueSource,
} from '../statistics.js';
import { identifier, isExpressible, tagIsOneOf } from './influxql.js';
import type { QueriedSeries, QueryChannel } from './query-channel.js';

/** Name of the column with the sum of rows that only say mean and count. */
const PRODUCT = 'sum_of_row';

export async function readStatistics(
  channel: QueryChannel,
  requested: StatisticsQuery,
): Promise<StatisticsAnswer> {
  checkCells(requested);
  const query = withExpressibleValues(requested);
  if (query.only?.values.length === 0 || query.names?.length === 0) return new Map();
  const statements =
    query.values.kind === 'points'
      ? pointStatements(query, query.values.field)
      : rowStatements(query, columnsOf(query, query.values));
  const answers = await Promise.all(
    statements.map(async ({ sql, take }) => ({ take, series: await answerOf(channel, query, sql) })),
  );
  const cells = new CellTable(query);
  for (const { take, series } of answers) cells.add(series, take);
  return cells.answer();
}

/** Puts a value of a row of the answer into a cell that is being made. */
type Take = (cell: OpenCell, columns: readonly (number | null)[], atMs: number) => void;

interface Statement {
  readonly sql: string;
  readonly take: Take;
}

interface OpenCell {
  count: number;
  sum?: number;
  min?: number;
  max?: number;
  first?: StatisticsCell['first'];
  last?: StatisticsCell['last'];
  percentile?: number;
  isInexact: boolean;
  /** How many rows there are, and what not all of them say. */
  rows: number;
  readonly lacks: Set<StatisticsPart>;
}

function pointStatements(query: StatisticsQuery, field: string): Statement[] {
  const of = identifier(field);
  const plain = (['sum', 'min', 'max'] as const).filter((part) => query.parts.has(part));
  const { percentile } = query;
  const columns = [
    `count(${of})`,
    ...plain.map((part) => `${part}(${of})`),
    ...(percentile === undefined ? [] : [`percentile(${of}, ${percentile * 100})`]),
  ];
  const statements: Statement[] = [
    {
      sql: statement(query, columns),
      take: (cell, [count, ...values]) => {
        cell.count = count ?? 0;
        for (const [nth, part] of plain.entries()) set(cell, part, values[nth]);
        const ranked = values[plain.length];
        if (typeof ranked === 'number') cell.percentile = ranked;
      },
    },
  ];
  for (const part of ['first', 'last'] as const) {
    if (query.parts.has(part)) statements.push(edgeStatement(query, part, of, true));
  }
  return statements;
}

/** Without cells InfluxDB says the time of the point; with cells that of the cell. */
function edgeStatement(
  query: StatisticsQuery,
  part: 'first' | 'last',
  column: string,
  isOfPoints: boolean,
): Statement {
  return {
    sql: statement(query, [`${part}(${column})`]),
    take: (cell, [value], atMs) => {
      if (typeof value !== 'number') return;
      cell[part] = { value, atMs, isExactTime: isOfPoints && query.cellMs === undefined };
    },
  };
}

/** Of several rows of one time it is not known which has the first or last value. */
function columnsOf(
  { by, only }: StatisticsQuery,
  { columns, tags }: Extract<ValueSource, { kind: 'rows' }>,
): RowColumns {
  const isOne = (tag: string) => tag === by || (tag === only?.tag && only.values.length === 1);
  if (tags?.every(isOne) === true) return columns;
  const { first: _first, last: _last, ...rest } = columns;
  return rest;
}

function rowStatements(query: StatisticsQuery, names: RowColumns): Statement[] {
  const count = identifier(names.count);
  const known = STATISTICS_PARTS.flatMap((part) => {
    const name = names[part];
    return name === undefined || !query.parts.has(part) ? [] : [{ part, column: identifier(name) }];
  });
  const counted: Statement = {
    sql: statement(query, [
      `sum(${count})`,
      `count(${count})`,
      ...known.map(({ column }) => `count(${column})`),
    ]),
    take: (cell, [values, rows, ...have]) => {
      cell.count = values ?? 0;
      cell.rows = rows ?? 0;
      // A row that was written before a function was configured does not have it: then it is not known of all values.
      for (const [nth, { part }] of known.entries()) if (have[nth] !== rows) cell.lacks.add(part);
    },
  };
  const inexact: Statement = {
    sql: statement(query, [`count(${count})`], `${identifier(names.inexact)} = true`),
    take: (cell, [rows]) => {
      if ((rows ?? 0) > 0) cell.isInexact = true;
    },
  };
  const parts = known.map(({ part, column }): Statement => {
    if (part === 'first' || part === 'last') return edgeStatement(query, part, column, false);
    return {
      sql: statement(query, [`${part}(${column})`]),
      take: (cell, [value]) => set(cell, part, value),
    };
  });
  return [counted, inexact, ...parts, ...productStatements(query, names, count)];
}

/** The sum where rows only say mean and count. */
function productStatements(query: StatisticsQuery, { sum, mean }: RowColumns, count: string): Statement[] {
  if (!query.parts.has('sum') || sum !== undefined || mean === undefined) return [];
  const product = identifier(PRODUCT);
  const rows = `SELECT ${identifier(mean)} * ${count} AS ${product} FROM ${identifier(query.measurement)} WHERE ${conditions(query)}`;
  return [
    {
      sql: statement(query, [`sum(${product})`, `count(${product})`], undefined, `(${rows})`),
      take: (cell, [value, has]) => {
        if (has === cell.rows) set(cell, 'sum', value);
      },
    },
  ];
}

function set(cell: OpenCell, part: 'sum' | 'min' | 'max', value: number | null | undefined): void {
  if (typeof value === 'number') cell[part] = value;
}

function statement(
  query: StatisticsQuery,
  columns: readonly string[],
  also?: string,
  from = identifier(query.measurement),
): string {
  const { by, cellMs } = query;
  const where = also === undefined ? conditions(query) : `${conditions(query)} AND ${also}`;
  const groups = [
    ...(cellMs === undefined ? [] : [`time(${cellMs}ms)`]),
    ...(by === undefined ? [] : [identifier(by)]),
  ];
  const grouped = groups.length === 0 ? '' : ` GROUP BY ${groups.join(', ')}`;
  return `SELECT ${columns.join(', ')} FROM ${from} WHERE ${where}${grouped}${cellMs === undefined ? '' : ' fill(none)'}`;
}

function conditions({ fromMs, toMs, only, names, by }: StatisticsQuery): string {
  return [
    `time >= ${fromMs}ms AND time < ${toMs}ms`,
    ...(only === undefined ? [] : [tagIsOneOf(only.tag, only.values)]),
    ...(names === undefined || by === undefined ? [] : [tagIsOneOf(by, names)]),
  ].join(' AND ');
}

/** Removes the values that InfluxQL cannot express: Sluice writes none of them. */
function withExpressibleValues(query: StatisticsQuery): StatisticsQuery {
  const { only, names } = query;
  return {
    ...query,
    fromMs: Math.floor(query.fromMs),
    toMs: Math.floor(query.toMs),
    ...(only !== undefined && { only: { ...only, values: only.values.filter(isExpressible) } }),
    ...(names !== undefined && { names: names.filter(isExpressible) }),
  };
}

/** Groups → start → cell. */
class CellTable {
  readonly #query: StatisticsQuery;
  readonly #groups = new Map<string, Map<number, OpenCell>>();

  constructor(query: StatisticsQuery) {
    this.#query = query;
  }

  add(series: readonly QueriedSeries[], take: Take): void {
    const { by, cellMs, fromMs } = this.#query;
    for (const { tags, values } of series) {
      const name = by === undefined ? '' : (tags?.[by] ?? '');
      for (const [timeMs, ...columns] of values) {
        const atMs = Number(timeMs);
        const startMs = cellMs === undefined ? fromMs : atMs;
        take(this.#cell(name, startMs), columns as (number | null)[], atMs);
      }
    }
  }

  answer(): StatisticsAnswer {
    const answer = new Map<string, readonly StatisticsCell[]>();
    for (const [name, cells] of this.#groups) {
      // The statements of one answer run one after the other: a cell can be new in a later one.
      const filled = [...cells].filter(([, { count }]) => count > 0).sort(([a], [b]) => a - b);
      if (filled.length > 0 && isExpressible(name)) {
        answer.set(
          name,
          filled.map(([startMs, cell]) => closed(startMs, cell)),
        );
      }
    }
    return answer;
  }

  #cell(name: string, startMs: number): OpenCell {
    let cells = this.#groups.get(name);
    if (cells === undefined) {
      cells = new Map();
      this.#groups.set(name, cells);
    }
    let cell = cells.get(startMs);
    if (cell === undefined) {
      cell = { count: 0, isInexact: false, rows: 0, lacks: new Set() };
      cells.set(startMs, cell);
    }
    return cell;
  }
}

function closed(startMs: number, { rows: _rows, lacks, ...cell }: OpenCell): StatisticsCell {
  for (const part of lacks) delete cell[part];
  return { startMs, ...cell };
}

/** Rejects with SINK_QUERY_UNSUPPORTED for a field without numbers, which the store says in words of its source code. */
async function answerOf(
  channel: QueryChannel,
  { measurement, values }: StatisticsQuery,
  sql: string,
): Promise<readonly QueriedSeries[]> {
  try {
    return await channel.query(sql, (name) => name === measurement);
  } catch (thrown) {
    const types =
      values.kind === 'points' ? await typesOf(channel, measurement, values.field).catch(() => []) : [];
    if (types.length === 0 || types.some((type) => NUMBERS.has(type))) throw thrown;
    const field = values.kind === 'points' ? values.field : '';
    throw new SluiceError(
      'SINK_QUERY_UNSUPPORTED',
      `the field "${field}" of "${measurement}" is of type ${types.join(' and ')}, which has no mean`,
    );
  }
}

const NUMBERS: ReadonlySet<string> = new Set(['float', 'integer', 'unsigned']);

async function typesOf(channel: QueryChannel, measurement: string, field: string): Promise<string[]> {
  const found = await channel.query(
    `SHOW FIELD KEYS FROM ${identifier(measurement)}`,
    (name) => name === measurement,
  );
  return found
    .flatMap(({ values }) => values)
    .filter(([name]) => name === field)
    .map(([, type]) => String(type));
}
