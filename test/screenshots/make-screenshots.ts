import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { GatewayProcess } from '../../harness/gateway-process.js';
import { findProgram } from '../../harness/server-process.js';
import { freePort, type RunningServer, startInfluxd } from '../../harness/servers.js';
import { DEMO_RULES } from '../../src/commands/demo-config.js';
import { packageRoot } from '../../src/lib/package-root.js';
import { CHROMIUM_ARGS } from '../support/chromium.js';

/** Each file in docs/images and what it shows. */
export const SCREENSHOTS = {
  'page-light.png': 'the Overview on a desktop',
  'page-dark.png': 'the devices on a desktop, dark',
  'page-phone.png': 'the Overview on a phone',
  'page-outage.png': 'the Overview while InfluxDB is away',
  'page-empty.png': 'the Overview before the first message',
  'page-dead-letter.png': 'a reason why messages were set aside, opened',
  'page-pipeline.png': 'the pipeline on a desktop',
} as const;
export const MAX_SCREENSHOT_BYTES = 320 * 1024;

const SIMULATOR = join(packageRoot(), 'dist', 'simulators', 'main.js');

/** The curves of the pipeline show three minutes: only then is the picture full. */
const CURVES_MS = 185_000;
/** Until the sink has tried some times, and the estimates are known. */
const OUTAGE_MS = 75_000;
const DRAWN_MS = 6_000;
const SOON_MS = 60_000;

const DESKTOP = { viewport: { width: 1440, height: 900 } };
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };

/**
 * Starts InfluxDB, a gateway with the rules of the demo and its fleet, and takes the pictures of the live page for the docs.
 * Takes about six minutes. The fleet is the same each time, and so are the time zone and the sizes; times differ.
 */
export async function makeScreenshots(folder: string): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-screenshots-'));
  const influx = await startInfluxd({ databases: ['iot'] });
  const gateway = new GatewayProcess({ directory, config: gatewayConfig(await freePort(), influx.url) });
  const browser = await chromium.launch({
    executablePath: findProgram('chromium') ?? '',
    args: CHROMIUM_ARGS,
  });
  const fleet = { process: undefined as ChildProcess | undefined };
  try {
    await gateway.start();
    await takeAll({
      browser,
      gateway,
      influx,
      folder,
      startFleet: () => (fleet.process = startFleet(gateway)),
    });
  } finally {
    fleet.process?.kill('SIGKILL');
    await browser.close();
    await gateway.end();
    await influx.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

interface Studio {
  readonly browser: Browser;
  readonly gateway: GatewayProcess;
  readonly influx: RunningServer;
  readonly folder: string;
  readonly startFleet: () => void;
}

async function takeAll({ browser, gateway, influx, folder, startFleet }: Studio): Promise<void> {
  const open = async (options: BrowserContextOptions, path = '/'): Promise<Page> => {
    const context = await browser.newContext({ locale: 'en-GB', timezoneId: 'UTC', ...options });
    const page = await context.newPage();
    await page.goto(gateway.httpUrl + path);
    await page.waitForTimeout(DRAWN_MS);
    return page;
  };
  const take = async (page: Page, name: keyof typeof SCREENSHOTS): Promise<void> => {
    const path = join(folder, name);
    await page.screenshot({ path, animations: 'disabled', caret: 'hide' });
    const { size } = statSync(path);
    if (size > MAX_SCREENSHOT_BYTES) throw new Error(`${name} has ${size} bytes; make it smaller`);
  };

  const light = await open({ ...DESKTOP, colorScheme: 'light' });
  await light.locator('#first-steps').waitFor();
  await take(light, 'page-empty.png');
  startFleet();
  await light.locator('.chart-card canvas').first().waitFor({ timeout: SOON_MS });
  await light.waitForTimeout(CURVES_MS);
  await take(await open({ ...DESKTOP, colorScheme: 'light' }), 'page-light.png');
  await take(await open({ ...DESKTOP, colorScheme: 'dark' }, '/devices'), 'page-dark.png');
  await take(await open({ ...PHONE, colorScheme: 'light' }), 'page-phone.png');
  await take(await open({ ...DESKTOP, colorScheme: 'light' }, '/pipeline'), 'page-pipeline.png');
  const setAside = await open({ ...DESKTOP, colorScheme: 'light' }, '/set-aside');
  await setAside.getByText('A value outside the range of its rule').first().click();
  await setAside.waitForTimeout(DRAWN_MS);
  await take(setAside, 'page-dead-letter.png');

  await influx.kill();
  await light
    .locator('#strip[data-state="slow"], #strip[data-state="stopped"]')
    .waitFor({ timeout: SOON_MS });
  await light.waitForTimeout(OUTAGE_MS);
  await take(light, 'page-outage.png');
}

function gatewayConfig(mqttPort: number, influxUrl: string): string {
  return `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: ${mqttPort} }] }
http: { host: 127.0.0.1, port: 0 }
sink: { influx: { url: "${influxUrl}", database: iot } }
${DEMO_RULES}`;
}

function startFleet(gateway: GatewayProcess): ChildProcess {
  const options = {
    '--url': `mqtt://127.0.0.1:${gateway.mqttPort}`,
    '--story-at': new Date().toISOString(),
    '--history': '24h',
    '--history-every': '1min',
    '--duplicated': '0.5%',
    '--devices': '20',
    '--rate': '32',
  };
  const args = [SIMULATOR, 'demo', '--quiet', ...Object.entries(options).flat()];
  return spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
}
