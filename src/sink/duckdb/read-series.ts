import { SluiceError } from '../../lib/errors.js';
import type { SeriesAnswer, SeriesQuery } from '../store-reader.js';
import type { InterruptibleRead } from './interruptible-read.js';
import {
  instant,
  isOneOf,
  type StoredMeasurement,
  storedMeasurement,
  tagText,
} from './stored-measurement.js';

/** No chart shows more buckets; a query for more is a mistake that would fill the memory. */
const MAX_BUCKETS = 20_000;
const NS_PER_MS = 1_000_000n;

export async function readSeries(read: InterruptibleRead, requested: SeriesQuery): Promise<SeriesAnswer> {
  const query = {
    ...requested,
    fromMs: Math.floor(requested.fromMs),
    toMs: Math.floor(requested.toMs),
    bucketMs: Math.floor(requested.bucketMs),
  };
  if (!(query.bucketMs >= 1) || !((query.toMs - query.fromMs) / query.bucketMs <= MAX_BUCKETS)) {
    throw new SluiceError(
      'SINK_QUERY_FAILED',
      `a query can have at most ${MAX_BUCKETS} buckets of at least 1 ms`,
    );
  }
  const stored = await storedMeasurement(read, query.measurement);
  const field = stored?.fields.get(query.field);
  if (stored === undefined || field === undefined) return { timesMs: [], groups: [] };
  if (field.type !== 'float' && field.type !== 'int') {
    throw new SluiceError(
      'SINK_QUERY_UNSUPPORTED',
      `The field "${query.field}" is a ${field.type}, it has no mean.`,
    );
  }
  // Buckets start at multiples of their width since 1970, like InfluxDB's GROUP BY time().
  const firstMs = Math.floor(query.fromMs / query.bucketMs) * query.bucketMs;
  const rows = await read.rows(seriesSql(stored, field.column, query, firstMs));
  return aligned(rows as readonly BucketRow[], (bucket) => firstMs + bucket * query.bucketMs);
}

type BucketRow = readonly [name: string, bucket: bigint, mean: number];

/**
 * Returns a statement that first finds the largest groups by counting: the buckets of thousands of groups would not
 * fit into the memory that is shared with the writer.
 */
function seriesSql(stored: StoredMeasurement, field: string, query: SeriesQuery, firstMs: number): string {
  const ns = (ms: number) => `${BigInt(ms) * NS_PER_MS}`;
  const { pointsTable, seriesTable } = stored;
  const { only } = query;
  const wanted = `p.time >= ${instant(query.fromMs)} AND p.time < ${instant(query.toMs)} AND p.${field} IS NOT NULL`;
  return `
    WITH named AS MATERIALIZED (
      SELECT s.series, ${tagText(stored, query.by)} AS name FROM ${seriesTable} s
      ${only === undefined ? '' : `WHERE ${isOneOf(tagText(stored, only.tag), only.values)}`}),
    counted AS (SELECT p.series, count(*) AS n FROM ${pointsTable} p WHERE ${wanted} GROUP BY p.series),
    largest AS (
      SELECT name, sum(n) AS n FROM counted JOIN named USING (series)
      GROUP BY name ORDER BY n DESC, name LIMIT ${Math.max(0, Math.floor(query.maxGroups))}),
    chosen AS MATERIALIZED (SELECT series, name, n FROM named JOIN largest USING (name))
    SELECT c.name, (epoch_ns(p.time) - ${ns(firstMs)}) // ${ns(query.bucketMs)} AS bucket,
      avg(p.${field}::DOUBLE) AS mean
    FROM ${pointsTable} p JOIN chosen c USING (series)
    WHERE ${wanted} GROUP BY c.name, c.n, bucket ORDER BY c.n DESC, c.name, bucket`;
}

function aligned(rows: readonly BucketRow[], startMs: (bucket: number) => number): SeriesAnswer {
  const buckets = [...new Set(rows.map(([, bucket]) => Number(bucket)))].sort((x, y) => x - y);
  const columnOf = new Map(buckets.map((bucket, column) => [bucket, column]));
  const groups = new Map<string, (number | null)[]>();
  for (const [name, bucket, mean] of rows) {
    let values = groups.get(name);
    if (values === undefined) {
      values = new Array<number | null>(buckets.length).fill(null);
      groups.set(name, values);
    }
    values[columnOf.get(Number(bucket)) ?? 0] = mean;
  }
  return {
    timesMs: buckets.map(startMs),
    groups: [...groups].map(([name, values]) => ({ name, values })),
  };
}
