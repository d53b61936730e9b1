import type { Query } from './query.js';

/** From this value on, the colour; the first step has no value. */
export interface ThresholdStep {
  readonly color: string;
  readonly value: number | null;
}

export type PanelKind = 'timeseries' | 'stat' | 'table' | 'state-timeline';

/** What differs for one column of a table, or for one series, from the rest of the panel. */
export interface ColumnSpec {
  readonly unit?: string;
  readonly thresholds?: readonly ThresholdStep[];
  readonly min?: number;
  readonly max?: number;
}

export interface PanelSpec {
  readonly title: string;
  /** What it shows, what is normal, what to do. */
  readonly description: string;
  readonly kind: PanelKind;
  /** Of Grafana's units. */
  readonly unit: string;
  /** Of 24 columns. */
  readonly width: number;
  readonly queries: readonly Query[];
  readonly thresholds?: readonly ThresholdStep[];
  /** Ends of the axis; without them Grafana chooses. */
  readonly min?: number;
  readonly max?: number;
  readonly columns?: Readonly<Record<string, ColumnSpec>>;
  /** What Grafana does with the answer before it shows it, in this order. */
  readonly transformations?: readonly Transformation[];
  /** Shown when there is no value. */
  readonly noValue?: string;
  /** Of a table: the column it is sorted by. */
  readonly sortedBy?: { readonly column: string; readonly isDescending: boolean };
  /** Of a stat: the number made of each series; without it its last value. */
  readonly calculation?: 'lastNotNull' | 'count';
  /** Of a stat: the field it reads; without it all numbers. */
  readonly field?: string;
}

/** One of Grafana's data transformations. */
export interface Transformation {
  readonly id: string;
  readonly options: object;
}

/** Leaves fields out, puts them in order and gives them other names. */
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

/** Green, then yellow, then red. */
export function steps(yellow: number, red: number): ThresholdStep[] {
  return [
    { color: 'green', value: null },
    { color: 'yellow', value: yellow },
    { color: 'red', value: red },
  ];
}

/** For what must not be: red from this value on. */
export function redFrom(red: number): ThresholdStep[] {
  return [
    { color: 'green', value: null },
    { color: 'red', value: red },
  ];
}

const COLOURLESS: readonly ThresholdStep[] = [{ color: 'green', value: null }];

/** Grafana's JSON of one panel at its place. */
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
        ...ends(spec),
        ...(spec.noValue === undefined ? {} : { noValue: spec.noValue }),
        thresholds: { mode: 'absolute', steps: spec.thresholds ?? COLOURLESS },
        ...customJson(spec),
      },
      overrides: Object.entries(spec.columns ?? {}).map(([name, column]) => overrideJson(name, column, spec)),
    },
    options: optionsOf(spec),
    ...(spec.transformations === undefined ? {} : { transformations: spec.transformations }),
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

function overrideJson(name: string, column: ColumnSpec, { kind }: PanelSpec): object {
  const { unit, thresholds } = column;
  const properties: { id: string; value: unknown }[] = Object.entries(ends(column)).map(([id, value]) => ({
    id,
    value,
  }));
  if (unit !== undefined) properties.push({ id: 'unit', value: unit });
  if (thresholds !== undefined) {
    properties.push({ id: 'thresholds', value: { mode: 'absolute', steps: thresholds } });
    if (kind === 'table')
      properties.push({ id: 'custom.cellOptions', value: { type: 'color-background', mode: 'basic' } });
  }
  return { matcher: { id: 'byName', options: name }, properties };
}

function ends({ min, max }: { readonly min?: number; readonly max?: number }): object {
  return { ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }) };
}

/** A to Z, then AA, AB and so on. */
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
        ...(sortedBy === undefined
          ? {}
          : { sortBy: [{ displayName: sortedBy.column, desc: sortedBy.isDescending }] }),
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
    ...(query.alias === undefined ? {} : { alias: query.alias }),
  };
}
