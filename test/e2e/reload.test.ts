import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect, it, onTestFinished } from 'vitest';
import { freePort } from '../../harness/free-port.js';
import { GatewayProcess, isBalanced } from '../../harness/gateway-process.js';
import { sluice } from '../../harness/programs.js';
import type { ReloadResult } from '../../src/config/reload-result.js';
import { askForReload } from '../../src/control/ask-gateway.js';
import { connectToLockHolder } from '../../src/data-directory/directory-lock.js';
import { FLEET_CONNECTIONS, FLEET_RULE, runFleet } from '../support/fleet-load.js';
import { createTestStream, startKinesalite } from '../support/kinesis-servers.js';
import { tempDirectory } from '../support/temp-directory.js';

const MESSAGES = 100_000;

/** The fleet, and a wait until it has had a share of its messages acknowledged. */
function startLoad(port: number) {
  let acknowledged = 0;
  const load = runFleet({
    port,
    messages: MESSAGES,
    baseMs: Date.now() - 3_600_000,
    onAcknowledged: () => {
      acknowledged += 1;
    },
  });
  const until = async (share: number) => {
    while (acknowledged < MESSAGES * share) await new Promise((resolve) => setTimeout(resolve, 1));
  };
  return { load, until };
}

/** The rule of the fleet with another name and another measurement, so that the store shows which rule made a point. */
function fleetRule(name: string): string {
  return FLEET_RULE.replace('name: fleet', `name: ${name}`).replace(
    'measurement: fleet',
    `measurement: ${name}`,
  );
}

async function started(
  config: string,
  options: Partial<ConstructorParameters<typeof GatewayProcess>[0]> & { readonly port?: number } = {},
): Promise<GatewayProcess> {
  const { port = 0, ...more } = options;
  const gateway = new GatewayProcess({
    directory: tempDirectory(),
    config: `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: ${port} }] }
http: { host: 127.0.0.1, port: 0 }
${config}`,
    ...more,
  });
  onTestFinished(() => gateway.end());
  await gateway.start();
  return gateway;
}

/** Replaces the file at once, as an editor does. */
function edit({ configFile }: GatewayProcess, change: (text: string) => string): void {
  writeFileSync(`${configFile}.new`, change(readFileSync(configFile, 'utf8')));
  renameSync(`${configFile}.new`, configFile);
}

const reload = (gateway: GatewayProcess, ...args: string[]) =>
  sluice(['reload', '-c', gateway.configFile, ...args]);

