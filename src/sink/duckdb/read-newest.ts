import { MAX_TEXT_CHARACTERS, type NewestAnswer, type NewestQuery, type NewestValue } from '../sink.js';
import type { Reading } from './reading.js';
import { instant, isOneOf, storedMeasurement, tagText } from './stored-measurement.js';

const NOTHING: NewestAnswer = { moreFields: false, groups: [] };

export async function readNewest(reading: Reading, query: NewestQuery): Promise<NewestAnswer> {
  const stored = await storedMeasurement(reading, query.measurement);
  if (stored === undefined) return NOTHING;
  const inOrder = [...stored.fields].sort(([a], [b]) => (a < b ? -1 : 1));
  const fields = inOrder.slice(0, query.maxFields);
  // `arg_max` passes over rows in which the field is NULL: each field has its own newest row.
  const newest = fields.map(([, { column, type }]) => {
    const value = type === 'string' ? `left(p.${column}, ${MAX_TEXT_CHARACTERS})` : `p.${column}`;
    return `, arg_max(${value}, p.time)`;
  });
  const name = tagText(stored, query.by);
  const rows = await reading.rows(`
    WITH chosen AS MATERIALIZED (
      SELECT s.series, ${name} AS name FROM ${stored.seriesTable} s WHERE ${isOneOf(name, query.names)})
    SELECT c.name${newest.join('')} FROM ${stored.pointsTable} p JOIN chosen c USING (series)
    WHERE p.time >= ${instant(query.fromMs)} GROUP BY c.name`);
  return {
    moreFields: fields.length < inOrder.length,
    groups: rows.map(([group, ...cells]) => ({
      name: String(group),
      values: fields.flatMap(([field], nth) => newestValue(field, cells[nth])),
    })),
  };
}

function newestValue(field: string, cell: unknown): NewestValue[] {
  if (typeof cell === 'bigint') return [{ field, value: Number(cell) }];
  if (typeof cell === 'number' || typeof cell === 'string' || typeof cell === 'boolean')
    return [{ field, value: cell }];
  return [];
}
