import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { chromium } from 'playwright-core';
import { expect, it, onTestFinished } from 'vitest';
import type { LedgerView } from '../../src/ops/gateway-view.js';
import { CHROMIUM_ARGS } from '../support/chromium.js';
import { freePort } from '../support/free-port.js';
import { isBalanced } from '../support/gateway-process.js';
import { LAUNCHER, sluice } from '../support/programs.js';
import { findProgram } from '../support/server-process.js';
import { requireServer } from '../support/servers.js';
import { tempDirectory } from '../support/temp-directory.js';

/** What `npm run demo` runs, on ports of its own. */
async function startDemo(...args: readonly string[]) {
  const mqttPort = await freePort();
  const httpPort = await freePort();
  const directory = tempDirectory();
  const child = spawn(
    process.execPath,
    [
      ...[LAUNCHER, 'demo', '--mqtt-port', String(mqttPort), '--http-port', String(httpPort)],
      ...['--data-directory', directory],
      ...args,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  await new Promise<void>((resolve, reject) => {
    const read = (text: Buffer) => {
      output += text.toString();
      if (output.includes('Ctrl+C stops it')) resolve();
    };
    child.stdout!.on('data', read);
    child.stderr!.on('data', read);
    child.once('exit', () => reject(new Error(`the demo ended:\n${output}`)));
  });
  const url = `http://127.0.0.1:${httpPort}`;
  const ledger = async () => (await (await fetch(`${url}/api/ledger`)).json()) as LedgerView;
  return { child, url, mqttPort, directory, output: () => output, ledger };
}

function exited(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once('exit', (code) => resolve(code)));
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 50));
}

it('the demo fills the store by itself, takes what a person sends, and stops cleanly', {
  timeout: 90_000,
}, async () => {
  const demo = await startDemo();
  expect(demo.output()).toContain(demo.url);
  await until(async () => (await demo.ledger()).written > 100);
  const device = await mqtt.connectAsync(`mqtt://127.0.0.1:${demo.mqttPort}`);
  await device.publishAsync('home/kitchen/telemetry', '{"temperature": 21.5}', { qos: 1 });
  await device.publishAsync('home/kitchen/telemetry', '{"temperature":', { qos: 1 });
  await device.endAsync();
  await until(async () => ((await demo.ledger()).reasons.parked['payload-not-json'] ?? 0) > 0);
  const measurements = async () => await (await fetch(`${demo.url}/api/measurements`)).text();
  await until(async () => {
    const text = await measurements();
    return ['sensordata', 'climate', 'energy', 'telemetry'].every((name) => text.includes(`"${name}"`));
  });
  const latest = await fetch(
    `${demo.url}/api/latest?measurement=telemetry&by=device&from=0&silentBefore=0&search=kitchen`,
  );
  expect(await latest.json()).toMatchObject({
    found: 1,
    groups: [{ name: 'kitchen', values: [{ field: 'temperature', value: 21.5 }] }],
  });
  const narrowed = await fetch(
    `${demo.url}/api/series?measurement=telemetry&field=temperature&by=device&onlyTag=device&only=kitchen&from=0&to=9000000000000&buckets=1`,
  );
  expect(await narrowed.json()).toMatchObject({ groups: [{ name: 'kitchen', values: [21.5] }] });
  const live = await fetch(`${demo.url}/api/live`);
  const started = await live.body?.getReader().read();
  expect(String(Buffer.from(started?.value ?? []))).toContain('retry: 1000');
  expect(isBalanced(await demo.ledger())).toBe(true);
  const configFile = join(demo.directory, 'sluice.yaml');
  const listed = await sluice([
    'dead-letters',
    'list',
    '-c',
    configFile,
    '--topic',
    'home/kitchen/telemetry',
  ]);
  expect(listed.stdout).toContain('payload-not-json');

  const gone = exited(demo.child);
  demo.child.kill('SIGTERM');
  expect(await gone).toBe(0);
});

it('the demo runs through a local Kinesis, and goes on with it when it is started again', {
  timeout: 120_000,
}, async () => {
  const directory = tempDirectory();
  const first = await startDemo('--stream', 'kinesis', '--data-directory', directory);
  expect(first.output()).toMatch(/Kinesis +http:\/\/127\.0\.0\.1:\d+ +\(stream telemetry\)/);
  await until(async () => (await first.ledger()).written > 100);
  const described = await sluice(['stream', 'describe', '-c', join(directory, 'sluice.yaml')]);
  expect(described.stdout).toMatch(/shardId-000000000001 +open +50\.00 %/);
  const firstGone = exited(first.child);
  first.child.kill('SIGTERM');
  expect(await firstGone).toBe(0);

  const second = await startDemo('--stream', 'kinesis', '--no-fleet', '--data-directory', directory);
  await until(async () => {
    const { buffered, written } = await second.ledger();
    return buffered === 0 && written > 100;
  });
  const before = await second.ledger();
  expect(isBalanced(before), JSON.stringify(before)).toBe(true);
  expect(before.books?.consume.received).toBe(before.books?.ingest.written);
  const device = await mqtt.connectAsync(`mqtt://127.0.0.1:${second.mqttPort}`);
  await device.publishAsync('home/kitchen/telemetry', '{"temperature": 21.5}', { qos: 1 });
  await device.endAsync();
  await until(async () => (await second.ledger()).written === before.written + 1);
  const secondGone = exited(second.child);
  second.child.kill('SIGTERM');
  expect(await secondGone).toBe(0);
});

it.skipIf(!requireServer('chromium'))(
  'the page shows readings, and the books balance on it',
  { timeout: 90_000 },
  async () => {
    const demo = await startDemo();
    const browser = await chromium.launch({ executablePath: findProgram('chromium')!, args: CHROMIUM_ARGS });
    onTestFinished(() => browser.close());
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(error.message));
    await page.goto(demo.url);
    await page.getByText('Balanced', { exact: false }).first().waitFor();
    for (const name of ['climate', 'energy', 'sensordata']) {
      await page.getByRole('heading', { name, exact: true }).waitFor();
    }
    await page.locator('canvas').first().waitFor();
    // By itself: a number on it grows while nobody touches it.
    const received = async () => (await (await fetch(`${demo.url}/api/ledger`)).json()) as LedgerView;
    const before = (await received()).received;
    await until(async () => {
      const numbers = (await page.locator('body').innerText()).match(/\b\d[\d,.]*\b/g) ?? [];
      return numbers.some((text) => Number(text.replace(/,/g, '')) > before + 20);
    });
    expect(problems).toEqual([]);
    const gone = exited(demo.child);
    demo.child.kill('SIGINT');
    expect(await gone).toBe(0);
  },
);
