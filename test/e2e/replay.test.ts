import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect, it, onTestFinished } from 'vitest';
import { GatewayProcess, isBalanced } from '../../harness/gateway-process.js';
import { runLoad } from '../../harness/load-client.js';
import { sluice } from '../../harness/programs.js';
import { requireServer, startInfluxd } from '../../harness/servers.js';
import { isDataDirectoryLocked } from '../../src/data-directory/directory-lock.js';
import { listParked } from '../../src/dead-letter/dead-letter-reader.js';
import { influxCount } from '../support/influx-read-back.js';
import { tempDirectory } from '../support/temp-directory.js';

const hasInfluxd = requireServer('influxd');

/** With the type `int` the rule parks every message, as the devices send halves; with `float` it is fixed, and filters. */
function gatewayOn(directory: string, options: { type: 'int' | 'float'; more?: string }): GatewayProcess {
  const gateway = new GatewayProcess({
    directory,
    config: `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: 0 }] }
http: { host: 127.0.0.1, port: 0 }
${options.more ?? ''}
rules:
  - name: halves
    topic: halves/+device
    where: "${options.type === 'int' ? 'true' : 'payload.v >= 0.0'}"
    measurement: halves
    tags: { device: topic.device }
    fields: { v: { path: payload.v, type: ${options.type} } }
`,
  });
  onTestFinished(() => gateway.end());
  return gateway;
}

function publish(gateway: GatewayProcess, messages: number, payload: (n: number) => string) {
  return runLoad({
    host: '127.0.0.1',
    port: gateway.mqttPort,
    connections: 4,
    messages: messages / 4,
    qos: 1,
    window: 200,
    topic: (connection) => `halves/d${connection}`,
    payload: (_connection, n) => Buffer.from(payload(n)),
  });
}

const half = (n: number) => `{"v":${n}.5}`;

function deadLetters(gateway: GatewayProcess, ...args: string[]) {
  return sluice(['dead-letters', ...args, '-c', gateway.configFile]);
}

async function parkedRecords(gateway: GatewayProcess): Promise<number> {
  return (await listParked(join(gateway.dataDirectory, 'dead-letter'), 1_000_000)).length;
}

describe('replay through a running gateway', () => {
  const RECORDS = 20_000;

  it.skipIf(!hasInfluxd)(
    'writes parked records into InfluxDB 1.6 once the rule is fixed; kill -9 in the middle loses nothing and counts nothing twice',
    { timeout: 180_000 },
    async () => {
      const server = await startInfluxd({ databases: ['iot'] });
      onTestFinished(() => server.stop());
      const more = `sink: { influx: { url: "${server.url}", database: iot } }`;
      const directory = tempDirectory();
      const wrong = gatewayOn(directory, { type: 'int', more });
      await wrong.start();
      await publish(wrong, RECORDS, half);
      await publish(wrong, 4, () => '{"v":');
      await wrong.ledgerWhen(({ parked }) => parked === RECORDS + 4);
      // The rule in force is still wrong: everything is parked again, and the command reports that.
      const again = await deadLetters(wrong, 'replay', '--all');
      expect(again.stdout).toContain(`${RECORDS} field-wrong-type`);
      expect(again.code).toBe(1);
      expect(await wrong.stop()).toBe(0);

      const fixed = gatewayOn(directory, { type: 'float', more });
      await fixed.start();
      const preview = await deadLetters(fixed, 'replay', '--rule', 'halves', '--dry-run');
      expect(preview).toMatchObject({
        code: 0,
        stdout: `would replay ${RECORDS + 4}: ${RECORDS} would be sent to the store, 4 parked again (payload-not-json); the store was not asked\n`,
      });
      expect(await fixed.ledger()).toMatchObject({ written: 0, parked: RECORDS + 4 });

      const cut = deadLetters(fixed, 'replay', '--code', 'field-wrong-type');
      await fixed.ledgerWhen(({ written }) => written > 0);
      await fixed.kill();
      expect(await cut).toMatchObject({ code: 1, stderr: expect.stringContaining('run it again') as string });
      await fixed.start();
      const between = await fixed.ledger();
      expect(isBalanced(between), JSON.stringify(between)).toBe(true);
      expect(between.written).toBeGreaterThan(0);
      expect(between.parked).toBe(RECORDS + 4 - between.written);
      expect(await parkedRecords(fixed)).toBe(between.parked);

      const rest = RECORDS - between.written;
      expect(rest).toBeGreaterThan(0);
      expect(await deadLetters(fixed, 'replay', '--code', 'field-wrong-type')).toMatchObject({
        code: 0,
        stdout: `replayed ${rest}: ${rest} written\n`,
      });
      expect(await influxCount(server.url, 'iot', 'halves', 'v')).toBe(RECORDS);
      expect(await deadLetters(fixed, 'purge', '--code', 'payload-not-json', '--yes')).toMatchObject({
        code: 0,
        stdout: 'purged 4\n',
      });
      const ledger = await fixed.ledger();
      expect(ledger).toMatchObject({ received: RECORDS + 4, written: RECORDS, parked: 4, buffered: 0 });
      expect(ledger.reasons.parked).toEqual({ purged: 4 });
      expect(isBalanced(ledger)).toBe(true);
      expect(await parkedRecords(fixed)).toBe(0);
      // Checking whether the lock is held does no harm.
      expect(await isDataDirectoryLocked(fixed.dataDirectory)).toBe(true);
      await fixed.kill();
      await fixed.start();
      expect(await fixed.ledger()).toEqual(ledger);
      expect(await fixed.stop()).toBe(0);
    },
  );

  it('reports what to do about wrong usage', {
    timeout: 120_000,
  }, async () => {
    const gateway = gatewayOn(tempDirectory(), { type: 'int' });
    await gateway.start();
    expect(await deadLetters(gateway, 'replay')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('nothing is selected') as string,
    });
    expect(await deadLetters(gateway, 'purge', '--all')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--yes') as string,
    });
    expect(await deadLetters(gateway, 'replay', '123')).toMatchObject({
      code: 1,
      stdout: 'no parked record matches\n',
    });
    expect(await gateway.stop()).toBe(0);
  });
});

