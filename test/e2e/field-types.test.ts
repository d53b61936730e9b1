import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect, it, onTestFinished } from 'vitest';
import { freePort } from '../../harness/free-port.js';
import { GatewayProcess, isBalanced } from '../../harness/gateway-process.js';
import { runLoad } from '../../harness/load-client.js';
import { sluice } from '../../harness/programs.js';
import { requireServer, startInfluxd } from '../../harness/servers.js';
import { influxQuery } from '../support/influx-read-back.js';
import { tempDirectory } from '../support/temp-directory.js';

const hasInfluxd = requireServer('influxd');
const KILLS = process.env.SLUICE_SOAK === 'full' ? 50 : 4;

/** Three rules that write one field with three types; the time is that of the device. */
const RULES = ['int', 'float', 'string']
  .map(
    (type) => `
  - name: ${type}s
    topic: ${type}/+device
    measurement: m
    time: { path: payload.t, unit: ms }
    tags: { device: topic.device }
    fields: { v: { path: payload.v, type: ${type} }, n: payload.n }`,
  )
  .join('');

function gatewayWith(port: number, more: string): GatewayProcess {
  const gateway = new GatewayProcess({
    directory: tempDirectory(),
    config: `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: ${port} }] }
http: { host: 127.0.0.1, port: 0 }
${more}
rules:${RULES}
`,
  });
  onTestFinished(() => gateway.end());
  return gateway;
}

async function publish(port: number, topic: string, ...payloads: readonly string[]): Promise<void> {
  await runLoad({
    host: '127.0.0.1',
    port,
    connections: 1,
    messages: payloads.length,
    qos: 1,
    window: 100,
    topic: () => topic,
    payload: (_connection, n) => Buffer.from(payloads[n]!),
  });
}

const conversionsOf = async (gateway: GatewayProcess) => {
  const metrics = await (await fetch(`${gateway.httpUrl}/metrics`)).text();
  return Object.fromEntries(
    [...metrics.matchAll(/^sluice_consumer_type_conversions_total\{kind="([\w-]+)"\} (\d+)$/gm)].map(
      ([, kind, count]) => [kind, Number(count)],
    ),
  );
};

