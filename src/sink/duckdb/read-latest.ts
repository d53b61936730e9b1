import {
  type LastSeenGroup,
  type LastSeenQuery,
  type LeftRangeAnswer,
  type LeftRangeQuery,
  MAX_TEXT_CHARACTERS,
  type NewestAnswer,
  type NewestQuery,
  type NewestValue,
} from '../store-reader.js';
import type { InterruptibleRead } from './interruptible-read.js';
import { instant, isOneOf, storedMeasurement, tagText } from './stored-measurement.js';

const NOTHING: NewestAnswer = { moreFields: false, groups: [] };

export async function readNewest(read: InterruptibleRead, query: NewestQuery): Promise<NewestAnswer> {
  const stored = await storedMeasurement(read, query.measurement);
  if (stored === undefined) return NOTHING;
  const inOrder = [...stored.fields].sort(([a], [b]) => (a < b ? -1 : 1));
  const fields = inOrder.slice(0, query.maxFields);
  // `arg_max` skips rows in which the field is NULL: each field has its own newest row.
  const newest = fields.map(([, { column, type }]) => {
    const value = type === 'string' ? `left(p.${column}, ${MAX_TEXT_CHARACTERS})` : `p.${column}`;
    return `, arg_max(${value}, p.time)`;
  });
  const name = tagText(stored, query.by);
  const rows = await read.rows(`
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

/** Reads when each group sent its newest point. It groups by series first, because comparing integers is faster than comparing names. */
export async function readLastSeen(
  read: InterruptibleRead,
  query: LastSeenQuery,
): Promise<readonly LastSeenGroup[]> {
  const stored = await storedMeasurement(read, query.measurement);
  if (stored === undefined) return [];
  const rows = await read.rows(`
    WITH newest AS (
      SELECT series, max(time) AS time FROM ${stored.pointsTable}
      WHERE time >= ${instant(query.fromMs)} GROUP BY series)
    SELECT ${tagText(stored, query.by)} AS name, epoch_ms(max(n.time)) AS last_seen_ms
    FROM newest n JOIN ${stored.seriesTable} s USING (series)
    GROUP BY name ORDER BY last_seen_ms DESC, name LIMIT ${Math.floor(query.maxGroups)}`);
  return (rows as readonly (readonly [string, bigint])[]).map(([name, at]) => ({ name, atMs: Number(at) }));
}

export async function readLeftRange(
  read: InterruptibleRead,
  { measurement, field, by, names, low, high, fromMs }: LeftRangeQuery,
): Promise<LeftRangeAnswer> {
  const stored = await storedMeasurement(read, measurement);
  const found = stored?.fields.get(field);
  if (stored === undefined || (found?.type !== 'float' && found?.type !== 'int')) return new Map();
  const name = tagText(stored, by);
  const rows = await read.rows(`
    WITH chosen AS MATERIALIZED (
      SELECT s.series, ${name} AS name FROM ${stored.seriesTable} s WHERE ${isOneOf(name, names)}),
    numbers AS MATERIALIZED (
      SELECT c.name, p.time, p.${found.column} BETWEEN ${low}::DOUBLE AND ${high}::DOUBLE AS is_inside
      FROM ${stored.pointsTable} p JOIN chosen c USING (series)
      WHERE p.time >= ${instant(fromMs)} AND p.${found.column} IS NOT NULL),
    inside AS (SELECT name, max(time) AS time FROM numbers WHERE is_inside GROUP BY name)
    SELECT n.name, epoch_ms(min(n.time)) FROM numbers n JOIN inside i USING (name)
    WHERE n.time > i.time GROUP BY n.name`);
  return new Map((rows as readonly (readonly [string, bigint])[]).map(([group, at]) => [group, Number(at)]));
}
