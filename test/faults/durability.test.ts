import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
import { GatewayProcess } from '../../harness/gateway-process.js';
import { SHIPPED_LAUNCHER } from '../../harness/programs.js';
import { findProgram } from '../../harness/server-process.js';
import { FLEET_RULE, runFleet } from '../support/fleet-load.js';
import { tempDirectory } from '../support/temp-directory.js';

const strace = findProgram('strace');
if (strace === undefined) {
  const sentence = 'strace is not installed: the tests that need it cannot run';
  if (process.env.CI === 'true') throw new Error(sentence);
  console.warn(`SKIPPED: ${sentence}`);
}

/** A store that is never there: DuckDB would sync files of its own. */
const CONFIG = `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: 0 }] }
http: { host: 127.0.0.1, port: 0 }
sink: { influx: { url: "http://127.0.0.1:9", database: none } }
${FLEET_RULE}`;

async function startTraced(straceArgs: readonly string[], log?: string) {
  const directory = tempDirectory();
  const gateway = new GatewayProcess({
    launcher: SHIPPED_LAUNCHER,
    directory,
    config: CONFIG,
    log,
    // -D: the tracer is the grandchild, so that signals reach the gateway.
    wrapper: [strace!, '-D', '-f', '--seccomp-bpf', '-o', join(directory, 'trace'), ...straceArgs],
  });
  onTestFinished(() => gateway.end());
  await gateway.start();
  return { gateway, trace: () => readFileSync(join(directory, 'trace'), 'utf8').split('\n') };
}

describe.skipIf(strace === undefined)('what a PUBACK means', () => {
  it.each([1, 2] as const)(
    'QoS %i is answered only when fdatasync has returned',
    { timeout: 120_000 },
    async (qos) => {
      const delayMs = 400;
      const { gateway } = await startTraced([
        '-e',
        'trace=fdatasync',
        '-e',
        `inject=fdatasync:delay_enter=${delayMs * 1000}`,
      ]);
      const device = await mqtt.connectAsync(`mqtt://127.0.0.1:${gateway.mqttPort}`);
      onTestFinished(() => device.endAsync(true).then(() => undefined));
      for (let n = 0; n < 3; n += 1) {
        const startedMs = performance.now();
        await device.publishAsync('fleet/dev1/telemetry', `{"seq":${n},"temperature":1.5}`, { qos });
        expect(performance.now() - startedMs).toBeGreaterThanOrEqual(delayMs);
      }
    },
  );

  it('a segment is known by its name before anything in it counts, and each write is synced', {
    timeout: 120_000,
  }, async () => {
    const { gateway, trace } = await startTraced(
      ['-y', '-e', 'trace=openat,fsync,fdatasync,pwrite64'],
      'segmentSize: 256KiB, maxSize: 64MiB',
    );
    await runFleet({ port: gateway.mqttPort, messages: 40_000, baseMs: Date.now() - 60_000 });
    expect(await gateway.stop()).toBe(0);
    // The tracer writes on for a moment after the process has gone.
    while (!trace().some((line) => line.includes('+++ exited with 0 +++'))) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    // Per segment, what was done to it and to its directory, in order.
    let segments = 0;
    let isNameDurable = true;
    let syncingThread: string | undefined;
    let unsyncedWrites = 0;
    for (const line of trace()) {
      if (/openat\(.*\.seg".*O_CREAT/.test(line)) {
        segments += 1;
        isNameDurable = false;
      } else if (/ fsync\(\d+<[^>]*\/log>/.test(line)) {
        // Another thread's call may stand between its beginning and its end.
        if (line.includes('<unfinished')) syncingThread = line.split(' ', 1)[0];
        else isNameDurable = true;
      } else if (line.includes('<... fsync resumed>') && line.split(' ', 1)[0] === syncingThread) {
        isNameDurable = true;
      } else if (/pwrite64\(\d+<[^>]*\.seg>/.test(line)) {
        expect(isNameDurable, line).toBe(true);
        unsyncedWrites += 1;
      } else if (/fdatasync\(\d+<[^>]*\.seg>/.test(line)) {
        unsyncedWrites = 0;
      }
      // One write may be under way; a second one before a sync would be answered too early.
      expect(unsyncedWrites, line).toBeLessThanOrEqual(1);
    }
    expect(segments).toBeGreaterThan(5);
    expect(unsyncedWrites).toBe(0);
  });
});
