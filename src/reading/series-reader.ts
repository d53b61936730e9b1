import { RecentAnswers } from '../lib/recent-answers.js';
import type { StatisticsPart } from '../sink/statistics.js';
import type { Span } from '../windows/window-spans.js';
import { askSegment, type SeriesStores } from './ask-segment.js';
import { mergeCells } from './merge-cells.js';
import { planReading, type Segment, type Sources, type UsableRows } from './plan-reading.js';
import { readMoments } from './read-moments.js';
import { bucketsOf, resolutionName } from './series-buckets.js';
import { groupOf, isPercentile, partsOf, type ReadCell, valueOfCell } from './series-groups.js';
import type { SeriesAnswer, SeriesQuery } from './series-query.js';
import { checkNames, unknownResolution } from './unknown-names.js';
import { usableRows } from './usable-rows.js';

/** Each of them can be a query of its own: percentiles cannot be merged. */
export const MAX_PERCENTILES = 200;
const COUNTS_LIFETIME_MS = 60_000;
const MAX_COUNTS = 64;

/**
 * Reads the values of a field over time. Every figure is that of the points in the time that was asked for: rows of windows
 * stand in for points only where they say the same, or where the points are deleted.
 */
export class SeriesReader {
  readonly #stores: SeriesStores;
  readonly #counts = new RecentAnswers<ReadonlyMap<string, number>>(COUNTS_LIFETIME_MS, MAX_COUNTS);

  constructor(stores: SeriesStores) {
    this.#stores = stores;
  }

  /** Rejects with SINK_QUERY_FAILED, SINK_QUERY_UNSUPPORTED, or QUERY_NAMES_UNKNOWN for a name that the store does not have. */
  async read(query: SeriesQuery): Promise<SeriesAnswer> {
    const parts = partsOf(query.fn);
    const { sources, chosen } = this.#sources(query, parts);
    const maxBuckets = isPercentile(query.fn)
      ? Math.min(query.maxBuckets, MAX_PERCENTILES)
      : query.maxBuckets;
    const buckets = bucketsOf({ ...query, maxBuckets }, chosen, sources);
    const range = { startMs: query.fromMs, endMs: buckets.endMs };
    const plan = planReading(buckets.edges, range, sources);
    const isSplit = isPercentile(query.fn) && buckets.cellMs !== buckets.bucketMs;
    const segments = isSplit ? segmentsOfBuckets(buckets.edges, range) : plan.segments;
    const cellMs = isSplit ? undefined : buckets.cellMs;
    const total = await this.#totals(query, plan.segments);
    const names = total?.names.slice(query.offset, query.offset + query.limit);
    const read =
      names?.length === 0 ? new Map() : await this.#cells(query, segments, parts, { names, cellMs });
    if (read.size === 0) await checkNames(this.#stores.points, query);
    const moments = await readMoments(read, buckets.cellMs, sources.pointsFromMs, (segment, asked) =>
      askSegment(this.#stores, segment, { ...query, ...asked, fn: 'mean' }),
    );
    const counts = await this.#seriesCounts(query, names);
    const shown = names ?? [...read.keys()];
    return {
      resolutions: resolutionsOf(plan.segments),
      fromMs: plan.fromMs,
      toMs: plan.toMs,
      nextFromMs: buckets.nextFromMs,
      bucketMs: buckets.bucketMs,
      timesMs: buckets.edges.slice(0, -1),
      found: total?.names.length ?? read.size,
      groups: shown.flatMap((name) => {
        const cells = read.get(name);
        return cells === undefined
          ? []
          : [
              groupOf(name, cells, query.fn, buckets.edges, {
                moments: moments.get(name),
                series: counts.get(name) ?? null,
              }),
            ];
      }),
    };
  }

  /** What can be read. `chosen` are the rows of the resolution that the query names. */
  #sources(
    query: SeriesQuery,
    parts: ReadonlySet<StatisticsPart>,
  ): { sources: Sources; chosen?: UsableRows } {
    const { measurement, resolution, fn } = query;
    const readable = this.#stores.readable(measurement);
    const fallbacks = usableRows(readable, query, new Set()).toReversed();
    const levels = usableRows(readable, query, parts);
    const pointsFromMs = this.#stores.pointsFromMs(measurement) ?? Number.NEGATIVE_INFINITY;
    const raw = { levels: [], fallbacks: [], pointsFromMs };
    if (resolution === 'raw') return { sources: raw };
    if (resolution === 'auto') {
      return { sources: isPercentile(fn) ? raw : { levels, fallbacks, pointsFromMs } };
    }
    const chosen = fallbacks.find((rows) => resolutionName(rows) === resolution);
    if (chosen === undefined) throw unknownResolution(query, readable);
    if (isPercentile(fn)) return { sources: raw, chosen };
    const isFiner = ({ everyMs }: UsableRows) => everyMs <= chosen.everyMs;
    const sources = { levels: levels.filter(isFiner), fallbacks: fallbacks.filter(isFiner), pointsFromMs };
    return { sources, chosen };
  }

  /** The groups in the order of the query; undefined without a tag. */
  async #totals(
    query: SeriesQuery,
    segments: readonly Segment[],
  ): Promise<{ readonly names: readonly string[] } | undefined> {
    if (query.by === undefined) return undefined;
    const parts = query.order === 'value' ? partsOf(query.fn, []) : new Set<StatisticsPart>();
    const cells = await this.#cells(query, segments, parts);
    const weights = [...cells].map(([name, read]) => {
      const total = mergeCells(read.map(({ cell }) => cell))!;
      const weight = query.order === 'value' ? valueOfCell(total, query.fn) : total.count;
      return { name, weight: query.order === 'name' ? 0 : (weight ?? Number.NEGATIVE_INFINITY) };
    });
    weights.sort((a, b) => b.weight - a.weight || (a.name < b.name ? -1 : 1));
    return { names: weights.map(({ name }) => name) };
  }

