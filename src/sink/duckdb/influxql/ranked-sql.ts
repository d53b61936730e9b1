import type { Value } from '../../../influxql/value.js';
import type { AggregatePlan } from './aggregate-sql.js';

/** The parts of a statement over the values of windows. */
export interface RankedParts {
  readonly field: string;
  /** SQL for the start of a window. */
  readonly window: string;
  readonly beside: readonly string[];
  /** FROM and WHERE. */
  readonly from: string;
}

/** Selects group, window, value, its time and what is beside it: of n values the one at n × rank / 100, rounded. */
export function percentileSql({ rank }: AggregatePlan, { field, window, beside, from }: RankedParts): string {
  const others = beside.map((sql, nth) => `, ${sql} AS a${nth}`);
  const names = beside.map((_sql, nth) => `, a${nth}`);
  return `SELECT g, w, v, t${names.join('')} FROM (
    SELECT *, row_number() OVER (PARTITION BY g, w ORDER BY v, t) AS nth, count(*) OVER (PARTITION BY g, w) AS n
    FROM (SELECT c.g, ${window} AS w, ${field} AS v, epoch_ns(p.time) AS t${others.join('')} ${from} AND ${field} IS NOT NULL))
    WHERE nth = floor(n * ${rank}::DOUBLE / 100 + 0.5) ORDER BY g, w`;
}

/** Selects the same of the largest or smallest values of each window, in the order of their times; of equal ones the earliest. */
export function rankingSql(
  { name, rank }: AggregatePlan,
  { field, window, beside, from }: RankedParts,
): string {
  const others = beside.map((sql, nth) => `, ${sql} AS a${nth}`);
  return `SELECT c.g, ${window} AS w, ${field} AS v, epoch_ns(p.time) AS t${others.join('')} ${from} AND ${field} IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY 1, c.g, ${window} ORDER BY ${field} ${name === 'top' ? 'DESC' : 'ASC'}, p.time) <= ${rank}
    ORDER BY 1, 2, 4`;
}

/** Selects group, window and value, in the order in which a reader of the points finds each value first. */
export function distinctSql({ field, window, from }: RankedParts, ascending: boolean): string {
  const found = ascending ? 'min(p.time)' : 'max(p.time)';
  return `SELECT g, w, v FROM (
    SELECT c.g, ${window} AS w, ${field} AS v, ${found} AS t ${from} AND ${field} IS NOT NULL GROUP BY 1, 2, 3)
    ORDER BY g, w, t, v`;
}

/** Selects group, window, value, how often it is there, and when first; in the order of the values. */
export function modeSql({ field, window, from }: RankedParts): string {
  return `SELECT c.g, ${window} AS w, ${field} AS v, count(*), epoch_ns(min(p.time))
    ${from} AND ${field} IS NOT NULL GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`;
}

export interface ModeCandidate {
  readonly value: Value;
  readonly count: number;
  readonly firstNs: bigint;
}

/**
 * Returns the most frequent value: of equally frequent ones the one that came first, but of true and false true.
 *
 * @param candidates at least one, in the order of their values
 */
export function modeOf(candidates: readonly ModeCandidate[], isBoolean: boolean): Value {
  let most = candidates[0]!;
  for (const one of candidates.slice(1)) {
    const isPreferred = isBoolean || one.firstNs < most.firstNs;
    if (one.count > most.count || (one.count === most.count && isPreferred)) most = one;
  }
  return most.value;
}
