import { expect, onTestFinished, test } from 'vitest';
import { freePort } from '../../harness/free-port.js';
import { GatewayProcess } from '../../harness/gateway-process.js';
import { sluice } from '../../harness/programs.js';
import { requireServer, startInfluxd } from '../../harness/servers.js';
import { FLEET_CONNECTIONS, FLEET_RULE, runFleet } from '../support/fleet-load.js';
import { tempDirectory } from '../support/temp-directory.js';

const MESSAGES = 60_000;
const OF_DEVICE = MESSAGES / FLEET_CONNECTIONS;
const COARSE_MS = 10_000;
const KILLS = process.env.SLUICE_SOAK === 'full' ? 30 : 2;

const WINDOWS = `
windows:
  aggregates:
    - name: agg
      from: fleet
      by: [device]
      lateness: 1s
      fields: { temperature: [count, sum, mean, min, max, first, last, stddev] }
      quantiles: [0.5]
      resolutions:
        - { every: 1s, retention: 30d }
        - { every: 10s, retention: 90d, to: long rows }
`;

interface StoredRow {
  readonly device: string;
  readonly timeMs: number;
  readonly values: Readonly<Record<string, unknown>>;
}

async function rowsOf(url: string, from: string): Promise<readonly StoredRow[]> {
  const query = `SELECT * FROM ${from} GROUP BY "device"`;
  const answer = await fetch(`${url}/query?db=iot&epoch=ms&q=${encodeURIComponent(query)}`);
  const { results } = (await answer.json()) as {
    results: { series?: { tags: { device: string }; columns: string[]; values: unknown[][] }[] }[];
  };
  return (results[0]?.series ?? []).flatMap(({ tags, columns, values }) =>
    values.map((row) => ({
      device: tags.device,
      timeMs: Number(row[0]),
      values: Object.fromEntries(columns.map((name, i) => [name, row[i]])),
    })),
  );
}

/** What plain loops find over the messages of one device in a window. */
function expectedRow(fromMessage: number, messages: number): Record<string, unknown> {
  const values = Array.from({ length: messages }, (_, i) => ((fromMessage + i) % 600) / 10 - 20);
  const sum = values.reduce((total, value) => total + value, 0);
  const mean = sum / messages;
  const m2 = values.reduce((total, value) => total + (value - mean) ** 2, 0);
  return {
    temperature_count: messages,
    temperature_sum: expect.closeTo(sum, 6),
    temperature_mean: expect.closeTo(mean, 9),
    temperature_min: Math.min(...values),
    temperature_max: Math.max(...values),
    temperature_first: values[0],
    temperature_last: values.at(-1),
    temperature_stddev: expect.closeTo(Math.sqrt(m2 / (messages - 1)), 6),
    open: false,
    inexact: false,
  };
}

test.skipIf(!requireServer('influxd'))(
  `windows of ${MESSAGES} messages are exact in InfluxDB 1.6, in both retention policies, when gateway and store are killed ${KILLS} times`,
  { timeout: 600_000 },
  async () => {
    const server = await startInfluxd();
    onTestFinished(() => server.stop());
    const gateway = new GatewayProcess({
      directory: tempDirectory(),
      config: `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: ${await freePort()} }] }
http: { host: 127.0.0.1, port: 0 }
sink: { influx: { url: "${server.url}", database: iot } }
${FLEET_RULE}${WINDOWS}`,
    });
    onTestFinished(() => gateway.end());
    const prepared = await sluice(['store', 'prepare', '-c', gateway.configFile]);
    expect(prepared).toMatchObject({
      code: 0,
      stdout: 'database "iot": made\nretention policy "long rows" of database "iot": made\n',
    });
    await gateway.start();
    const baseMs = Math.floor((Date.now() - 3_600_000) / COARSE_MS) * COARSE_MS;
    let acknowledged = 0;
    const load = runFleet({
      port: gateway.mqttPort,
      messages: MESSAGES,
      baseMs,
      onAcknowledged: () => {
        acknowledged += 1;
      },
    });
    for (let kill = 1; kill <= KILLS; kill += 1) {
      await expect
        .poll(() => acknowledged, { timeout: 120_000, interval: 5 })
        .toBeGreaterThan((MESSAGES * kill) / (KILLS + 1));
      await gateway.kill();
      await gateway.start();
      // A window may be half read, or half written.
      await server.kill();
      await server.restart();
    }
    expect(await load).toMatchObject({ acknowledged: MESSAGES });
    await gateway.ledgerWhen(({ buffered, written }) => buffered === 0 && written >= MESSAGES);
    await server.kill();
    await server.restart();
    const countIn = async (from: string) => {
      const rows = await rowsOf(server.url, from);
      return rows.reduce((sum, { values }) => sum + Number(values.temperature_count), 0);
    };
    await expect.poll(() => countIn('"agg_1s"'), { timeout: 60_000 }).toBe(MESSAGES);
    await expect.poll(() => countIn('"long rows"."agg_10s"'), { timeout: 60_000 }).toBe(MESSAGES);

    const fine = await rowsOf(server.url, '"agg_1s"');
    expect(fine).toHaveLength((FLEET_CONNECTIONS * OF_DEVICE) / 1_000);
    for (const { timeMs, values } of fine) expect(values).toMatchObject(expectedRow(timeMs - baseMs, 1_000));
    const coarse = await rowsOf(server.url, '"long rows"."agg_10s"');
    expect(coarse.map(({ timeMs }) => timeMs)).toEqual(Array(FLEET_CONNECTIONS).fill(baseMs));
    for (const { values } of coarse) expect(values).toMatchObject(expectedRow(0, OF_DEVICE));
    expect(await rowsOf(server.url, '"agg_10s"')).toEqual([]);
    expect(await gateway.stop()).toBe(0);
  },
);
