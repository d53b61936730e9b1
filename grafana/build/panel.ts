/** What a panel asks: InfluxQL or PromQL, never with a database or a retention policy. */
export type Query =
  | {
      readonly language: 'influxql';
      readonly text: string;
      readonly alias?: string;
      readonly asTable?: boolean;
    }
  | { readonly language: 'promql'; readonly text: string; readonly legend: string };

/** From this value on, the colour; the first step has no value. */
export interface ThresholdStep {
  readonly color: string;
  readonly value: number | null;
}

export interface PanelSpec {
  readonly title: string;
  /** What it shows, what is normal, what to do. */
  readonly description: string;
  readonly kind: 'timeseries' | 'stat' | 'table';
  readonly unit: string;
  /** Of 24 columns. */
  readonly width: number;
  readonly queries: readonly Query[];
  readonly thresholds?: readonly ThresholdStep[];
}

/** From InfluxDB. */
export function influxql(text: string, alias?: string): Query {
  return { language: 'influxql', text, ...(alias === undefined ? {} : { alias }) };
}

/** From InfluxDB, as a table. */
export function influxqlTable(text: string): Query {
  return { language: 'influxql', text, asTable: true };
}

/** From Prometheus. */
export function promql(text: string, legend = ''): Query {
  return { language: 'promql', text, legend };
}

/** Green, then yellow, then red. */
export function steps(yellow: number, red: number): ThresholdStep[] {
  return [
    { color: 'green', value: null },
    { color: 'yellow', value: yellow },
    { color: 'red', value: red },
  ];
}

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
        thresholds: { mode: 'absolute', steps: spec.thresholds ?? [{ color: 'green', value: null }] },
        ...(spec.kind === 'timeseries'
          ? {
              custom: {
                showPoints: 'auto',
                spanNulls: false,
                thresholdsStyle: { mode: spec.thresholds === undefined ? 'off' : 'line' },
              },
            }
          : {}),
      },
      overrides: [],
    },
    options: optionsOf(spec.kind),
    targets: spec.queries.map((query, at) => ({
      refId: String.fromCharCode(65 + at),
      datasource,
      ...targetJson(query, spec.kind),
    })),
  };
}

function optionsOf(kind: PanelSpec['kind']): object {
  if (kind === 'stat') return { reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false } };
  if (kind === 'table') return { showHeader: true };
  return {
    legend: { displayMode: 'list', placement: 'bottom', showLegend: true },
    tooltip: { mode: 'multi', sort: 'desc' },
  };
}

function targetJson(query: Query, kind: PanelSpec['kind']): object {
  if (query.language === 'influxql') {
    return {
      query: query.text,
      rawQuery: true,
      resultFormat: query.asTable === true ? 'table' : 'time_series',
      ...(query.alias === undefined ? {} : { alias: query.alias }),
    };
  }
  return {
    expr: query.text,
    legendFormat: query.legend,
    ...(kind === 'table' ? { instant: true, format: 'table' } : { range: true }),
  };
}
