import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { expect, it, onTestFinished } from 'vitest';
import { GatewayProcess, isBalanced } from '../../harness/gateway-process.js';
import { runLoad } from '../../harness/load-client.js';
import { sluice } from '../../harness/programs.js';
import { requireServer, startInfluxd } from '../../harness/servers.js';
import { influxQuery } from '../support/influx-read-back.js';
import { tempDirectory } from '../support/temp-directory.js';

const hasInfluxd = requireServer('influxd');

const DEVICES = 4;
const MESSAGES_OF_DEVICE = 2_500;
const RECORDS = DEVICES * MESSAGES_OF_DEVICE;

/** Every message has two samples. The range is wrong: the second one, which is negative, parks its message. */
const RULE = `
rules:
  - name: samples
    topic: samples/+device
    each: payload.samples
    measurement: samples
    time: { path: timestamp, unit: ms }
    tags: { device: topic.device, sample: index }
    fields: { v: { path: element, type: float, range: [0, 100000] } }
`;

interface StoredSeries {
  readonly points: number;
  readonly sum: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

/** What each device and sample must have: all its points, each at its own time. */
function expectedSeries(baseMs: number): ReadonlyMap<string, StoredSeries> {
  const n = MESSAGES_OF_DEVICE;
  const times = { firstMs: baseMs, lastMs: baseMs + n - 1 };
  const sums = [(n * (n - 1)) / 2, -(n * (n + 1)) / 2];
  return new Map(
    Array.from({ length: DEVICES }, (_, device) => device).flatMap((device) =>
      sums.map((sum, sample) => [`d${device} ${sample}`, { points: n, sum, ...times }] as const),
    ),
  );
}

async function inInflux(url: string): Promise<ReadonlyMap<string, StoredSeries>> {
  const of = async (what: string) =>
    new Map(
      (await influxQuery(url, 'iot', `SELECT ${what} FROM samples GROUP BY device, sample`)).map(
        ({ tags, values }) => [`${tags?.device} ${tags?.sample}`, values[0]!] as const,
      ),
    );
  const [totals, first, last] = [await of('count(v), sum(v)'), await of('first(v)'), await of('last(v)')];
  const ms = (row: readonly unknown[] | undefined) => Number(BigInt(String(row?.[0])) / 1_000_000n);
  return new Map(
    [...totals].map(([key, row]) => [
      key,
      { points: Number(row[1]), sum: Number(row[2]), firstMs: ms(first.get(key)), lastMs: ms(last.get(key)) },
    ]),
  );
}

async function inDuckDb(path: string): Promise<ReadonlyMap<string, StoredSeries>> {
  const database = await DuckDBInstance.create(path, { access_mode: 'READ_ONLY' });
  const connection = await database.connect();
  const rows = await connection.runAndReadAll(
    `SELECT device, sample, count(*)::INT, sum(v)::DOUBLE, epoch_ms(min(time))::DOUBLE, epoch_ms(max(time))::DOUBLE
     FROM samples GROUP BY ALL`,
  );
  connection.closeSync();
  database.closeSync();
  return new Map(
    rows
      .getRows()
      .map(([device, sample, points, sum, firstMs, lastMs]) => [
        `${device} ${sample}`,
        { points: Number(points), sum: Number(sum), firstMs: Number(firstMs), lastMs: Number(lastMs) },
      ]),
  );
}

const STORES = [
  { store: 'InfluxDB 1.6', isInflux: true },
  { store: 'DuckDB', isInflux: false },
].filter(({ isInflux }) => hasInfluxd || !isInflux);

it.each(STORES)(
  'a wrong rule under load, fixed by a reload and a replay, loses nothing: $store',
  { timeout: 180_000 },
  async ({ isInflux }) => {
    const server = isInflux ? await startInfluxd({ databases: ['iot'] }) : undefined;
    onTestFinished(() => server?.stop());
    const gateway = new GatewayProcess({
      directory: tempDirectory(),
      config: `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: 0 }] }
http: { host: 127.0.0.1, port: 0 }
${server === undefined ? '' : `sink: { influx: { url: "${server.url}", database: iot } }`}
${RULE}`,
    });
    onTestFinished(() => gateway.end());
    await gateway.start();
    const baseMs = Date.now() - 600_000;
    let acknowledged = 0;
    const load = runLoad({
      host: '127.0.0.1',
      port: gateway.mqttPort,
      connections: DEVICES,
      messages: MESSAGES_OF_DEVICE,
      qos: 1,
      window: 50,
      topic: (connection) => `samples/d${connection}`,
      payload: (_connection, n) => Buffer.from(`{"timestamp":${baseMs + n},"samples":[${n},${-n - 1}]}`),
      onAcknowledged: () => {
        acknowledged += 1;
      },
    });
    while (acknowledged < RECORDS / 2) await new Promise((resolve) => setTimeout(resolve, 1));
    await gateway.ledgerWhen(({ parked }) => parked > 0);

    const text = readFileSync(gateway.configFile, 'utf8');
    writeFileSync(
      `${gateway.configFile}.new`,
      text.replace('range: [0, 100000]', 'range: [-100000, 100000]'),
    );
    renameSync(`${gateway.configFile}.new`, gateway.configFile);
    const reloaded = await sluice(['reload', '-c', gateway.configFile]);
    expect(reloaded).toMatchObject({ code: 0, stderr: '' });
    await load;
    const before = await gateway.ledgerWhen(({ buffered }) => buffered === 0);
    expect(isBalanced(before), JSON.stringify(before)).toBe(true);
    expect(before.parked).toBeGreaterThan(0);

    const replayed = await sluice(['dead-letters', 'replay', '--all', '-c', gateway.configFile]);
    expect(replayed.code, replayed.stderr).toBe(0);
    const after = await gateway.ledgerWhen(({ parked }) => parked === 0);
    expect(isBalanced(after), JSON.stringify(after)).toBe(true);
    expect(after).toMatchObject({ received: RECORDS, written: RECORDS, parked: 0, filtered: 0 });
    expect(await gateway.stop()).toBe(0);
    const stored =
      server === undefined
        ? await inDuckDb(join(gateway.dataDirectory, 'telemetry.duckdb'))
        : await inInflux(server.url);
    expect(new Map([...stored].sort())).toEqual(expectedSeries(baseMs));
  },
);
