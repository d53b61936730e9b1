import { describe, expect, it, onTestFinished } from 'vitest';
import { freePort } from '../../harness/free-port.js';
import { GatewayProcess } from '../../harness/gateway-process.js';
import { requireServer, startInfluxd } from '../../harness/servers.js';
import type { WindowsReport } from '../../src/windows/windows-report.js';
import { FLEET_RULE, runFleet } from '../support/fleet-load.js';
import { createTestStream, startDynalite, startKinesalite } from '../support/kinesis-servers.js';
import { windowsReport } from '../support/reported-windows.js';
import { tempDirectory } from '../support/temp-directory.js';

const SHARDS = 4;
const WORKERS = ['one', 'two'];
const CONNECTIONS = 12;
/** Messages of a device in one round of the load. */
const ROUND_EACH = 5;
/** A round takes at least so long, so that the processes have time for other things. */
const ROUND_MS = 100;
const FAILOVER_MS = 3_000;
const WITHIN_MS = 60_000;

const WINDOWS = `
windows:
  aggregates:
    - name: device
      from: fleet
      by: [device]
      lateness: 1s
      fields: { temperature: [count, min, max, sum, last] }
      resolutions: [{ every: 1s }, { every: 2s }]
    - { name: all, from: fleet, by: [], every: 1s, lateness: 0s, fields: { temperature: [count, min, max, sum] } }
`;

describe.skipIf(!requireServer('influxd'))('windows of two consumers that share four shards', () => {
  it('are exact when the one that computes is killed with windows open, and then the other', {
    timeout: 300_000,
  }, async () => {
    const [kinesis, dynamo, influx] = await Promise.all([
      startKinesalite(),
      startDynalite(),
      startInfluxd({ databases: ['iot'] }),
    ]);
    for (const server of [kinesis, dynamo, influx]) onTestFinished(() => server.stop());
    await createTestStream(kinesis.endpoint, 'telemetry', SHARDS);
    const start = async (worker: string, role: 'ingest' | 'consume', config: string) => {
      const gateway = new GatewayProcess({
        directory: tempDirectory(),
        stream: [
          'mode: kinesis',
          `kinesis: { endpoint: "${kinesis.endpoint}", linger: 50ms, checkpoints: dynamodb, leases: { endpoint: "${dynamo.endpoint}", worker: ${worker}, failover: ${FAILOVER_MS}ms } }`,
        ],
        args: ['--role', role],
        config: `http: { host: 127.0.0.1, port: 0 }\n${config}`,
      });
      onTestFinished(() => gateway.end());
      await gateway.start();
      return gateway;
    };
    const consumer = (worker: string) =>
      start(
        worker,
        'consume',
        `consumer: { checkpointInterval: 200ms }
sink: { influx: { url: "${influx.url}", database: iot } }
${FLEET_RULE}${WINDOWS}`,
      );
    const ingest = await start(
      'none',
      'ingest',
      `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: ${await freePort()} }] }`,
    );
    const consumers = await Promise.all(WORKERS.map(consumer));
    await untilHeld(consumers, SHARDS / consumers.length);

    const load = publishUntilStopped(ingest.mqttPort);
    const rowsOf = (from: string) => storedOf(influx.url, from);
    const untilMore = async (measurement: string) => {
      const before = (await rowsOf(measurement)).length;
      await expect
        .poll(async () => (await rowsOf(measurement)).length, { timeout: WITHIN_MS })
        .toBeGreaterThan(before);
    };
    await untilMore('device_1s');
    const kill = async (isComputing: boolean) => {
      const name = await computing(consumers);
      const nth = WORKERS.findIndex((worker) => (worker === name) === isComputing);
      await consumers[nth]!.kill();
      await untilHeld([consumers[1 - nth]!], SHARDS);
      await untilMore('device_1s');
      return { killed: consumers[nth]!, other: consumers[1 - nth]! };
    };
    const { killed } = await kill(true);
    await killed.start();
    await untilHeld(consumers, SHARDS / consumers.length);
    const { other } = await kill(false);
    // An hour late: these windows have closed long ago.
    const late = { firstSeq: 0, baseMs: Date.now() - 3_600_000, messages: ROUND_EACH * CONNECTIONS };
    const messages = (await load.stop()) + late.messages;
    await runFleet({ port: ingest.mqttPort, connections: CONNECTIONS, ...late });
    const differences = async () => {
      const points = await rowsOf('fleet');
      if (points.length < messages) return [`${points.length} of ${messages} points`];
      const missing = [
        ...differencesOf(points, await rowsOf('device_1s'), 1_000, true),
        ...differencesOf(points, await rowsOf('device_2s'), 2_000, true),
        ...differencesOf(points, await rowsOf('all_1s'), 1_000, false),
      ];
      return missing.slice(0, 5);
    };
    await expect.poll(differences, { timeout: WITHIN_MS, interval: 500 }).toEqual([]);

    const report = await windowsReport(other);
    expect(report).toMatchObject({ problem: '', computedBy: await computing([other]) });
    for (const { values } of report.aggregates) {
      expect(values.beyondMemory).toBe(0);
      expect(values.accepted).toBe(values.aggregated + values.awaiting);
    }
    for (const one of [ingest, other]) expect(await one.stop()).toBe(0);
  });
});

