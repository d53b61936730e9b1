import { SluiceError } from '../../lib/errors.js';
import type { SeriesAnswer, SeriesQuery } from '../store-reader.js';
import { identifier, isExpressible, tagIsOneOf } from './influxql.js';
import type { QueriedSeries, QueryChannel } from './query-channel.js';

/** InfluxDB 1.6 builds every bucket before it answers, and continues after the client has disconnected. */
const MAX_BUCKETS = 20_000;
const NOTHING: SeriesAnswer = { timesMs: [], groups: [] };

export async function readSeries(channel: QueryChannel, requested: SeriesQuery): Promise<SeriesAnswer> {
  const { fromMs, toMs, bucketMs } = requested;
  if (!(bucketMs >= 1) || !((toMs - fromMs) / bucketMs <= MAX_BUCKETS)) {
    throw new SluiceError(
      'SINK_QUERY_FAILED',
      `a query can have at most ${MAX_BUCKETS} buckets of at least 1 ms`,
    );
  }
  const query = withExpressibleValues(requested);
  const { measurement, field, by } = query;
  if (query.only?.values.length === 0) return NOTHING;
  const shown = by === undefined ? undefined : await largestGroups(channel, query, by);
  if (shown?.length === 0) return NOTHING;

  const found = await meansOf(
    channel,
    query,
    `SELECT mean(${identifier(field)}) FROM ${identifier(measurement)} WHERE ${conditions(query)}` +
      `${by === undefined || shown === undefined ? '' : ` AND ${tagIsOneOf(by, shown)}`}` +
      ` GROUP BY ${[`time(${Math.floor(bucketMs)}ms)`, ...(by === undefined ? [] : [identifier(by)])].join(', ')}` +
      ' fill(none)',
  );
  return alignedGroups(found, shown ?? [''], by);
}

/** Rejects with SINK_QUERY_UNSUPPORTED for a field without numbers, which the store says in words of its source code. */
async function meansOf(
  channel: QueryChannel,
  { measurement, field }: SeriesQuery,
  statement: string,
): Promise<readonly QueriedSeries[]> {
  try {
    return await channel.query(statement, (name) => name === measurement);
  } catch (thrown) {
    const types = await typesOf(channel, measurement, field).catch(() => []);
    if (types.length === 0 || types.some((type) => NUMBERS.has(type))) throw thrown;
    throw new SluiceError(
      'SINK_QUERY_UNSUPPORTED',
      `the field "${field}" of "${measurement}" is of type ${types.join(' and ')}, which has no mean`,
    );
  }
}

const NUMBERS: ReadonlySet<string> = new Set(['float', 'integer', 'unsigned']);

async function typesOf(channel: QueryChannel, measurement: string, field: string): Promise<string[]> {
  const found = await channel.query(
    `SHOW FIELD KEYS FROM ${identifier(measurement)}`,
    (name) => name === measurement,
  );
  return found
    .flatMap(({ values }) => values)
    .filter(([name]) => name === field)
    .map(([, type]) => String(type));
}

/** Removes the values that InfluxQL cannot express: Sluice writes none of them. */
function withExpressibleValues(query: SeriesQuery): SeriesQuery {
  if (query.only === undefined) return query;
  return { ...query, only: { ...query.only, values: query.only.values.filter(isExpressible) } };
}

function conditions({ fromMs, toMs, only }: SeriesQuery): string {
  const time = `time >= ${Math.floor(fromMs)}ms AND time < ${Math.floor(toMs)}ms`;
  return only === undefined ? time : `${time} AND ${tagIsOneOf(only.tag, only.values)}`;
}

/**
 * Finds the groups with the most values. Not every version of InfluxQL can limit groups, and the buckets of ten
 * thousand devices take hundreds of MB; one count per device does not.
 */
async function largestGroups(
  channel: QueryChannel,
  query: SeriesQuery,
  by: string,
): Promise<readonly string[]> {
  const { measurement, field, maxGroups } = query;
  const counted = await channel.query(
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

/** Aligns the buckets of all groups on one time axis, in the order of `names`. */
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
