import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningServer, requireServer, startInfluxd } from '../support/servers.js';
import { asking, DASHBOARDS } from './dashboard-shape.js';

const CHOSEN: Record<string, string> = {
  city: '(Oslo|Lima)',
  measurement: 'climate',
  field: 'humidity',
  tag: 'site',
  value: '(north)',
  timeFilter: 'time >= now() - 1h AND time <= now()',
  __interval: '10s',
};
const LINES = [
  'sensordata,city=Oslo,device=a temperature=20.5,humidity=40',
  'sensordata,city=Lima,device=b temperature=25,humidity=70',
  'climate,site=north,device=c temperature=19,humidity=50',
  'energy,building=main,meter=m1 power=120',
];
const queries = DASHBOARDS.flatMap(({ file, dashboard }) => [
  ...asking(dashboard).flatMap(({ title, targets }) =>
    targets!.flatMap(({ query }) => (query === undefined ? [] : [[`${file}: ${title}`, query] as const])),
  ),
  ...dashboard.templating.list
    .filter(({ query }) => query.startsWith('SHOW'))
    .map(({ name, query }) => [`${file}: variable ${name}`, query] as const),
]);

describe.skipIf(!requireServer('influxd'))('on InfluxDB 1.6', () => {
  let server: RunningServer;

  beforeAll(async () => {
    server = await startInfluxd({ databases: ['telemetry'] });
    const written = await fetch(`${server.url}/write?db=telemetry`, {
      method: 'POST',
      body: LINES.join('\n'),
    });
    expect(written.status).toBe(204);
  });

  afterAll(() => server?.stop());

  it.each(queries)('%s gives data', async (_name, query) => {
    const q = query.replace(/\$(\w+)/g, (_all, name: string) => CHOSEN[name]!);
    const answer = await fetch(`${server.url}/query?db=telemetry`, {
      method: 'POST',
      body: new URLSearchParams({ q }),
    });
    const { results } = (await answer.json()) as {
      results: { error?: string; series?: { values: unknown[][] }[] }[];
    };
    expect(results[0]!.error, q).toBeUndefined();
    const numbers = (results[0]!.series ?? []).flatMap(({ values }) =>
      values.filter((row) => row.slice(query.startsWith('SHOW') ? 0 : 1).some((cell) => cell !== null)),
    );
    expect(numbers.length, q).toBeGreaterThan(0);
  });
});
