import type { AggregateField, WindowFunction, WindowsOptions } from './aggregate.js';
import { quantileName } from './row-field-names.js';

/** The field of points that a field of rows says something of. */
export interface RowFieldSource {
  readonly measurement: string;
  readonly field: string;
  /** `value`: what a value could be. `amount`: it has the unit of the values, and may lie anywhere. */
  readonly kind: 'value' | 'amount';
}

const KINDS: Partial<Record<WindowFunction, RowFieldSource['kind']>> = {
  mean: 'value',
  min: 'value',
  max: 'value',
  first: 'value',
  last: 'value',
  time_weighted_mean: 'value',
  sum: 'amount',
  stddev: 'amount',
  increase: 'amount',
};

/** Measurement of rows → field of rows → what it is of. Fields without the unit of the points, such as counts, are omitted. */
export type RowFieldSources = ReadonlyMap<string, ReadonlyMap<string, RowFieldSource>>;

export function rowFieldSources(windows: WindowsOptions | undefined): RowFieldSources {
  const sources = new Map<string, Map<string, RowFieldSource>>();
  for (const { from, fields, resolutions } of windows?.aggregates ?? []) {
    const ofRows = new Map<string, RowFieldSource>();
    for (const [field, options] of fields) {
      for (const [suffix, kind] of kindsOf(options)) {
        ofRows.set(`${field}_${suffix}`, { measurement: from, field, kind });
      }
    }
    for (const { measurement } of resolutions) sources.set(measurement, ofRows);
  }
  return sources;
}

function kindsOf({ functions, quantiles }: AggregateField): [suffix: string, kind: RowFieldSource['kind']][] {
  return [
    ...functions.flatMap((one): [string, RowFieldSource['kind']][] => {
      const kind = KINDS[one];
      return kind === undefined ? [] : [[one, kind]];
    }),
    ...quantiles.map((quantile): [string, 'value'] => [quantileName(quantile), 'value']),
  ];
}
