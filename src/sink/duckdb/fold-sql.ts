import { BIN_OFFSET, LOG_GAMMA } from '../quantile-sketch.js';
import { MAX_TOP_CHARACTERS, MAX_TOP_VALUES } from '../top-values.js';
import type { FoldQuery } from '../window-reader.js';
import type { FoldPlan, FoldSlice, PlannedField } from './fold-plan.js';
import { isInRange } from './series-ranges.js';
import { hasOneOf, isInSpan, tagTexts } from './stored-measurement.js';

const NS_PER_MS = 1_000_000n;

/** Squares of larger values leave the range of doubles, and DuckDB's variance fails then. */
export const MAX_SQUARED = 1e145;

/** One of several parts of the series of a slice. What is added up over series may be read in parts. */
export interface SeriesPart {
  readonly nth: number;
  readonly of: number;
}

/**
 * Returns a statement with one row for each group of a slice: a number that stands for the group, its tags (those of
 * `by`, or the text in the column `tags`), and for each field the columns of `aggregatesOf`.
 */
export function baseSql(plan: FoldPlan, slice: FoldSlice, fields: readonly PlannedField[]): string {
  const { stored, query } = plan;
  const tags = query.by === undefined ? ['s.tags'] : tagTexts(stored, query.by);
  const aggregates = fields.flatMap((field) => aggregatesOf(field, query.by !== undefined));
  return `
    WITH members AS MATERIALIZED (${membersSql(plan, slice)}),
    folded AS (
      SELECT m.grp, count(*)::DOUBLE AS n, ${aggregates.map((sql, i) => `${sql} AS a${i}`).join(', ')}
      FROM ${stored.pointsTable} p JOIN members m USING (series)
      WHERE ${isInSlice(slice, query)} GROUP BY m.grp)
    SELECT folded.*${tags.map((tag) => `, ${tag}`).join('')}
    FROM folded JOIN ${stored.seriesTable} s ON s.series = folded.grp`;
}

/** The aggregates of a field: text 1, boolean 2, number 7 and those of the histogram. */
function aggregatesOf({ asked, type, value }: PlannedField, hasRanks: boolean): string[] {
  const count = `count(${value})::DOUBLE`;
  if (type === 'string') return [count];
  if (type === 'boolean') return [count, `count_if(${value})::DOUBLE`];
  // The points of one series have different times; those of several series that have one time need an order.
  const order = (sign: '+' | '-') =>
    hasRanks ? `epoch_ns(p.time)::HUGEINT * 4294967296 ${sign} m.rank` : 'epoch_ns(p.time)';
  return [
    count,
    `fsum(${value})`,
    `var_pop(CASE WHEN abs(${value}) < ${double(MAX_SQUARED)} THEN ${value} END)`,
    `min(${value})`,
    `max(${value})`,
    `arg_min(${value}, ${order('-')})`,
    `arg_max(${value}, ${order('+')})`,
    ...histogramOf(value, asked.histogram ?? []),
  ];
}

/** Returns a statement with the group, and for each field the sums of the third and fourth powers of the differences. */
export function shapeSql(plan: FoldPlan, slice: FoldSlice, fields: readonly PlannedField[]): string {
  const { stored, query } = plan;
  const values = fields.map(({ value }, i) => ({ value, mean: `g.mean${i}` }));
  const source = `${stored.pointsTable} p JOIN members m USING (series)`;
  const inSpan = isInSlice(slice, query);
  return `
    WITH members AS MATERIALIZED (${membersSql(plan, slice)}),
    means AS MATERIALIZED (
      SELECT m.grp${values.map(({ value }, i) => `, favg(${value}) AS mean${i}`).join('')}
      FROM ${source} WHERE ${inSpan} GROUP BY m.grp)
    SELECT m.grp${values.map(({ value, mean }) => `, ${[3, 4].map((power) => `sum(power(${value} - ${mean}, ${power}))`).join(', ')}`).join('')}
    FROM ${source} JOIN means g ON g.grp = m.grp WHERE ${inSpan} GROUP BY m.grp`;
}

/**
 * Returns a statement with the group and what its series have of `StepSummary`: changes, and for numbers increase,
 * weightedSum and seconds. Of the time before the span only the last value of each series is taken.
 */