describe('replay while no gateway runs', () => {
  it('writes into DuckDB by the rules of the configuration, and the next start has it in its ledger', {
    timeout: 120_000,
  }, async () => {
    const directory = tempDirectory();
    const wrong = gatewayOn(directory, { type: 'int' });
    await wrong.start();
    await publish(wrong, 3_000, (n) => `{"v":${n % 3 === 0 ? -1 : n}.5}`);
    await wrong.ledgerWhen(({ parked }) => parked === 3_000);
    expect(await wrong.stop()).toBe(0);
    const fixed = gatewayOn(directory, { type: 'float' });
    const replayed = await deadLetters(fixed, 'replay', '--all', '--json');
    expect(replayed.code, replayed.stderr).toBe(0);
    expect(JSON.parse(replayed.stdout)).toMatchObject({
      state: 'done',
      selected: 3_000,
      outcomes: { written: 2_000, filtered: 1_000, parkedAgain: 0, purged: 0 },
    });
    await fixed.start();
    const ledger = await fixed.ledgerWhen(({ buffered }) => buffered === 0);
    expect(isBalanced(ledger), JSON.stringify(ledger)).toBe(true);
    expect(ledger).toMatchObject({ received: 3_000, written: 2_000, filtered: 1_000, parked: 0 });
    expect(await fixed.stop()).toBe(0);
    const database = await DuckDBInstance.create(join(fixed.dataDirectory, 'telemetry.duckdb'), {
      access_mode: 'READ_ONLY',
    });
    const connection = await database.connect();
    const rows = await connection.runAndReadAll('SELECT count(*)::DOUBLE FROM halves');
    connection.closeSync();
    database.closeSync();
    expect(rows.getRows()).toEqual([[2_000]]);
  });
});

describe('a full dead letter', () => {
  it('has room again after a purge, and the consumer goes on', { timeout: 120_000 }, async () => {
    const gateway = gatewayOn(tempDirectory(), {
      type: 'int',
      more: 'consumer: { deadLetter: { maxSize: 16MiB, whenFull: block } }',
    });
    await gateway.start();
    const large = `{"v":"${'x'.repeat(60_000)}"`;
    await publish(gateway, 400, () => large);
    const isBlocked = async () => (await fetch(`${gateway.httpUrl}/readyz`)).status === 503;
    while (!(await isBlocked())) await new Promise((resolve) => setTimeout(resolve, 20));
    const full = await gateway.ledger();
    expect(full.buffered).toBeGreaterThan(0);
    expect(isBalanced(full)).toBe(true);
    const purged = await deadLetters(gateway, 'purge', '--all', '--yes');
    expect(purged.code, purged.stderr).toBe(0);
    const ledger = await gateway.ledgerWhen(({ buffered }) => buffered === 0);
    expect(isBalanced(ledger)).toBe(true);
    expect(ledger).toMatchObject({ received: 400, written: 0, parked: 400 });
    expect(ledger.reasons.parked.purged).toBe(Number(/^purged (\d+)\n$/.exec(purged.stdout)![1]));
    expect(await isBlocked()).toBe(false);
    expect(await gateway.stop()).toBe(0);
  });
});
