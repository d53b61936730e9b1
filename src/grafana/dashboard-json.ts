import { type AnnotationSpec, annotationJson } from './annotation.js';
import { type PanelSpec, panelJson } from './panel.js';
import { datasourceVariable, type VariableSpec, variableJson } from './variable.js';

/** Panels of one height, side by side. */
export interface RowSpec {
  readonly title: string;
  readonly height: number;
  readonly panels: readonly PanelSpec[];
  /** A collapsed row is closed at first, and its queries do not run until somebody opens it. */
  readonly isCollapsed?: boolean;
}

export interface DashboardSpec {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly source: 'influxdb' | 'prometheus';
  /** Uid of the data source that is selected at first; absent for Grafana's default of this type. */
  readonly sourceUid?: string;
  readonly variables: readonly VariableSpec[];
  readonly rows: readonly RowSpec[];
  readonly annotations: readonly AnnotationSpec[];
  /** Dashboards that this one links to; a link keeps the time range and the variables. */
  readonly links: readonly { readonly uid: string; readonly title: string }[];
  /** Start of the time range at first, such as `now-6h`; one hour ago by default. */
  readonly from?: string;
}

const COLUMNS = 24;
const TAG = 'sluice';

/** A dropdown of all dashboards with our tag, including those that a user has made. */
const OTHERS = { ...linkJson('All', ''), type: 'dashboards', tags: [TAG], asDropdown: true };

/** Returns classic dashboard JSON (Grafana 10 to 13). Panels are placed left to right and wrap, so none overlap. */
export function dashboardJson(spec: DashboardSpec): object {
  const { source } = spec;
  return withoutUndefined({
    uid: spec.uid,
    title: spec.title,
    description: spec.description,
    tags: [TAG],
    editable: false,
    graphTooltip: 1,
    schemaVersion: 39,
    refresh: '30s',
    time: { from: spec.from ?? 'now-1h', to: 'now' },
    timezone: 'browser',
    links: [...spec.links.map(({ uid, title }) => linkJson(title, `/d/${uid}`)), OTHERS],
    annotations: { list: spec.annotations.map((annotation) => annotationJson(annotation, source)) },
    templating: {
      list: [
        datasourceVariable(source, spec.sourceUid),
        ...spec.variables.map((variable) => variableJson(variable, source)),
      ],
    },
    panels: placePanels(spec.rows),
  });
}

/** Optional keys that are not set are absent from the JSON, as in a file that Grafana itself has saved. */
function withoutUndefined(json: object): object {
  return JSON.parse(JSON.stringify(json)) as object;
}

function linkJson(title: string, url: string) {
  return {
    type: 'link',
    title,
    url,
    keepTime: true,
    includeVars: true,
    targetBlank: false,
    icon: 'dashboard',
    tags: [],
    asDropdown: false,
    tooltip: '',
  };
}

function placePanels(rows: readonly RowSpec[]): object[] {
  const panels: object[] = [];
  const ids = new PanelIds();
  let y = 0;
  for (const row of rows) {
    const gridPos = { x: 0, y, w: COLUMNS, h: 1 };
    const id = ids.idOf(`row ${row.title}`);
    const inside: object[] = [];
    y += 1;
    let x = 0;
    for (const panel of row.panels) {
      if (x + panel.width > COLUMNS) {
        x = 0;
        y += row.height;
      }
      inside.push(panelJson(panel, ids.idOf(panel.title), { x, y, w: panel.width, h: row.height }));
      x += panel.width;
    }
    const isCollapsed = row.isCollapsed === true;
    // A closed row takes up only its title: Grafana moves the rows below when it is opened.
    y = isCollapsed ? gridPos.y + 1 : y + row.height;
    panels.push({
      id,
      type: 'row',
      title: row.title,
      collapsed: isCollapsed,
      gridPos,
      panels: isCollapsed ? inside : [],
    });
    if (!isCollapsed) panels.push(...inside);
  }
  return panels;
}

const LARGEST_ID = 2 ** 31 - 1;

/** Derives ids from titles, so that a panel keeps its id, and links to it stay valid, when other panels come or go. */
class PanelIds {
  readonly #taken = new Set<number>();

  idOf(title: string): number {
    let id = (fnv1a(title) % LARGEST_ID) + 1;
    while (this.#taken.has(id)) id = (id % LARGEST_ID) + 1;
    this.#taken.add(id);
    return id;
  }
}

/** Returns the 32-bit FNV-1a hash of the text's UTF-16 units. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) {
    hash ^= text.charCodeAt(at);
    hash = Math.imul(hash, 0x01000193);
  }
  return hash >>> 0;
}
