import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { freePort } from '../../../harness/free-port.js';
import { GatewayProcess } from '../../../harness/gateway-process.js';
import { requireServer, startInfluxd } from '../../../harness/servers.js';
import { fail, ok, warn } from '../../../src/commands/doctor/check-result.js';
import { checkText, reportJson, summaryText, withTimeout } from '../../../src/commands/doctor/doctor.js';
import { createTestStream, startDynalite, startKinesalite } from '../../support/kinesis-servers.js';
import { tempDirectory } from '../../support/temp-directory.js';
import { runMain } from '../run-main.js';
import { configFile, doctorReport, FREE, influxConfig, runDoctor } from './run-doctor.js';

const NAMES = [
  'node',
  'open files',
  'configuration',
  'gateway',
  'ports',
  'data directory',
  'free space',
  'budgets',
  'disk',
  'clock',
  'store',
];

test('the default store: each check on a line in order, then a summary, and nothing is left behind', async () => {
  const directory = tempDirectory();
  const file = configFile(directory, FREE);
  const { exitCode, stdout, stderr } = await runDoctor(file);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  const lines = stdout.split('\n').filter((line) => /^(ok|warn|FAIL) /.test(line));
  expect(lines.map((line) => line.slice(6, 20).trim())).toEqual(NAMES);
  expect(stdout).toMatch(/^ok +disk .* median [\d.]+ ms, worst [\d.]+ ms; .*group commit/m);
  expect(stdout).toMatch(/^ok +store +DuckDB .*telemetry\.duckdb will be created$/m);
  expect(stdout).toMatch(/\n11 checks: /);
  expect(readdirSync(directory)).toEqual(['sluice.yaml']);
});

test('--json is one object with every check', async () => {
  const { ok, checks, exitCode } = await doctorReport(configFile(tempDirectory(), FREE));
  expect({ ok, exitCode }).toEqual({ ok: true, exitCode: 0 });
  expect(checks.map(({ name }) => name)).toEqual(NAMES);
  for (const { state, advice } of checks) expect(advice === undefined).toBe(state === 'ok');
});

test('an invalid configuration is shown as `check` shows it, exit code 2, and nothing else is looked at', async () => {
  const file = configFile(tempDirectory(), 'brokr: 1\nhttp: { port: x }\n');
  const text = await runDoctor(file);
  expect({ exitCode: text.exitCode, stdout: text.stdout }).toEqual({ exitCode: 2, stdout: '' });
  expect(text.stderr.split('\n')).toEqual([
    expect.stringContaining(`${file}:1:1: brokr: `),
    expect.stringContaining(`${file}:2:9: http.port: `),
    '',
  ]);
  const { exitCode, ok, checks } = await doctorReport(file);
  expect({ exitCode, ok }).toEqual({ exitCode: 2, ok: false });
  expect(checks).toMatchObject([{ name: 'configuration', state: 'fail' }]);
});

test('a check that fails gives exit code 1, its advice, and leaves the others as they are', async () => {
  const directory = tempDirectory();
  writeFileSync(join(directory, 'data'), 'a file in the way');
  const { exitCode, stdout } = await runDoctor(
    influxConfig(directory, `http://127.0.0.1:${await freePort()}`),
  );
  expect(exitCode).toBe(1);
  expect(stdout).toMatch(/^FAIL +data directory .*a file is in its place\n +-> make it writable/m);
  expect(stdout).toMatch(/^FAIL +disk .*ENOTDIR.*\n +-> nothing can be acknowledged/m);
  expect(stdout).toMatch(/^FAIL +store .*cannot be reached: ECONNREFUSED\n +-> start it/m);
  expect(stdout).toMatch(/^ok +ports /m);
  expect(readdirSync(directory).toSorted()).toEqual(['data', 'sluice.yaml']);
});

