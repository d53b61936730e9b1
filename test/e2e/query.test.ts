import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { GatewayProcess } from '../../harness/gateway-process.js';
import { LAUNCHER, runProgram, sluice } from '../../harness/programs.js';
import { FLEET_RULE, runFleet } from '../support/fleet-load.js';
import { tempDirectory } from '../support/temp-directory.js';

const MESSAGES = 20_000;
const COUNT = 'SELECT count(*)::INTEGER AS points, count(DISTINCT device)::INTEGER AS devices FROM fleet';
/** Runs for as long as it may. */
const ENDLESS = 'SELECT count(*) FROM range(1000000000000) WHERE range < 0';

async function gatewayWithPoints() {
  const directory = tempDirectory();
  const gateway = new GatewayProcess({
    directory,
    config: `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: 0 }] }
http: { host: 127.0.0.1, port: 0 }
${FLEET_RULE}`,
  });
  onTestFinished(() => gateway.end());
  await gateway.start();
  const load = (firstSeq = 0) =>
    runFleet({ port: gateway.mqttPort, messages: MESSAGES, baseMs: Date.now() - 3_600_000, firstSeq });
  await load();
  await gateway.ledgerWhen(({ buffered }) => buffered === 0);
  const answers = join(gateway.dataDirectory, 'telemetry.duckdb.answers');
  const query = (sql: string, more = '') =>
    fetch(`${gateway.httpUrl}/api/query?sql=${encodeURIComponent(sql)}${more}`);
  return { gateway, directory, load, answers, query, config: ['-c', gateway.configFile] };
}

it('SQL over HTTP and the command line while points come in, and from the command line after a stop', async () => {
  const { gateway, directory, load, answers, query, config } = await gatewayWithPoints();
  expect(await (await query(COUNT)).json()).toMatchObject({
    rowCount: 1,
    rows: [{ points: MESSAGES, devices: 20 }],
  });

  // A greedy query beside the load is ended, and nothing is parked for it.
  const loading = load(MESSAGES);
  const greedy = await query('SELECT list(temperature) FROM fleet, range(5000) GROUP BY device');
  expect([greedy.status, await greedy.json()]).toEqual([
    422,
    { code: 'QUERY_LIMIT_REACHED', reason: expect.stringContaining('memory') as string },
  ]);
  await loading;
  const ledger = await gateway.ledgerWhen(({ buffered }) => buffered === 0);
  expect(ledger).toMatchObject({ written: 2 * MESSAGES, parked: 0, lost: 0, balanced: true });
  const metrics = await (await fetch(`${gateway.httpUrl}/metrics`)).text();
  expect(metrics).toContain('sluice_sink_queries_total{outcome="limited"} 1');

  const output = join(directory, 'fleet.parquet');
  const exported = await sluice([
    'export',
    '--measurement',
    'fleet',
    '--format',
    'parquet',
    '--output',
    output,
    ...config,
  ]);
  expect([exported.code, exported.stderr]).toEqual([
    0,
    expect.stringMatching(/^40,000 rows are in /) as string,
  ]);
  const running = await sluice(['query', COUNT, '--format', 'csv', ...config]);
  expect(running).toEqual({ code: 0, stdout: `points,devices\n${2 * MESSAGES},20\n`, stderr: '' });
  expect(readdirSync(answers)).toEqual([]);

  expect(await gateway.stop()).toBe(0);
  const stopped = await sluice(['query', '-', '--format', 'csv', ...config], { input: COUNT });
  expect(stopped).toEqual(running);
  await gateway.start();
  expect(await (await query(COUNT)).json()).toMatchObject({ rows: [{ points: 2 * MESSAGES }] });
});

it('the reader of a pipe may end early, and a killed export leaves neither its file nor a running query', async () => {
  const { gateway, directory, answers, query, config } = await gatewayWithPoints();
  const command = [
    process.execPath,
    LAUNCHER,
    'query',
    "'FROM fleet, range(20)'",
    '--format',
    'csv',
    ...config,
  ].join(' ');
  const piped = await runProgram('bash', ['-c', `set -o pipefail; ${command} | head -n 1`]);
  expect([piped.code, piped.stdout, piped.stderr]).toEqual([0, 'time,device,seq,temperature,range\n', '']);

  const output = join(directory, 'out.csv');
  const busy = async () => (await query('SELECT 1')).status === 503;
  const args = [LAUNCHER, 'query', ENDLESS, '--format', 'csv', '--output', output, ...config];
  let killed = spawn(process.execPath, args);
  await vi.waitFor(
    async () => {
      // It may have come while the question below was answered: one query runs at a time.
      if (killed.exitCode !== null) killed = spawn(process.execPath, args);
      expect(await busy()).toBe(true);
    },
    { timeout: 40_000, interval: 50 },
  );
  killed.kill('SIGKILL');
  await once(killed, 'exit');
  await vi.waitFor(async () => expect(await busy()).toBe(false), { timeout: 20_000, interval: 50 });
  expect(existsSync(output)).toBe(false);
  expect(readdirSync(answers)).toEqual([]);

  // A stop does not wait for a query.
  const ended = query(ENDLESS).then(
    ({ status }) => status,
    () => 'disconnected',
  );
  await vi.waitFor(async () => expect(await busy()).toBe(true), { timeout: 20_000, interval: 50 });
  expect(await gateway.stop()).toBe(0);
  expect([503, 'disconnected']).toContain(await ended);
});
