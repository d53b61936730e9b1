import type { SeriesCountQuery } from '../statistics.js';
import type { InterruptibleRead } from './interruptible-read.js';
import { isOneOf, storedMeasurement, tagText } from './stored-measurement.js';

export async function readSeriesCounts(
  read: InterruptibleRead,
  { measurement, by, only, names }: SeriesCountQuery,
): Promise<ReadonlyMap<string, number>> {
  const stored = await storedMeasurement(read, measurement);
  if (stored === undefined) return new Map();
  const conditions = [
    ...(only === undefined ? [] : [isOneOf(tagText(stored, only.tag), only.values)]),
    ...(names === undefined ? [] : [isOneOf(tagText(stored, by), names)]),
  ];
  const rows = await read.rows(`
    SELECT ${tagText(stored, by)} AS name, count(*) FROM ${stored.seriesTable} s
    ${conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`} GROUP BY ALL`);
  return new Map(
    (rows as readonly (readonly [string, bigint])[]).map(([name, count]) => [name, Number(count)]),
  );
}
