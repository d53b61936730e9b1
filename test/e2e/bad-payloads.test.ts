import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { GatewayProcess, isBalanced } from '../../harness/gateway-process.js';
import { runProgram, sluice } from '../../harness/programs.js';
import { findProgram } from '../../harness/server-process.js';
import { listParked } from '../../src/dead-letter/dead-letter-reader.js';
import { BAD_PAYLOADS } from '../fixtures/bad-payloads.js';
import { tempDirectory } from '../support/temp-directory.js';

const mosquittoPub = findProgram('mosquitto_pub');
if (mosquittoPub === undefined) {
  const sentence = 'mosquitto_pub is not installed: the tests that need it cannot run';
  if (process.env.CI === 'true') throw new Error(sentence);
  console.warn(`SKIPPED: ${sentence}`);
}

/** STRICT_RULE of the fixture as a user would write it, and the built-in default behind it. */
const CONFIG = `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: 0 }] }
http: { host: 127.0.0.1, port: 0 }
rules:
  - name: strict
    topic: strict/+device
    measurement: strict
    time: { path: ts, unit: s }
    tags: { device: topic.device }
    fields:
      temperature: { path: payload.temperature, type: float, range: [-60, 60] }
      count: { path: payload.count, type: int }
  - { name: default, topic: "#", measurement: telemetry, time: auto, tags: { device: device }, fields: auto }
`;

describe.skipIf(mosquittoPub === undefined)('bad payloads from mosquitto_pub', () => {
  it('are acknowledged and parked with a reason, and the next good one is written', {
    timeout: 120_000,
  }, async () => {
    const gateway = new GatewayProcess({ directory: tempDirectory(), config: CONFIG });
    onTestFinished(() => gateway.end());
    await gateway.start();
    const publish = (topic: string, payload: Buffer) =>
      runProgram(
        mosquittoPub!,
        // -s: all of stdin is the payload, byte for byte; -n: a payload of no bytes.
        [
          ...['-h', '127.0.0.1', '-p', String(gateway.mqttPort), '-q', '1', '-t', topic],
          payload.length === 0 ? '-n' : '-s',
        ],
        { input: payload },
      );
    let good = 0;
    for (const { name, topic, payload } of BAD_PAYLOADS) {
      // Exit code 0 for QoS 1 means that the PUBACK came.
      expect(await publish(topic, payload), name).toMatchObject({ code: 0 });
      good += 1;
      expect(await publish('home/kitchen/telemetry', Buffer.from(`{"temperature":${good}.5}`))).toMatchObject(
        {
          code: 0,
        },
      );
    }
    const ledger = await gateway.ledgerWhen(({ buffered }) => buffered === 0);
    expect(ledger).toMatchObject({ received: good * 2, written: good, parked: BAD_PAYLOADS.length });
    expect(isBalanced(ledger)).toBe(true);

    const parked = (await listParked(join(gateway.dataDirectory, 'dead-letter'), 999)).reverse();
    expect(parked.map(({ code, topic }) => ({ code, topic }))).toEqual(
      BAD_PAYLOADS.map(({ code, topic }) => ({ code, topic })),
    );
    for (const [i, { name, payload }] of BAD_PAYLOADS.entries()) {
      expect(parked[i]!.payload.equals(payload), name).toBe(true);
      expect(parked[i]!.reason.length, name).toBeGreaterThan(10);
    }

    const listed = await sluice(['dead-letters', 'list', '-c', gateway.configFile, '--limit', '3']);
    expect(listed.code).toBe(0);
    expect(listed.stdout).toContain(parked.at(-1)!.id);
    expect(listed.stdout).toContain(parked.at(-1)!.code);
    const shown = await sluice(['dead-letters', 'show', parked[1]!.id, '-c', gateway.configFile, '--json']);
    expect(JSON.parse(shown.stdout)).toMatchObject({ id: parked[1]!.id, code: parked[1]!.code });
    expect((await sluice(['dead-letters', 'show', '12345', '-c', gateway.configFile])).code).toBe(1);
    expect(await gateway.stop()).toBe(0);
  });
});
