import { describe, expect, it, onTestFinished } from 'vitest';
import { freePort } from '../../harness/free-port.js';
import { GatewayProcess, isBalanced } from '../../harness/gateway-process.js';
import { requireServer, startInfluxd } from '../../harness/servers.js';
import { expectedOfDevice, FLEET_CONNECTIONS, FLEET_RULE, runFleet } from '../support/fleet-load.js';
import { disorderOf, isComplete } from '../support/fleet-order.js';
import { createTestStream, mergeShards, splitShard, startKinesalite } from '../support/kinesis-servers.js';
import { startRecordingStore } from '../support/recording-store.js';
import { influxFleet } from '../support/stored-fleet.js';
import { tempDirectory } from '../support/temp-directory.js';

const MESSAGES = 100_000;
const KILLS = process.env.SLUICE_SOAK === 'full' ? 20 : 3;
/** Whole for each device, and for a quarter of it. */
const BACKLOG = Math.floor(MESSAGES / (KILLS + 2) / 400) * 320;
const BEHIND_BACKLOG = BACKLOG / 4;
const STREAM = 'telemetry';

describe.skipIf(!requireServer('influxd'))('100,000 messages through a local Kinesis into InfluxDB', () => {
  it(`are all there, in order, with a split, a merge and ${KILLS} SIGKILLs of gateway and consumer each`, {
    timeout: 600_000,
  }, async () => {
    const kinesis = await startKinesalite();
    onTestFinished(() => kinesis.stop());
    await createTestStream(kinesis.endpoint, STREAM, 2);
    const influx = await startInfluxd({ databases: ['iot'] });
    onTestFinished(() => influx.stop());
    const store = await startRecordingStore(influx.url);
    onTestFinished(() => store.stop());

    const stream = [
      'mode: kinesis',
      `kinesis: { name: ${STREAM}, endpoint: "${kinesis.endpoint}", linger: 50ms, shardSync: 1s }`,
    ];
    const ingest = new GatewayProcess({
      directory: tempDirectory(),
      stream,
      args: ['--role', 'ingest'],
      config: `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: ${await freePort()} }] }
http: { host: 127.0.0.1, port: 0 }
`,
    });
    onTestFinished(() => ingest.end());
    const consume = new GatewayProcess({
      directory: tempDirectory(),
      stream,
      args: ['--role', 'consume'],
      config: `http: { host: 127.0.0.1, port: 0 }
sink: { influx: { url: "${store.url}", database: iot } }
${FLEET_RULE}`,
    });
    onTestFinished(() => consume.end());
    await Promise.all([ingest.start(), consume.start()]);

    const baseMs = Date.now() - 3_600_000;
    let published = 0;
    let reconnects = 0;
    /** The next so many messages of all devices; `half` resolves when half of them are acknowledged. */
    const publish = (messages: number) => {
      let left = messages / 2;
      let halfReached: () => void;
      const half = new Promise<void>((resolve) => {
        halfReached = resolve;
      });
      const firstSeq = published / FLEET_CONNECTIONS;
      published += messages;
      const done = runFleet({
        port: ingest.mqttPort,
        messages,
        firstSeq,
        baseMs,
        onAcknowledged: () => {
          left -= 1;
          if (left === 0) halfReached();
        },
      }).then((load) => {
        reconnects += load.reconnects;
      });
      return { half, done };
    };
    const forwarded = () =>
      ingest.ledgerWhen(({ received, buffered }) => received >= published && buffered === 0);

    for (let kill = 1; kill <= KILLS; kill += 1) {
      const load = publish(BACKLOG);
      await load.half;
      await Promise.all([ingest.kill(), consume.kill()]);
      await ingest.start();
      const sent = await ingest.ledger();
      expect(isBalanced(sent), JSON.stringify(sent)).toBe(true);
      // A PUBACK means the record is on disk.
      expect(sent.received).toBeGreaterThanOrEqual(published - BACKLOG / 2);
      await load.done;
      await forwarded();
      if (kill === 1) await splitShard(kinesis.endpoint, STREAM, 'shardId-000000000000', 1n << 126n);
      if (kill === 2) {
        await mergeShards(kinesis.endpoint, STREAM, 'shardId-000000000002', 'shardId-000000000003');
      }
      await publish(BEHIND_BACKLOG).done;
      await forwarded();
      // Half of a backlog in the old shards and newer records in their children: their order shows who was read first.
      await consume.start();
      const taken = await consume.ledger();
      expect(isBalanced(taken), JSON.stringify(taken)).toBe(true);
    }
    await publish(MESSAGES - published).done;
    expect(reconnects).toBeGreaterThanOrEqual(KILLS);

    const sent = await ingest.ledgerWhen(({ buffered }) => buffered === 0);
    expect(isBalanced(sent)).toBe(true);
    expect(sent).toMatchObject({ written: sent.received, parked: 0, lost: 0 });
    // Sent again after a kill counts again on the other side; everything forwarded arrives.
    const taken = await consume.ledgerWhen(
      ({ received, buffered }) => received >= sent.written && buffered === 0 && isComplete(store, MESSAGES),
    );
    expect(isBalanced(taken)).toBe(true);
    expect(taken).toMatchObject({ written: taken.received, parked: 0, lost: 0 });

    const fleet = await influxFleet(influx.url, 'iot');
    expect(Object.keys(fleet).length).toBe(FLEET_CONNECTIONS);
    for (const [device, of] of Object.entries(fleet)) expect(of, device).toEqual(expectedOfDevice(MESSAGES));
    expect(disorderOf(store)).toEqual([]);
    expect(await ingest.stop()).toBe(0);
    expect(await consume.stop()).toBe(0);
  });
});
