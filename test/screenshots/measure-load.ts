import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { GatewayProcess } from '../../harness/gateway-process.js';
import { packageRoot } from '../../src/lib/package-root.js';
import { DESKTOP, launchBrowser, PHONE } from '../support/page-browser.js';
import { CLIMATE_CONFIG } from './measure-page.js';

const DEVICES = 20;
const RECORDS_PER_SECOND = 32;
const STORED_BEFORE = 600;
const ROUNDS = 3;
const LOOK_MS = 5_000;

/** Runs before the page's own scripts, and counts what moves. */
const OBSERVE = `window.shifts = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifts += entry.value;
}).observe({ type: 'layout-shift', buffered: true });`;

/** One load of the page. */
export interface LoadFigures {
  readonly firstPaintMs: number;
  /** From the start of the load until a chart has been drawn. */
  readonly firstChartMs: number;
  /** On the wire, with headers, until 5 s after the load. The stream of states is among them. */
  readonly bytes: number;
  readonly requests: number;
  /** Cumulative layout shift in 5 s. */
  readonly layoutShift: number;
}

/** What loading the page costs a browser, with and without what it keeps: the median of three loads each. */
export async function measureLoad(): Promise<Readonly<Record<string, LoadFigures>>> {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-load-'));
  const gateway = new GatewayProcess({ directory, config: CLIMATE_CONFIG });
  await gateway.start();
  const fleet = startFleet(gateway);
  try {
    await gateway.ledgerWhen(({ written }) => written >= STORED_BEFORE);
    const figures: Record<string, LoadFigures> = {};
    for (const [screen, options] of Object.entries({ desktop: DESKTOP, phone: PHONE })) {
      const loads = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        const browser = await launchBrowser();
        const context = await browser.newContext(options);
        loads.push({
          first: await loadOnce(context, gateway.httpUrl),
          again: await loadOnce(context, gateway.httpUrl),
        });
        await browser.close();
      }
      figures[`${screen}, first`] = median(loads.map(({ first }) => first));
      figures[`${screen}, again`] = median(loads.map(({ again }) => again));
    }
    return figures;
  } finally {
    fleet.kill('SIGKILL');
    await gateway.end();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function loadOnce(context: BrowserContext, url: string): Promise<LoadFigures> {
  const page = await context.newPage();
  const session = await context.newCDPSession(page);
  await session.send('Network.enable');
  let bytes = 0;
  let requests = 0;
  session.on('Network.requestWillBeSent', () => {
    requests += 1;
  });
  session.on('Network.loadingFinished', ({ encodedDataLength }) => {
    bytes += encodedDataLength;
  });
  await page.addInitScript(OBSERVE);
  await page.goto(url);
  const firstChartMs = await timeOfFirstChart(page);
  await page.waitForTimeout(LOOK_MS);
  const seen = (await page.evaluate(`({
    firstPaintMs: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? -1,
    layoutShift: window.shifts,
  })`)) as Pick<LoadFigures, 'firstPaintMs' | 'layoutShift'>;
  await page.close();
  return { ...seen, firstChartMs, bytes, requests };
}

async function timeOfFirstChart(page: Page): Promise<number> {
  await page.locator('canvas:visible').first().waitFor();
  return (await page.evaluate('performance.now()')) as number;
}

function startFleet(gateway: GatewayProcess): ChildProcess {
  const simulator = join(packageRoot(), 'dist', 'simulators', 'main.js');
  const options = [
    ...['--url', `mqtt://127.0.0.1:${gateway.mqttPort}`, '--connections', '4'],
    ...['--devices', String(DEVICES), '--rate', String(RECORDS_PER_SECOND)],
  ];
  return spawn(process.execPath, [simulator, 'climate', '--quiet', ...options], { stdio: 'ignore' });
}

function median(loads: readonly LoadFigures[]): LoadFigures {
  const of = (name: keyof LoadFigures): number => {
    const values = loads.map((load) => load[name]).sort((one, other) => one - other);
    return Math.round(values[Math.floor(values.length / 2)]! * 1000) / 1000;
  };
  return {
    firstPaintMs: of('firstPaintMs'),
    firstChartMs: of('firstChartMs'),
    bytes: of('bytes'),
    requests: of('requests'),
    layoutShift: of('layoutShift'),
  };
}
