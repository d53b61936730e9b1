import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect, it, onTestFinished } from 'vitest';
import { freePort } from '../../harness/free-port.js';
import { GatewayProcess, isBalanced } from '../../harness/gateway-process.js';
import { sluice } from '../../harness/programs.js';
import { requireServer, startInfluxd } from '../../harness/servers.js';
import { FLEET_RULE, runFleet } from '../support/fleet-load.js';
import { influxQuery } from '../support/influx-read-back.js';
import { publishMessages } from '../support/publish-messages.js';
import { windowsReport, windowsReportWhenComputed } from '../support/reported-windows.js';
import { tempDirectory } from '../support/temp-directory.js';

const KILLS = process.env.SLUICE_SOAK === 'full' ? 30 : 3;
const MESSAGES = 20_000;
const FUNCTIONS = ['count', 'sum', 'mean', 'min', 'max', 'stddev', 'first', 'last'] as const;
const RESOLUTIONS = [
  ['2s', 2],
  ['10s', 10],
  ['1min', 60],
] as const;

const windowsOf = (to: string) => `
windows:
  aggregates:
    - name: fleet
      from: fleet
      by: [device]
      lateness: 1s
      fields: { temperature: [${FUNCTIONS.join(', ')}], seq: count }
      resolutions: [{ every: 2s }, { every: 10s${to} }, { every: 1min }]
    - name: all
      from: fleet
      by: []
      every: 2s
      size: 6s
      lateness: 0s
      fields: { temperature: [${FUNCTIONS.join(', ')}] }
`;

/** A row of windows, or what SQL says of its points. */
type Numbers = Readonly<Record<string, number | null>>;

interface Store {
  readonly sink: string;
  readonly to: string;
  /** `<seconds of the start> <device>` → numbers of the rows; called when the gateway has stopped. */
  readonly rows: (measurement: string, dataDirectory: string) => Promise<Map<string, Numbers>>;
  /** The same from the points of the fleet, by the store's own language. */
  readonly truth: (
    seconds: number,
    isByDevice: boolean,
    dataDirectory: string,
  ) => Promise<Map<string, Numbers>>;
}

async function startGateway(store: Store): Promise<GatewayProcess> {
  const port = await freePort();
  const gateway = new GatewayProcess({
    directory: tempDirectory(),
    config: `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: ${port} }] }
http: { host: 127.0.0.1, port: 0 }
${store.sink}${FLEET_RULE}${windowsOf(store.to)}`,
  });
  onTestFinished(() => gateway.end());
  await gateway.start();
  return gateway;
}

function expectSame(rows: ReadonlyMap<string, Numbers>, truth: ReadonlyMap<string, Numbers>): void {
  expect([...rows.keys()].sort()).toEqual([...truth.keys()].sort());
  for (const [key, numbers] of truth) {
    const row = rows.get(key)!;
    for (const exact of ['count', 'min', 'max', 'first', 'last']) {
      expect(row[exact], `${key} ${exact}`).toBe(numbers[exact]);
    }
    for (const near of ['sum', 'mean']) {
      expect(Math.abs(row[near]! - numbers[near]!), `${key} ${near}`).toBeLessThan(
        1e-9 * numbers.count! * 50,
      );
    }
    const variance = (one: Numbers) => (one.stddev ?? 0) ** 2;
    expect(Math.abs(variance(row) - variance(numbers)), `${key} stddev`).toBeLessThan(1e-6 * 400);
  }
}

async function duckRows(directory: string, sql: string): Promise<Map<string, Numbers>> {
  const database = await DuckDBInstance.create(join(directory, 'telemetry.duckdb'), {
    access_mode: 'READ_ONLY',
  });
  const connection = await database.connect();
  const found = await connection.runAndReadAll(sql);
  const rows = found.getRowObjects().map(({ key, ...numbers }) => {
    const entries = Object.entries(numbers).map(([name, value]) => [
      name,
      value === null ? null : Number(value),
    ]);
    return [String(key), Object.fromEntries(entries) as Numbers] as const;
  });
  connection.closeSync();
  database.closeSync();
  return new Map(rows);
}

