import { describe, expect, it } from 'vitest';
import type { ChartedMeasurement } from '../../src/grafana/charted.js';
import { dashboardJson } from '../../src/grafana/dashboard-json.js';
import { rulesDashboard } from '../../src/grafana/rules-dashboard.js';
import { dashboardProblems } from './dashboard-lint.js';
import { asking, type Dashboard } from './dashboard-shape.js';

const AS = { uid: 'u', title: 't', datasourceUid: 'iot-influx' };
const made = (measurements: readonly ChartedMeasurement[]) =>
  dashboardJson(rulesDashboard(measurements, AS)) as Dashboard;
const panelOf = (dashboard: Dashboard, title: string) =>
  asking(dashboard).find((panel) => panel.title === title)!;

const WEATHER: ChartedMeasurement = {
  name: 'weather',
  tags: ['site', 'device'],
  fields: [
    { name: 't', kind: 'number', unit: 'celsius', range: [-60, 60] },
    { name: 'raining', kind: 'boolean' },
    { name: 'state', kind: 'text' },
  ],
};

describe('the dashboard of the rules', () => {
  it('keeps the rules of all dashboards', () => {
    expect(dashboardProblems(made([WEATHER]))).toEqual([]);
  });

  it('has the unit of the rule, and its range as limits of the axis', () => {
    const { defaults } = panelOf(made([WEATHER]), 'weather: t').fieldConfig!;
    expect(defaults).toMatchObject({ unit: 'celsius', min: -60, max: 60 });
    const [override] = panelOf(made([WEATHER]), 'weather: latest values').fieldConfig!.overrides;
    expect(override).toEqual({
      matcher: { id: 'byName', options: 't' },
      properties: [
        { id: 'min', value: -60 },
        { id: 'max', value: 60 },
        { id: 'unit', value: 'celsius' },
      ],
    });
  });

  it('shows booleans and texts as states, and does not query their mean', () => {
    const dashboard = made([WEATHER]);
    for (const title of ['weather: raining', 'weather: state']) {
      expect(panelOf(dashboard, title).type).toBe('state-timeline');
      expect(panelOf(dashboard, title).targets![0]!.query).not.toContain('mean');
    }
  });

  it('splits by the tag that names a device, whatever its position, and filters by each tag', () => {
    const { query } = panelOf(made([WEATHER]), 'weather: t').targets![0]!;
    expect(query).toBe(
      'SELECT mean("t") FROM "weather" WHERE "site" =~ /^$site$/ AND "device" =~ /^$device$/ AND $timeFilter GROUP BY time($__interval), "device" fill(null)',
    );
  });

  it.each([
    [['device', 'site'], 'device'],
    [['site', 'device_name', 'meter'], 'device_name'],
    [['meter', 'building'], 'meter'],
    [['serial', 'hall'], 'serial'],
    [['hall', 'line'], 'line'],
  ])('of the tags %j takes %s for the device', (tags, device) => {
    const { query } = panelOf(made([{ ...WEATHER, tags }]), 'weather: t').targets![0]!;
    expect(query).toContain(`GROUP BY time($__interval), "${device}" fill`);
  });

  it('has one variable for a tag of two measurements', () => {
    const { list } = made([WEATHER, { ...WEATHER, name: 'power' }]).templating;
    expect(list.map(({ name, query }) => [name, query])).toEqual([
      ['influxdb', 'influxdb'],
      ['site', 'SHOW TAG VALUES WITH KEY = "site"'],
      ['device', 'SHOW TAG VALUES WITH KEY = "device"'],
      ['silent', expect.any(String)],
    ]);
  });

  it('lets the user choose a field when the fields are unknown', () => {
    const dashboard = made([{ name: 'telemetry', tags: ['device'] }]);
    expect(dashboardProblems(dashboard)).toEqual([]);
    expect(dashboard.templating.list.map(({ query }) => query)).toContain('SHOW FIELD KEYS FROM "telemetry"');
  });

  it.each([
    ['names with quotes, blanks and dots', { name: 'a "b" c', tags: ['my tag', 'a.b'] }],
    ['tags with the names of its own variables', { name: 'm', tags: ['silent', 'influxdb', '1st', '__x'] }],
    ['two tags that differ in signs only', { name: 'm', tags: ['a-b', 'a_b', 'a.b'] }],
    ['no tag', { name: 'm', tags: [] }],
  ])('keeps the rules with %s', (_what, { name, tags }) => {
    expect(dashboardProblems(made([{ ...WEATHER, name, tags }]))).toEqual([]);
    expect(dashboardProblems(made([{ name, tags }]))).toEqual([]);
  });

  it('has no panel of silent devices without a tag', () => {
    expect(asking(made([{ ...WEATHER, tags: [] }])).map(({ title }) => title)).not.toContain(
      'Silent devices',
    );
  });
});
