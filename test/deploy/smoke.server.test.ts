import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { ALERTS } from '../../grafana/alerts/alerts.js';
import { dashboards } from '../../grafana/generate.js';
import { GatewayProcess } from '../../harness/gateway-process.js';
import { runProgram } from '../../harness/programs.js';
import { requireServer } from '../../harness/servers.js';
import { packageRoot } from '../../src/lib/package-root.js';
import { tempDirectory } from '../support/temp-directory.js';

const SCRIPT = join(packageRoot(), 'deploy', 'smoke.sh');
const GRAFANA = join(packageRoot(), 'grafana');
const PROFILES = ['embedded', 'influxdb1', 'influxdb3', 'kinesis'];

const read = (...path: string[]) =>
  parse(readFileSync(join(GRAFANA, ...path), 'utf8')) as Record<string, unknown>;
const uidOf = (named: object) => (named as { uid: string }).uid;
const times = (count: number, text: string) => Array.from({ length: count }, () => text).join(',');
/** What the parts would answer: a pattern of the address, and the answer. The first that fits counts. */
const ANSWERS: readonly (readonly [pattern: string, answer: string])[] = [
  ['*log_size_bytes*', '{"results":[{"series":[{"values":[["2026-01-01T00:00:00Z",512]]}]}]}'],
  ['*:28086/query', '{"results":[{"series":[{"values":[["2026-01-01T00:00:00Z",21.5]]}]}]}'],
  ['*/readyz', '{"ready":true,"problems":[]}'],
  ['*/api/ledger', '{"received":5,"written":5,"balanced":true}'],
  ['*:28080/', '<title>Sluice</title>'],
  ...readdirSync(join(GRAFANA, 'dashboards')).map((file): [string, string] => {
    const uid = uidOf(read('dashboards', file));
    return [`*/api/dashboards/uid/${uid}`, `{"dashboard":{"uid":"${uid}"}}`];
  }),
  ['*/api/datasources/uid/*/health', '{"message":"","status":"OK"}'],
  ['*/api/v1/provisioning/alert-rules', times(ALERTS.length, '{"folderUID":"f"}')],
  [
    '*:23000/api/prometheus/*/rules',
    times(ALERTS.length, '{"health":"ok","lastEvaluation":"2026-01-01T00:00:00Z"}'),
  ],
  ['*:9090/api/v1/rules', times(ALERTS.length, '{"health":"ok"}')],
  ['*:9090/api/v1/targets', '{"health":"up"}'],
  ['*:9090/api/v1/query', '{"value":[1,"5"]}'],
];

/** Runs the script with a docker and a curl that only say so; those are what it needs besides a shell. */
async function smoke(answers: typeof ANSWERS, profiles: readonly string[] = []) {
  const directory = tempDirectory();
  const program = (name: string, text: string) => {
    writeFileSync(join(directory, name), `#!/bin/bash\n${text}\n`);
    chmodSync(join(directory, name), 0o755);
  };
  program('docker', `echo "$*" >>${JSON.stringify(join(directory, 'calls'))}`);
  const cases = answers.map(([pattern, answer]) => `${pattern}) echo '${answer}'; exit ;;`);
  program('curl', `for word in "$@"; do case "$word" in\n${cases.join('\n')}\nesac; done`);
  const result = await runProgram('bash', [SCRIPT, ...profiles], {
    env: { PATH: `${directory}:${process.env.PATH}`, SMOKE_PATIENCE_S: '0' },
  });
  return { ...result, calls: readFileSync(join(directory, 'calls'), 'utf8').trim().split('\n') };
}