const DUCKDB: Store = {
  sink: '',
  to: '',
  rows: (measurement, directory) => {
    const device = measurement.startsWith('fleet') ? `device` : `''`;
    const columns = FUNCTIONS.map((one) => `temperature_${one} AS "${one}"`).join(', ');
    const key = `epoch_ns(time) // 1000000000 || ' ' || ${device} AS key`;
    return duckRows(
      directory,
      `SELECT ${key}, ${columns} FROM ${measurement} WHERE NOT open AND NOT inexact`,
    );
  },
  truth: (seconds, isByDevice, directory) => {
    const device = isByDevice ? 'device' : `''`;
    const window = isByDevice ? seconds : 2;
    const starts = isByDevice ? 'SELECT 0 AS back' : 'SELECT unnest([0, 2, 4]) AS back';
    return duckRows(
      directory,
      `SELECT (epoch_ns(time) // 1000000000 // ${window} * ${window} - back) || ' ' || ${device} AS key,
         count(temperature) AS count, sum(temperature) AS sum, avg(temperature) AS mean,
         min(temperature) AS min, max(temperature) AS max, stddev_samp(temperature) AS stddev,
         first(temperature ORDER BY time, device DESC) AS first, last(temperature ORDER BY time, device) AS last
       FROM fleet, (${starts}) GROUP BY ALL`,
    );
  },
};

/** InfluxDB stays up, so it can be asked after the gateway has stopped. */
async function influx(): Promise<Store> {
  const server = await startInfluxd({ databases: ['iot'] });
  onTestFinished(() => server.stop());
  await influxQuery(server.url, 'iot', 'CREATE RETENTION POLICY coarse ON iot DURATION INF REPLICATION 1');
  const numbersOf = async (query: string, columns: readonly string[]) => {
    const found = await influxQuery(server.url, 'iot', query);
    return new Map(
      found.flatMap(({ tags, values }) =>
        values
          .filter((row) => row[1] !== null && row[1] !== 0)
          .map(([time, ...cells]) => {
            const key = `${BigInt(String(time)) / 1_000_000_000n} ${tags?.device ?? ''}`;
            const numbers = columns.map((name, i) => [name, cells[i] === null ? null : Number(cells[i])]);
            return [key, Object.fromEntries(numbers) as Numbers] as const;
          }),
      ),
    );
  };
  return {
    sink: `sink: { influx: { url: "${server.url}", database: iot } }`,
    to: ', to: coarse',
    rows: (measurement) => {
      const from = measurement === 'fleet_10s' ? `"coarse"."fleet_10s"` : `"${measurement}"`;
      const columns = FUNCTIONS.map((one) => `temperature_${one}`).join(', ');
      const query = `SELECT ${columns} FROM ${from} WHERE open = false AND inexact = false GROUP BY *`;
      return numbersOf(query, FUNCTIONS);
    },
    truth: async (seconds, isByDevice) => {
      const columns = FUNCTIONS.map((one) => `${one}(temperature)`).join(', ');
      if (isByDevice) {
        const query = `SELECT ${columns} FROM fleet GROUP BY time(${seconds}s), device fill(none)`;
        return numbersOf(query, FUNCTIONS);
      }
      // A window that overlaps others begins at an offset of the same windows.
      const all = new Map<string, Numbers>();
      for (const offset of [0, 2, 4]) {
        const query = `SELECT ${columns} FROM fleet GROUP BY time(6s, ${offset}s) fill(none)`;
        for (const [key, numbers] of await numbersOf(query, FUNCTIONS)) all.set(key, numbers);
      }
      return all;
    },
  };
}

const STORES = [
  { name: 'DuckDB', installed: true, start: async () => DUCKDB },
  { name: 'InfluxDB 1.6', installed: requireServer('influxd'), start: influx },
];

