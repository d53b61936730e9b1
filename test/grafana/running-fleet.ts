import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectAsync } from 'mqtt';
import { parse, stringify } from 'yaml';
import { GatewayProcess } from '../../harness/gateway-process.js';
import { startInfluxd } from '../../harness/servers.js';
import { runSimulation } from '../../simulators/run.js';
import { packageRoot } from '../../src/lib/package-root.js';
import { RUN_OPTIONS } from '../simulators/run-options.js';
import { type CutProxy, startCutProxy } from '../support/cut-proxy.js';
import { influxCount, influxQuery } from '../support/influx-read-back.js';
import { createTestStream, startDynalite, startKinesalite } from '../support/kinesis-servers.js';

/** What `$__interval` stands for: at least two samples of a counter have to fall into different ones. */
export const INTERVAL = '1s';

const DATABASE = 'telemetry';
const MESSAGES = 960;
const MINUTE_MS = 60_000;

/** Whole degrees, where all other sites send floats: they are converted to the type of the store. */
const WHOLE_NUMBER_RULE = {
  name: 'whole-degrees',
  topic: 'climate/attic/+device/telemetry',
  measurement: 'climate',
  tags: { site: { value: 'attic' }, device: 'topic.device' },
  fields: { temperature: { path: 'payload.temperature', type: 'int' } },
};

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
 * Starts InfluxDB 1.6 with half an hour of the simulated fleet, some of it broken, and an outage. A gateway in Kinesis
 * mode writes everything, including metrics and annotations, so that every stage has metrics.
 */
export async function startFleet(): Promise<RunningFleet> {
  const [influx, kinesis, dynamo] = await Promise.all([
    startInfluxd({ databases: [DATABASE] }),
    startKinesalite(),
    startDynalite(),
  ]);
  const proxy = await startCutProxy(influx.port);
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
      `sink: { influx: { url: "http://127.0.0.1:${proxy.port}", database: ${DATABASE} } }`,
      'metrics: { store: { enabled: true, interval: 1s } }',
      stringify({ rules: [FILTERING_RULE, WHOLE_NUMBER_RULE, ...deployedRules()] }),
    ].join('\n'),
  });
  const stop = async () => {
    await gateway.end();
    await proxy.stop();
    await Promise.all([influx.stop(), kinesis.stop(), dynamo.stop()]);
    rmSync(directory, { recursive: true });
  };
  try {
    await createTestStream(kinesis.endpoint, 'telemetry', 2);
    await gateway.start();
    await simulate(gateway.mqttPort);
    await publishWithoutClock(gateway.mqttPort);
    await publish(gateway.mqttPort, 'climate/attic/a1/telemetry', '{"temperature":21}');
    await beRefused(gateway.mqttPort);
    await gateway.ledgerWhen(({ received, buffered }) => received > MESSAGES && buffered === 0);
    await cutOff(proxy, gateway);
    await untilSampled(influx.url);
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
      storyMs: 0,
      faults: { late: 0, duplicated: 0, outOfOrder: 0, malformed: 0.03, wrongClock: 0.03 },
    },
    { stop: new AbortController().signal },
  );
}

/** Of a device whose clock was never set: the receive time stands in, which is noted. */
function publishWithoutClock(port: number): Promise<void> {
  return publish(port, 'sensors/kochi/CITIKOC/telemetry', '{"temperature":25,"timestamp":0}');
}

async function publish(port: number, topic: string, payload: string): Promise<void> {
  const client = await connectAsync(`mqtt://127.0.0.1:${port}`);
  await client.publishAsync(topic, payload, { qos: 1 });
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

/** Cuts the connection to the store until the gateway is not ready. */
async function cutOff(proxy: CutProxy, gateway: GatewayProcess): Promise<void> {
  proxy.cut();
  await publishWithoutClock(gateway.mqttPort);
  await until(async () => !(await fetch(`${gateway.httpUrl}/readyz`)).ok);
  proxy.mend();
}

/** Resolves once the end of the outage is annotated, and there are enough samples for the rate of every counter. */
async function untilSampled(url: string): Promise<void> {
  await until(async () => (await annotationKinds(url)).includes('recovered'));
  const samples = () => influxCount(url, DATABASE, 'sluice', 'log_size_bytes');
  const wanted = (await samples()) + 3;
  await until(async () => (await samples()) >= wanted);
}

async function annotationKinds(url: string): Promise<string[]> {
  const found = await influxQuery(url, DATABASE, 'SELECT "text" FROM "sluice_events" GROUP BY "kind"');
  return found.map(({ tags }) => tags!.kind!);
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 50));
}
