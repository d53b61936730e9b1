import type { InterruptibleRead } from './interruptible-read.js';

/** Ids of series; both ends are included. */
export interface SeriesRange {
  readonly first: number;
  readonly last: number;
}

/**
 * Resolves with ranges of ids that hold all series of a query.
 *
 * @param counted a query for the id `series` and the weight `n` of each
 * @param maxWeight of a range, beyond which only its last series may go
 */
export async function seriesRanges(
  read: InterruptibleRead,
  counted: string,
  maxWeight: number,
): Promise<readonly SeriesRange[]> {
  const rows = await read.rows(`
    WITH counted AS (${counted}),
    ranged AS (SELECT series, (sum(n) OVER (ORDER BY series) - n) // ${maxWeight} AS nth FROM counted)
    SELECT min(series), max(series) FROM ranged GROUP BY nth ORDER BY nth`);
  return rows.map(([first, last]) => ({ first: Number(first), last: Number(last) }));
}

/** Returns an SQL condition on a column with ids of series. DuckDB applies it while it reads, unlike that of a join. */
export function isInRange(column: string, { first, last }: SeriesRange): string {
  return `${column} BETWEEN ${first} AND ${last}`;
}