test('beside a running gateway its ports and its store are in use by right, and it is asked how it is', async () => {
  const [mqttPort, httpPort] = [await freePort(), await freePort()];
  const gateway = new GatewayProcess({
    directory: tempDirectory(),
    config: `broker: { listeners: [{ port: ${mqttPort} }] }\nhttp: { port: ${httpPort} }\n`,
  });
  onTestFinished(() => gateway.end());
  await gateway.start();
  const before = readdirSync(gateway.dataDirectory);
  const { exitCode, of } = await doctorReport(gateway.configFile);
  expect(exitCode).toBe(0);
  expect(of('gateway')).toEqual({
    name: 'gateway',
    state: 'ok',
    found: `a gateway is running here (process ${gateway.pid}); http://127.0.0.1:${httpPort}/readyz reports it ready; no backlog`,
  });
  expect(of('ports').found).toBe(
    `mqtt 127.0.0.1:${mqttPort} in use by the running gateway, http 127.0.0.1:${httpPort} in use by the running gateway`,
  );
  expect(of('store').found).toContain('in use by the running gateway');
  expect(readdirSync(gateway.dataDirectory)).toEqual(before);
  expect(await gateway.stop()).toBe(0);
  expect((await doctorReport(gateway.configFile)).of('store').found).toMatch(/can be opened$/);
});