describe.each(STORES)('windows in $name', ({ installed, start }) => {
  it.skipIf(!installed)(
    `are what the store's own language says of the points, with ${KILLS} SIGKILLs on the way`,
    { timeout: 600_000 },
    async () => {
      const store = await start();
      const gateway = await startGateway(store);
      let acknowledged = 0;
      // An hour ago: every window is behind the watermark when its first point comes.
      const baseMs = Math.floor(Date.now() / 60_000) * 60_000 - 3_600_000;
      const load = runFleet({
        port: gateway.mqttPort,
        messages: MESSAGES,
        connections: 4,
        baseMs,
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
      expect(isBalanced(ledger), JSON.stringify(ledger)).toBe(true);
      // Kill it while it computes, too.
      await gateway.kill();
      await gateway.start();
      const report = await windowsReportWhenComputed(gateway);
      for (const { values } of report.aggregates) {
        expect(values.accepted).toBe(values.aggregated);
        expect(values).toMatchObject({ awaiting: 0, beyondMemory: 0, beyondRetention: 0 });
      }
      // Two fields in the one, three windows for each value in the other; what was sent again counts again.
      expect(report.aggregates[0]!.values.accepted).toBe(2 * ledger.written);
      expect(report.aggregates[1]!.values.accepted).toBe(3 * ledger.written);
      expect(await gateway.stop()).toBe(0);
      const directory = gateway.dataDirectory;
      for (const [name, seconds] of RESOLUTIONS) {
        const rows = await store.rows(`fleet_${name}`, directory);
        expect(rows.size).toBeGreaterThan(0);
        expectSame(rows, await store.truth(seconds, true, directory));
        const counted = [...rows.values()].reduce((sum, { count }) => sum + count!, 0);
        expect(counted, name).toBe(MESSAGES);
      }
      expectSame(await store.rows('all_2s', directory), await store.truth(6, false, directory));
    },
  );
});

it('counts and means of two cities show while a window is open, and are stored and freed when it has closed', {
  timeout: 60_000,
}, async () => {
  const port = await freePort();
  const gateway = new GatewayProcess({
    directory: tempDirectory(),
    config: `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: ${port} }] }
http: { host: 127.0.0.1, port: 0 }
rules:
  - name: cities
    topic: sensors/+city/+device/telemetry
    measurement: sensordata
    tags: { city: topic.city, device: topic.device }
    fields: { temperature: payload.temperature }
windows:
  aggregates:
    - { name: city, from: sensordata, by: [city], every: 4s, lateness: 0s, early: 1s, fields: { temperature: [count, mean] } }
`,
  });
  onTestFinished(() => gateway.end());
  await gateway.start();
  // A whole window is ahead.
  while (Date.now() % 4_000 > 300) await new Promise((resolve) => setTimeout(resolve, 10));
  const startMs = Math.floor(Date.now() / 4_000) * 4_000;
  const publish = (city: string, values: readonly number[]) =>
    publishMessages(
      port,
      values.map((temperature, nth) => ({
        client: `${city}${nth}`,
        topic: `sensors/${city}/d${nth}/telemetry`,
        payload: JSON.stringify({ temperature }),
      })),
    );
  await publish('Mumbai', [30, 32]);
  await publish('Pune', [20, 21, 25]);
  const values = async (field: string) => {
    const query = `measurement=city_4s&field=${field}&by=city&from=${startMs}&to=${startMs + 4_000}&buckets=1`;
    const answer = await fetch(`${gateway.httpUrl}/api/series?${query}`);
    if (!answer.ok) return {};
    const { groups = [] } = (await answer.json()) as {
      groups?: { name: string; values: (number | null)[] }[];
    };
    return Object.fromEntries(groups.map(({ name, values: [value] }) => [name, value]));
  };
  await expect.poll(() => values('temperature_count'), { timeout: 20_000 }).toEqual({ Mumbai: 2, Pune: 3 });
  expect(await values('temperature_mean')).toEqual({ Mumbai: 31, Pune: 22 });
  const report = await windowsReport(gateway);
  // On a slow machine it may have closed by now.
  if (Date.now() < startMs + 4_000) expect(report.aggregates[0]?.resolutions[0]?.openWindows).toBe(1);
  const closed = await windowsReportWhenComputed(gateway);
  expect(closed.aggregates[0]?.values).toMatchObject({ accepted: 5, aggregated: 5, awaiting: 0 });
  await expect.poll(async () => (await windowsReport(gateway)).memoryBytes, { timeout: 20_000 }).toBe(0);
  const span = ['--from', new Date(startMs).toISOString(), '--to', new Date(startMs + 4_000).toISOString()];
  const rebuild = (...args: string[]) =>
    sluice(['windows', 'rebuild', 'city', '-c', gateway.configFile, ...span, ...args]);
  expect(await rebuild('--dry-run')).toMatchObject({
    code: 0,
    stdout: 'city_4s: 1 window would be computed again\n',
  });
  expect(await rebuild()).toMatchObject({
    code: 0,
    stdout: 'city_4s: 1 window marked to be computed again\nAll that have closed are computed.\n',
  });
  expect((await windowsReport(gateway)).aggregates[0]?.values).toEqual(closed.aggregates[0]?.values);
  expect(await gateway.stop()).toBe(0);
  const rows = await duckRows(
    gateway.dataDirectory,
    'SELECT city AS key, temperature_count AS count, temperature_mean AS mean FROM city_4s WHERE NOT open',
  );
  expect(Object.fromEntries(rows)).toEqual({ Mumbai: { count: 2, mean: 31 }, Pune: { count: 3, mean: 22 } });
});
