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
    ${choice(one, order)}`;
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

/** Returns the end of the statement. Of one group the database keeps no more rows than it returns; of several it sorts all. */
function choice({ groups, limit, offset }: PointsRead, order: string): string {
  const tooMany = MAX_ROWS_READ + 1;
  if (limit === 0 && offset === 0) return `ORDER BY c.g, ${order} LIMIT ${tooMany}`;
  if (groups.length === 1) {
    return `ORDER BY ${order} LIMIT ${Math.min(limit || tooMany, tooMany)} OFFSET ${offset}`;
  }
  checkSortedPoints(groups.reduce((sum, { points }) => sum + points, 0));
  const nth = `row_number() OVER (PARTITION BY c.g ORDER BY ${order})`;
  const chosen =
    limit === 0 ? `QUALIFY ${nth} > ${offset}` : `QUALIFY ${nth} BETWEEN ${offset + 1} AND ${offset + limit}`;
  return `${chosen} ORDER BY c.g, ${order} LIMIT ${tooMany}`;
}