export function stepsSql(plan: FoldPlan, slice: FoldSlice, field: PlannedField, part: SeriesPart): string {
  const { stored, query } = plan;
  const { fromNs, toNs, lookbackMs } = query;
  const rows = (startNs: bigint, endNs: bigint) =>
    `FROM ${stored.pointsTable} p JOIN members m USING (series)
      WHERE ${isInSlice(slice, { fromNs: startNs, toNs: endNs })} AND ${field.value} IS NOT NULL`;
  const time = 'epoch_ns(p.time)';
  const seconds = `(coalesce(next, ${toNs}) - t) / 1e9`;
  const numbers = [
    'coalesce(sum(CASE WHEN v < before THEN v ELSE v - before END), 0)',
    `sum(v * ${seconds})`,
    `sum(${seconds})`,
  ];
  return `
    WITH members AS MATERIALIZED (${partSql(membersSql(plan, slice), part)}),
    seen AS (
      SELECT p.series, m.grp, ${time} AS t, ${field.value} AS v ${rows(fromNs, toNs)}
      UNION ALL
      SELECT p.series, min(m.grp), max(${time}), arg_max(${field.value}, ${time})
      ${rows(fromNs - BigInt(lookbackMs) * NS_PER_MS, fromNs)} GROUP BY p.series),
    stepped AS (
      SELECT grp, t, v, lag(v) OVER in_order AS before, lead(t) OVER in_order AS next
      FROM seen WINDOW in_order AS (PARTITION BY series ORDER BY t))
    SELECT grp, count_if(v <> before)::DOUBLE${isNumber(field) ? `, ${numbers.join(', ')}` : ''}
    FROM stepped WHERE t >= ${fromNs} GROUP BY grp`;
}

/** Returns a statement with the group, a bin of `binOf`, and the number of values in it. */
export function binsSql(plan: FoldPlan, slice: FoldSlice, { value }: PlannedField): string {
  const { stored, query } = plan;
  const bin = `sign(${value}) * (ceil(ln(abs(${value})) / ${double(LOG_GAMMA)}) + ${BIN_OFFSET})`;
  return `
    WITH members AS MATERIALIZED (${membersSql(plan, slice)})
    SELECT m.grp, (CASE WHEN ${value} = 0 THEN 0 ELSE ${bin} END)::INTEGER AS bin, count(*)::DOUBLE
    FROM ${stored.pointsTable} p JOIN members m USING (series)
    WHERE ${isInSlice(slice, query)} AND ${value} IS NOT NULL GROUP BY m.grp, bin`;
}

/**
 * Returns a statement with the group, a value and how often it occurs: the most frequent first, and one more than a summary
 * has.
 */
export function topSql(plan: FoldPlan, slice: FoldSlice, { type, value }: PlannedField): string {
  const { stored, query } = plan;
  return `
    WITH members AS MATERIALIZED (${membersSql(plan, slice)}),
    counted AS (
      SELECT m.grp AS grp, ${type === 'string' ? `left(${value}, ${MAX_TOP_CHARACTERS})` : value} AS val, count(*) AS n
      FROM ${stored.pointsTable} p JOIN members m USING (series)
      WHERE ${isInSlice(slice, query)} AND ${value} IS NOT NULL GROUP BY 1, 2)
    SELECT grp, val, n::DOUBLE FROM counted
    QUALIFY row_number() OVER (PARTITION BY grp ORDER BY n DESC, val) <= ${MAX_TOP_VALUES + 1}
    ORDER BY grp, n DESC, val`;
}

export function isNumber({ type }: PlannedField): boolean {
  return type === 'float' || type === 'int';
}

/** How many values are at or above each bound: counts between bounds are the differences. */
function histogramOf(value: string, bounds: readonly number[]): string[] {
  return bounds.map((bound) => `count_if(${value} >= ${double(bound)})::DOUBLE`);
}

/**
 * Returns a query for the series of a slice, with the group of each: the least id of its series. `rank` is the place of
 * a series in the order of its tags.
 */
function membersSql({ stored, query }: FoldPlan, slice: FoldSlice): string {
  const { by, only } = query;
  const conditions = only === undefined ? [] : [hasOneOf(stored, only)];
  const texts = tagTexts(stored, by ?? []);
  if (slice.kind === 'range') conditions.push(isInRange('s.series', slice.range));
  else if (slice.of > 1) conditions.push(`hash(${texts.join(', ')}) % ${slice.of} = ${slice.nth}`);
  const grp =
    by === undefined
      ? 's.series'
      : `min(s.series) OVER (${texts.length === 0 ? '' : `PARTITION BY ${texts.join(', ')}`})`;
  const rank = by === undefined ? '' : ', row_number() OVER (ORDER BY s.tags) AS rank';
  return `SELECT s.series, ${grp} AS grp${rank} FROM ${stored.seriesTable} s
    ${conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`}`;
}

/** Which points are joined with the members. */
function isInSlice(slice: FoldSlice, { fromNs, toNs }: Pick<FoldQuery, 'fromNs' | 'toNs'>): string {
  const inSpan = isInSpan(fromNs, toNs);
  return slice.kind === 'range' ? `${inSpan} AND ${isInRange('p.series', slice.range)}` : inSpan;
}

/** Behind `membersSql`, which has to see all series of a group. */
function partSql(members: string, { nth, of }: SeriesPart): string {
  return of === 1 ? members : `SELECT * FROM (${members}) WHERE hash(series) % ${of} = ${nth}`;
}

/** Returns a number as a DOUBLE with every digit; without an exponent it would be a DECIMAL. */
export function double(value: number): string {
  return `(${value.toExponential()})`;
}
