import { SluiceError } from '../../errors.js';
import type { SeriesAnswer, SeriesQuery } from '../sink.js';
import { identifier, isExpressible, type QueriedSeries, tagIsOneOf } from './influxql.js';
import type { QueryChannel } from './query-channel.js';

/** InfluxDB 1.6 builds every bucket before it answers, and goes on when the client has left. */
const MAX_BUCKETS = 20_000;
const NOTHING: SeriesAnswer = { timesMs: [], groups: [] };

export async function readSeries(channel: QueryChannel, asked: SeriesQuery): Promise<SeriesAnswer> {
  const { fromMs, toMs, bucketMs } = asked;
  if (!(bucketMs >= 1) || !((toMs - fromMs) / bucketMs <= MAX_BUCKETS)) {
    throw new SluiceError(
      'SINK_QUERY_FAILED',
      `at most ${MAX_BUCKETS} buckets of at least 1 ms can be asked for`,
    );
  }
  const query = expressible(asked);
  const { measurement, field, by } = query;
  if (query.only?.values.length === 0) return NOTHING;
  const shown = by === undefined ? undefined : await largestGroups(channel, query, by);
  if (shown?.length === 0) return NOTHING;

  const found = await channel.ask(
    `SELECT mean(${identifier(field)}) FROM ${identifier(measurement)} WHERE ${conditions(query)}` +
      `${by === undefined || shown === undefined ? '' : ` AND ${tagIsOneOf(by, shown)}`}` +
      ` GROUP BY ${[`time(${Math.floor(bucketMs)}ms)`, ...(by === undefined ? [] : [identifier(by)])].join(', ')}` +
      ' fill(none)',
    (name) => name === measurement,
  );
  return alignedGroups(found, shown ?? [''], by);
}

/** Without the values that InfluxQL has no words for: our own points have none of them. */
function expressible(query: SeriesQuery): SeriesQuery {
  if (query.only === undefined) return query;
  return { ...query, only: { ...query.only, values: query.only.values.filter(isExpressible) } };
}

function conditions({ fromMs, toMs, only }: SeriesQuery): string {
  const time = `time >= ${Math.floor(fromMs)}ms AND time < ${Math.floor(toMs)}ms`;
  return only === undefined ? time : `${time} AND ${tagIsOneOf(only.tag, only.values)}`;
}

/**
 * InfluxQL cannot limit groups in every version, and all buckets of ten thousand devices are hundreds of MB; one
 * count of each is not.
 */
async function largestGroups(
  channel: QueryChannel,
  query: SeriesQuery,
  by: string,
): Promise<readonly string[]> {
  const { measurement, field, maxGroups } = query;
  const counted = await channel.ask(
    `SELECT count(${identifier(field)}) FROM ${identifier(measurement)} WHERE ${conditions(query)} GROUP BY ${identifier(by)}`,
    (name) => name === measurement,
  );
  return counted
    .map((group) => ({ name: group.tags?.[by] ?? '', count: Number(group.values[0]?.[1] ?? 0) }))
    .filter(({ name, count }) => count > 0 && isExpressible(name))
    .sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1))
    .slice(0, maxGroups)
    .map(({ name }) => name);
}

/** Groups that each know their own buckets, on one time axis, in the order of `names`. */
function alignedGroups(
  series: readonly QueriedSeries[],
  names: readonly string[],
  by: string | undefined,
): SeriesAnswer {
  const groups = series
    .map(({ tags, values }) => ({
      name: by === undefined ? '' : (tags?.[by] ?? ''),
      means: new Map(
        values
          .filter((row): row is [number, number] => typeof row[0] === 'number' && typeof row[1] === 'number')
          .map(([timeMs, mean]) => [timeMs, mean]),
      ),
    }))
    .sort((a, b) => names.indexOf(a.name) - names.indexOf(b.name));
  const timesMs = [...new Set(groups.flatMap(({ means }) => [...means.keys()]))].sort((a, b) => a - b);
  return {
    timesMs,
    groups: groups.map(({ name, means }) => ({
      name,
      values: timesMs.map((timeMs) => means.get(timeMs) ?? null),
    })),
  };
}
