import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { dashboardProblems } from '../grafana/dashboard-lint.js';
import { asking, DASHBOARDS, type Dashboard } from '../grafana/dashboard-shape.js';
import { tempDirectory } from '../support/temp-directory.js';
import { runMain } from './run-main.js';

const RULES = `
rules:
  - name: city
    topic: sensors/+city/+device/telemetry
    measurement: weather
    tags: { city: topic.city, device: topic.device }
    fields:
      t: { path: payload.t, type: float, range: [-60, 60], unit: °C }
      wind: { path: payload.wind, unit: Bft }
      ok: { path: payload.ok, type: boolean }
`;
const INFLUX = 'sink: { influx: { url: "http://127.0.0.1:1", database: iot } }\n';

async function dashboard(config: string, ...args: readonly string[]) {
  const file = join(tempDirectory(), 'sluice.yaml');
  writeFileSync(file, config);
  return runMain('dashboard', '-c', file, ...args);
}

describe('sluice dashboard', () => {
  test('writes a dashboard to stdout and nothing to stderr', async () => {
    const { exitCode, stdout, stderr } = await dashboard(RULES + INFLUX);
    expect([exitCode, stderr]).toEqual([0, '']);
    const made = JSON.parse(stdout) as Dashboard;
    expect(dashboardProblems(made)).toEqual([]);
    expect(made).toMatchObject({ uid: 'sluice-rules', title: 'Telemetry' });
    expect(DASHBOARDS.map(({ dashboard: { uid } }) => uid)).not.toContain(made.uid);
    expect(made.templating.list[0]).toMatchObject({ current: { value: 'iot-influx' } });
    const units = asking(made).map(({ title, fieldConfig }) => [title, fieldConfig!.defaults.unit]);
    expect(units).toContainEqual(['weather: t', 'celsius']);
    expect(units).toContainEqual(['weather: wind', 'suffix:Bft']);
  });

  test('writes it to a file, with title, uid and data source of the user', async () => {
    const out = join(tempDirectory(), 'd.json');
    const args = ['--out', out, '--title', 'My sensors', '--uid', 'mine', '--datasource-uid', 'abc'];
    const { exitCode, stdout } = await dashboard(RULES + INFLUX, ...args);
    expect([exitCode, stdout]).toEqual([0, '']);
    const made = JSON.parse(readFileSync(out, 'utf8')) as Dashboard;
    expect(made).toMatchObject({ uid: 'mine', title: 'My sensors' });
    expect(made.templating.list[0]).toMatchObject({ current: { value: 'abc' } });
  });

  test('is the same twice', async () => {
    const first = await dashboard(RULES + INFLUX);
    expect((await dashboard(RULES + INFLUX)).stdout).toBe(first.stdout);
  });

  test('says what it cannot know: fields of auto, fields without a type, a store that is not InfluxDB', async () => {
    const { exitCode, stdout, stderr } = await dashboard(
      `${RULES}  - { name: rest, topic: "#", measurement: telemetry, fields: auto }\n  - { name: more, topic: x, measurement: more, fields: { state: payload.state } }\n`,
    );
    expect(exitCode).toBe(0);
    expect(dashboardProblems(JSON.parse(stdout) as Dashboard)).toEqual([]);
    expect(stderr).toContain('The fields of telemetry are not known before points are stored (fields: auto)');
    expect(stderr).toContain('With --from-store');
    expect(stderr).toContain('These fields have no type and are charted as numbers: more.state.');
    expect(stderr).toContain('DuckDB');
  });

  test('without rules lets the user choose a field of the built-in rule', async () => {
    const { stdout, stderr } = await dashboard(INFLUX);
    expect(dashboardProblems(JSON.parse(stdout) as Dashboard)).toEqual([]);
    expect(stderr).toContain('The fields of telemetry');
  });

  test.each([
    ['a uid that Grafana refuses', RULES, ['--uid', 'a b'], 2, '1 to 40 letters'],
    ['an empty title', RULES, ['--title', ''], 2, '--title'],
    [
      'a folder that is not there',
      RULES,
      ['--out', '/nowhere/at/all.json'],
      2,
      '--out: the file cannot be written',
    ],
    ['an invalid configuration', 'rules: 5', [], 2, 'sluice.yaml:1:1: rules'],
    [
      '--from-store without InfluxDB',
      RULES,
      ['--from-store'],
      2,
      '--from-store: the configuration stores in DuckDB',
    ],
    ['a store that does not answer', RULES + INFLUX, ['--from-store'], 1, 'does not answer the query'],
  ])('ends with %s: exit code, and why', async (_what, config, args, exitCode, why) => {
    const outcome = await dashboard(config, ...args);
    expect([outcome.exitCode, outcome.stdout]).toEqual([exitCode, '']);
    expect(outcome.stderr).toContain(why);
  });

  test('the unit of a rule changes nothing of what is stored', async () => {
    const file = join(tempDirectory(), 'sluice.yaml');
    const lineWith = async (config: string) => {
      writeFileSync(file, config);
      const at = ['--topic', 'sensors/pune/d1/telemetry', '--received-at', '2026-03-01T12:00:00Z'];
      return (await runMain('explain', '-c', file, ...at, '--payload', '{"t": 21.5}')).stdout;
    };
    const line = await lineWith(RULES);
    expect(line).toContain('weather,city=pune,device=d1 t=21.5 ');
    expect(await lineWith(RULES.replaceAll(/, unit: [^ ]+ /g, ' '))).toBe(line);
  });

  test('its help shows an example and the exit codes', async () => {
    const { exitCode, stdout } = await runMain('dashboard', '--help');
    expect(exitCode).toBe(0);
    expect(stdout).toContain('$ npx sluice dashboard -c sluice.yaml');
    expect(stdout).toContain('Exit codes:');
  });
});
