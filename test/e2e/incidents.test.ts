import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { GatewayProcess, isBalanced } from '../../harness/gateway-process.js';
import { requireServer, startInfluxd } from '../../harness/servers.js';
import type { LiveState } from '../../src/http/live-state.js';
import type { Incident } from '../../src/timeline/incident.js';
import { FLEET_RULE, runFleet } from '../support/fleet-load.js';
import { tempDirectory } from '../support/temp-directory.js';

const hasInfluxd = requireServer('influxd');

async function read<T>(gateway: GatewayProcess, path: string): Promise<T> {
  return (await fetch(`${gateway.httpUrl}${path}`)).json() as Promise<T>;
}

async function incidents(gateway: GatewayProcess): Promise<readonly Incident[]> {
  return (await read<{ incidents: readonly Incident[] }>(gateway, '/api/incidents')).incidents;
}

/** Polls the incidents of the store until `isReached`. */
async function outage(gateway: GatewayProcess, isReached: (of: Incident) => boolean): Promise<Incident> {
  for (;;) {
    const [found] = (await incidents(gateway)).filter(({ stage }) => stage === 'sink');
    if (found !== undefined && isReached(found)) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

describe.skipIf(!hasInfluxd)('an outage of InfluxDB in which the gateway is killed', () => {
  it('is one incident, from the first failure until what had waited is stored', {
    timeout: 180_000,
  }, async () => {
    const influxd = await startInfluxd({ databases: ['iot'] });
    onTestFinished(() => influxd.stop());
    const gateway = new GatewayProcess({
      directory: tempDirectory(),
      config: `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: 0 }] }
http: { host: 127.0.0.1, port: 0 }
sink: { influx: { url: "${influxd.url}", database: iot } }
${FLEET_RULE}`,
    });
    onTestFinished(() => gateway.end());
    await gateway.start();
    const baseMs = Date.now() - 3_600_000;
    const publish = (messages: number) => runFleet({ port: gateway.mqttPort, messages, baseMs });
    await publish(200);
    await gateway.ledgerWhen(({ written }) => written === 200);
    expect(await incidents(gateway)).toEqual([]);

    await influxd.kill();
    await publish(500);
    const during = await outage(gateway, ({ waited }) => waited === 500);
    expect(during).toMatchObject({
      cause: 'store-no-answer',
      title: 'InfluxDB does not answer',
      state: 'failing',
      lost: 0,
    });
    expect(during.warnings).toEqual(['STORE_UNAVAILABLE']);
    const state = await read<LiveState>(gateway, '/api/state');
    expect(state.incident?.id).toBe(during.id);
    expect(state.behindMs).toBeGreaterThan(0);
    expect(state.sinkLastAnswerMs).toBeLessThanOrEqual(during.fromMs);

    // It is saved when it has begun, a moment after it is shown.
    const saved = () => readFileSync(join(gateway.dataDirectory, 'timeline.json'), 'utf8');
    await expect.poll(saved, { timeout: 30_000 }).toContain(`"fromMs":${during.fromMs}`);
    await gateway.kill();
    await gateway.start();
    expect((await outage(gateway, () => true)).id).toBe(during.id);
    expect(await read<LiveState>(gateway, '/api/state')).toMatchObject({ sinkLastAnswerMs: null });
    await publish(100);
    await outage(gateway, ({ waited }) => waited === 600);

    await influxd.restart();
    const after = await gateway.ledgerWhen(({ buffered }) => buffered === 0);
    expect(after).toMatchObject({ received: 800, written: 800, lost: 0 });
    expect(isBalanced(after)).toBe(true);
    const over = await outage(gateway, ({ state }) => state === 'over');
    expect(over).toMatchObject({
      id: during.id,
      title: 'InfluxDB did not answer',
      fromMs: during.fromMs,
      toMs: over.caughtUpMs,
      waited: 600,
      lost: 0,
    });
    expect(over.events.map(({ text }) => text)).toEqual(
      expect.arrayContaining([
        'The gateway had ended without an orderly stop, and is started again',
        'InfluxDB answers again',
        'Caught up: what had waited is stored, nothing is lost',
      ]),
    );
    const listed = await incidents(gateway);
    expect(listed.map(({ cause }) => cause).sort()).toEqual(['store-no-answer', 'unclean-end']);

    expect(await gateway.stop()).toBe(0);
    await gateway.start();
    expect(await incidents(gateway)).toEqual(listed);
    const { ledgerToday, incident, setAsideToday } = await read<LiveState>(gateway, '/api/state');
    expect({ incident, setAsideToday }).toEqual({ incident: null, setAsideToday: 0 });
    expect(ledgerToday).toMatchObject({ isWholeDay: true, received: 800, written: 800, waitingBefore: 0 });
    expect(await gateway.stop()).toBe(0);
  });
});
