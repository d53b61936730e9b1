import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
import { freePort } from '../../harness/free-port.js';
import { GatewayProcess, isBalanced } from '../../harness/gateway-process.js';
import type { ReadinessProblem } from '../../src/http/gateway-view.js';
import { createTestStream, startKinesalite } from '../support/kinesis-servers.js';
import { descendants, isRunning, processesWith } from '../support/processes.js';
import { startSilentServer } from '../support/silent-server.js';
import { tempDirectory } from '../support/temp-directory.js';

/** What a stop may take, and a slow machine on top of it. */
const STOPPED_WITHIN_MS = 20_000;
const POLL = { timeout: 30_000, interval: 20 };

interface Rig {
  readonly kinesisPort: number;
  readonly kinesis?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly sink?: string;
}

/** A gateway on ports that are known before it is ready. */
async function gatewayOn({ kinesisPort, kinesis = '', env, sink = '' }: Rig) {
  const mqttPort = await freePort();
  const httpPort = await freePort();
  const options: ConstructorParameters<typeof GatewayProcess>[0] = {
    directory: tempDirectory(),
    stream: ['mode: kinesis', `kinesis: { endpoint: "http://127.0.0.1:${kinesisPort}"${kinesis} }`],
    config: `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: ${mqttPort} }] }
http: { host: 127.0.0.1, port: ${httpPort} }
${sink}`,
    env,
  };
  const gateway = new GatewayProcess(options);
  onTestFinished(() => gateway.end());
  const url = `http://127.0.0.1:${httpPort}`;
  const problems = async () =>
    ((await (await fetch(`${url}/readyz`)).json()) as { problems: ReadinessProblem[] }).problems;
  return { gateway, options, mqttPort, problems };
}

/** An AWS configuration whose `credential_process` never ends. */
function hangingCredentials() {
  const directory = tempDirectory();
  const script = join(directory, 'hang.sh');
  const starts = join(directory, 'starts');
  // The shell stays, so that ps shows the path of the script.
  writeFileSync(script, `#!/bin/sh\necho $$ >> ${starts}\nsleep 3600\nexit 1\n`, { mode: 0o700 });
  writeFileSync(join(directory, 'config'), `[default]\nregion = us-east-1\ncredential_process = ${script}\n`);
  onTestFinished(() => {
    for (const pid of processesWith(script)) {
      for (const one of [pid, ...descendants(pid)]) if (isRunning(one)) process.kill(one, 'SIGKILL');
    }
  });
  return {
    env: {
      AWS_PROFILE: 'default',
      AWS_CONFIG_FILE: join(directory, 'config'),
      AWS_SHARED_CREDENTIALS_FILE: join(directory, 'none'),
    },
    /** How often it was started. */
    starts: () => (existsSync(starts) ? readFileSync(starts, 'utf8').trimEnd().split('\n').length : 0),
    running: () => processesWith(script),
  };
}

async function publish(port: number, payload: string): Promise<void> {
  const device = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 50 });
  await device.publishAsync('home/kitchen/telemetry', payload, { qos: 1 });
  await device.endAsync();
}

/** Sends the signal and resolves with the exit code; 'late' when the process outlives a stop by far. */
async function endedBy(gateway: GatewayProcess, signal: NodeJS.Signals): Promise<number | null | 'late'> {
  const gone = gateway.exited();
  process.kill(gateway.pid, signal);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(resolve, STOPPED_WITHIN_MS, 'late');
  });
  const code = await Promise.race([gone, late]);
  clearTimeout(timer);
  return code;
}

function expectNothingLeft({ dataDirectory }: GatewayProcess, processes: readonly number[]): void {
  expect(processes.filter(isRunning)).toEqual([]);
  const names = existsSync(dataDirectory) ? readdirSync(dataDirectory) : [];
  expect(names.filter((name) => name === 'lock.owner' || /^lock\.\d+$/.test(name))).toEqual([]);
}

