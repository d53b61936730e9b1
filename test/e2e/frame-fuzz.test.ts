import { execFileSync } from 'node:child_process';
import { expect, it, onTestFinished } from 'vitest';
import { GatewayProcess, isBalanced } from '../../harness/gateway-process.js';
import { fuzzBroker } from '../support/fuzz/fuzz-broker.js';
import { fuzzFrames, fuzzSeed, fuzzTimeoutMs } from '../support/fuzz/fuzz-options.js';
import { connectionsMarkedIn } from '../support/fuzz/marker.js';
import { TestLog } from '../support/log-fixture.js';
import { tempDirectory } from '../support/temp-directory.js';

/** What the process may grow while three quarters of the frames arrive; its heap is collected when it wants. */
const MAX_GROWTH_BYTES = 200 * 2 ** 20;

/** No store answers, so that the log keeps every record. */
const CONFIG = `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: 0 }], connectTimeout: 2s }
http: { host: 127.0.0.1, port: 0 }
log: { format: json }
sink: { influx: { url: "http://127.0.0.1:9", database: iot } }
rules:
  - { name: fuzz, topic: "fuzz/+/t", measurement: fuzz, fields: { v: payload.v } }
`;

it(`a gateway takes ${fuzzFrames} mutated frames with FUZZ_SEED=${fuzzSeed}, and keeps what others publish`, {
  timeout: fuzzTimeoutMs,
}, async () => {
  const gateway = new GatewayProcess({ directory: tempDirectory(), config: CONFIG });
  onTestFinished(() => gateway.end());
  await gateway.start();
  const resident: number[] = [];
  const result = await fuzzBroker({
    host: '127.0.0.1',
    port: gateway.mqttPort,
    seed: fuzzSeed,
    frames: fuzzFrames,
    onPart: () => void resident.push(residentBytes(gateway.pid)),
  });
  const { connections, mutatedFrames, granted, grantedVersion5, answers, steadyMessages } = result;
  console.log({ connections, mutatedFrames, granted, grantedVersion5, answers, steadyMessages, resident });

  expect(result.faults).toEqual([]);
  expect((resident.at(-1) ?? 0) - (resident[0] ?? 0)).toBeLessThan(MAX_GROWTH_BYTES);
  const metrics = await (await fetch(`${gateway.httpUrl}/metrics`)).text();
  expect(metrics).toMatch(/sluice_broker_refusals_total\{[^}]*reason="unexpected"\} 0\n/);
  expect(isBalanced(await gateway.ledger())).toBe(true);
  expect(await gateway.stop()).toBe(0);

  const log = await TestLog.open(`${gateway.dataDirectory}/log`);
  onTestFinished(() => log.writer.close());
  const { records, damaged } = await log.readAll();
  expect(damaged).toBe(0);
  const steady = records.filter(({ clientId }) => clientId === 'good').map(({ payload }) => Number(payload));
  expect(steady).toEqual(Array.from({ length: steadyMessages }, (_, i) => i));
  const marked = new Set<number>();
  for (const { topic, payload } of records) {
    for (const connection of connectionsMarkedIn(topic)) marked.add(connection);
    for (const connection of connectionsMarkedIn(payload)) marked.add(connection);
  }
  expect([...marked].filter(result.isOutside)).toEqual([]);
  expect(marked.size).toBeGreaterThan(granted / 3);
  expect(grantedVersion5).toBeGreaterThan(granted / 4);
});

function residentBytes(pid: number): number {
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) * 1024;
}
