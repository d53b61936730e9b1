import { MAX_ROWS_READ } from '../../../influxql/answer-limits.js';
import type { Schema } from '../../../influxql/expand-fields.js';
import { InfluxqlError } from '../../../influxql/influxql-error.js';
import type { PreparedSelect } from '../../../influxql/prepare-select.js';
import type { TimeRange } from '../../../influxql/split-condition.js';
import type { InterruptibleRead } from '../interruptible-read.js';
import { instantNs, type StoredMeasurement, tagTexts } from '../stored-measurement.js';
import { type ConditionSql, conditionSql } from './condition-sql.js';

/** The points of one measurement that a SELECT reads, in groups that are numbered in their order. */
export interface GroupedPoints {
  readonly stored: StoredMeasurement;
  readonly condition: ConditionSql;
  /** `WITH chosen …`: the series, with the group of each. */
  readonly withSql: string;
}

/** A group that has points in the range. */
export interface Group {
  readonly id: number;
  /** Values of the tags of GROUP BY, in their order. */
  readonly tags: readonly string[];
  readonly points: number;
  readonly firstNs: bigint;
  readonly lastNs: bigint;
}

/** @param tags those of GROUP BY, sorted */
export function groupPoints(
  { filter, statement }: PreparedSelect,
  stored: StoredMeasurement,
  tags: readonly string[],
  { fields }: Schema,
): GroupedPoints {
  const condition = conditionSql(filter, stored, new Set(fields.keys()));
  const names = tags.map((_tag, nth) => `d${nth}`);
  const texts = tagTexts(stored, tags).map((text, nth) => `, ${text} AS d${nth}`);
  const rank = tags.length === 0 ? '0' : `dense_rank() OVER (ORDER BY ${names.join(', ')}) - 1`;
  const { seriesLimit, seriesOffset } = statement;
  const upper = seriesLimit === 0 ? '' : ` AND g < ${seriesOffset + seriesLimit}`;
  const withSql = `
    WITH chosen AS MATERIALIZED (
      SELECT * FROM (
        SELECT *, ${rank} AS g
        FROM (SELECT s.series${texts.join('')} FROM ${stored.seriesTable} s WHERE ${condition.series}))
      WHERE g >= ${seriesOffset}${upper})`;
  return { stored, condition, withSql };
}

/** Returns FROM and WHERE of a statement about the points of a range; it begins with `withSql`. */
export function fromSql(
  { stored, condition }: GroupedPoints,
  range: TimeRange,
  needsSeries: boolean,
): string {
  const series =
    needsSeries || condition.joinsSeries ? `JOIN ${stored.seriesTable} s ON s.series = p.series` : '';
  return `FROM ${stored.pointsTable} p JOIN chosen c ON c.series = p.series ${series}
    WHERE ${inRange(range)} AND ${condition.points}`;
}

/** Resolves with the groups that have points; those whose points do not fulfil the condition count in. */
export async function readGroups(
  read: InterruptibleRead,
  grouped: GroupedPoints,
  tags: readonly string[],
  range: TimeRange,
): Promise<readonly Group[]> {
  const names = tags.map((_tag, nth) => `, any_value(c.d${nth})`);
  const rows = await read.rows(`${grouped.withSql}
    SELECT c.g, count(*), epoch_ns(min(p.time)), epoch_ns(max(p.time))${names.join('')}
    FROM ${grouped.stored.pointsTable} p JOIN chosen c ON c.series = p.series
    WHERE ${inRange(range)} GROUP BY c.g ORDER BY c.g LIMIT ${MAX_ROWS_READ + 1}`);
  if (rows.length > MAX_ROWS_READ) throw new InfluxqlError(`there are more than ${MAX_ROWS_READ} groups`);
  return rows.map(([id, points, firstNs, lastNs, ...values]) => ({
    id: Number(id),
    points: Number(points),
    firstNs: firstNs as bigint,
    lastNs: lastNs as bigint,
    tags: values.map(String),
  }));
}

function inRange({ minNs, maxNs }: TimeRange): string {
  return `p.time >= ${instantNs(minNs)} AND p.time <= ${instantNs(maxNs)}`;
}
