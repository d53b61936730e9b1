import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { expect, it, onTestFinished } from 'vitest';
import { freePort } from '../../harness/free-port.js';
import { GatewayProcess, isBalanced } from '../../harness/gateway-process.js';
import { expectedOfDevice, FLEET_CONNECTIONS, FLEET_RULE, runFleet } from '../support/fleet-load.js';
import { tempDirectory } from '../support/temp-directory.js';

const KILLS = process.env.SLUICE_SOAK === 'full' ? 100 : 4;

/** As another program finds it, once the gateway has stopped. */
async function storedFleet(file: string) {
  const database = await DuckDBInstance.create(file, { access_mode: 'READ_ONLY' });
  const connection = await database.connect();
  const rows = await connection.runAndReadAll(
    'SELECT device, count(*)::DOUBLE, sum(seq)::DOUBLE FROM fleet GROUP BY device',
  );
  connection.closeSync();
  database.closeSync();
  return Object.fromEntries(
    rows.getRows().map(([device, points, sumOfSeq]) => [String(device), { points, sumOfSeq }]),
  );
}

it.each([1, 2] as const)(
  `QoS %i into DuckDB with ${KILLS} SIGKILLs on the way: all there, none twice, the books balance`,
  { timeout: 600_000 },
  async (qos) => {
    const messages = qos === 1 ? 60_000 : 20_000;
    const port = await freePort();
    const gateway = new GatewayProcess({
      directory: tempDirectory(),
      config: `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: ${port} }] }
http: { host: 127.0.0.1, port: 0 }
${FLEET_RULE}`,
    });
    onTestFinished(() => gateway.end());
    await gateway.start();
    let acknowledged = 0;
    const load = runFleet({
      port,
      messages,
      qos,
      baseMs: Date.now() - 3_600_000,
      onAcknowledged: () => {
        acknowledged += 1;
      },
    });
    for (let kill = 1; kill <= KILLS; kill += 1) {
      while (acknowledged < (messages * kill) / (KILLS + 1)) await new Promise((r) => setTimeout(r, 1));
      await gateway.kill();
      const acknowledgedBefore = acknowledged;
      await gateway.start();
      const ledger = await gateway.ledger();
      expect(isBalanced(ledger), JSON.stringify(ledger)).toBe(true);
      expect(ledger.received).toBeGreaterThanOrEqual(acknowledgedBefore);
    }
    expect((await load).resent).toBeGreaterThan(0);
    const ledger = await gateway.ledgerWhen(({ buffered }) => buffered === 0);
    expect(ledger).toMatchObject({ written: ledger.received, parked: 0, lost: 0 });
    expect(await gateway.stop()).toBe(0);
    const stored = await storedFleet(join(gateway.dataDirectory, 'telemetry.duckdb'));
    expect(Object.keys(stored).length).toBe(FLEET_CONNECTIONS);
    for (const [device, of] of Object.entries(stored)) expect(of, device).toEqual(expectedOfDevice(messages));
  },
);
