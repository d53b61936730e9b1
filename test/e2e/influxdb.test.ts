import { describe, expect, it, onTestFinished } from 'vitest';
import { freePort } from '../../harness/free-port.js';
import { GatewayProcess, isBalanced } from '../../harness/gateway-process.js';
import { requireServer, startInfluxd, startVictoriaMetrics } from '../../harness/servers.js';
import { expectedOfDevice, FLEET_CONNECTIONS, FLEET_RULE, runFleet } from '../support/fleet-load.js';
import { influxFleet, type StoredFleet, victoriaMetricsFleet } from '../support/stored-fleet.js';
import { tempDirectory } from '../support/temp-directory.js';

const MESSAGES = 120_000;
const KILLS = process.env.SLUICE_SOAK === 'full' ? 100 : 4;

interface Store {
  readonly sink: string;
  readonly fleet: () => Promise<StoredFleet>;
}

const STORES = [
  {
    name: 'InfluxDB 1.6 (/write)',
    installed: requireServer('influxd'),
    start: async (): Promise<Store> => {
      const server = await startInfluxd({ databases: ['iot'] });
      onTestFinished(() => server.stop());
      return {
        sink: `sink: { influx: { url: "${server.url}", database: iot } }`,
        fleet: () => influxFleet(server.url, 'iot'),
      };
    },
  },
  {
    name: 'the v2 endpoint of VictoriaMetrics (/api/v2/write)',
    installed: requireServer('victoria-metrics'),
    start: async (): Promise<Store> => {
      const server = await startVictoriaMetrics();
      onTestFinished(() => server.stop());
      return {
        sink: `sink: { influx: { url: "${server.url}", org: iot, bucket: iot, token: none } }`,
        fleet: () => victoriaMetricsFleet(server.url),
      };
    },
  },
];

async function startGateway(sink: string) {
  const port = await freePort();
  const gateway = new GatewayProcess({
    directory: tempDirectory(),
    config: `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: ${port} }] }
http: { host: 127.0.0.1, port: 0 }
${sink}
${FLEET_RULE}`,
  });
  onTestFinished(() => gateway.end());
  await gateway.start();
  return gateway;
}

function expectAllStored(stored: StoredFleet): void {
  expect(Object.keys(stored).length).toBe(FLEET_CONNECTIONS);
  for (const [device, of] of Object.entries(stored)) {
    expect(of, device).toEqual(expectedOfDevice(MESSAGES));
  }
}

describe.each(STORES)('200,000 QoS 1 messages from 20 connections into $name', ({ installed, start }) => {
  const baseMs = Date.now() - 3_600_000;

  it.skipIf(!installed)('are all in the store, none missing, none extra', { timeout: 120_000 }, async () => {
    const store = await start();
    const gateway = await startGateway(store.sink);
    const load = await runFleet({ port: gateway.mqttPort, messages: MESSAGES, baseMs });
    expect(load).toMatchObject({ acknowledged: MESSAGES, reconnects: 0 });
    const ledger = await gateway.ledgerWhen(({ written }) => written >= MESSAGES);
    expect(ledger).toMatchObject({
      received: MESSAGES,
      written: MESSAGES,
      parked: 0,
      filtered: 0,
      buffered: 0,
    });
    expect(isBalanced(ledger)).toBe(true);
    expectAllStored(await store.fleet());
    expect(await gateway.stop()).toBe(0);
  });

  it.skipIf(!installed)(
    `are all there with ${KILLS} SIGKILLs on the way, and the books balance after each`,
    { timeout: 600_000 },
    async () => {
      const store = await start();
      const gateway = await startGateway(store.sink);
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
        while (acknowledged < (MESSAGES * kill) / (KILLS + 1))
          await new Promise((resolve) => setTimeout(resolve, 1));
        await gateway.kill();
        const acknowledgedBefore = acknowledged;
        await gateway.start();
        const ledger = await gateway.ledger();
        expect(isBalanced(ledger), JSON.stringify(ledger)).toBe(true);
        // A PUBACK means the record is on disk.
        expect(ledger.received).toBeGreaterThanOrEqual(acknowledgedBefore);
      }
      const { reconnects, resent } = await load;
      // Zero of both would mean that nothing was tested.
      expect(reconnects).toBeGreaterThanOrEqual(KILLS);
      expect(resent).toBeGreaterThan(0);
      const ledger = await gateway.ledgerWhen(({ buffered }) => buffered === 0);
      expect(isBalanced(ledger)).toBe(true);
      expect(ledger).toMatchObject({ written: ledger.received, parked: 0, lost: 0 });
      expect(ledger.received).toBeGreaterThanOrEqual(MESSAGES);
      expectAllStored(await store.fleet());
      expect(await gateway.stop()).toBe(0);
    },
  );
});
