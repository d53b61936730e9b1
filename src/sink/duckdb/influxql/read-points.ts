import { checkRowsRead, checkSortedPoints, MAX_ROWS_READ } from '../../../influxql/answer-limits.js';
import type { TimeRange } from '../../../influxql/split-condition.js';
import type { TimedValue, Value } from '../../../influxql/value.js';
import type { InterruptibleRead } from '../interruptible-read.js';
import type { SelectedColumn } from './field-columns.js';
import { fromSql, type Group, type GroupedPoints } from './group-points.js';
import type { ValuesByGroup } from './read-aggregates.js';

export interface PointsRead {
  readonly read: InterruptibleRead;
  readonly grouped: GroupedPoints;
  readonly groups: readonly Group[];
  readonly range: TimeRange;
  readonly ascending: boolean;
  /** Points of each group; `limit` 0 is all. */
  readonly limit: number;
  readonly offset: number;
}

/** Reads points that have at least one of the fields, as they are stored, in the order of the statement. */
export async function readPoints(
  columns: readonly SelectedColumn[],
  one: PointsRead,
): Promise<ValuesByGroup> {
  const found = new Map<number, TimedValue[]>();
  const fields = columns.filter(({ isField }) => isField);
  if (fields.length === 0 || one.groups.length === 0) return found;
  const points = one.groups.reduce((sum, group) => sum + Math.max(0, group.points - one.offset), 0);
  const kept = one.groups.reduce((sum, group) => sum + Math.min(one.limit || group.points, group.points), 0);
  checkSortedPoints(points);
  // Without a filter it is known how many there are before they are sorted.
  if (one.grouped.condition.points === 'true' && one.limit === 0)
    checkRowsRead(kept - one.offset * one.groups.length);
  const direction = one.ascending ? 'ASC' : 'DESC';
  const order = `p.time ${direction}, p.series ${direction}`;
  const present = fields.map(({ sql }) => `${sql} IS NOT NULL`).join(' OR ');
  const sql = `${one.grouped.withSql}
    SELECT c.g, epoch_ns(p.time), ${columns.map((column) => column.sql).join(', ')}
    ${fromSql(
      one.grouped,
      one.range,
      columns.some(({ isField }) => !isField),
    )} AND (${present})
    ${qualify(one, order)} ORDER BY c.g, ${order} LIMIT ${MAX_ROWS_READ + 1}`;
  let rows = 0;
  await one.read.each(sql, ([group, timeNs, ...beside]) => {
    rows += 1;
    const timed = { timeNs: timeNs as bigint, value: null, beside: beside as (Value | null)[] };
    const known = found.get(Number(group));
    if (known === undefined) found.set(Number(group), [timed]);
    else known.push(timed);
  });
  checkRowsRead(rows);
  return found;
}

function qualify({ limit, offset }: PointsRead, order: string): string {
  if (limit === 0 && offset === 0) return '';
  const nth = `row_number() OVER (PARTITION BY c.g ORDER BY ${order})`;
  return limit === 0
    ? `QUALIFY ${nth} > ${offset}`
    : `QUALIFY ${nth} BETWEEN ${offset + 1} AND ${offset + limit}`;
}
