import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { chromium } from 'playwright-core';
import { expect, it, onTestFinished } from 'vitest';
import { freePort } from '../../harness/free-port.js';
import { isBalanced } from '../../harness/gateway-process.js';
import { LAUNCHER, sluice } from '../../harness/programs.js';
import { findProgram } from '../../harness/server-process.js';
import { requireServer } from '../../harness/servers.js';
import type { LedgerView } from '../../src/http/gateway-view.js';
import { CHROMIUM_ARGS } from '../support/chromium.js';
import { descendants, isRunning } from '../support/processes.js';
import { tempDirectory } from '../support/temp-directory.js';

/** Starts what `npm run demo` runs, on free ports. */
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

const HOUR_MS = 3_600_000;
const POLL = { timeout: 60_000, interval: 50 };

async function until(isSo: () => Promise<boolean>): Promise<void> {
  await expect.poll(isSo, POLL).toBe(true);
}

const FIRST_SCREEN = { width: 1440, height: 900 };

it('the demo fills the store, accepts what a person sends, and stops cleanly', {
  timeout: 120_000,
}, async () => {
  const demo = await startDemo('--no-history');
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
    return ['cold_rooms', 'weather', 'electricity', 'telemetry'].every((name) => text.includes(`"${name}"`));
  });
  const latest = async () =>
    await (
      await fetch(
        `${demo.url}/api/latest?measurement=telemetry&by=device&from=0&silentBefore=0&search=kitchen`,
      )
    ).json();
  await expect.poll(latest, POLL).toMatchObject({
    found: 1,
    groups: [{ name: 'kitchen', values: [{ field: 'temperature', value: 21.5 }] }],
  });
  const narrowed = async () =>
    await (
      await fetch(
        `${demo.url}/api/series?measurement=telemetry&field=temperature&by=device&onlyTag=device&only=kitchen&from=0&to=9000000000000&buckets=1`,
      )
    ).json();
  await expect.poll(narrowed, POLL).toMatchObject({ groups: [{ name: 'kitchen', values: [21.5] }] });
  const live = await fetch(`${demo.url}/api/live`);
  const started = await live.body?.getReader().read();
  expect(String(Buffer.from(started?.value ?? []))).toContain('retry: 1000');
  await until(async () => isBalanced(await demo.ledger()));
  const configFile = join(demo.directory, 'sluice.yaml');
  const list = ['dead-letters', 'list', '-c', configFile, '--topic', 'home/kitchen/telemetry'];
  await expect.poll(async () => (await sluice(list)).stdout, POLL).toContain('payload-not-json');

  const gone = exited(demo.child);
  demo.child.kill('SIGTERM');
  expect(await gone).toBe(0);
});

interface Series {
  readonly groups: readonly {
    readonly name: string;
    readonly values: readonly (number | null)[];
    readonly lows: readonly (number | null)[];
    readonly highs: readonly (number | null)[];
    readonly statistics: {
      readonly count: number;
      readonly min: number;
      readonly max: number;
      readonly first: { readonly value: number; readonly atMs: number };
      readonly last: { readonly value: number; readonly atMs: number };
    };
  }[];
}

