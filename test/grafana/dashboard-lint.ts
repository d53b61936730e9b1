import { unitWords } from '../../src/grafana/units.js';
import { dashboardSchema } from './dashboard-schema.js';
import { all, asking, type Dashboard, type Panel } from './dashboard-shape.js';
import { influxqlProblems } from './influxql-lint.js';

/** Variables that Grafana replaces itself. */
const BUILT_IN = /^(timeFilter|__interval|__interval_ms|__rate_interval|__to|__all|col|tag_\w+)$/;

/** Ids of Grafana's units that our panels use and no word of a rule stands for. */
const FURTHER_UNITS = ['pps', 'ops', 'wps', 'reqps', 'string', 'bool_on_off', 'dateTimeFromNow'];
const UNITS = new Set([...unitWords().map(([unit]) => unit), ...FURTHER_UNITS]);

/** Units of numbers that cannot be negative: their axis begins at 0. */
const FROM_ZERO = new Set(['pps', 'ops', 'wps', 'reqps', 'Bps', 'bytes', 's', 'percentunit', 'short']);

/** Returns all problems of a dashboard, one line each. */
export function dashboardProblems(dashboard: Dashboard): string[] {
  const checked = dashboardSchema.safeParse(dashboard);
  if (!checked.success) return checked.error.issues.map((issue) => JSON.stringify(issue));
  return [
    ...repeated(all(dashboard).map(({ id }) => `id ${id}`)),
    ...repeated(all(dashboard).map(({ title }) => `title ${title}`)),
    ...repeated(dashboard.templating.list.map(({ name }) => `variable ${name}`)),
    ...repeated(dashboard.annotations.list.map(({ name }) => `annotation ${name}`)),
    ...overlaps(dashboard.panels),
    ...dashboard.panels.flatMap(({ panels }) => overlaps(panels ?? [])),
    ...undefinedVariables(dashboard),
    ...asking(dashboard).flatMap(panelProblems),
    ...dashboard.annotations.list.flatMap(({ target }) =>
      target === undefined ? [] : influxqlProblems(target.query),
    ),
    ...dashboard.templating.list.flatMap(({ type, query }) =>
      type === 'query' && query.startsWith('SHOW') ? influxqlProblems(query) : [],
    ),
  ];
}

function panelProblems(panel: Panel): string[] {
  const { title, type, fieldConfig, datasource, targets, description } = panel;
  const problems: string[] = [];
  const report = (problem: string) => problems.push(`${title}: ${problem}`);
  const { unit, min, thresholds } = fieldConfig!.defaults;
  const units = [unit, ...fieldConfig!.overrides.flatMap(({ properties }) => unitsOf(properties))];
  for (const one of units) {
    if (!UNITS.has(one) && !/^(suffix|prefix|si|count|currency|bool|time):/.test(one)) report(`unit ${one}`);
  }
  if (type === 'timeseries' && FROM_ZERO.has(unit) && min !== 0) report(`${unit} that does not begin at 0`);
  if (description!.length < 60) report('a description that is too short');
  if (!description!.endsWith('.')) report('a description without an end');
  const isColoured = thresholds.steps.length > 1;
  if (isColoured && !/Normal|Yellow|Red/.test(description!))
    report('thresholds without a description of what is normal');
  if (datasource!.uid !== `\${${datasource!.type}}`) report('another data source than the selected one');
  const refs = targets!.map(({ refId }) => refId);
  if (new Set(refs).size !== refs.length) report('two queries of one name');
  for (const { query } of targets!) {
    if (query !== undefined) problems.push(...influxqlProblems(query).map((what) => `${title}: ${what}`));
  }
  return problems;
}

function unitsOf(properties: readonly { readonly id: string; readonly value: unknown }[]): string[] {
  return properties.filter(({ id }) => id === 'unit').map(({ value }) => String(value));
}

function repeated(values: readonly string[]): string[] {
  return values.filter((value, at) => values.indexOf(value) !== at).map((value) => `${value} twice`);
}

function overlaps(panels: readonly Panel[]): string[] {
  const problems: string[] = [];
  const taken = new Set<string>();
  for (const { gridPos, title } of panels) {
    if (gridPos.x + gridPos.w > 24) problems.push(`${title}: beyond column 24`);
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        if (taken.has(`${x},${y}`)) return [`${title}: over another panel`];
        taken.add(`${x},${y}`);
      }
    }
  }
  return problems;
}

function undefinedVariables(dashboard: Dashboard): string[] {
  const defined = dashboard.templating.list.map(({ name }) => name);
  const used = [...JSON.stringify(dashboard).matchAll(/\$(?:\{(\w+)\}|(\w+))/g)].map(([, a, b]) => (a ?? b)!);
  const unknown = used.filter((name) => !defined.includes(name) && !BUILT_IN.test(name));
  const unused = defined.filter((name) => !used.includes(name));
  return [
    ...unknown.map((name) => `variable ${name} is not defined`),
    ...unused.map((name) => `variable ${name} is not used`),
  ];
}