describe('deploy/smoke.sh', () => {
  it('is a script that bash takes', async () => {
    expect(await runProgram('bash', ['-n', SCRIPT])).toMatchObject({ code: 0, stderr: '' });
  });

  it.skipIf(!requireServer('shellcheck'))('leaves shellcheck nothing to say', async () => {
    expect((await runProgram('shellcheck', [SCRIPT])).stdout).toBe('');
  });

  it('starts a project of its own with every profile, asks every part, and removes it all', async () => {
    const { code, stdout, stderr, calls } = await smoke(ANSWERS, PROFILES);
    expect(`${code} ${stdout}${stderr}`).toMatch(/^0 [\s\S]*Everything answered as it should\.\n$/);
    expect(stdout.match(/^ok {2}/gm)!.length).toBeGreaterThan(25);
    const composed = calls.filter((call) => call.startsWith('compose --project-name'));
    for (const call of composed) {
      expect(call).toMatch(/^compose --project-name sluice-smoke --env-file \S+ --profile prometheus /);
      for (const profile of PROFILES) expect(call).toContain(`--profile ${profile}`);
    }
    expect(composed.some((call) => call.includes('up --detach --wait'))).toBe(true);
    expect(calls.at(-1)).toContain('down --volumes --remove-orphans');
  });

  it.each([
    { profiles: [], files: ['sluice.yaml'] },
    { profiles: ['kinesis', 'influxdb3'], files: ['sluice.yaml', 'influxdb3.yaml'] },
    { profiles: PROFILES, files: readdirSync(join(GRAFANA, 'provisioning', 'datasources')) },
  ])('asks Grafana for all dashboards and, with profiles $profiles, data sources of $files', async (run) => {
    const { stdout } = await smoke(ANSWERS, run.profiles);
    const asked = (what: string) =>
      [...stdout.matchAll(new RegExp(`^ok {2}${what} (\\S+)$`, 'gm'))].map(([, uid]) => uid).sort();
    expect(asked('dashboard')).toEqual([...dashboards().values()].map(uidOf).sort());
    const sources = run.files.flatMap(
      (file) => read('provisioning', 'datasources', file).datasources as object[],
    );
    expect(asked('data source')).toEqual(sources.map(uidOf).sort());
  });

  it('publishes a reading that a gateway takes with the rules of docker-compose.yml', async () => {
    const rules = readFileSync(join(packageRoot(), 'deploy/sluice/influxdb2.yaml'), 'utf8');
    const gateway = new GatewayProcess({
      directory: tempDirectory(),
      config: `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: 0 }] }
http: { host: 127.0.0.1, port: 0 }
${/^rules:[\s\S]*?(?=^\S(?!ules))/m.exec(rules)![0]}`,
    });
    onTestFinished(() => gateway.end());
    await gateway.start();
    const script = /node -e "([\s\S]*?)"\n}/
      .exec(readFileSync(SCRIPT, 'utf8'))![1]!
      .replaceAll('\\"', '"')
      .replace(':1883', `:${gateway.mqttPort}`);
    const published = await runProgram(process.execPath, ['-e', script], { cwd: packageRoot() });
    expect(published).toMatchObject({ code: 0, stderr: '' });
    expect(await gateway.ledgerWhen(({ buffered }) => buffered === 0)).toMatchObject({
      received: 1,
      written: 1,
    });
    const { measurements } = (await (await fetch(`${gateway.httpUrl}/api/measurements`)).json()) as {
      measurements: { name: string }[];
    };
    expect(measurements.map(({ name }) => name)).toEqual(['sensordata']);
  });

  it.each(ANSWERS.map(([pattern]) => pattern))(
    'fails and removes it all when %s is not right',
    async (pattern) => {
      const wrong = ANSWERS.map(([one, answer]): [string, string] => [
        one,
        one === pattern ? '{"health":"down"}' : answer,
      ]);
      const { code, stdout, calls } = await smoke(wrong);
      expect(code).toBe(1);
      expect(stdout).toMatch(/\nFAILED: .+\n$/);
      expect(calls.at(-1)).toContain('down --volumes --remove-orphans');
    },
  );

  it.each([
    [
      'an alert rule of Grafana has failed',
      '*:23000/api/prometheus/*/rules',
      '"health":"ok"',
      '"health":"error"',
    ],
    [
      'an alert rule of Grafana was never evaluated',
      '*:23000/api/prometheus/*/rules',
      '2026-01-01',
      '0001-01-01',
    ],
    ['an alert rule of Prometheus has failed', '*:9090/api/v1/rules', '"health":"ok"', '"health":"err"'],
    ['a target of Prometheus is down', '*:9090/api/v1/targets', 'up', 'down'],
    ['the ledger does not balance', '*/api/ledger', 'true', 'false'],
  ])('fails when %s', async (_what, pattern, from, to) => {
    const wrong = ANSWERS.map(([one, answer]): [string, string] => [
      one,
      one === pattern ? answer.replace(from, to) : answer,
    ]);
    expect(wrong).not.toEqual(ANSWERS);
    expect((await smoke(wrong)).code).toBe(1);
  });

  it('fails for a profile that it would not check', async () => {
    const { code, stdout } = await smoke(ANSWERS, ['influxdb4']);
    expect(code).toBe(1);
    expect(stdout).toContain('the profile influxdb4, which this script does not know');
  });
});
