import {
  organized,
  type PanelSpec,
  type ThresholdStep,
  type Transformation,
} from '../../src/dashboard/panel.js';
import type { Query } from '../../src/dashboard/query.js';

interface Options {
  readonly width?: number;
  readonly thresholds?: readonly ThresholdStep[];
  readonly max?: number;
}

/** A line over time, from 0: none of the gateway's metrics can be less. */
export function overTime(
  title: string,
  description: string,
  unit: string,
  queries: readonly Query[],
  options: Options = {},
): PanelSpec {
  return { title, description, kind: 'timeseries', unit, width: 6, min: 0, queries, ...options };
}

/** The newest value as a number. */
export function now(
  title: string,
  description: string,
  unit: string,
  queries: readonly Query[],
  options: Options = {},
): PanelSpec {
  return { title, description, kind: 'stat', unit, width: 4, min: 0, queries, ...options };
}

/** The ten with the highest mean rate in the chosen time. */
export function top(
  title: string,
  description: string,
  unit: string,
  queries: readonly Query[],
  name: string,
  { width = 6 }: Pick<Options, 'width'> = {},
): PanelSpec {
  const transformations: Transformation[] = [
    { id: 'reduce', options: { mode: 'seriesToRows', reducers: ['mean', 'max'], includeTimeField: false } },
    { id: 'sortBy', options: { fields: {}, sort: [{ field: 'Mean', desc: true }] } },
    { id: 'limit', options: { limitField: 10 } },
    organized({ rename: { Field: name } }),
  ];
  return { title, description, kind: 'table', unit, width, queries, transformations };
}
