import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { GatewayProcess, isBalanced } from '../../harness/gateway-process.js';
import { startFakeStore } from '../support/fake-store.js';
import { FLEET_RULE, runFleet } from '../support/fleet-load.js';
import { tempDirectory } from '../support/temp-directory.js';

async function setUp(log: string) {
  const state = { isDown: true };
  const store = await startFakeStore(() => ({ status: state.isDown ? 503 : 204 }));
  onTestFinished(() => store.stop());
  const gateway = new GatewayProcess({
    directory: tempDirectory(),
    log,
    config: `broker: { maxPacketSize: 64KiB, listeners: [{ protocol: mqtt, host: 127.0.0.1, port: 0 }] }
http: { host: 127.0.0.1, port: 0 }
sink: { influx: { url: "${store.url}", database: iot } }
${FLEET_RULE}`,
  });
  onTestFinished(() => gateway.end());
  await gateway.start();
  return { state, gateway };
}

const publish = ({ mqttPort }: GatewayProcess, messages: number) =>
  runFleet({ port: mqttPort, messages, baseMs: Date.now() - 3_600_000 });

it('records dropped while the store is down are in the ledger at once, also after a crash, and never as damaged', {
  timeout: 120_000,
}, async () => {
  const { state, gateway } = await setUp('maxSize: 4MiB, segmentSize: 512KiB, whenFull: drop-oldest');
  await publish(gateway, 100_000);
  const during = await gateway.ledger();
  expect(isBalanced(during)).toBe(true);
  expect(during).toMatchObject({ received: 100_000, written: 0 });
  expect(during.reasons.lost).toEqual({ dropped: during.lost });
  expect(during.lost).toBeGreaterThan(10_000);
  const metrics = await (await fetch(`${gateway.httpUrl}/metrics`)).text();
  expect(metrics).toMatch(new RegExp(`^sluice_log_records_dropped_total(\\{[^}]*\\})? ${during.lost}$`, 'm'));
  await gateway.kill();
  await gateway.start();
  // What the reader held in memory is missing too, now.
  const again = await gateway.ledger();
  expect(isBalanced(again)).toBe(true);
  expect(again.lost).toBeGreaterThanOrEqual(during.lost);
  expect(again.reasons.lost).toEqual({ dropped: again.lost });
  state.isDown = false;
  const after = await gateway.ledgerWhen(({ buffered }) => buffered === 0);
  expect(after).toMatchObject({ received: 100_000, written: 100_000 - again.lost, lost: again.lost });
  expect(after.reasons.lost).toEqual({ dropped: again.lost });
  expect(gateway.output).not.toContain('LOG_DAMAGED');
  expect(await gateway.stop()).toBe(0);
});

it('each damaged file of the log has a line with its place and number of records, and only those are lost', {
  timeout: 120_000,
}, async () => {
  const { state, gateway } = await setUp('segmentSize: 512KiB');
  await publish(gateway, 20_000);
  expect(await gateway.stop()).toBe(0);
  const directory = join(gateway.dataDirectory, 'log');
  const names = readdirSync(directory)
    .filter((name) => name.endsWith('.seg'))
    .sort()
    .slice(0, 2);
  expect(names).toHaveLength(2);
  for (const name of names) {
    const bytes = readFileSync(join(directory, name));
    bytes[1_000]! ^= 1;
    writeFileSync(join(directory, name), bytes);
  }
  state.isDown = false;
  await gateway.start();
  const ledger = await gateway.ledgerWhen(({ buffered }) => buffered === 0);
  expect(isBalanced(ledger)).toBe(true);
  expect(ledger).toMatchObject({ received: 20_000, written: 19_998, lost: 2 });
  expect(ledger.reasons.lost).toEqual({ damaged: 2 });
  const lines = gateway.output.split('\n').filter((line) => line.includes('"LOG_DAMAGED"'));
  expect(lines.map((line) => JSON.parse(line) as object)).toEqual(
    names.map((fileName) =>
      expect.objectContaining({ fileName, records: 1, byteOffset: expect.any(Number) as number }),
    ),
  );
  expect(await gateway.stop()).toBe(0);
});
