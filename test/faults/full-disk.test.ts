import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { GatewayProcess, isBalanced } from '../../harness/gateway-process.js';
import { sluice } from '../../harness/programs.js';
import { startFakeStore } from '../support/fake-store.js';
import { FLEET_RULE, runFleet } from '../support/fleet-load.js';
import { canMountTmpfs, fillDisk, freeBytes, mountTmpfs } from '../support/tmpfs.js';

const MESSAGES = 600_000;

/** A store that can be away, and a gateway whose data directory is on a disk of 40 MB. */
async function setUp(log?: string) {
  const state = { isDown: true };
  const store = await startFakeStore(() => ({ status: state.isDown ? 503 : 204 }));
  onTestFinished(() => store.stop());
  const directory = mountTmpfs('40m');
  const gateway = new GatewayProcess({
    directory,
    log,
    config: `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: 0 }] }
http: { host: 127.0.0.1, port: 0 }
sink: { influx: { url: "${store.url}", database: iot } }
${FLEET_RULE}`,
  });
  onTestFinished(() => gateway.end());
  return { state, directory, gateway };
}

function publish(gateway: GatewayProcess, messages: number) {
  const stop = new AbortController();
  let acknowledged = 0;
  const ended = runFleet({
    port: gateway.mqttPort,
    messages,
    baseMs: Date.now() - 3_600_000,
    signal: stop.signal,
    onAcknowledged: () => {
      acknowledged += 1;
    },
  });
  onTestFinished(() => stop.abort());
  return { ended, stop: () => stop.abort(), acknowledged: () => acknowledged };
}

async function readiness(gateway: GatewayProcess): Promise<string> {
  return (await fetch(`${gateway.httpUrl}/readyz`)).text();
}

async function untilReadinessSays(gateway: GatewayProcess, words: RegExp): Promise<string> {
  for (;;) {
    const text = await readiness(gateway);
    if (words.test(text)) return text;
  }
}

const metricsOf = async (gateway: GatewayProcess) => (await fetch(`${gateway.httpUrl}/metrics`)).text();

