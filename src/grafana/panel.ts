import type { Query } from './query.js';

/** A colour that applies from `value` on; the first step has no value. */
export interface ThresholdStep {
  readonly color: string;
  readonly value: number | null;
}

export type PanelKind = 'timeseries' | 'stat' | 'table' | 'state-timeline';

/** Settings of one column of a table, or of one series, that differ from the rest of the panel. */
export interface ColumnSpec {
  readonly unit?: string;
  readonly thresholds?: readonly ThresholdStep[];
  readonly min?: number;
  readonly max?: number;
  /** It is drawn without a line and is not in the legend. */
  readonly isBandEdge?: boolean;
  /** Name of the series that the space below is filled to. */
  readonly fillBelowTo?: string;
}

export interface PanelSpec {
  readonly title: string;
  /** What the panel shows, what is normal, and what to do otherwise. */
  readonly description: string;
  readonly kind: PanelKind;
  /** Id of one of Grafana's units. */
  readonly unit: string;
  /** Width in columns; a row has 24. */
  readonly width: number;
  readonly queries: readonly Query[];
  readonly thresholds?: readonly ThresholdStep[];
  /** Limits of the axis; Grafana chooses them when they are absent. */
  readonly min?: number;
  readonly max?: number;
  readonly columns?: Readonly<Record<string, ColumnSpec>>;
  /** Transformations that Grafana applies to the answer, in this order, before it is shown. */
  readonly transformations?: readonly Transformation[];
  /** Shown when there is no value. */
  readonly noValue?: string;
  /** The column that a table is sorted by. */
  readonly sortedBy?: { readonly column: string; readonly isDescending: boolean };
  /** How a stat reduces each series to one number; the last value by default. */
  readonly calculation?: 'lastNotNull' | 'count';
  /** The field that a stat reads; all numbers by default. */
  readonly field?: string;
}

/** One of Grafana's data transformations. */
export interface Transformation {
  readonly id: string;
  readonly options: object;
}

/** Returns a transformation that omits, orders and renames fields. */
export function organized({
  exclude = [],
  order = [],
  rename = {},
}: {
  readonly exclude?: readonly string[];
  readonly order?: readonly string[];
  readonly rename?: Readonly<Record<string, string>>;
}): Transformation {
  return {
    id: 'organize',
    options: {
      excludeByName: Object.fromEntries(exclude.map((name) => [name, true])),
      indexByName: Object.fromEntries(order.map((name, at) => [name, at])),
      renameByName: rename,
    },
  };
}

/** Returns thresholds that go from green to yellow to red. */
export function steps(yellow: number, red: number): ThresholdStep[] {
  return [
    { color: 'green', value: null },
    { color: 'yellow', value: yellow },
    { color: 'red', value: red },
  ];
}

/** Returns thresholds for something that must not happen: red from this value on. */
export function redFrom(red: number): ThresholdStep[] {
  return [
    { color: 'green', value: null },
    { color: 'red', value: red },
  ];
}

const COLOURLESS: readonly ThresholdStep[] = [{ color: 'green', value: null }];

/** Returns Grafana's JSON of one panel at its grid position. Keys that are not set are undefined; see `dashboardJson`. */
export function panelJson(spec: PanelSpec, id: number, gridPos: object): object {
  const source = spec.queries[0]!.language === 'promql' ? 'prometheus' : 'influxdb';
  const datasource = { type: source, uid: `\${${source}}` };
  return {
    id,
    type: spec.kind,
    title: spec.title,
    description: spec.description,
    datasource,
    gridPos,
    fieldConfig: {
      defaults: {
        unit: spec.unit,
        min: spec.min,
        max: spec.max,
        noValue: spec.noValue,
        thresholds: { mode: 'absolute', steps: spec.thresholds ?? COLOURLESS },
        ...customJson(spec),
      },
      overrides: Object.entries(spec.columns ?? {}).map(([name, column]) => overrideJson(name, column, spec)),
    },
    options: optionsOf(spec),
    transformations: spec.transformations,
    targets: spec.queries.map((query, at) => ({
      refId: refIdOf(at),
      datasource,
      ...targetJson(query),
    })),
  };
}

function customJson({ kind, thresholds }: PanelSpec): object {
  if (kind !== 'timeseries') return {};
  const style = { mode: thresholds === undefined ? 'off' : 'line' };
  return { custom: { showPoints: 'auto', spanNulls: false, thresholdsStyle: style } };
}

const BAND_EDGE = [
  { id: 'custom.lineWidth', value: 0 },
  { id: 'custom.showPoints', value: 'never' },
  { id: 'custom.fillOpacity', value: 12 },
  { id: 'color', value: { mode: 'fixed', fixedColor: 'text' } },
  { id: 'custom.hideFrom', value: { legend: true, tooltip: false, viz: false } },
] as const;

function overrideJson(name: string, column: ColumnSpec, { kind }: PanelSpec): object {
  const { unit, thresholds } = column;
  const properties: { id: string; value: unknown }[] = [];
  if (column.min !== undefined) properties.push({ id: 'min', value: column.min });
  if (column.max !== undefined) properties.push({ id: 'max', value: column.max });
  if (unit !== undefined) properties.push({ id: 'unit', value: unit });
  if (column.isBandEdge === true) properties.push(...BAND_EDGE);
  if (column.fillBelowTo !== undefined) {
    properties.push({ id: 'custom.fillBelowTo', value: column.fillBelowTo });
  }
  if (thresholds !== undefined) {
    properties.push({ id: 'thresholds', value: { mode: 'absolute', steps: thresholds } });
    if (kind === 'table')
      properties.push({ id: 'custom.cellOptions', value: { type: 'color-background', mode: 'basic' } });
  }
  return { matcher: { id: 'byName', options: name }, properties };
}

/** Returns A to Z, then AA, AB and so on. */
function refIdOf(at: number): string {
  const letter = String.fromCharCode(65 + (at % 26));
  return at < 26 ? letter : `${refIdOf(Math.floor(at / 26) - 1)}${letter}`;
}

const LEGEND = {
  legend: { displayMode: 'list', placement: 'bottom', showLegend: true },
  tooltip: { mode: 'multi', sort: 'desc' },
};

function optionsOf({ kind, calculation = 'lastNotNull', field = '', sortedBy }: PanelSpec): object {
  switch (kind) {
    case 'stat':
      return { reduceOptions: { calcs: [calculation], fields: field, values: false } };
    case 'table':
      return {
        showHeader: true,
        sortBy: sortedBy && [{ displayName: sortedBy.column, desc: sortedBy.isDescending }],
      };
    case 'state-timeline':
      return { ...LEGEND, mergeValues: true, showValue: 'auto' };
    case 'timeseries':
      return LEGEND;
  }
}

function targetJson(query: Query): object {
  if (query.language === 'promql') return { expr: query.text, legendFormat: query.legend, range: true };
  return {
    query: query.text,
    rawQuery: true,
    resultFormat: query.asTable === true ? 'table' : 'time_series',
    alias: query.alias,
  };
}
