import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { expect, it, onTestFinished } from 'vitest';
import { freePort } from '../../harness/free-port.js';
import { GatewayProcess } from '../../harness/gateway-process.js';
import { FLEET_RULE, runFleet } from '../support/fleet-load.js';
import { createTestStream, startKinesalite } from '../support/kinesis-servers.js';
import { windowsReportWhenComputed } from '../support/reported-windows.js';
import { tempDirectory } from '../support/temp-directory.js';

const MESSAGES = 12_000;
const KILLS = process.env.SLUICE_SOAK === 'full' ? 20 : 2;

it(`windows of a stream of three shards, groups inside and across them, with ${KILLS} SIGKILLs of the consumer`, {
  timeout: 300_000,
}, async () => {
  const kinesis = await startKinesalite();
  onTestFinished(() => kinesis.stop());
  await createTestStream(kinesis.endpoint, 'telemetry', 3);
  const port = await freePort();
  const gateway = new GatewayProcess({
    directory: tempDirectory(),
    stream: ['mode: kinesis', `kinesis: { endpoint: "${kinesis.endpoint}", linger: 20ms }`],
    config: `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: ${port} }] }
http: { host: 127.0.0.1, port: 0 }
${FLEET_RULE}
windows:
  aggregates:
    - name: fleet
      from: fleet
      by: [device]
      lateness: 1s
      fields: { temperature: [count, min, max, sum] }
      resolutions: [{ every: 1s }, { every: 2s }]
    - { name: all, from: fleet, by: [], every: 1s, lateness: 0s, fields: { temperature: [count, min, max, sum] } }
`,
  });
  onTestFinished(() => gateway.end());
  await gateway.start();
  let acknowledged = 0;
  const load = runFleet({
    port,
    messages: MESSAGES,
    connections: 4,
    baseMs: Math.floor(Date.now() / 1_000) * 1_000 - 3_600_000,
    onAcknowledged: () => {
      acknowledged += 1;
    },
  });
  for (let kill = 1; kill <= KILLS; kill += 1) {
    while (acknowledged < (MESSAGES * kill) / (KILLS + 1)) await new Promise((r) => setTimeout(r, 1));
    await gateway.kill();
    await gateway.start();
  }
  await load;
  const ledger = await gateway.ledgerWhen(({ buffered }) => buffered === 0);
  const report = await windowsReportWhenComputed(gateway);
  for (const { values } of report.aggregates) {
    expect(values).toMatchObject({ awaiting: 0, beyondMemory: 0, beyondRetention: 0 });
    expect(values.accepted).toBe(values.aggregated);
    // What a killed producer has sent twice is twice in the stream.
    expect(values.accepted).toBeGreaterThanOrEqual(ledger.written);
  }
  expect(await gateway.stop()).toBe(0);

  const database = await DuckDBInstance.create(join(gateway.dataDirectory, 'telemetry.duckdb'), {
    access_mode: 'READ_ONLY',
  });
  const connection = await database.connect();
  const differences = async (measurement: string, everyMs: number, tags: string) => {
    const of = (prefix: string) => `${prefix}count, ${prefix}min, ${prefix}max, round(${prefix}sum, 6)`;
    const truth = `SELECT epoch_ms(time) // ${everyMs} * ${everyMs} ${tags}, count(temperature), min(temperature), max(temperature), round(sum(temperature), 6)
      FROM fleet GROUP BY ALL`;
    const rows = `SELECT epoch_ms(time) ${tags}, ${of('temperature_')} FROM ${measurement} WHERE NOT open AND NOT inexact`;
    const found = await connection.runAndReadAll(
      `SELECT count(*) FROM ((${truth} EXCEPT ${rows}) UNION ALL (${rows} EXCEPT ${truth}))`,
    );
    const total = await connection.runAndReadAll(
      `SELECT sum(temperature_count)::INTEGER FROM ${measurement}`,
    );
    return [Number(found.getRows()[0]![0]), total.getRows()[0]![0]];
  };
  expect(await differences('fleet_1s', 1_000, ', device')).toEqual([0, MESSAGES]);
  expect(await differences('fleet_2s', 2_000, ', device')).toEqual([0, MESSAGES]);
  expect(await differences('all_1s', 1_000, '')).toEqual([0, MESSAGES]);
  connection.closeSync();
  database.closeSync();
});
