import { execFileSync } from 'node:child_process';
import { chmodSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { freePort } from '../../harness/free-port.js';
import { GatewayProcess, isBalanced } from '../../harness/gateway-process.js';
import { runLoad } from '../../harness/load-client.js';
import { sluice } from '../../harness/programs.js';
import { FLEET_RULE, runFleet } from '../support/fleet-load.js';
import { tempDirectory } from '../support/temp-directory.js';

const config = (
  mqttPort = 0,
  httpPort = 0,
) => `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: ${mqttPort} }] }
http: { host: 127.0.0.1, port: ${httpPort} }
${FLEET_RULE}`;

async function started(options: Partial<ConstructorParameters<typeof GatewayProcess>[0]> = {}) {
  const gateway = new GatewayProcess({ directory: tempDirectory(), config: config(), ...options });
  onTestFinished(() => gateway.end());
  await gateway.start();
  return gateway;
}

describe('a start that cannot work ends with exit code 2 and one line to act on', () => {
  it('when the MQTT port is in use', async () => {
    const first = await started();
    const second = new GatewayProcess({ directory: tempDirectory(), config: config(first.mqttPort) });
    await expect(second.start()).rejects.toThrow(/broker\.listeners/);
    expect(await second.exited()).toBe(2);
  });

  it('when the HTTP port is in use', async () => {
    const first = await started();
    const second = new GatewayProcess({
      directory: tempDirectory(),
      config: config(0, Number(new URL(first.httpUrl).port)),
    });
    await expect(second.start()).rejects.toThrow(/http\.port/);
    expect(await second.exited()).toBe(2);
  });

  it('when another process has the data directory; not any more when that one was killed', async () => {
    const first = await started();
    const asSecond = await sluice(['start', '-c', first.configFile]);
    expect(asSecond.code).toBe(2);
    expect(asSecond.stdout + asSecond.stderr).toMatch(/in use by another Sluice/);
    await first.kill();
    await first.start();
    expect(await first.stop()).toBe(0);
  });

  it.runIf(process.platform === 'linux')(
    '[access 11] [drill N4] when another process has the data directory and somebody has deleted its lock',
    async () => {
      const first = await started();
      const locks = readdirSync(first.dataDirectory).filter((name) => name.startsWith('lock'));
      expect(locks.length).toBeGreaterThan(1);
      for (const name of locks) rmSync(join(first.dataDirectory, name));
      const asSecond = await sluice(['start', '-c', first.configFile]);
      expect(asSecond.code).toBe(2);
      expect(asSecond.stdout + asSecond.stderr).toMatch(
        /DATA_DIRECTORY_LOCKED.*whose lock files were deleted/,
      );
      expect(await first.stop()).toBe(0);
    },
  );

  it('[security 49] when others can enter the data directory, with the command that fixes it', async () => {
    const first = await started({ wrapper: ['sh', '-c', 'umask 000; exec "$@"', 'sh'] });
    await runFleet({ port: first.mqttPort, messages: 100, baseMs: Date.now() - 3_600_000 });
    await first.ledgerWhen(({ written }) => written === 100);
    const open = readdirSync(first.dataDirectory, { recursive: true, encoding: 'utf8' }).filter(
      (name) => (statSync(join(first.dataDirectory, name)).mode & 0o077) !== 0,
    );
    expect(open).toEqual([]);
    expect(await first.stop()).toBe(0);
    chmodSync(first.dataDirectory, 0o755);
    const command = `chmod -R go-rwx ${first.dataDirectory}`;
    await expect(first.start()).rejects.toThrow(`run: ${command}`);
    expect(await first.exited()).toBe(2);
    expect((await sluice(['check', '-c', first.configFile])).stderr).toContain(command);
    execFileSync('sh', ['-c', command]);
    await first.start();
    expect(await first.stop()).toBe(0);
  });

  it('when there is a file where the data directory should be', async () => {
    const directory = tempDirectory();
    writeFileSync(join(directory, 'data'), 'in the way');
    const gateway = new GatewayProcess({ directory, config: config() });
    await expect(gateway.start()).rejects.toThrow(/stream\.log\.directory/);
    expect(await gateway.exited()).toBe(2);
  });
});

describe('SIGTERM', () => {
  it('[security 54] under load: everything acknowledged is there at the next start, exit code 0', {
    timeout: 120_000,
  }, async () => {
    const port = await freePort();
    const gateway = await started({ config: config(port) });
    let acknowledged = 0;
    const baseMs = Date.now() - 3_600_000;
    const load = runFleet({
      port,
      messages: 60_000,
      baseMs,
      onAcknowledged: () => {
        acknowledged += 1;
      },
    });
    while (acknowledged < 20_000) await new Promise((resolve) => setTimeout(resolve, 1));
    expect(await gateway.stop()).toBe(0);
    const atStop = acknowledged;
    await gateway.start();
    expect((await gateway.ledger()).received).toBeGreaterThanOrEqual(atStop);
    await load;
    const ledger = await gateway.ledgerWhen(({ buffered }) => buffered === 0);
    expect(isBalanced(ledger)).toBe(true);
    expect(ledger.received).toBeGreaterThanOrEqual(60_000);
    expect(await gateway.stop()).toBe(0);
  });

  it('drains: what is stored is written before the process ends', { timeout: 120_000 }, async () => {
    // A linger that a stop must not wait for.
    const gateway = await started({ config: `consumer: { batch: { linger: 30s } }\n${config()}` });
    await runFleet({ port: gateway.mqttPort, messages: 2000, baseMs: Date.now() - 3_600_000 });
    expect(await gateway.stop()).toBe(0);
    expect(gateway.output).toMatch(/"written":2000/);
    expect(gateway.output).toMatch(/"buffered":0/);
  });
});

describe('a second SIGTERM', () => {
  it('ends the process at once; what is stored is there at the next start', {
    timeout: 120_000,
  }, async () => {
    const gateway = await started();
    await runFleet({ port: gateway.mqttPort, messages: 20_000, baseMs: Date.now() - 3_600_000 });
    const gone = gateway.exited();
    process.kill(gateway.pid, 'SIGTERM');
    process.kill(gateway.pid, 'SIGTERM');
    process.kill(gateway.pid, 'SIGINT');
    expect([0, 1]).toContain(await gone);
    await gateway.start();
    const ledger = await gateway.ledgerWhen(({ buffered }) => buffered === 0);
    expect(ledger).toMatchObject({ received: 20_000, written: 20_000 });
    expect(isBalanced(ledger)).toBe(true);
    expect(await gateway.stop()).toBe(0);
  });
});

describe('many connections', () => {
  it('500 devices, each with its own few messages', { timeout: 120_000 }, async () => {
    const gateway = await started();
    const load = await runLoad({
      host: '127.0.0.1',
      port: gateway.mqttPort,
      connections: 500,
      messages: 20,
      qos: 1,
      window: 5,
      topic: (c) => `fleet/dev${c}/telemetry`,
      payload: (_c, n) =>
        Buffer.from(`{"timestamp":${Date.now() - 60_000 + n},"seq":${n},"temperature":1.5}`),
    });
    expect(load.acknowledged).toBe(10_000);
    const ledger = await gateway.ledgerWhen(({ buffered }) => buffered === 0);
    expect(ledger).toMatchObject({ received: 10_000, written: 10_000 });
    expect(await gateway.stop()).toBe(0);
  });
});
