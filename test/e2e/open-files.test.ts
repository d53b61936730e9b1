import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import mqtt from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
import { GatewayProcess, isBalanced } from '../../harness/gateway-process.js';
import { SHIPPED_LAUNCHER } from '../../harness/programs.js';
import { FLEET_RULE, runFleet } from '../support/fleet-load.js';
import { tempDirectory } from '../support/temp-directory.js';

const LIMIT = 200;
const CONFIG = `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: 0 }, { protocol: ws, host: 127.0.0.1, port: 0 }], connectTimeout: 2s }
http: { host: 127.0.0.1, port: 0 }
log: { format: json }
${FLEET_RULE}`;

/** Opens a connection that sends nothing. */
function silent(port: number, open: Set<Socket>): void {
  const socket = connect(port, '127.0.0.1');
  open.add(socket);
  socket.on('error', () => undefined);
}

describe.runIf(process.platform === 'linux')('a process that may open few files', () => {
  it('goes on while more silent connections come than it has files for, and recovers', {
    timeout: 120_000,
  }, async () => {
    const gateway = new GatewayProcess({
      launcher: SHIPPED_LAUNCHER,
      directory: tempDirectory(),
      config: CONFIG,
      wrapper: ['prlimit', `--nofile=${LIMIT}`],
    });
    onTestFinished(() => gateway.end());
    await gateway.start();
    expect(gateway.output).toContain('OPEN_FILES_LOW');
    const files = () => readdirSync(`/proc/${gateway.pid}/fd`).length;
    const device = { port: gateway.mqttPort, messages: 2_000, baseMs: Date.now() - 3_600_000 };

    const open = new Set<Socket>();
    onTestFinished(() => {
      for (const socket of open) socket.destroy();
    });
    // Its connections break and come back among all the others.
    const writing = runFleet(device);
    for (let n = 0; n < 260; n += 1) silent(gateway.mqttPort, open);
    await writing;
    expect(files()).toBeLessThan(LIMIT);
    expect((await fetch(`${gateway.httpUrl}/healthz`)).status).toBe(200);
    const metrics = await (await fetch(`${gateway.httpUrl}/metrics`)).text();
    expect(metrics).toMatch(/sluice_broker_refusals_total\{[^}]*reason="too-many-connections"\} [1-9]/);

    for (const socket of open) socket.destroy();
    const after = runFleet({ ...device, baseMs: Date.now() - 1_800_000 });
    await after;
    const ledger = await gateway.ledgerWhen(({ received, buffered }) => received >= 4_000 && buffered === 0);
    expect(isBalanced(ledger)).toBe(true);
    expect(gateway.output).not.toContain('"level":"fatal"');
    expect(await gateway.stop()).toBe(0);
  });

  it('waits for files that it needs, loses nothing, and goes on once it can open them', {
    timeout: 120_000,
  }, async () => {
    const gateway = new GatewayProcess({
      launcher: SHIPPED_LAUNCHER,
      directory: tempDirectory(),
      config: CONFIG,
    });
    onTestFinished(() => gateway.end());
    await gateway.start();
    const device = await mqtt.connectAsync(`mqtt://127.0.0.1:${gateway.mqttPort}`, { reconnectPeriod: 0 });
    onTestFinished(() => device.endAsync(true).then(() => undefined));
    const publish = (seq: number) =>
      device.publishAsync(
        'fleet/a/telemetry',
        JSON.stringify({ timestamp: Date.now() - 1000 + seq, seq, temperature: 1 }),
        { qos: 1 },
      );
    await publish(0);
    await gateway.ledgerWhen(({ written }) => written === 1);
    // From now on nothing can be opened: no checkpoint, no segment, no connection.
    const limitFiles = (limit: number) =>
      execFileSync('prlimit', ['--pid', String(gateway.pid), `--nofile=${limit}:`]);
    // The first descriptors belong to Node and stay in use. A higher limit could leave a free number below it.
    limitFiles(10);
    for (let seq = 1; seq <= 20; seq += 1) await publish(seq);
    const open = new Set<Socket>();
    for (let n = 0; n < 20; n += 1) silent(gateway.mqttPort, open);
    await expect
      .poll(() => gateway.output, { timeout: 30_000, interval: 20 })
      .toContain('OPEN_FILES_EXHAUSTED');
    for (const socket of open) socket.destroy();
    limitFiles(10_000);
    await publish(21);
    const ledger = await gateway.ledgerWhen(({ buffered, received }) => received === 22 && buffered === 0);
    expect(ledger).toMatchObject({ received: 22, written: 22 });
    expect(isBalanced(ledger)).toBe(true);
    expect(gateway.output).not.toContain('"level":"fatal"');
    expect(await gateway.stop()).toBe(0);
  });
});
