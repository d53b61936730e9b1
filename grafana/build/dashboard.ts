import { type PanelSpec, panelJson } from './panel.js';

/** A list in the top row of the dashboard, filled by a query. */
export interface VariableSpec {
  readonly name: string;
  readonly label: string;
  readonly query: string;
  /** Several values, and all; used as `=~ /^$name$/`. */
  readonly isMulti: boolean;
}

/** Panels of one height, side by side. */
export interface RowSpec {
  readonly title: string;
  readonly height: number;
  readonly panels: readonly PanelSpec[];
}

export interface DashboardSpec {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly source: 'influxdb' | 'prometheus';
  readonly variables: readonly VariableSpec[];
  readonly rows: readonly RowSpec[];
  /** Query whose changes are marked on every panel. */
  readonly annotation?: { readonly name: string; readonly expr: string };
  /** Dashboards to go to, with time and variables. */
  readonly links: readonly { readonly uid: string; readonly title: string }[];
}

const COLUMNS = 24;

/** Classic dashboard JSON (Grafana 10 to 13). Panels go left to right and wrap, so none overlaps. */
export function dashboardJson(spec: DashboardSpec): object {
  const { source } = spec;
  return {
    uid: spec.uid,
    title: spec.title,
    description: spec.description,
    tags: ['sluice'],
    editable: false,
    graphTooltip: 1,
    schemaVersion: 39,
    refresh: '30s',
    time: { from: 'now-1h', to: 'now' },
    timezone: 'browser',
    links: spec.links.map(({ uid, title }) => ({
      type: 'link',
      title,
      url: `/d/${uid}`,
      keepTime: true,
      includeVars: true,
      targetBlank: false,
      icon: 'dashboard',
      tags: [],
      asDropdown: false,
      tooltip: '',
    })),
    annotations: {
      list:
        spec.annotation === undefined
          ? []
          : [
              {
                name: spec.annotation.name,
                datasource: { type: source, uid: `\${${source}}` },
                enable: true,
                iconColor: 'blue',
                expr: spec.annotation.expr,
                step: '30s',
                titleFormat: spec.annotation.name,
              },
            ],
    },
    templating: {
      list: [
        datasourceVariable(source),
        ...spec.variables.map((variable) => queryVariable(variable, source)),
      ],
    },
    panels: placed(spec.rows),
  };
}

function placed(rows: readonly RowSpec[]): object[] {
  const panels: object[] = [];
  let id = 1;
  let y = 0;
  for (const row of rows) {
    const gridPos = { x: 0, y, w: COLUMNS, h: 1 };
    panels.push({ id: id++, type: 'row', title: row.title, collapsed: false, gridPos, panels: [] });
    y += 1;
    let x = 0;
    for (const panel of row.panels) {
      if (x + panel.width > COLUMNS) {
        x = 0;
        y += row.height;
      }
      panels.push(panelJson(panel, id++, { x, y, w: panel.width, h: row.height }));
      x += panel.width;
    }
    y += row.height;
  }
  return panels;
}

/** Named after its type: links carry variables, and one name for both types would carry the wrong source. */
function datasourceVariable(source: string): object {
  return {
    name: source,
    label: 'Data source',
    type: 'datasource',
    query: source,
    hide: 0,
    refresh: 1,
    current: {},
  };
}

function queryVariable({ name, label, query, isMulti }: VariableSpec, source: string): object {
  return {
    name,
    label,
    type: 'query',
    datasource: { type: source, uid: `\${${source}}` },
    query,
    definition: query,
    refresh: 2,
    sort: 1,
    multi: isMulti,
    includeAll: isMulti,
    ...(isMulti ? { current: { text: ['All'], value: ['$__all'] } } : { current: {} }),
  };
}
