import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectAsync } from 'mqtt';
import { parse, stringify } from 'yaml';
import { runSimulation } from '../../simulators/run.js';
import { packageRoot } from '../../src/package-root.js';
import { RUN_OPTIONS } from '../simulators/run-options.js';
import { GatewayProcess } from '../support/gateway-process.js';
import { influxCount } from '../support/influx-read-back.js';
import { createTestStream, startDynalite, startKinesalite } from '../support/kinesis-servers.js';
import { startInfluxd } from '../support/servers.js';
import { EVENT_KINDS, type Exposition, metricLines, readExposition } from './metric-points.js';

/** True once a gateway writes its own metrics: then `sluice` holds what it wrote, and nothing is made here. */
const WRITES_OWN_METRICS = false;

/** What `$__interval` stands for: at least two samples of a counter have to fall into different ones. */
export const INTERVAL = WRITES_OWN_METRICS ? '1s' : '10s';

const OWN_METRICS = 'metrics: { store: { enabled: true, interval: 1s } }';
const DATABASE = 'telemetry';
const MESSAGES = 960;
const MINUTE_MS = 60_000;

/** Fed by the simulators as by `docker compose up`; and one site that a rule filters. */
const FILTERING_RULE = {
  name: 'no-cellar',
  topic: 'climate/cellar/+device/telemetry',
  where: 'false',
  measurement: 'climate',
};

export interface RunningFleet {
  /** Of InfluxDB. */
  readonly url: string;
  readonly database: string;
  /** Configuration of the gateway. */
  readonly configFile: string;
  stop(): Promise<void>;
}

/**
 * InfluxDB 1.6 with half an hour of the simulated fleet, some of it broken, written by a gateway in Kinesis mode, so
 * that every stage has metrics.
 */
export async function startFleet(): Promise<RunningFleet> {
  const [influx, kinesis, dynamo] = await Promise.all([
    startInfluxd({ databases: [DATABASE] }),
    startKinesalite(),
    startDynalite(),
  ]);
  const directory = mkdtempSync(join(tmpdir(), 'sluice-fleet-'));
  const gateway = new GatewayProcess({
    directory,
    stream: [
      'mode: kinesis',
      `kinesis: { endpoint: "${kinesis.endpoint}", linger: 50ms, checkpoints: dynamodb, leases: { endpoint: "${dynamo.endpoint}", failover: 2s } }`,
    ],
    config: [
      'broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: 0 }] }',
      'http: { host: 127.0.0.1, port: 0 }',
      `sink: { influx: { url: "${influx.url}", database: ${DATABASE} } }`,
      ...(WRITES_OWN_METRICS ? [OWN_METRICS] : []),
      stringify({ rules: [FILTERING_RULE, ...deployedRules()] }),
    ].join('\n'),
  });
  const stop = async () => {
    await gateway.end();
    await Promise.all([influx.stop(), kinesis.stop(), dynamo.stop()]);
    rmSync(directory, { recursive: true });
  };
  try {
    await createTestStream(kinesis.endpoint, 'telemetry', 2);
    await gateway.start();
    const scrapes = [await scrape(gateway)];
    await simulate(gateway.mqttPort);
    await publishWithoutClock(gateway.mqttPort);
    await beRefused(gateway.mqttPort);
    await gateway.ledgerWhen(({ received, buffered }) => received > MESSAGES && buffered === 0);
    for (let more = 0; more < 3; more += 1) scrapes.push(await scrape(gateway));
    if (WRITES_OWN_METRICS) await untilSampled(influx.url);
    await write(influx.url, [...(WRITES_OWN_METRICS ? [] : samples(scrapes)), ...outages()]);
    return { url: influx.url, database: DATABASE, configFile: gateway.configFile, stop };
  } catch (thrown) {
    await stop();
    throw thrown;
  }
}

function deployedRules(): object[] {
  const text = readFileSync(join(packageRoot(), 'deploy', 'sluice', 'influxdb1.yaml'), 'utf8');
  return (parse(text) as { rules: object[] }).rules;
}

async function simulate(port: number): Promise<void> {
  await runSimulation(
    {
      ...RUN_OPTIONS,
      scenario: 'all',
      url: `mqtt://127.0.0.1:${port}`,
      devices: 32,
      connections: 8,
      rate: 'max',
      count: MESSAGES,
      startAtMs: Date.now() - 30 * MINUTE_MS,
      intervalMs: MINUTE_MS,
      dayMs: 20 * MINUTE_MS,
      faults: { late: 0, duplicated: 0, outOfOrder: 0, malformed: 0.03, wrongClock: 0.03 },
    },
    { stop: new AbortController().signal },
  );
}

/** Of a device whose clock was never set: the receive time stands in, which is noted. */
async function publishWithoutClock(port: number): Promise<void> {
  const client = await connectAsync(`mqtt://127.0.0.1:${port}`);
  await client.publishAsync('sensors/kochi/CITIKOC/telemetry', '{"temperature":25,"timestamp":0}', {
    qos: 1,
  });
  await client.endAsync();
}

/** With a packet of 256 MiB. */
async function beRefused(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f]));
  socket.resume();
  await once(socket, 'close');
}

async function scrape({ httpUrl }: GatewayProcess): Promise<Exposition> {
  return readExposition(await (await fetch(`${httpUrl}/metrics`)).text());
}

/** Resolves when the gateway has written three samples more. */
async function untilSampled(url: string): Promise<void> {
  const count = () => influxCount(url, DATABASE, 'sluice', 'log_size_bytes');
  const wanted = (await count()) + 3;
  while ((await count()) < wanted) await new Promise((resolve) => setTimeout(resolve, 100));
}

/** As if 30 s lay between two scrapes, the last one now. */
function samples(scrapes: readonly Exposition[]): string[] {
  const endMs = Date.now();
  return scrapes.flatMap((now, at) =>
    metricLines(now, scrapes[at - 1], scrapes.at(-1)!, 'gateway-1', endMs - (scrapes.length - at) * 30_000),
  );
}

/** One moment of each kind: a short run has no outage of its own. */
function outages(): string[] {
  const nowMs = Date.now();
  return EVENT_KINDS.map(
    (kind, at) =>
      `sluice_events,gateway=gateway-1,kind=${kind} text="${kind} of a test" ${nowMs - at * 1000}000000`,
  );
}

async function write(url: string, lines: readonly string[]): Promise<void> {
  const answer = await fetch(`${url}/write?db=${DATABASE}`, { method: 'POST', body: lines.join('\n') });
  if (answer.status !== 204) throw new Error(`${answer.status} ${await answer.text()}`);
}