interface Stored {
  readonly device: string | undefined;
  readonly timeMs: number;
  readonly values: Readonly<Record<string, unknown>>;
}

async function storedOf(url: string, from: string): Promise<Stored[]> {
  const query = `SELECT * FROM "${from}"`;
  const answer = await fetch(`${url}/query?db=iot&epoch=ms&q=${encodeURIComponent(query)}`);
  const { results } = (await answer.json()) as {
    results: { series?: { columns: string[]; values: unknown[][] }[] }[];
  };
  return (results[0]?.series ?? []).flatMap(({ columns, values }) =>
    values.map((row) => {
      const { time, device, ...rest } = Object.fromEntries(columns.map((name, i) => [name, row[i]]));
      return { device: device as string | undefined, timeMs: Number(time), values: rest };
    }),
  );
}

/** Compares rows with what plain loops find over all points; a text for each that differs. */
function differencesOf(
  points: readonly Stored[],
  rows: readonly Stored[],
  everyMs: number,
  byDevice: boolean,
): string[] {
  const windows = new Map<string, number[]>();
  for (const { device, timeMs, values } of points.toSorted((a, b) => a.timeMs - b.timeMs)) {
    const key = `${Math.floor(timeMs / everyMs) * everyMs} ${byDevice ? device : ''}`;
    windows.set(key, [...(windows.get(key) ?? []), Number(values.temperature)]);
  }
  const found = new Map(rows.map((row) => [`${row.timeMs} ${byDevice ? row.device : ''}`, row.values]));
  const expected = new Map(
    [...windows].map(([key, values]) => [
      key,
      {
        temperature_count: values.length,
        temperature_min: Math.min(...values),
        temperature_max: Math.max(...values),
        temperature_sum: values.reduce((sum, value) => sum + value, 0).toFixed(6),
        ...(byDevice && { temperature_last: values.at(-1) }),
        open: false,
        inexact: false,
      },
    ]),
  );
  const differing = [...expected].flatMap(([key, row]) => {
    const is = found.get(key);
    if (is === undefined) return [`${key} has no row`];
    const comparable = { ...is, temperature_sum: Number(is.temperature_sum).toFixed(6) };
    const isSame = Object.entries(row).every(
      ([name, value]) => comparable[name as 'temperature_sum'] === value,
    );
    return isSame ? [] : [`${key} is ${JSON.stringify(is)}, not ${JSON.stringify(row)}`];
  });
  const others = [...found.keys()].filter((key) => !expected.has(key)).map((key) => `${key} has no points`);
  return [...differing, ...others];
}

/** Goes on all the time with the times of now; `stop` resolves with how many messages there were. */
function publishUntilStopped(port: number) {
  let rounds = 0;
  let isStopped = false;
  const running = (async () => {
    for (; !isStopped; rounds += 1) {
      const firstSeq = rounds * ROUND_EACH;
      const baseMs = Date.now() - firstSeq;
      await runFleet({
        port,
        messages: ROUND_EACH * CONNECTIONS,
        firstSeq,
        connections: CONNECTIONS,
        baseMs,
      });
      // Nor does a further round have the times of this one.
      while (Date.now() <= baseMs + firstSeq + ROUND_MS) await new Promise((r) => setTimeout(r, 1));
    }
    return rounds * ROUND_EACH * CONNECTIONS;
  })();
  return {
    stop: () => {
      isStopped = true;
      return running;
    },
  };
}

async function untilHeld(consumers: readonly GatewayProcess[], each: number): Promise<void> {
  await expect
    .poll(() => Promise.all(consumers.map(leasesHeld)), { timeout: WITHIN_MS })
    .toEqual(consumers.map(() => each));
}

async function leasesHeld({ httpUrl }: GatewayProcess): Promise<number> {
  const text = await (await fetch(`${httpUrl}/metrics`)).text();
  return Number(/^sluice_kinesis_leases\{kind="held"\} (\d+)$/m.exec(text)?.[1]);
}

/** The consumer that all of them name as the one that computes. */
async function computing(consumers: readonly GatewayProcess[]): Promise<string> {
  let named: readonly (string | undefined)[] = [];
  await expect
    .poll(
      async () => {
        named = await Promise.all(consumers.map(computedBy));
        return named[0] !== undefined && new Set(named).size === 1;
      },
      { timeout: WITHIN_MS },
    )
    .toBe(true);
  return named[0]!;
}

async function computedBy({ httpUrl }: GatewayProcess): Promise<string | undefined> {
  const state = (await (await fetch(`${httpUrl}/api/state`)).json()) as { windows?: WindowsReport };
  return state.windows?.computedBy;
}