function linesOf({ output }: GatewayProcess): Record<string, unknown>[] {
  return output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

async function lineWith(gateway: GatewayProcess, words: string): Promise<Record<string, unknown>> {
  for (;;) {
    const line = linesOf(gateway).find(({ msg }) => String(msg).includes(words));
    if (line !== undefined) return line;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** The numbers of each device in a measurement, lowest first, once the gateway has stopped. */
async function numbersIn(
  { dataDirectory }: GatewayProcess,
  measurement: string,
): Promise<Map<string, number[]>> {
  const database = await DuckDBInstance.create(join(dataDirectory, 'telemetry.duckdb'), {
    access_mode: 'READ_ONLY',
  });
  const connection = await database.connect();
  const columns = await connection.runAndReadAll(
    'SELECT table_name, column_name FROM information_schema.columns',
  );
  // A measurement without a point has no table. A kill may leave one before its first point is in it, and the next start
  // drops its columns.
  const isThere = columns.getRows().some(([table, column]) => table === measurement && column === 'device');
  const rows = await connection.runAndReadAll(
    isThere ? `SELECT device, seq::DOUBLE FROM ${measurement} ORDER BY device, seq` : 'SELECT 0 WHERE false',
  );
  connection.closeSync();
  database.closeSync();
  const numbers = new Map<string, number[]>();
  for (const [device, seq] of rows.getRows()) {
    numbers.set(String(device), [...(numbers.get(String(device)) ?? []), Number(seq)]);
  }
  return numbers;
}

describe('a reload of the rules', () => {
  it('by SIGHUP, by command and over HTTP says what it did, and an invalid file changes nothing', {
    timeout: 120_000,
  }, async () => {
    const gateway = await started(fleetRule('one'));
    const messages = 1_000;
    const send = (firstSeq: number) =>
      runFleet({ port: gateway.mqttPort, messages, baseMs: Date.now() - 600_000, firstSeq });
    await send(0);
    await gateway.ledgerWhen(({ written }) => written === messages);

    expect(await reload(gateway)).toEqual({
      code: 0,
      stderr: '',
      stdout: `nothing to reload: the configuration has not changed\nconfiguration  ${gateway.configFile}\n`,
    });

    edit(gateway, (text) => text.replaceAll('one', 'two'));
    process.kill(gateway.pid, 'SIGHUP');
    expect(await lineWith(gateway, 'new rules are in force')).toMatchObject({
      level: 'info',
      added: ['two'],
      removed: ['one'],
    });
    await send(1_000);
    await gateway.ledgerWhen(({ written }) => written === 2 * messages);

    edit(gateway, (text) =>
      text.replace('measurement: two', 'measurement: two\n    where: "payload.seq >="'),
    );
    const refused = await reload(gateway);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toMatch(/sluice\.yaml:\d+:\d+: rules\[0\]\.where: got .*, expected/);
    expect(refused.stderr).toContain('nothing was changed');
    expect(await lineWith(gateway, 'is not valid: the gateway goes on')).toMatchObject({
      level: 'warn',
      code: 'CONFIG_RELOAD_REFUSED',
    });
    await send(2_000);
    await gateway.ledgerWhen(({ written }) => written === 3 * messages);

    edit(gateway, (text) =>
      text
        .replace('payload.seq >=', 'payload.seq < 0.0')
        .replace('http: { host: 127.0.0.1,', 'http: { host: 127.0.0.1, changes: always,'),
    );
    const answer = await fetch(`${gateway.httpUrl}/api/reload`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    expect(answer.status).toBe(200);
    expect((await answer.json()) as ReloadResult).toEqual({
      outcome: 'applied',
      file: gateway.configFile,
      changes: {
        rules: { added: [], removed: [], changed: ['two'], reordered: false },
        settings: [],
        needRestart: ['http.changes'],
      },
    });
    await send(3_000);
    const ledger = await gateway.ledgerWhen(({ filtered }) => filtered === messages);
    expect(isBalanced(ledger), JSON.stringify(ledger)).toBe(true);
    expect(ledger.reasons.filtered).toEqual({ two: messages });
    const metrics = await (await fetch(`${gateway.httpUrl}/metrics`)).text();
    for (const [outcome, count] of Object.entries({ applied: 2, unchanged: 1, invalid: 1, failed: 0 }))
      expect(metrics).toContain(`sluice_config_reloads_total{outcome="${outcome}"} ${count}`);

    expect(await gateway.stop()).toBe(0);
    const stopped = await reload(gateway);
    expect(stopped).toMatchObject({ code: 1, stdout: '' });
    expect(stopped.stderr).toContain('no gateway runs on');
    expect([...(await numbersIn(gateway, 'one')).values()].flat().length).toBe(messages);
    expect([...(await numbersIn(gateway, 'two')).values()].flat().length).toBe(2 * messages);
  });

  it('under load maps every record once, the earlier ones by the old rules, and the ledger balances', {
    timeout: 300_000,
  }, async () => {
    const gateway = await started(fleetRule('rules0'));
    const { load, until } = startLoad(gateway.mqttPort);
    const swaps = 4;
    for (let swap = 1; swap <= swaps; swap += 1) {
      await until(swap / (swaps + 1));
      edit(gateway, (text) => text.replaceAll(`rules${swap - 1}`, `rules${swap}`));
      expect(await askForReload(await connectToLockHolder(gateway.dataDirectory))).toMatchObject({
        outcome: 'applied',
      });
    }
    expect((await load).resent).toBe(0);
    const ledger = await gateway.ledgerWhen(({ buffered }) => buffered === 0);
    expect(isBalanced(ledger), JSON.stringify(ledger)).toBe(true);
    expect(ledger).toMatchObject({ received: MESSAGES, written: MESSAGES });
    expect(await gateway.stop()).toBe(0);

    const made = await Promise.all(
      Array.from({ length: swaps + 1 }, (_, n) => numbersIn(gateway, `rules${n}`)),
    );
    const expected = Array.from({ length: MESSAGES / FLEET_CONNECTIONS }, (_, n) => n);
    for (let device = 0; device < FLEET_CONNECTIONS; device += 1) {
      expect(made.flatMap((numbers) => numbers.get(`dev${device}`) ?? [])).toEqual(expected);
    }
    expect(made.every((numbers) => numbers.size > 0)).toBe(true);
  });

  it('leaves nothing that was written before it for the new rules, also after a SIGKILL', {
    timeout: 120_000,
  }, async () => {
    // The only checkpoints are the one of the start and the one of the reload.
    const gateway = await started(`consumer: { checkpointInterval: 10min }\n${fleetRule('one')}`);
    const messages = 2_000;
    const send = (firstSeq: number) =>
      runFleet({ port: gateway.mqttPort, messages, baseMs: Date.now() - 600_000, firstSeq });
    await send(0);
    await gateway.ledgerWhen(({ written }) => written === messages);
    edit(gateway, (text) => text.replaceAll('one', 'two'));
    expect(await askForReload(await connectToLockHolder(gateway.dataDirectory))).toMatchObject({
      outcome: 'applied',
    });
    await send(messages);
    await gateway.ledgerWhen(({ written }) => written === 2 * messages);
    await gateway.kill();
    await gateway.start();
    const ledger = await gateway.ledgerWhen(({ buffered }) => buffered === 0);
    expect(isBalanced(ledger), JSON.stringify(ledger)).toBe(true);
    expect(ledger).toMatchObject({ received: 2 * messages, written: 2 * messages });
    expect(await gateway.stop()).toBe(0);
    const [one, two] = [await numbersIn(gateway, 'one'), await numbersIn(gateway, 'two')];
    expect([...one.values()].flat().every((seq) => seq < messages)).toBe(true);
    expect([...two.values()].flat().every((seq) => seq >= messages)).toBe(true);
    expect([one, two].map((numbers) => [...numbers.values()].flat().length)).toEqual([messages, messages]);
  });

  it('that is cut off by a SIGKILL at any moment loses nothing, and the ledger balances', {
    timeout: 300_000,
  }, async () => {
    const gateway = await started(fleetRule('rules0'), { port: await freePort() });
    const { load, until } = startLoad(gateway.mqttPort);
    const kills = 3;
    for (let kill = 1; kill <= kills; kill += 1) {
      await until(kill / (kills + 1));
      edit(gateway, (text) => text.replaceAll(`rules${kill - 1}`, `rules${kill}`));
      process.kill(gateway.pid, 'SIGHUP');
      await new Promise((resolve) => setTimeout(resolve, 10 * kill));
      await gateway.kill();
      await gateway.start();
      const ledger = await gateway.ledger();
      expect(isBalanced(ledger), JSON.stringify(ledger)).toBe(true);
    }
    await load;
    const ledger = await gateway.ledgerWhen(({ buffered }) => buffered === 0);
    expect(isBalanced(ledger), JSON.stringify(ledger)).toBe(true);
    expect(ledger).toMatchObject({ written: ledger.received, parked: 0, lost: 0 });
    expect(await gateway.stop()).toBe(0);
    const made = await Promise.all(
      Array.from({ length: kills + 1 }, (_, n) => numbersIn(gateway, `rules${n}`)),
    );
    for (let device = 0; device < FLEET_CONNECTIONS; device += 1) {
      const all = new Set(made.flatMap((numbers) => numbers.get(`dev${device}`) ?? []));
      expect(all.size, `dev${device}`).toBe(MESSAGES / FLEET_CONNECTIONS);
    }
  });
});

it('in Kinesis mode reaches the process with the consumer; one without it says so', {
  timeout: 120_000,
}, async () => {
  const kinesis = await startKinesalite();
  onTestFinished(() => kinesis.stop());
  await createTestStream(kinesis.endpoint, 'telemetry', 2);
  const inRole = (role: string) =>
    started(fleetRule('one'), {
      stream: ['mode: kinesis', `kinesis: { endpoint: "${kinesis.endpoint}", linger: 20ms }`],
      args: ['--role', role],
    });
  const messages = 1_000;
  const ingest = await inRole('ingest');
  const consume = await inRole('consume');
  await runFleet({ port: ingest.mqttPort, messages, baseMs: Date.now() - 600_000 });
  await consume.ledgerWhen(({ written }) => written === messages);

  for (const gateway of [ingest, consume]) edit(gateway, (text) => text.replaceAll('one', 'two'));
  const without = await reload(ingest);
  expect(without).toMatchObject({ code: 0 });
  expect(without.stdout).toContain('no consumer runs in this gateway');
  const answer = await reload(consume, '--json');
  expect(JSON.parse(answer.stdout)).toMatchObject({
    outcome: 'applied',
    changes: { rules: { added: ['two'], removed: ['one'] } },
  });
  await runFleet({ port: ingest.mqttPort, messages, baseMs: Date.now() - 300_000 });
  const ledger = await consume.ledgerWhen(({ written }) => written === 2 * messages);
  expect(isBalanced(ledger), JSON.stringify(ledger)).toBe(true);
  expect([await ingest.stop(), await consume.stop()]).toEqual([0, 0]);
  for (const measurement of ['one', 'two'])
    expect([...(await numbersIn(consume, measurement)).values()].flat().length).toBe(messages);
});
