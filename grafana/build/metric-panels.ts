import {
  organized,
  type PanelSpec,
  type ThresholdStep,
  type Transformation,
} from '../../src/grafana/panel.js';
import type { Query } from '../../src/grafana/query.js';

interface Options {
  readonly width?: number;
  readonly thresholds?: readonly ThresholdStep[];
  readonly max?: number;
}

/** Returns a line chart from 0, because no metric of the gateway is negative. */
export function overTime(
  title: string,
  description: string,
  unit: string,
  queries: readonly Query[],
  options: Options = {},
): PanelSpec {
  return { title, description, kind: 'timeseries', unit, width: 6, min: 0, queries, ...options };
}

/** Returns a panel with the newest value as a number. */
export function now(
  title: string,
  description: string,
  unit: string,
  queries: readonly Query[],
  options: Options = {},
): PanelSpec {
  return { title, description, kind: 'stat', unit, width: 4, min: 0, queries, ...options };
}

/** Returns a table of the ten series with the highest mean in the time range. */
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