describe('a credential process that hangs', () => {
  it('does not keep the broker from listening: messages are buffered, and sent by the next start', {
    timeout: 120_000,
  }, async () => {
    const kinesis = await startKinesalite();
    onTestFinished(() => kinesis.stop());
    await createTestStream(kinesis.endpoint, 'telemetry', 1);
    const credentials = hangingCredentials();
    const { gateway, options, mqttPort, problems } = await gatewayOn({
      kinesisPort: Number(new URL(kinesis.endpoint).port),
      env: credentials.env,
    });
    const starting = gateway.start();
    // The broker listens although nothing beyond the machine has answered, and will not.
    await expect.poll(() => problems().catch(() => []), POLL).toHaveLength(2);
    expect(await problems()).toEqual([
      { stage: 'producer', reason: 'the stream has not been reached yet' },
      { stage: 'reader', reason: 'the stream has not been reached yet' },
    ]);
    await publish(mqttPort, '{"temperature": 21.5}');
    await starting;
    expect(await gateway.ledger()).toMatchObject({ received: 1, buffered: 1 });
    const processes = descendants(gateway.pid);
    expect(processes.length).toBeGreaterThan(0);
    expect(await endedBy(gateway, 'SIGTERM')).toBe(0);
    await expect.poll(() => processes.filter(isRunning), POLL).toEqual([]);
    expectNothingLeft(gateway, processes);
    expect(credentials.running()).toEqual([]);
    const next = new GatewayProcess({ ...options, env: {} });
    onTestFinished(() => next.end());
    await next.start();
    await next.ledgerWhen(({ written }) => written === 1);
    expect(await next.stop()).toBe(0);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'does not delay %s in the middle of the start',
    {
      timeout: 120_000,
    },
    async (signal) => {
      const credentials = hangingCredentials();
      const { gateway, problems } = await gatewayOn({ kinesisPort: 1, env: credentials.env });
      const starting = gateway.start();
      starting.catch(() => undefined);
      await expect.poll(() => problems().catch(() => []), POLL).toHaveLength(2);
      // One of the forwarder, one of the consumer.
      await expect.poll(credentials.starts, POLL).toBe(2);
      const processes = descendants(gateway.pid);
      expect(credentials.running().length).toBeGreaterThanOrEqual(2);
      expect(await endedBy(gateway, signal)).toBe(0);
      await expect(starting).rejects.toThrow(/before it was ready \(0\)/);
      expect(gateway.output).not.toMatch(/"level":"(error|fatal)"/);
      await expect.poll(() => processes.filter(isRunning), POLL).toEqual([]);
      expectNothingLeft(gateway, processes);
      expect(credentials.running()).toEqual([]);
      expect(credentials.starts()).toBe(2);
    },
  );

  it('does not outlive a second signal either', { timeout: 120_000 }, async () => {
    const credentials = hangingCredentials();
    const { gateway } = await gatewayOn({ kinesisPort: 1, env: credentials.env });
    const starting = gateway.start();
    starting.catch(() => undefined);
    await expect.poll(credentials.starts, POLL).toBe(2);
    const processes = descendants(gateway.pid);
    process.kill(gateway.pid, 'SIGTERM');
    expect([0, 1]).toContain(await endedBy(gateway, 'SIGTERM'));
    await expect.poll(() => processes.filter(isRunning), POLL).toEqual([]);
    expect(credentials.running()).toEqual([]);
    expect(credentials.starts()).toBe(2);
  });
});

describe('a peer that accepts connections and never answers', () => {
  it.each([
    ['Kinesis', (port: number) => ({ kinesisPort: port })],
    [
      'Kinesis with leases and fan-out',
      (port: number) => ({
        kinesisPort: port,
        kinesis: `, reads: enhanced-fan-out, checkpoints: dynamodb, leases: { endpoint: "http://127.0.0.1:${port}" }`,
      }),
    ],
    [
      'InfluxDB',
      (port: number) => ({
        kinesisPort: port,
        sink: `sink: { influx: { url: "http://127.0.0.1:${port}", database: d } }`,
      }),
    ],
  ])('%s: the broker listens, and SIGTERM is obeyed', { timeout: 120_000 }, async (_name, rig) => {
    const silent = await startSilentServer();
    onTestFinished(() => silent.stop());
    const { gateway, mqttPort, problems } = await gatewayOn(rig(silent.port));
    const starting = gateway.start();
    starting.catch(() => undefined);
    // HTTP answers a moment before the broker listens.
    const stages = async () => (await problems()).map(({ stage }) => stage);
    await expect.poll(() => stages().catch(() => ['broker']), POLL).not.toContain('broker');
    await publish(mqttPort, '{"temperature": 21.5}');
    await expect.poll(silent.connections, POLL).toBeGreaterThan(0);
    expect(await endedBy(gateway, 'SIGTERM')).toBe(0);
    expect(gateway.output).toMatch(
      /"received":1,"written":0,.*"buffered":1,.*"balanced":true,"msg":"stopped"/,
    );
    expectNothingLeft(gateway, []);
  });

  it('a lease table: the consumer stops within its deadline', { timeout: 120_000 }, async () => {
    const kinesis = await startKinesalite();
    onTestFinished(() => kinesis.stop());
    await createTestStream(kinesis.endpoint, 'telemetry', 1);
    const silent = await startSilentServer();
    onTestFinished(() => silent.stop());
    const { gateway } = await gatewayOn({
      kinesisPort: Number(new URL(kinesis.endpoint).port),
      kinesis: `, checkpoints: dynamodb, leases: { endpoint: "http://127.0.0.1:${silent.port}" }`,
    });
    await gateway.start();
    await expect.poll(silent.connections, POLL).toBeGreaterThan(0);
    expect(await endedBy(gateway, 'SIGTERM')).toBe(0);
    expectNothingLeft(gateway, []);
  });
});

describe('a thread that hangs in native code, here in opening a file', () => {
  /** Opening a pipe that nobody writes to does not return, like a file on a network drive that is away. */
  const hangingFile = () => {
    const file = join(tempDirectory(), 'config');
    execFileSync('mkfifo', [file]);
    return { AWS_PROFILE: 'default', AWS_CONFIG_FILE: file, AWS_SHARED_CREDENTIALS_FILE: `${file}.none` };
  };

  it('does not keep SIGTERM from ending the process within the deadline of a stop', {
    timeout: 120_000,
  }, async () => {
    const { gateway, options } = await gatewayOn({ kinesisPort: 1, env: hangingFile() });
    await gateway.start();
    expect([0, null]).toContain(await endedBy(gateway, 'SIGTERM'));
    expect(gateway.output).toContain('STOP_INCOMPLETE');
    const next = new GatewayProcess({ ...options, env: {} });
    onTestFinished(() => next.end());
    await next.start();
    expect(await next.stop()).toBe(0);
  });

  it('does not keep a second signal from ending it at once', { timeout: 120_000 }, async () => {
    const { gateway } = await gatewayOn({ kinesisPort: 1, env: hangingFile() });
    await gateway.start();
    process.kill(gateway.pid, 'SIGTERM');
    await expect.poll(() => gateway.output, POLL).toContain('"msg":"stopping');
    expect([1, null]).toContain(await endedBy(gateway, 'SIGINT'));
    expect(gateway.output).toContain('STOPPED_AT_ONCE');
    expect(gateway.output).not.toContain('STOP_INCOMPLETE');
  });
});

describe('a start that ends early', () => {
  it('with a missing stream keeps what it has acknowledged for the next start', {
    timeout: 120_000,
  }, async () => {
    const kinesis = await startKinesalite();
    onTestFinished(() => kinesis.stop());
    const { gateway } = await gatewayOn({ kinesisPort: Number(new URL(kinesis.endpoint).port) });
    await expect(gateway.start()).rejects.toThrow(/before it was ready \(2\)/);
    expect(gateway.output).toContain('KINESIS_STREAM_MISSING');
    expectNothingLeft(gateway, []);
    await createTestStream(kinesis.endpoint, 'telemetry', 1);
    await gateway.start();
    expect(isBalanced(await gateway.ledger())).toBe(true);
    expect(await gateway.stop()).toBe(0);
  });

  it('leaves no lock when the port is in use', { timeout: 120_000 }, async () => {
    const silent = await startSilentServer();
    onTestFinished(() => silent.stop());
    const gateway = new GatewayProcess({
      directory: tempDirectory(),
      config: `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: ${silent.port} }] }
http: { host: 127.0.0.1, port: 0 }`,
    });
    await expect(gateway.start()).rejects.toThrow(/before it was ready \(2\)/);
    expect(gateway.output).toContain('LISTENER_FAILED');
    expectNothingLeft(gateway, []);
  });
});
