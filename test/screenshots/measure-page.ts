import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, CDPSession, Page } from 'playwright-core';
import { GatewayProcess } from '../../harness/gateway-process.js';
import { packageRoot } from '../../src/lib/package-root.js';
import { DESKTOP, launchBrowser } from '../support/page-browser.js';

const DEVICES = 10_000;
const RECORDS_PER_SECOND = 1_000;
const PAGES = 5;
/** By then every device has been seen, and the page has drawn everything. */
const WARM_UP_MS = 10_000;
const LOOK_MS = 60_000;

/** A gateway for the fleet `climate`, into DuckDB. */
export const CLIMATE_CONFIG = `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: 0 }] }
http: { host: 127.0.0.1, port: 0 }
rules:
  - name: climate
    topic: climate/+site/+device/telemetry
    measurement: climate
    time: { path: timestamp, unit: ms }
    tags: { site: topic.site, device: topic.device }
    fields: auto
`;

export interface PageFigures {
  readonly atStart: Readonly<Record<string, number>>;
  readonly atEnd: Readonly<Record<string, number>>;
  /** By path, in one page: requests in the minute and bytes per second on the wire. */
  readonly traffic: Readonly<Record<string, { requests: number; bytesPerSecond: number }>>;
  /** Of the gateway's event loop, by how many pages are open. */
  readonly loopDelayMs: Readonly<Record<number, { p50: number; p99: number; max: number }>>;
}

/** What the live page costs with 10,000 devices in DuckDB: in the browser, on the wire and in the gateway. */
export async function measurePage(): Promise<PageFigures> {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-measure-'));
  const gateway = new GatewayProcess({ directory, config: CLIMATE_CONFIG });
  const browser = await launchBrowser();
  await gateway.start();
  const fleet = spawn(
    process.execPath,
    [
      join(packageRoot(), 'dist', 'simulators', 'main.js'),
      ...['climate', '--quiet', '--url', `mqtt://127.0.0.1:${gateway.mqttPort}`, '--connections', '50'],
      ...['--devices', String(DEVICES), '--rate', String(RECORDS_PER_SECOND)],
    ],
    { stdio: 'ignore' },
  );
  try {
    await gateway.ledgerWhen(({ written }) => written >= 2 * DEVICES);
    return await lookOn(browser, gateway);
  } finally {
    fleet.kill('SIGKILL');
    await browser.close();
    await gateway.end();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function lookOn(browser: Browser, gateway: GatewayProcess): Promise<PageFigures> {
  const loopDelayMs: Record<number, { p50: number; p99: number; max: number }> = {};
  await loopDelay(gateway);
  await new Promise((resolve) => setTimeout(resolve, LOOK_MS / 2));
  loopDelayMs[0] = await loopDelay(gateway);

  const page = await openDevices(browser, gateway);
  const session = await page.context().newCDPSession(page);
  const traffic = await countTraffic(session);
  const atStart = await costs(session);
  await loopDelay(gateway);
  await page.waitForTimeout(LOOK_MS);
  loopDelayMs[1] = await loopDelay(gateway);
  const atEnd = await costs(session);
  const figures = traffic();

  for (let open = 1; open < PAGES; open++) await openDevices(browser, gateway);
  await loopDelay(gateway);
  await page.waitForTimeout(LOOK_MS / 2);
  loopDelayMs[PAGES] = await loopDelay(gateway);
  return { atStart, atEnd, traffic: figures, loopDelayMs };
}

async function openDevices(browser: Browser, gateway: GatewayProcess): Promise<Page> {
  const context = await browser.newContext(DESKTOP);
  const page = await context.newPage();
  await page.goto(`${gateway.httpUrl}/devices`);
  await page.locator('.device-group tbody tr').first().waitFor();
  await page.waitForTimeout(WARM_UP_MS);
  return page;
}

async function costs(session: CDPSession): Promise<Record<string, number>> {
  await session.send('Performance.enable');
  await session.send('HeapProfiler.collectGarbage');
  const { metrics } = await session.send('Performance.getMetrics');
  const wanted = ['Nodes', 'JSEventListeners', 'JSHeapUsedSize', 'TaskDuration'];
  return Object.fromEntries(
    metrics.filter(({ name }) => wanted.includes(name)).map(({ name, value }) => [name, value]),
  );
}

/** Begins to count; the answer is a function that ends with the counts. */
async function countTraffic(session: CDPSession): Promise<() => PageFigures['traffic']> {
  await session.send('Network.enable');
  const paths = new Map<string, string>();
  const counted: Record<string, { requests: number; bytes: number }> = {};
  const beganMs = performance.now();
  const of = (path: string) => (counted[path] ??= { requests: 0, bytes: 0 });
  session.on('Network.requestWillBeSent', ({ requestId, request }) => {
    const path = new URL(request.url).pathname;
    paths.set(requestId, path);
    of(path).requests += 1;
  });
  session.on('Network.dataReceived', ({ requestId, dataLength }) => {
    // What was opened before is the stream.
    of(paths.get(requestId) ?? '/api/live').bytes += dataLength;
  });
  return () => {
    const seconds = (performance.now() - beganMs) / 1000;
    return Object.fromEntries(
      Object.entries(counted).map(([path, { requests, bytes }]) => [
        path,
        { requests, bytesPerSecond: Math.round(bytes / seconds) },
      ]),
    );
  };
}

/** Since it was asked last. */
async function loopDelay(gateway: GatewayProcess): Promise<{ p50: number; p99: number; max: number }> {
  const text = await (await fetch(`${gateway.httpUrl}/metrics`)).text();
  const ms = (name: string) => {
    const found = new RegExp(`^nodejs_eventloop_lag_${name}_seconds (\\S+)`, 'm').exec(text);
    return Math.round(Number(found?.[1]) * 10_000) / 10;
  };
  return { p50: ms('p50'), p99: ms('p99'), max: ms('max') };
}
