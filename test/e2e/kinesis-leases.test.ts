import { describe, expect, it, onTestFinished } from 'vitest';
import { freePort } from '../../harness/free-port.js';
import { GatewayProcess, isBalanced } from '../../harness/gateway-process.js';
import { requireServer, startInfluxd } from '../../harness/servers.js';
import { METRICS } from '../../src/metrics/create-metrics.js';
import { expectedOfDevice, FLEET_RULE, runFleet } from '../support/fleet-load.js';
import { disorderOf, isComplete } from '../support/fleet-order.js';
import { createTestStream, startDynalite, startKinesalite } from '../support/kinesis-servers.js';
import { startRecordingStore } from '../support/recording-store.js';
import { influxFleet } from '../support/stored-fleet.js';
import { tempDirectory } from '../support/temp-directory.js';

const SHARDS = 8;
const CONNECTIONS = 40;
/** Messages of a device in one round of the load. */
const ROUND_EACH = 10;
const FAILOVER_MS = 2_000;

describe.skipIf(!requireServer('influxd'))('consumers that share eight shards by leases in DynamoDB', () => {
  it('even out, take over from one that was killed, and make room for two more; nothing is missing, order is kept', {
    timeout: 300_000,
  }, async () => {
    const [kinesis, dynamo, influx] = await Promise.all([
      startKinesalite(),
      startDynalite(),
      startInfluxd({ databases: ['iot'] }),
    ]);
    for (const server of [kinesis, dynamo, influx]) onTestFinished(() => server.stop());
    const store = await startRecordingStore(influx.url);
    onTestFinished(() => store.stop());
    await createTestStream(kinesis.endpoint, 'telemetry', SHARDS);

    const start = async (role: 'ingest' | 'consume', config: string) => {
      const gateway = new GatewayProcess({
        directory: tempDirectory(),
        stream: [
          'mode: kinesis',
          `kinesis: { endpoint: "${kinesis.endpoint}", linger: 50ms, checkpoints: dynamodb, leases: { endpoint: "${dynamo.endpoint}", failover: ${FAILOVER_MS}ms } }`,
        ],
        args: ['--role', role],
        config: `http: { host: 127.0.0.1, port: 0 }\n${config}`,
      });
      onTestFinished(() => gateway.end());
      await gateway.start();
      return gateway;
    };
    const consumer = () =>
      start(
        'consume',
        `consumer: { checkpointInterval: 200ms }
sink: { influx: { url: "${store.url}", database: iot } }
${FLEET_RULE}`,
      );
    const ingest = await start(
      'ingest',
      `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: ${await freePort()} }] }`,
    );
    const first = await Promise.all([consumer(), consumer(), consumer()]);
    await untilHeld(first, [2, 3, 3]);

    const load = publishUntilStopped(ingest.mqttPort);
    await first[0]!.ledgerWhen(({ written }) => written >= 2_000);
    const killed = first.pop()!;
    await killed.kill();
    await untilHeld(first, [4, 4]);
    const all = [...first, await consumer(), await consumer()];
    await untilHeld(all, [2, 2, 2, 2]);
    await first[0]!.ledgerWhen(({ written }) => written >= load.published() / 2);
    const messages = await load.stop();
    expect(messages).toBeGreaterThan(5_000);

    const sent = await ingest.ledgerWhen(({ buffered }) => buffered === 0);
    expect(sent).toMatchObject({ received: messages, written: messages, balanced: true });
    while (!isComplete(store, messages)) await new Promise((resolve) => setTimeout(resolve, 20));
    // Each says the books of the whole application, as saved in the table.
    for (const one of all) {
      const ledger = await one.ledgerWhen(({ written, buffered }) => written >= messages && buffered === 0);
      expect(isBalanced(ledger), JSON.stringify(ledger)).toBe(true);
      // Fenced checkpoints: what the killed one had not saved is counted once, by whoever took the shard.
      expect(ledger).toMatchObject({ received: messages, written: messages, parked: 0, lost: 0 });
    }
    const fleet = await influxFleet(influx.url, 'iot');
    expect(Object.keys(fleet).length).toBe(CONNECTIONS);
    for (const [device, of] of Object.entries(fleet)) {
      expect(of, device).toEqual(expectedOfDevice(messages, CONNECTIONS));
    }
    expect(disorderOf(store)).toEqual([]);
    const names = await Promise.all([ingest, all[0]!].map(metricNames));
    const expected = METRICS.filter(({ only }) => only === undefined || only === 'Kinesis mode');
    expect([...new Set(names.flat())].sort()).toEqual(expected.map(({ name }) => name).sort());
    for (const one of [ingest, ...all]) expect(await one.stop()).toBe(0);
  });
});

/** Goes on all the time, round after round of ten messages a device; `stop` resolves with how many there were. */
function publishUntilStopped(port: number) {
  const baseMs = Date.now() - 3_600_000;
  let rounds = 0;
  let isStopped = false;
  const published = () => rounds * ROUND_EACH * CONNECTIONS;
  const running = (async () => {
    for (; !isStopped; rounds += 1) {
      const messages = ROUND_EACH * CONNECTIONS;
      await runFleet({ port, messages, firstSeq: rounds * ROUND_EACH, connections: CONNECTIONS, baseMs });
    }
    return published();
  })();
  return {
    published,
    stop: () => {
      isStopped = true;
      return running;
    },
  };
}

/** Polls until the consumers hold so many leases each, in any order. */
async function untilHeld(consumers: readonly GatewayProcess[], expected: readonly number[]): Promise<void> {
  for (;;) {
    const held = (await Promise.all(consumers.map(leasesHeld))).sort((a, b) => a - b);
    if (held.join() === expected.join()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Of our own, as they appear. */
async function metricNames({ httpUrl }: GatewayProcess): Promise<string[]> {
  const text = await (await fetch(`${httpUrl}/metrics`)).text();
  return [...text.matchAll(/^# TYPE (sluice_\S+)/gm)].map((match) => match[1]!);
}

async function leasesHeld({ httpUrl }: GatewayProcess): Promise<number> {
  const text = await (await fetch(`${httpUrl}/metrics`)).text();
  return Number(/^sluice_kinesis_leases\{kind="held"\} (\d+)$/m.exec(text)?.[1]);
}