it('the demo has a day of history, tells its story, and sends the same past when it is started again', {
  timeout: 180_000,
}, async () => {
  const directory = tempDirectory();
  const beganMs = Date.now();
  const demo = await startDemo('--data-directory', directory);
  const byDevice = async (url: string, measurement: string, field: string, fromMs: number, toMs: number) => {
    const query = new URLSearchParams({
      ...{ measurement, field, by: 'device', buckets: '24' },
      ...{ from: String(fromMs), to: String(toMs) },
    });
    const series = (await (await fetch(`${url}/api/series?${query}`)).json()) as Series;
    return new Map(series.groups.map((group) => [group.name, group]));
  };
  // A page may ask while the history comes: what it knows then is not all.
  await until(async () => (await demo.ledger()).written > 0);
  await (await fetch(`${demo.url}/api/needs-look`)).arrayBuffer();
  await expect.poll(demo.output, POLL).toMatch(/history: [\d,]+ readings sent in/);
  await until(async () => (await demo.ledger()).buffered < 50);

  const dayMs = [beganMs - 24 * HOUR_MS, Date.now()] as const;
  const rooms = await byDevice(demo.url, 'cold_rooms', 'temperature', ...dayMs);
  const weather = await byDevice(demo.url, 'weather', 'temperature', ...dayMs);
  const power = await byDevice(demo.url, 'electricity', 'power', ...dayMs);
  expect([rooms.size, weather.size, power.size]).toEqual([8, 6, 6]);
  // Hours: one is silent, and of the last hour another one may have sent only nonsense.
  const mostEmpty: Readonly<Record<string, number>> = { 'cold-03': 4, pump: 1 };
  for (const [name, { values, statistics }] of [...rooms, ...weather, ...power]) {
    expect(statistics.count, name).toBeGreaterThan(1200);
    const empty = values.filter((value) => value === null).length;
    expect(empty, name).toBeLessThanOrEqual(mostEmpty[name] ?? 0);
  }
  const silentMs = beganMs - rooms.get('cold-03')!.statistics.last.atMs;
  expect(silentMs).toBeGreaterThan(3 * HOUR_MS);
  expect(silentMs).toBeLessThan(4 * HOUR_MS);
  const drift = rooms.get('cold-07')!;
  expect(drift.values[2]).toBeLessThan(6);
  expect(drift.statistics.last.value).toBeGreaterThan(8);
  const look = async () => {
    const { looks } = (await (await fetch(`${demo.url}/api/needs-look`)).json()) as {
      readonly looks: readonly { readonly name: string; readonly state: string }[];
    };
    return looks.map(({ name, state }) => `${name} ${state}`);
  };
  await expect.poll(look, POLL).toEqual(['pump unreadable', 'cold-07 outside', 'cold-03 silent']);
  const list = ['dead-letters', 'list', '-c', join(directory, 'sluice.yaml'), '--topic'];
  await expect
    .poll(async () => (await sluice([...list, 'power/pump/telemetry'])).stdout, POLL)
    .toContain('payload-number-out-of-range');
  expect((await sluice([...list, 'weather/orchard/telemetry'])).stdout).toContain('field-out-of-range');
  const { parked } = await demo.ledger();
  expect(parked).toBeGreaterThan(15);
  // So few do not make an incident.
  expect(await (await fetch(`${demo.url}/api/incidents`)).text()).not.toContain('many-parked');
  await until(async () => isBalanced(await demo.ledger()));

  const past = [beganMs - 23.9 * HOUR_MS, beganMs - 0.5 * HOUR_MS] as const;
  const before = await byDevice(demo.url, 'cold_rooms', 'temperature', ...past);
  const gone = exited(demo.child);
  demo.child.kill('SIGTERM');
  expect(await gone).toBe(0);

  const again = await startDemo('--data-directory', directory);
  await expect.poll(again.output, POLL).toMatch(/history: [\d,]+ readings sent in/);
  await until(async () => (await again.ledger()).buffered < 50);
  const { received } = await again.ledger();
  expect(received).toBeGreaterThan(50_000);
  const after = await byDevice(again.url, 'cold_rooms', 'temperature', ...past);
  for (const [name, { lows, highs, statistics }] of before) {
    const { count, min, max, first, last } = statistics;
    expect(after.get(name)).toMatchObject({ lows, highs, statistics: { count, min, max, first, last } });
  }
  await until(async () => isBalanced(await again.ledger()));
  const goneAgain = exited(again.child);
  again.child.kill('SIGTERM');
  expect(await goneAgain).toBe(0);
});

it('without a history nothing is older than the demo, and a stop in the middle of one ends it at once', {
  timeout: 120_000,
}, async () => {
  const beganMs = Date.now();
  const demo = await startDemo('--no-history');
  await until(async () => (await demo.ledger()).written > 100);
  expect(demo.output()).not.toContain('history:');
  const query = `measurement=weather&field=wind&by=device&from=0&to=${beganMs - 10_000}&buckets=1`;
  expect(await (await fetch(`${demo.url}/api/series?${query}`)).json()).toMatchObject({ groups: [] });
  const gone = exited(demo.child);
  demo.child.kill('SIGTERM');
  expect(await gone).toBe(0);

  const stopped = await startDemo();
  await until(async () => (await stopped.ledger()).received > 0);
  const stoppedGone = exited(stopped.child);
  stopped.child.kill('SIGTERM');
  expect(await stoppedGone).toBe(0);
  const sent = /history: ([\d,]+) readings sent in/.exec(stopped.output())?.[1] ?? '0';
  expect(Number(sent.replace(',', ''))).toBeLessThan(28_000);
});

