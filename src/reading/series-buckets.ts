import { formatDuration } from '../lib/quantity.js';
import { fallbackAt, type Sources, type UsableRows } from './plan-reading.js';
import type { SeriesQuery } from './series-query.js';

export interface Buckets {
  /** Each bucket begins at one and ends at the next. */
  readonly edges: readonly number[];
  readonly bucketMs: number;
  /** The time that fits into the answer. */
  readonly endMs: number;
  readonly nextFromMs: number | null;
  /** Width of the cells that a store is asked for; each lies in one bucket. */
  readonly cellMs: number;
}

/** Days of a zone begin at a multiple of it: all zones that are in use differ from UTC by whole quarters of an hour. */
export const QUARTER_OF_AN_HOUR_MS = 900_000;

/** The buckets of a query. Their width is rounded so that rows can be read: to whole windows of the coarsest that is not wider. */
export function bucketsOf(query: SeriesQuery, chosen: UsableRows | undefined, sources: Sources): Buckets {
  const { fromMs, toMs, bucketMs, maxBuckets } = query;
  if (bucketMs === undefined && chosen !== undefined) return windowBuckets(query, chosen);
  const asked = bucketMs ?? 1;
  // Where points are deleted already there is nothing finer than the rows that are left.
  const least = fallbackAt(sources, fromMs)?.everyMs ?? 1;
  const width = Math.max(asked, least);
  const fitting = [...sources.levels, ...sources.fallbacks].map(({ everyMs }) => everyMs);
  const coarsest = Math.max(1, ...fitting.filter((everyMs) => everyMs <= width));
  const wide = Math.max(1, Math.round(width / coarsest)) * coarsest;
  const edges: number[] = [];
  let atMs = Math.floor(fromMs / wide) * wide;
  for (; atMs < toMs && edges.length < maxBuckets; atMs += wide) edges.push(atMs);
  edges.push(atMs);
  return {
    edges,
    bucketMs: wide,
    endMs: Math.min(atMs, toMs),
    nextFromMs: atMs < toMs ? atMs : null,
    cellMs: wide,
  };
}

function windowBuckets({ fromMs, toMs, maxBuckets }: SeriesQuery, { spans, everyMs }: UsableRows): Buckets {
  let span = spans.latestWith(fromMs);
  const edges = [span.startMs];
  while (span.endMs < toMs && edges.length < maxBuckets) {
    edges.push(span.endMs);
    span = spans.next(span);
  }
  edges.push(span.endMs);
  const isUniform = edges.every((edge) => edge % everyMs === 0);
  return {
    edges,
    bucketMs: everyMs,
    endMs: Math.min(span.endMs, toMs),
    nextFromMs: span.endMs < toMs ? span.endMs : null,
    cellMs: isUniform ? everyMs : QUARTER_OF_AN_HOUR_MS,
  };
}

export function resolutionName(rows: Pick<UsableRows, 'everyMs'> | undefined): string {
  return rows === undefined ? 'raw' : formatDuration(rows.everyMs);
}
