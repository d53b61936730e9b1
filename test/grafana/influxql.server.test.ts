import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requireServer } from '../../harness/servers.js';
import { runMain } from '../commands/run-main.js';
import { askEmbedded, askInflux, difference } from '../sink/duckdb/influxql/both-stores.js';
import { influxQuery } from '../support/influx-read-back.js';
import { copyStore } from './copied-store.js';
import { dashboardProblems } from './dashboard-lint.js';
import { asking, DASHBOARDS, type Dashboard } from './dashboard-shape.js';
import { anyOf, interpolate } from './interpolate.js';
import { INTERVAL, type RunningFleet, startFleet } from './running-fleet.js';

const ALL = '.*';
const HOUR_NS = 3_600_000_000_000n;
/** The gateway that fills the store computes no windows. */
const OF_WINDOWS = /\("windows_|__interval_ms >=/;
const ofInflux = DASHBOARDS.filter(({ dashboard }) => dashboard.templating.list[0]!.query === 'influxdb');

describe.skipIf(!requireServer('influxd'))(
  'on InfluxDB 1.6, filled by a gateway and the simulated fleet',
  () => {
    let fleet: RunningFleet;

    beforeAll(async () => {
      fleet = await startFleet();
    }, 120_000);

    afterAll(() => fleet?.stop());

    it.each(ofInflux)('$file: every query returns data', async ({ dashboard }) => {
      await expectData(fleet, dashboard);
    });

    it.each([
      ['sluice dashboard', []],
      ['sluice dashboard --from-store', ['--from-store']],
    ])('%s: every query returns data', async (_name, args) => {
      const { exitCode, stdout, stderr } = await runMain('dashboard', '-c', fleet.configFile, ...args);
      expect(exitCode, stderr).toBe(0);
      const dashboard = JSON.parse(stdout) as Dashboard;
      expect(dashboardProblems(dashboard)).toEqual([]);
      // Nothing has come on other topics: of this measurement there is nothing to see.
      await expectData(fleet, dashboard, 'telemetry');
      await expectAlike(fleet, dashboard, 'telemetry');
    });

    it.each(ofInflux)('$file: the embedded store answers every query alike', async ({ dashboard }) => {
      await expectAlike(fleet, dashboard);
    });

    it.each([
      ['a field', /power\\"/g, 'powr\\"'],
      ['a measurement', /FROM \\"energy/g, 'FROM \\"enrgy'],
      ['a tag', /GROUP BY \\"building/g, 'GROUP BY \\"bilding'],
    ])('%s that is not there is noticed', async (_what, found, broken) => {
      const { dashboard } = ofInflux.find(({ file }) => file === 'fleet-overview.json')!;
      const text = JSON.stringify(dashboard).replace(found, broken);
      expect(text).not.toBe(JSON.stringify(dashboard));
      await expect(expectData(fleet, JSON.parse(text) as Dashboard)).rejects.toThrow(/SELECT/);
    });
  },
);

/** The panels, annotations and variables, over the time before the points were copied. */
async function expectAlike(fleet: RunningFleet, dashboard: Dashboard, without?: string): Promise<void> {
  const copied = await copyStore(fleet.url, fleet.database);
  try {
    // The gateway goes on measuring itself. Its samples come in order: before the last one that was copied, none is missing.
    const newest = await askEmbedded(copied.sink, 'SELECT last("log_size_bytes") FROM "sluice"');
    const untilNs = BigInt(String(newest.body.results?.[0]?.series?.[0]?.values[0]?.[0])) - 1n;
    const { values } = await chosen(fleet, dashboard, without);
    const fixed = new Map(values)
      .set('timeFilter', `time >= ${untilNs - HOUR_NS} AND time <= ${untilNs}`)
      .set('__interval', '10s');
    const queries = [
      ...asking(dashboard).flatMap(({ targets }) => targets!.map(({ query }) => query!)),
      ...dashboard.annotations.list.map(({ target }) => target!.query),
      ...dashboard.templating.list
        .filter(({ type }) => type === 'query')
        .map(({ query }) => query)
        .filter((query) => without === undefined || !query.includes(`FROM "${without}"`)),
    ];
    const different: string[] = [];
    let withRows = 0;
    for (const query of queries) {
      const statement = interpolate(query, fixed);
      const theirs = await askInflux(fleet.url, fleet.database, statement);
      if (theirs.body.results?.[0]?.series !== undefined) withRows += 1;
      const found = difference(theirs, await askEmbedded(copied.sink, statement));
      if (found !== undefined) different.push(`${statement}\n    ${found}`);
    }
    expect(different).toEqual([]);
    expect(withRows).toBeGreaterThan(queries.length / 3);
  } finally {
    await copied.stop();
  }
}

/** `without`: a measurement that holds nothing. */
async function expectData(fleet: RunningFleet, dashboard: Dashboard, without?: string): Promise<void> {
  const { values, several } = await chosen(fleet, dashboard, without);
  const queries = [
    ...asking(dashboard).flatMap(({ title, targets }) =>
      targets!.map(({ query }) => ({ title, query: query! })).filter(({ query }) => !OF_WINDOWS.test(query)),
    ),
    ...dashboard.annotations.list.map(({ name, target }) => ({ title: name, query: target!.query })),
  ].filter(({ query }) => without === undefined || !query.includes(`FROM "${without}"`));
  expect(queries.length).toBeGreaterThan(0);
  for (const { title, query } of queries) {
    const statement = interpolate(query, values);
    const found = await influxQuery(fleet.url, fleet.database, statement);
    expect(cells(found), `${title}: ${statement}`).toBeGreaterThan(0);
    expect([...emptyTags(found), ...emptyColumns(found)], `${title}: ${statement}`).toEqual([]);
  }
  for (const [name, some] of several) {
    const narrowed = new Map(values).set(name, anyOf(some));
    const using = queries.filter(({ query }) => query.includes(`$${name}$/`));
    const counts = [];
    for (const { query } of using) {
      counts.push(cells(await influxQuery(fleet.url, fleet.database, interpolate(query, narrowed))));
    }
    expect(Math.max(...counts), `some of ${name}`).toBeGreaterThan(0);
  }
}

/** What stands in each variable at first, by its own query; and two values of those that take several. */
async function chosen(fleet: RunningFleet, { templating }: Dashboard, without: string | undefined) {
  const values = new Map([
    ['timeFilter', 'time >= now() - 1h AND time <= now()'],
    ['__interval', INTERVAL],
    ['__interval_ms', '10000'],
  ]);
  const several = new Map<string, string[]>();
  for (const { name, type, query, current } of templating.list) {
    if (type === 'datasource') continue;
    if (type === 'custom') {
      values.set(name, current!.value as string);
      continue;
    }
    const found = await options(fleet, interpolate(query, values));
    if (without !== undefined && query.includes(`FROM "${without}"`)) {
      values.set(name, 'nothing');
      continue;
    }
    expect(found.length, `variable ${name}: ${query}`).toBeGreaterThan(0);
    const isMulti = current !== undefined;
    values.set(name, isMulti ? ALL : found[0]!);
    if (isMulti) several.set(name, found.slice(0, 2));
  }
  return { values, several };
}

/** Of a SHOW statement, in the order of Grafana. */
async function options({ url, database }: RunningFleet, q: string): Promise<string[]> {
  const series = await influxQuery(url, database, q);
  const found = series.flatMap(({ columns, values }) =>
    values.map((row) => String(row[columns.includes('value') ? columns.indexOf('value') : 0])),
  );
  return [...new Set(found)].sort();
}

type Answer = Awaited<ReturnType<typeof influxQuery>>;

/** Number of values beside the time that are there. */
function cells(answer: Answer): number {
  return answer.flatMap(({ values }) => values.flatMap((row) => row.slice(1).filter((cell) => cell !== null)))
    .length;
}

/** Tags that it is grouped by and that no series has: InfluxDB groups by any word. */
function emptyTags(answer: Answer): string[] {
  const tags = [...new Set(answer.flatMap(({ tags = {} }) => Object.keys(tags)))];
  return tags.filter((tag) => answer.every((series) => series.tags?.[tag] === ''));
}

/** Columns without any value: a field or a tag that is not there. */
function emptyColumns(answer: Answer): string[] {
  const columns = [...new Set(answer.flatMap((series) => series.columns))];
  return columns.filter((column) =>
    answer.every(({ columns: own, values }) => {
      const at = own.indexOf(column);
      return values.every((row) => (row[at] ?? '') === '');
    }),
  );
}
