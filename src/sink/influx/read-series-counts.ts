import type { SeriesCountQuery } from '../statistics.js';
import { identifier, isExpressible, tagIsOneOf } from './influxql.js';
import type { QueryChannel } from './query-channel.js';

/**
 * Rejects in version 3, which has no such statement. Version 1.6 counts a series once for each shard that has it in
 * `SHOW SERIES EXACT CARDINALITY`; the key as a field is distinct.
 */
export async function readSeriesCounts(
  channel: QueryChannel,
  { measurement, by, only, names }: SeriesCountQuery,
): Promise<ReadonlyMap<string, number>> {
  const choices = [
    ...(only === undefined ? [] : [{ tag: only.tag, values: only.values.filter(isExpressible) }]),
    ...(by === undefined || names === undefined ? [] : [{ tag: by, values: names.filter(isExpressible) }]),
  ];
  if (choices.some(({ values }) => values.length === 0)) return new Map();
  const conditions = choices.map(({ tag, values }) => tagIsOneOf(tag, values));
  const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
  const grouped = by === undefined ? '' : ` GROUP BY ${identifier(by)}`;
  const found = await channel.query(
    `SELECT count(distinct(_seriesKey)) FROM ${identifier(measurement)}${where}${grouped}`,
    (name) => name === measurement,
  );
  return new Map(
    found.map(({ tags, values }) => [
      by === undefined ? '' : (tags?.[by] ?? ''),
      Number(values[0]?.[1] ?? 0),
    ]),
  );
}
