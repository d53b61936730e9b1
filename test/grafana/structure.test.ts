import { describe, expect, it } from 'vitest';
import { type DashboardSpec, dashboardJson } from '../../src/grafana/dashboard-json.js';
import { promql } from '../../src/grafana/query.js';
import { dashboardProblems } from './dashboard-lint.js';
import { all, DASHBOARDS, type Dashboard } from './dashboard-shape.js';

const uids = DASHBOARDS.map(({ dashboard }) => dashboard.uid);
const linksOf = ({ links }: Dashboard) =>
  links.filter(({ url }) => url !== '').map(({ url }) => url.replace('/d/', ''));

it('uids and titles are unique', () => {
  expect(new Set(uids).size).toBe(uids.length);
  expect(new Set(DASHBOARDS.map(({ dashboard }) => dashboard.title)).size).toBe(uids.length);
});

describe.each(DASHBOARDS)('$file', ({ dashboard }) => {
  it('keeps every rule', () => {
    expect(dashboardProblems(dashboard)).toEqual([]);
  });

  it('links to all other dashboards with time range and variables', () => {
    expect(linksOf(dashboard).sort()).toEqual(uids.filter((uid) => uid !== dashboard.uid).sort());
  });

  it('lists all dashboards of Sluice, including those of the user', () => {
    expect(dashboard.links.at(-1)).toMatchObject({ type: 'dashboards', tags: ['sluice'], asDropdown: true });
  });

  it('annotates restarts, outages and resharding', () => {
    const names = dashboard.annotations.list.map(({ name }) => name).join(', ');
    expect(names).toMatch(/started/);
    expect(names).toMatch(/[Oo]utage/);
    expect(names).toMatch(/[Rr]eshard|Shards/);
  });
});

describe('ids', () => {
  const panel = (title: string) =>
    ({ title, description: '', kind: 'stat', unit: 's', width: 6, queries: [promql('up')] }) as const;
  const made = (titles: readonly string[]) => {
    const spec: DashboardSpec = {
      uid: 'u',
      title: 't',
      description: '',
      source: 'prometheus',
      variables: [],
      annotations: [],
      links: [],
      rows: [{ title: 'Row', height: 4, panels: titles.map(panel) }],
    };
    const { panels } = dashboardJson(spec) as Dashboard;
    return new Map(panels.map(({ title, id }) => [title, id]));
  };

  it('stay the same when other panels are added or removed', () => {
    const before = made(['a', 'b']);
    const after = made(['new', 'b', 'c', 'a']);
    for (const title of ['Row', 'a', 'b']) expect(after.get(title)).toBe(before.get(title));
  });

  it('are unique even for equal titles', () => {
    const spec = dashboardJson({
      uid: 'u',
      title: 't',
      description: '',
      source: 'prometheus',
      variables: [],
      annotations: [],
      links: [],
      rows: [{ title: 'Row', height: 4, panels: [panel('a'), panel('a')] }],
    }) as Dashboard;
    expect(new Set(all(spec).map(({ id }) => id)).size).toBe(3);
  });
});

describe('the rules of dashboards detect', () => {
  const { dashboard: good } = DASHBOARDS.find(({ file }) => file === 'fleet-overview.json')!;
  const broken: readonly [string, (dashboard: Broken) => void, RegExp][] = [
    ['a misspelt key', (d) => Object.assign(d.panels[1]!, { titel: 'x' }), /titel/],
    ['a panel without a description', (d) => (d.panels[1]!.description = ''), /description/],
    ['an unknown unit', (d) => (d.panels[2]!.fieldConfig.defaults.unit = 'celcius'), /unit celcius/],
    ['one id for two', (d) => (d.panels[1]!.id = d.panels[2]!.id), /twice/],
    ['panels over each other', (d) => (d.panels[2]!.gridPos.x = 0), /over another/],
    ['a link that leaves the time behind', (d) => (d.links[0]!.keepTime = false), /keepTime/],
    ['a link that leaves variables behind', (d) => (d.links[0]!.includeVars = false), /includeVars/],
    [
      'an unknown variable',
      (d) => query(d, 'SELECT last("x") FROM "m" WHERE "a" = \'$b\' AND $timeFilter'),
      /variable b/,
    ],
    ['a database', (d) => query(d, 'SELECT last("x") FROM "d"."r"."m" WHERE $timeFilter'), /not portable/],
    [
      'SLIMIT',
      (d) => query(d, 'SELECT last("x") FROM "m" WHERE $timeFilter GROUP BY "t" SLIMIT 1'),
      /not portable/,
    ],
    ['no time filter', (d) => query(d, 'SELECT last("x") FROM "m"'), /not portable/],
    [
      'a function that v3 lacks',
      (d) => query(d, 'SELECT sample("x", 3) FROM "m" WHERE $timeFilter'),
      /sample/,
    ],
    [
      'an annotation that is not portable',
      (d) => (d.annotations.list[0]!.target.query = 'SHOW SERIES'),
      /portable/,
    ],
    ['rates that do not begin at 0', (d) => (d.panels[5]!.fieldConfig.defaults.min = -1), /begin at 0/],
  ];

  it.each(broken)('%s', (_what, breakIt, problem) => {
    const copy = structuredClone(good) as unknown as Broken;
    breakIt(copy);
    expect(dashboardProblems(copy as unknown as Dashboard).join('\n')).toMatch(problem);
  });
});

function query(dashboard: Broken, text: string): void {
  dashboard.panels[1]!.targets[0]!.query = text;
}

interface Broken {
  readonly panels: {
    id: number;
    description: string;
    readonly gridPos: { x: number };
    readonly fieldConfig: { readonly defaults: { unit: string; min?: number } };
    readonly targets: { query: string }[];
  }[];
  readonly links: { keepTime: boolean; includeVars: boolean }[];
  readonly annotations: { readonly list: { readonly target: { query: string } }[] };
}