describe.skipIf(!canMountTmpfs())('a disk that is full before the log has reached its size', () => {
  it('withholds PUBACKs while the store is down, and a start with no free byte drains it and goes on', {
    timeout: 240_000,
  }, async () => {
    const { state, directory, gateway } = await setUp();
    await gateway.start();
    const load = publish(gateway, MESSAGES);
    const reason = await untilReadinessSays(gateway, /the disk is full/);
    expect(reason).toMatch(/\d+ bytes free/);
    expect(await metricsOf(gateway)).toMatch(/^sluice_log_blocked(\{[^}]*\})? 1$/m);
    expect(gateway.output).toContain('LOG_DISK_FULL');
    expect((await fetch(`${gateway.httpUrl}/healthz`)).status).toBe(200);
    await gateway.kill();
    const acknowledged = load.acknowledged();
    load.stop();
    await load.ended;
    expect(acknowledged).toBeGreaterThan(1000);

    fillDisk(directory);
    expect(freeBytes(directory)).toBe(0);
    const checked = await sluice(['check', '-c', gateway.configFile]);
    expect(checked.code).toBe(0);
    expect(checked.stderr + checked.stdout).toContain('the disk is nearly full');

    state.isDown = false;
    await gateway.start();
    const drained = await gateway.ledgerWhen(({ buffered }) => buffered === 0);
    expect(isBalanced(drained)).toBe(true);
    expect(drained.received).toBeGreaterThanOrEqual(acknowledged);
    expect(drained).toMatchObject({ written: drained.received, lost: 0 });
    const more = publish(gateway, 20_000);
    await more.ended;
    expect(more.acknowledged()).toBe(20_000);
    const after = await gateway.ledgerWhen(({ buffered }) => buffered === 0);
    expect(after).toMatchObject({ received: drained.received + 20_000, written: after.received, lost: 0 });
    expect(await gateway.stop()).toBe(0);
  });

  it('goes on by itself when somebody frees space, and says that it did', { timeout: 240_000 }, async () => {
    const { directory, gateway } = await setUp();
    await gateway.start();
    const free = fillDisk(directory);
    const load = publish(gateway, 20_000);
    await untilReadinessSays(gateway, /the disk is full/);
    free();
    await load.ended;
    expect(load.acknowledged()).toBe(20_000);
    expect(gateway.output).toContain('LOG_UNBLOCKED');
    expect(await readiness(gateway)).not.toContain('the disk is full');
    // The outage of the store began on the full disk, where it could be in memory only.
    const causes = async () => {
      const { incidents } = (await (await fetch(`${gateway.httpUrl}/api/incidents`)).json()) as {
        incidents: { cause: string }[];
      };
      return incidents.map(({ cause }) => cause).sort();
    };
    await expect.poll(causes, { timeout: 30_000 }).toContain('store-unavailable');
    expect(gateway.output).not.toContain('TIMELINE_FAILED');
    const ledger = await gateway.ledger();
    expect(ledger).toMatchObject({ received: 20_000, buffered: 20_000 });
    await gateway.kill();
    await gateway.start();
    expect(await gateway.ledger()).toMatchObject({ received: 20_000, lost: 0 });
  });

  it('drops its oldest segments where it is configured so, and the ledger says at once how many records', {
    timeout: 240_000,
  }, async () => {
    const { state, gateway } = await setUp('whenFull: drop-oldest, segmentSize: 1MiB');
    await gateway.start();
    const load = publish(gateway, MESSAGES);
    await load.ended;
    expect(load.acknowledged()).toBe(MESSAGES);
    const during = await gateway.ledger();
    expect(isBalanced(during)).toBe(true);
    expect(during.received).toBe(MESSAGES);
    expect(during.reasons.lost).toEqual({ dropped: during.lost });
    expect(during.lost).toBeGreaterThan(1000);
    expect(await metricsOf(gateway)).toMatch(
      new RegExp(`^sluice_log_records_dropped_total(\\{[^}]*\\})? ${during.lost}$`, 'm'),
    );
    state.isDown = false;
    const after = await gateway.ledgerWhen(({ buffered }) => buffered === 0);
    expect(isBalanced(after)).toBe(true);
    expect(after).toMatchObject({ lost: during.lost, written: MESSAGES - during.lost });
    expect(after.reasons.lost).toEqual({ dropped: during.lost });
    expect(await gateway.stop()).toBe(0);
  });

  it('lets parked records be purged with no free byte, with and without a gateway', {
    timeout: 240_000,
  }, async () => {
    const { state, directory, gateway } = await setUp();
    state.isDown = false;
    await gateway.start();
    const parked = await parkSome(gateway, 40_000);
    expect(parked).toBe(40_000);
    fillDisk(directory);
    expect(freeBytes(directory)).toBe(0);
    const some = await sluice([
      'dead-letters',
      'purge',
      '--code',
      'payload-not-json',
      '--yes',
      '-c',
      gateway.configFile,
    ]);
    expect(some).toMatchObject({ code: 0 });
    expect((await gateway.ledger()).reasons.parked).toMatchObject({ purged: 20_000 });
    expect(await gateway.stop()).toBe(0);
    rmSync(join(directory, 'ballast'));
    fillDisk(directory);
    const all = await sluice(['dead-letters', 'purge', '--all', '--yes', '-c', gateway.configFile]);
    expect(all).toMatchObject({ code: 0 });
    await gateway.start();
    const ledger = await gateway.ledger();
    expect(ledger.reasons.parked).toEqual({ purged: 40_000 });
    expect(isBalanced(ledger)).toBe(true);
  });
});

/** Half of them are not JSON, half have a field of the wrong type. Resolves with how many are parked. */
async function parkSome(gateway: GatewayProcess, messages: number): Promise<number> {
  const { runLoad } = await import('../../harness/load-client.js');
  await runLoad({
    host: '127.0.0.1',
    port: gateway.mqttPort,
    connections: 1,
    messages,
    qos: 1,
    window: 100,
    topic: () => 'fleet/dev0/telemetry',
    payload: (_connection, n) => Buffer.from(n % 2 === 0 ? 'no json' : `{"timestamp":"never","seq":${n}}`),
  });
  const ledger = await gateway.ledgerWhen(({ buffered }) => buffered === 0);
  return ledger.parked;
}
