import type { HeardGroup, HeardQuery } from '../sink.js';
import type { Reading } from './reading.js';
import { instant, storedMeasurement, tagText } from './stored-measurement.js';

/** Grouped by series first: whole numbers are quicker to tell apart than names. */
export async function readHeard(reading: Reading, query: HeardQuery): Promise<readonly HeardGroup[]> {
  const stored = await storedMeasurement(reading, query.measurement);
  if (stored === undefined) return [];
  const rows = await reading.rows(`
    WITH newest AS (
      SELECT series, max(time) AS time FROM ${stored.pointsTable}
      WHERE time >= ${instant(query.fromMs)} GROUP BY series)
    SELECT ${tagText(stored, query.by)} AS name, epoch_ms(max(n.time)) AS heard_ms
    FROM newest n JOIN ${stored.seriesTable} s USING (series)
    GROUP BY name ORDER BY heard_ms DESC, name LIMIT ${Math.floor(query.maxGroups)}`);
  return (rows as readonly (readonly [string, bigint])[]).map(([name, at]) => ({ name, atMs: Number(at) }));
}