describe.skipIf(!hasInfluxd)('a field with three types, into InfluxDB', () => {
  it(`gives the same points with ${KILLS} SIGKILLs on the way: equal numbers converted, text parked`, {
    timeout: 300_000,
  }, async () => {
    const influxd = await startInfluxd({ databases: ['iot'] });
    onTestFinished(() => influxd.stop());
    const port = await freePort();
    const gateway = gatewayWith(port, `sink: { influx: { url: "${influxd.url}", database: iot } }`);
    await gateway.start();
    // In one shard of InfluxDB.
    const baseMs = Math.floor(Date.now() / 3_600_000 - 1) * 3_600_000;
    await publish(port, 'float/first', `{"t":${baseMs},"v":0.5,"n":0}`);
    await gateway.ledgerWhen(({ written }) => written === 1);

    const types = ['int', 'float', 'string'];
    const each = 8_000;
    let acknowledged = 0;
    const load = runLoad({
      host: '127.0.0.1',
      port,
      connections: types.length,
      messages: each,
      qos: 1,
      window: 200,
      reconnect: true,
      topic: (connection) => `${types[connection]}/d${connection}`,
      // Every second text is a number, which is text all the same.
      payload: (connection, n) => {
        const v = connection === 0 ? n : connection === 1 ? n + 0.25 : n % 2 === 0 ? '"warm"' : `"${n}"`;
        return Buffer.from(`{"t":${baseMs + 1 + n},"v":${v},"n":${n}}`);
      },
      onAcknowledged: () => {
        acknowledged += 1;
      },
    });
    for (let kill = 1; kill <= KILLS; kill += 1) {
      while (acknowledged < (types.length * each * kill) / (KILLS + 1)) {
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      await gateway.kill();
      await gateway.start();
    }
    await load;
    const ledger = await gateway.ledgerWhen(({ buffered }) => buffered === 0);
    expect(isBalanced(ledger)).toBe(true);
    // What a client sends again after a kill is received twice.
    expect(Object.keys(ledger.reasons.parked)).toEqual(['field-type-conflict']);
    const rows = await influxQuery(
      influxd.url,
      'iot',
      'SELECT count(v), sum(v), sum(n) FROM m GROUP BY device',
    );
    const sumOfN = (each * (each - 1)) / 2;
    expect(Object.fromEntries(rows.map(({ tags, values }) => [tags!.device, values[0]!.slice(1)]))).toEqual({
      first: [1, 0.5, 0],
      d0: [each, sumOfN, sumOfN],
      d1: [each, sumOfN + each / 4, sumOfN],
    });
    const [keys] = await influxQuery(influxd.url, 'iot', 'SHOW FIELD KEYS FROM m');
    expect(keys?.values).toContainEqual(['v', 'float']);
    expect(await gateway.stop()).toBe(0);
  });
});

it('a number that first came as text is written after the type is changed beside the running gateway', {
  timeout: 120_000,
}, async () => {
  const port = await freePort();
  const gateway = gatewayWith(port, 'sink: { duckdb: {} }');
  await gateway.start();
  const store = (...args: string[]) => sluice(['store', ...args, '-c', gateway.configFile]);
  const nowMs = Date.now();
  const at = (n: number, v: string) => `{"t":${nowMs + n},"v":${v},"n":${n}}`;
  await publish(port, 'string/d', at(0, '"unavailable"'), at(1, '"20.5"'));
  await gateway.ledgerWhen(({ written }) => written === 2);
  await publish(port, 'float/d', at(2, '21.5'), at(3, '22'));
  const before = await gateway.ledgerWhen(({ parked }) => parked === 2);
  expect(before).toMatchObject({ written: 2, reasons: { parked: { 'field-type-conflict': 2 } } });
  expect(gateway.output).toContain('FIELD_TYPE_CONFLICT');

  expect(await store('retype', 'm', 'v', 'float')).toMatchObject({
    code: 2,
    stdout: expect.stringContaining(
      '1 of 2 values of "v" of "m" cannot become float without loss: "unavailable"',
    ),
  });
  expect(await store('retype', 'm', 'v', 'float', '--force')).toMatchObject({ code: 0, stderr: '' });
  const replay = await sluice(['dead-letters', 'replay', '--all', '-c', gateway.configFile]);
  expect(replay.code).toBe(0);
  await publish(port, 'int/d', at(4, '23'));
  const after = await gateway.ledgerWhen(({ written }) => written === 5);
  expect(after).toMatchObject({ written: 5, parked: 0 });
  expect(isBalanced(after)).toBe(true);
  expect(await conversionsOf(gateway)).toMatchObject({ 'int-to-float': 1, omitted: 0 });
  expect(await store('drop-field', 'm', 'n', '--yes')).toMatchObject({ code: 0, stderr: '' });
  expect(await gateway.stop()).toBe(0);
  // Alone too, and the next start finds nothing wrong.
  expect(await store('retype', 'm', 'v', 'string')).toMatchObject({ code: 0, stderr: '' });
  await gateway.start();
  await publish(port, 'string/d', at(5, '"warm"'));
  await gateway.ledgerWhen(({ written }) => written === 6);
  expect(gateway.output).not.toContain('"level":"warn"');
  expect(await gateway.stop()).toBe(0);

  const database = await DuckDBInstance.create(join(gateway.dataDirectory, 'telemetry.duckdb'));
  const connection = await database.connect();
  const rows = await connection.runAndReadAll('SELECT device, v FROM m ORDER BY time');
  expect(rows.getRowObjects()).toEqual(
    [null, '20.5', '21.5', '22.0', '23.0', 'warm'].map((v) => ({ device: 'd', v })),
  );
  connection.closeSync();
  database.closeSync();
});
