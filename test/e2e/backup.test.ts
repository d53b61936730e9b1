import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { freePort } from '../../harness/free-port.js';
import { GatewayProcess, isBalanced } from '../../harness/gateway-process.js';
import { FLEET_RULE, runFleet } from '../support/fleet-load.js';
import { tempDirectory } from '../support/temp-directory.js';

const MESSAGES = 4_000;

function gatewayIn(directory: string, mqttPort = 0): GatewayProcess {
  const gateway = new GatewayProcess({
    directory,
    // Small segments: most of what is decided has left the log, and only the checkpoint knows of it.
    log: 'segmentSize: 256KiB',
    config: `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: ${mqttPort} }] }
http: { host: 127.0.0.1, port: 0 }
${FLEET_RULE}`,
  });
  onTestFinished(() => gateway.end());
  return gateway;
}

/** As docs/operations.md says. */
function copyOf(gateway: GatewayProcess): string {
  const directory = tempDirectory();
  mkdirSync(directory, { recursive: true });
  execFileSync('cp', ['-a', gateway.dataDirectory, join(directory, 'data')]);
  return directory;
}

/** Oldest first. */
function segments({ dataDirectory }: GatewayProcess): string[] {
  return readdirSync(join(dataDirectory, 'log')).sort();
}

/** Names and columns of what is stored. */
async function storedIn({ httpUrl }: GatewayProcess): Promise<unknown> {
  return (await fetch(`${httpUrl}/api/measurements`)).json();
}

it('a copy of a stopped gateway goes on elsewhere: ledger, points and place in the log', {
  timeout: 120_000,
}, async () => {
  const first = gatewayIn(tempDirectory());
  await first.start();
  await runFleet({ port: first.mqttPort, messages: MESSAGES, baseMs: Date.now() - 60_000 });
  const before = await first.ledgerWhen(({ written }) => written === MESSAGES);
  const stored = await storedIn(first);
  expect(await first.stop()).toBe(0);

  const second = gatewayIn(copyOf(first));
  await second.start();
  expect(await second.ledger()).toEqual(before);
  expect(JSON.stringify(stored)).toContain('fleet');
  expect(await storedIn(second)).toEqual(stored);
  const firstSeq = MESSAGES / 20;
  await runFleet({ port: second.mqttPort, messages: MESSAGES, firstSeq, baseMs: Date.now() - 60_000 });
  const after = await second.ledgerWhen(({ buffered }) => buffered === 0);
  expect(after).toMatchObject({ received: 2 * MESSAGES, written: 2 * MESSAGES, parked: 0, lost: 0 });
  expect(await second.stop()).toBe(0);
});

it('a copy taken at one instant of a running gateway holds all that was acknowledged, and its books balance', {
  timeout: 120_000,
}, async () => {
  const port = await freePort();
  const first = gatewayIn(tempDirectory(), port);
  await first.start();
  let acknowledged = 0;
  const load = runFleet({
    port,
    messages: 200_000,
    baseMs: Date.now() - 60_000,
    onAcknowledged: () => {
      acknowledged += 1;
    },
  });
  const segmentsAtFirst = segments(first);
  while (acknowledged < 10_000 || segments(first)[0] === segmentsAtFirst[0]) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  process.kill(first.pid, 'SIGSTOP');
  // Answers that were under way still come in.
  const atStop = acknowledged;
  const directory = copyOf(first);
  process.kill(first.pid, 'SIGCONT');

  const second = gatewayIn(directory);
  await second.start();
  expect(isBalanced(await second.ledger())).toBe(true);
  const recovered = await second.ledgerWhen(({ buffered }) => buffered === 0);
  expect(isBalanced(recovered), JSON.stringify(recovered)).toBe(true);
  expect(recovered.received).toBeGreaterThanOrEqual(atStop);
  expect(recovered).toMatchObject({ written: recovered.received, parked: 0, lost: 0 });
  expect(await second.stop()).toBe(0);

  await load;
  const whole = await first.ledgerWhen(({ buffered }) => buffered === 0);
  expect(whole).toMatchObject({ received: 200_000, written: 200_000 });
  expect(await first.stop()).toBe(0);
});
