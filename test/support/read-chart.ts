import type { SeriesStores } from '../../src/reading/ask-segment.js';
import type { SeriesQuery } from '../../src/reading/series-query.js';
import { SeriesReader } from '../../src/reading/series-reader.js';
import type { StoreReader } from '../../src/sink/store-reader.js';

export interface ChartQuery
  extends Pick<SeriesQuery, 'measurement' | 'field' | 'by' | 'only' | 'fromMs' | 'toMs' | 'bucketMs'>,
    Partial<Pick<SeriesQuery, 'fn' | 'resolution' | 'order' | 'offset'>> {
  readonly maxGroups: number;
}

/** What a store without windows answers to the questions of a chart. */
export const withoutWindows = (points: StoreReader): SeriesStores => ({
  points,
  rowsIn: () => undefined,
  readable: () => [],
  pointsFromMs: () => undefined,
});

/** Reads a chart from points; empty buckets are omitted. A name that the store does not have has no groups. */
export async function readChart(reader: StoreReader | undefined, { maxGroups, ...query }: ChartQuery) {
  if (reader === undefined) throw new Error('the store cannot be queried');
  const answer = await new SeriesReader(withoutWindows(reader)).read({
    fn: 'mean',
    resolution: 'auto',
    order: 'count',
    offset: 0,
    limit: maxGroups,
    maxBuckets: 20_000,
    ...query,
  });
  const isFilled = answer.timesMs.map((_, at) => answer.groups.some(({ values }) => values[at] !== null));
  const filled = <Value>(all: readonly Value[]) => all.filter((_, at) => isFilled[at]);
  return {
    timesMs: filled(answer.timesMs),
    groups: answer.groups.map(({ name, values }) => ({ name, values: filled(values) })),
  };
}