test.skipIf(!requireServer('influxd'))(
  'InfluxDB 1.6: right, without the database, with a wrong password',
  async () => {
    const server = await startInfluxd({ authEnabled: true });
    onTestFinished(() => server.stop());
    const query = async (q: string) => {
      const headers = { authorization: `Basic ${Buffer.from('a:p').toString('base64')}` };
      const answer = await fetch(`${server.url}/query`, {
        method: 'POST',
        headers,
        body: new URLSearchParams({ q, db: 'd' }),
      });
      return answer.text();
    };
    await query("CREATE USER a WITH PASSWORD 'p' WITH ALL PRIVILEGES");
    await query('CREATE DATABASE d');
    await query("CREATE USER r WITH PASSWORD 'p'");
    await query('GRANT READ ON d TO r');
    const directory = tempDirectory();
    const storeWith = async (keys: string) =>
      (await doctorReport(influxConfig(directory, server.url, `version: 1, ${keys}`))).of('store');
    const right = await doctorReport(
      influxConfig(directory, server.url, 'version: 1, database: d, username: a, password: p'),
    );
    expect(right.exitCode).toBe(0);
    expect(right.of('store')).toMatchObject({ state: 'ok', found: expect.stringContaining('version 1.6') });
    expect(right.of('clock')).toMatchObject({
      state: 'ok',
      found: expect.stringMatching(/the store's is \d s/),
    });
    expect(await storeWith('database: nope, username: a, password: p')).toMatchObject({
      state: 'fail',
      found: expect.stringContaining('there is no such database'),
      advice: expect.stringContaining('CREATE DATABASE "nope"'),
    });
    expect(await storeWith('database: d, username: a, password: wrong')).toMatchObject({
      state: 'fail',
      found: expect.stringContaining('the user is not known'),
    });
    expect(await storeWith('database: d, username: r, password: p')).toMatchObject({
      state: 'fail',
      found: expect.stringContaining('the user may not write there'),
    });
    expect(await storeWith('database: d, retentionPolicy: gone, username: a, password: p')).toMatchObject({
      state: 'fail',
      advice: expect.stringContaining('create the retention policy'),
    });
    expect(await query('SHOW MEASUREMENTS')).not.toContain('series');
  },
);

test.skipIf(!requireServer('influxd'))(
  'InfluxDB 1.6: what windows write to, before and after it is made',
  async () => {
    const server = await startInfluxd();
    onTestFinished(() => server.stop());
    const resolutions = '[{ every: 5min, retention: 30d }, { every: 1h, retention: 90d, to: rows }]';
    const aggregate = `{ name: c, from: c, lateness: 30s, fields: { t: [mean] }, resolutions: ${resolutions} }`;
    const file = configFile(
      tempDirectory(),
      `${FREE}sink: { influx: { url: "${server.url}", version: 1, database: d } }\nwindows: { aggregates: [${aggregate}] }\n`,
    );
    const run = async (statement: string) =>
      (
        await fetch(`${server.url}/query`, { method: 'POST', body: new URLSearchParams({ q: statement }) })
      ).text();
    await run('CREATE DATABASE d');
    const windows = async () => (await doctorReport(file)).of('windows');
    expect(await windows()).toEqual({
      name: 'windows',
      state: 'fail',
      found: 'missing in the store: retention policy "rows" of database "d"',
      advice: 'run `sluice store prepare`; until then these rows are not written',
    });
    await run('CREATE RETENTION POLICY "rows" ON "d" DURATION 1d REPLICATION 1');
    expect(await windows()).toEqual({
      name: 'windows',
      state: 'warn',
      found:
        'retention policy "rows" of database "d" differs: it keeps points for 1d, and should keep them for 90d',
      advice:
        'run `sluice store prepare --change`, or by hand: ALTER RETENTION POLICY "rows" ON "d" DURATION 90d',
    });
    expect((await runMain('store', 'prepare', '--change', '-c', file)).exitCode).toBe(0);
    expect((await windows()).state).toBe('ok');
  },
);

test('Kinesis mode: a missing stream fails, one that is there is described, with its lease table', async () => {
  const [kinesis, dynamo] = [await startKinesalite(), await startDynalite()];
  onTestFinished(() => kinesis.stop());
  onTestFinished(() => dynamo.stop());
  const file = configFile(
    tempDirectory(),
    `${FREE}stream: { mode: kinesis, kinesis: { name: readings, endpoint: "${kinesis.endpoint}", ` +
      `checkpoints: dynamodb, leases: { endpoint: "${dynamo.endpoint}" } } }\n`,
  );
  const missing = await doctorReport(file);
  expect(missing.exitCode).toBe(1);
  expect(missing.of('stream')).toMatchObject({
    state: 'fail',
    advice: expect.stringContaining('`sluice stream create`'),
  });
  expect(missing.of('leases')).toMatchObject({
    state: 'ok',
    found: expect.stringContaining('the first consumer creates it'),
  });
  await createTestStream(kinesis.endpoint, 'readings', 2);
  const there = await doctorReport(file);
  expect(there.exitCode).toBe(0);
  expect(there.of('stream').found).toMatch(/ACTIVE: 2 open shards \(PROVISIONED\), retention 24 h/);
});

test('a result comes through, also one that did not need to wait', async () => {
  expect(await withTimeout('x', 1_000, () => ok('x', 'right'))).toEqual(ok('x', 'right'));
});

test('a check that never ends has failed when its time is over', async () => {
  const result = await withTimeout('x', 20, () => new Promise(() => {}));
  expect(result).toMatchObject({ name: 'x', state: 'fail', found: 'no result within 0.02 s' });
});

test('a check that throws has failed with the text of the error', async () => {
  const thrown = await withTimeout('x', 1_000, () => {
    throw new Error('EIO: i/o error');
  });
  expect(thrown).toMatchObject({ name: 'x', state: 'fail', found: 'EIO: i/o error' });
});

test('a sign in words, the finding, and the advice below it', () => {
  expect(checkText(ok('disk', 'fast'))).toBe('ok    disk            fast\n');
  expect(checkText(fail('disk', 'broken', 'take another'))).toBe(
    'FAIL  disk            broken\n                      -> take another\n',
  );
});

test('what a store says cannot move the cursor', () => {
  expect(checkText(ok('store', 'a\u001b[2Jb\nFAIL'))).toBe('ok    store           a\\u001b[2Jb\\nFAIL\n');
});

test('the summary counts', () => {
  const results = [ok('a', ''), warn('b', '', 'x')];
  expect(summaryText(results.slice(0, 1))).toBe('1 checks: everything works\n');
  expect(summaryText(results)).toBe('2 checks: none failed, 1 to look at\n');
  expect(summaryText([...results, fail('c', '', 'y')])).toBe('3 checks: 1 failed, 1 to look at\n');
  expect(JSON.parse(reportJson([...results, fail('c', '', 'y')]))).toMatchObject({ ok: false });
});