it('the demo runs through a local Kinesis, and continues with it after a restart', {
  timeout: 120_000,
}, async () => {
  const directory = tempDirectory();
  const first = await startDemo('--stream', 'kinesis', '--no-history', '--data-directory', directory);
  expect(first.output()).toMatch(/Kinesis +http:\/\/127\.0\.0\.1:\d+ +\(stream telemetry\)/);
  await until(async () => (await first.ledger()).written > 100);
  const describeStream = ['stream', 'describe', '-c', join(directory, 'sluice.yaml')];
  await expect
    .poll(async () => (await sluice(describeStream)).stdout, POLL)
    .toMatch(/shardId-000000000001 +open +50\.00 %/);
  const firstGone = exited(first.child);
  first.child.kill('SIGTERM');
  expect(await firstGone).toBe(0);

  const second = await startDemo('--stream', 'kinesis', '--no-fleet', '--data-directory', directory);
  // Without a fleet the ledger comes to rest: everything is read and written, and the two halves agree.
  await until(async () => {
    const ledger = await second.ledger();
    const { buffered, written, books } = ledger;
    const agree = books?.consume.received === books?.ingest.written;
    return buffered === 0 && written > 100 && agree && isBalanced(ledger);
  });
  const before = await second.ledger();
  const device = await mqtt.connectAsync(`mqtt://127.0.0.1:${second.mqttPort}`);
  await device.publishAsync('home/kitchen/telemetry', '{"temperature": 21.5}', { qos: 1 });
  await device.endAsync();
  await until(async () => (await second.ledger()).written === before.written + 1);
  const secondGone = exited(second.child);
  second.child.kill('SIGTERM');
  expect(await secondGone).toBe(0);
});

it('a stop in the middle of the start of the demo ends everything, with exit code 0', {
  timeout: 120_000,
}, async () => {
  const directory = tempDirectory();
  const ports = ['--mqtt-port', String(await freePort()), '--http-port', String(await freePort())];
  const demo = spawn(
    process.execPath,
    [LAUNCHER, 'demo', '--stream', 'kinesis', '--data-directory', directory, ...ports],
    { stdio: 'ignore' },
  );
  onTestFinished(() => void demo.kill('SIGKILL'));
  const gone = exited(demo);
  // The local Kinesis is the first thing that it starts, and takes longest.
  await until(async () => descendants(demo.pid!).length > 0);
  const started = descendants(demo.pid!);
  demo.kill('SIGTERM');
  expect(await gone).toBe(0);
  await expect.poll(() => started.filter(isRunning), POLL).toEqual([]);
});

it.each(['direct', 'kinesis'])(
  'with --stream %s nothing of the demo runs on after SIGKILL',
  { timeout: 120_000 },
  async (stream) => {
    const demo = await startDemo('--stream', stream, '--no-history');
    await until(async () => (await demo.ledger()).received > 0);
    const started = descendants(demo.child.pid!);
    expect(started).toHaveLength(stream === 'direct' ? 1 : 3);
    demo.child.kill('SIGKILL');
    await expect.poll(() => started.filter(isRunning), POLL).toEqual([]);
  },
);

it.skipIf(!requireServer('chromium'))(
  'the page shows readings in its first screen, and a balanced ledger',
  { timeout: 120_000 },
  async () => {
    const demo = await startDemo();
    const browser = await chromium.launch({ executablePath: findProgram('chromium')!, args: CHROMIUM_ARGS });
    onTestFinished(() => browser.close());
    const page = await browser.newPage({ viewport: FIRST_SCREEN });
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(error.message));
    await page.goto(demo.url);
    for (const name of ['cold_rooms', 'electricity', 'weather']) {
      await page.getByRole('heading', { name, exact: true }).waitFor();
    }
    await page.locator('canvas').first().waitFor();
    // The analyst's view: a day of every cold room, each with its newest value, without scrolling.
    const card = page.locator('.chart-card').first();
    await until(async () => (await card.locator('.lines li').count()) === 8);
    const { y, height } = (await card.boundingBox())!;
    expect(y + height).toBeLessThan(FIRST_SCREEN.height);
    expect(await page.getByRole('radio', { name: '24 h' }).isChecked()).toBe(true);
    const legend = await card.locator('.lines li').allTextContents();
    for (const [nth, line] of legend.entries()) expect(line).toMatch(new RegExp(`^cold-0${nth + 1}.*\\d`));
    await page.locator('#attention').getByText('cold-07 is above its range').waitFor();
    await page.goto(`${demo.url}/pipeline`);
    await page.getByText('adds up', { exact: true }).waitFor();
    // A number on the page grows while nobody touches it.
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
