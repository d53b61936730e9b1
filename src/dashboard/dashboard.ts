import { type AnnotationSpec, annotationJson } from './annotation.js';
import { type PanelSpec, panelJson } from './panel.js';
import { datasourceVariable, type VariableSpec, variableJson } from './variable.js';

/** Panels of one height, side by side. */
export interface RowSpec {
  readonly title: string;
  readonly height: number;
  readonly panels: readonly PanelSpec[];
  /** Closed until it is asked for: its queries do not run before. */
  readonly isCollapsed?: boolean;
}

export interface DashboardSpec {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly source: 'influxdb' | 'prometheus';
  /** Uid of the data source that is chosen at the beginning; without it Grafana's default of the type. */
  readonly sourceUid?: string;
  readonly variables: readonly VariableSpec[];
  readonly rows: readonly RowSpec[];
  readonly annotations: readonly AnnotationSpec[];
  /** Dashboards to go to, with time and variables. */
  readonly links: readonly { readonly uid: string; readonly title: string }[];
  /** How far back it looks at the beginning; one hour if not said. */
  readonly from?: string;
}

const COLUMNS = 24;
const TAG = 'sluice';

/** A list of all that have our tag: also of those that a user has made. */
const OTHERS = { ...linkJson('All', ''), type: 'dashboards', tags: [TAG], asDropdown: true };

/** Classic dashboard JSON (Grafana 10 to 13). Panels go left to right and wrap, so none overlaps. */
export function dashboardJson(spec: DashboardSpec): object {
  const { source } = spec;
  return {
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
    panels: placed(spec.rows),
  };
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

function placed(rows: readonly RowSpec[]): object[] {
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
    // Of a closed row only its title takes room: Grafana moves what follows when it is opened.
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

/** Ids from titles: a panel keeps its id, and links to it keep their end, when others come or go. */
class PanelIds {
  readonly #taken = new Set<number>();

  idOf(title: string): number {
    let id = (fnv1a(title) % LARGEST_ID) + 1;
    while (this.#taken.has(id)) id = (id % LARGEST_ID) + 1;
    this.#taken.add(id);
    return id;
  }
}

/** 32-bit FNV-1a of the text's UTF-16 units. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) {
    hash ^= text.charCodeAt(at);
    hash = Math.imul(hash, 0x01000193);
  }
  return hash >>> 0;
}
