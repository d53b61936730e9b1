import type { StatisticsAnswer, StatisticsQuery } from '../sink/statistics.js';
import type { StoreReader } from '../sink/store-reader.js';
import type { ReadableRows } from '../windows/readable-rows.js';
import type { Segment } from './plan-reading.js';
import { isPercentile } from './series-groups.js';
import type { SeriesQuery } from './series-query.js';

export interface SeriesStores {
  /** Where the points are. */
  readonly points: StoreReader;
  /** Where rows with this target are; undefined: that store cannot be queried. */
  rowsIn(to: string | undefined): Pick<StoreReader, 'statistics'> | undefined;
  /** The resolutions of a measurement. */
  readable(measurement: string): readonly ReadableRows[];
  /** Points of the measurement before this time may be deleted, ms since 1970; undefined: not known, or none are. */
  pointsFromMs(measurement: string): number | undefined;
}

type Asked = Pick<SeriesQuery, 'field' | 'fn'> & Omit<StatisticsQuery, 'values'>;

/** Asks the store that has a segment for the values of a field. */
export async function askSegment(
  stores: SeriesStores,
  { rows }: Segment,
  { field, fn, measurement, by, only, names, fromMs, toMs, cellMs, parts }: Asked,
): Promise<StatisticsAnswer> {
  const asked = {
    ...(by !== undefined && { by }),
    ...(only !== undefined && { only }),
    ...(names !== undefined && { names }),
    ...(cellMs !== undefined && { cellMs }),
    fromMs,
    toMs,
    parts,
  };
  if (rows === undefined) {
    return stores.points.statistics({
      ...asked,
      measurement,
      values: { kind: 'points', field },
      ...(isPercentile(fn) && { percentile: fn.percentile }),
    });
  }
  const store = stores.rowsIn(rows.to);
  if (store === undefined) return new Map();
  return store.statistics({
    ...asked,
    measurement: rows.measurement,
    values: { kind: 'rows', columns: rows.columns, ...(rows.by !== undefined && { tags: rows.by }) },
  });
}