  /** The cells of each group, in the order of time. */
  async #cells(
    query: SeriesQuery,
    segments: readonly Segment[],
    parts: ReadonlySet<StatisticsPart>,
    {
      names,
      cellMs,
    }: { readonly names?: readonly string[] | undefined; readonly cellMs?: number | undefined } = {},
  ): Promise<Map<string, ReadCell[]>> {
    const groups = new Map<string, ReadCell[]>();
    for (const segment of segments) {
      const answer = await askSegment(this.#stores, segment, {
        ...query,
        fromMs: segment.startMs,
        toMs: segment.endMs,
        parts,
        ...(names !== undefined && { names }),
        ...(cellMs !== undefined && { cellMs }),
      });
      for (const [name, cells] of answer) {
        const known = groups.get(name) ?? [];
        groups.set(name, known);
        known.push(...cells.map((cell) => ({ segment, cell })));
      }
    }
    return groups;
  }

  /** They change seldom. Not every store says them. */
  #seriesCounts(
    { measurement, by, only }: SeriesQuery,
    names: readonly string[] | undefined,
  ): Promise<ReadonlyMap<string, number>> {
    const query = {
      measurement,
      ...(by !== undefined && { by }),
      ...(only !== undefined && { only }),
      ...(names !== undefined && { names }),
    };
    return this.#counts.get(JSON.stringify(query), () =>
      this.#stores.points.seriesCounts(query).catch(() => new Map<string, number>()),
    );
  }
}

/** What was read, the coarsest first. */
function resolutionsOf(segments: readonly Segment[]): string[] {
  const byWidth = segments.map(({ rows }) => rows).sort((a, b) => (b?.everyMs ?? 0) - (a?.everyMs ?? 0));
  return [...new Set(byWidth.map(resolutionName))];
}

/** Percentiles cannot be merged: each bucket is read alone where a store cannot split the time into them. */
function segmentsOfBuckets(edges: readonly number[], { startMs, endMs }: Span): Segment[] {
  return edges
    .slice(0, -1)
    .map((edge, nth) => ({ startMs: Math.max(edge, startMs), endMs: Math.min(edges[nth + 1]!, endMs) }));
}
