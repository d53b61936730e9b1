import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { freePort } from '../../harness/free-port.js';
import { GatewayProcess, isBalanced } from '../../harness/gateway-process.js';
import type { ReadinessProblem } from '../../src/http/gateway-view.js';
import type { Incident } from '../../src/timeline/incident.js';
import { startCutProxy } from '../support/cut-proxy.js';
import { FLEET_RULE, runFleet } from '../support/fleet-load.js';
import { createTestStream, startKinesalite } from '../support/kinesis-servers.js';
import { tempDirectory } from '../support/temp-directory.js';

const EACH = 2_000;
const POLLING = { timeout: 30_000 };

/** The incidents of Kinesis, whichever half has seen them. */
async function outages(gateway: GatewayProcess): Promise<readonly Incident[]> {
  const answer = await (await fetch(`${gateway.httpUrl}/api/incidents`)).json();
  const { incidents } = answer as { incidents: readonly Incident[] };
  return incidents.filter(({ cause }) => cause.startsWith('kinesis-'));
}

it('an outage of Kinesis is buffered on disk, also over a start in the middle of it, and caught up with', {
  timeout: 180_000,
}, async () => {
  const kinesis = await startKinesalite();
  onTestFinished(() => kinesis.stop());
  await createTestStream(kinesis.endpoint, 'telemetry', 2);
  const network = await startCutProxy(Number(new URL(kinesis.endpoint).port));
  onTestFinished(() => network.stop());
  const gateway = new GatewayProcess({
    directory: tempDirectory(),
    stream: [
      'mode: kinesis',
      `kinesis: { endpoint: "http://127.0.0.1:${network.port}", linger: 50ms, shardSync: 1s }`,
    ],
    config: `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: ${await freePort()} }] }
http: { host: 127.0.0.1, port: 0 }
${FLEET_RULE}`,
  });
  onTestFinished(() => gateway.end());
  const baseMs = Date.now() - 3_600_000;
  const publish = (round: number) =>
    runFleet({ port: gateway.mqttPort, messages: EACH, firstSeq: round * (EACH / 20), baseMs });

  await gateway.start();
  await publish(0);
  await gateway.ledgerWhen(({ written }) => written === EACH);

  network.cut();
  expect(await publish(1)).toMatchObject({ acknowledged: EACH });
  await untilUnready(gateway, 'producer', 'reader');
  const during = await gateway.ledger();
  expect(isBalanced(during), JSON.stringify(during)).toBe(true);
  expect(during).toMatchObject({ received: 2 * EACH, buffered: EACH });

  // It is an incident after five seconds, and saved when it has begun, a moment after it is shown.
  await expect.poll(async () => (await outages(gateway)).length, POLLING).toBe(1);
  const [begun] = await outages(gateway);
  const saved = () => readFileSync(join(gateway.dataDirectory, 'timeline.json'), 'utf8');
  await expect.poll(saved, POLLING).toContain(`"fromMs":${begun?.fromMs}`);
  await gateway.kill();
  await gateway.start();
  expect(await publish(2)).toMatchObject({ acknowledged: EACH });
  await untilUnready(gateway, 'producer', 'reader');

  network.mend();
  const after = await gateway.ledgerWhen(({ written, buffered }) => written >= 3 * EACH && buffered === 0);
  expect(isBalanced(after), JSON.stringify(after)).toBe(true);
  expect(after).toMatchObject({ parked: 0, lost: 0 });
  expect(after.books?.ingest).toMatchObject({ received: 3 * EACH, written: 3 * EACH, buffered: 0 });
  expect(gateway.output).toContain('Kinesis takes records again');
  await untilUnready(gateway);
  await expect
    .poll(async () => (await outages(gateway)).map(({ state }) => state), POLLING)
    .toEqual(['over']);
  const [outage] = await outages(gateway);
  expect(outage).toMatchObject({ toMs: outage?.caughtUpMs, lost: 0 });
  expect(outage?.waited).toBeGreaterThanOrEqual(2 * EACH);
  expect(await gateway.stop()).toBe(0);
});

it('a stream that is not there ends a start with exit code 2 and says how to make it', async () => {
  const kinesis = await startKinesalite();
  onTestFinished(() => kinesis.stop());
  const gateway = new GatewayProcess({
    directory: tempDirectory(),
    stream: ['mode: kinesis', `kinesis: { endpoint: "${kinesis.endpoint}" }`],
    config: `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: 0 }] }
http: { host: 127.0.0.1, port: 0 }`,
  });
  onTestFinished(() => gateway.end());
  await expect(gateway.start()).rejects.toThrow(/before it was ready \(2\)/);
  expect(gateway.output).toContain('sluice stream create');
});

/** Polls until exactly these stages say that they are not ready. */
async function untilUnready({ httpUrl }: GatewayProcess, ...stages: readonly string[]): Promise<void> {
  for (;;) {
    const { problems } = (await (await fetch(`${httpUrl}/readyz`)).json()) as {
      problems: ReadinessProblem[];
    };
    const named = problems.map(({ stage }) => stage).sort();
    if (named.join() === stages.join()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
