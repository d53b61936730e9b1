import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { GatewayProcess } from '../../harness/gateway-process.js';
import { findProgram } from '../../harness/server-process.js';
import { freePort, type RunningServer, startInfluxd } from '../../harness/servers.js';
import { packageRoot } from '../../src/lib/package-root.js';
import { CHROMIUM_ARGS } from '../support/chromium.js';

/** Each file in docs/images and what it shows. */
export const SCREENSHOTS = {
  'page-light.png': 'the whole page on a desktop, light',
  'page-dark.png': 'the whole page on a desktop, dark',
  'page-phone.png': 'the page on a phone',
  'page-outage.png': 'the path while InfluxDB is away',
  'page-dead-letter.png': 'an opened dead letter with what the present rules make of it',
} as const;
export const MAX_SCREENSHOT_BYTES = 200 * 1024;

const SIMULATOR = join(packageRoot(), 'dist', 'simulators', 'main.js');

/** The charts show five minutes, the curves of the path three: only then is the picture full. */
const CHARTS_MS = 305_000;
/** Until the sink has tried, failed and said so, and the lag shows. */
const OUTAGE_MS = 25_000;
const SOON_MS = 60_000;

const DESKTOP = { viewport: { width: 1440, height: 1000 } };
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };

/** As the demo has them, with a condition, so that every part of the ledger has something. */
const RULES = `rules:
  - name: city-climate
    topic: sensors/+city/+device/telemetry
    measurement: sensordata
    time: { path: timestamp, unit: s }
    tags: { city: topic.city, device: topic.device }
    fields:
      temperature: { path: payload.temperature, type: float, range: [-60, 60] }
      humidity: { path: payload.humidity, type: float, range: [0, 100] }
  - name: weak-signal
    topic: climate/+site/+device/telemetry
    where: payload.status.rssi > -78
    measurement: climate
    time: { path: timestamp, unit: ms }
    tags: { site: topic.site, device: topic.device }
    fields: auto
  - name: energy
    topic: energy/+building/+meter/telemetry
    measurement: energy
    time: { path: time, unit: rfc3339 }
    tags: { building: topic.building, meter: topic.meter }
    fields: auto
`;

/**
 * Starts InfluxDB, a gateway and a simulated fleet, and takes the pictures of the live page for the docs. Takes
 * about seven minutes. The seed of the fleet, the time zone and the sizes are fixed; numbers and times differ.
 */
export async function makeScreenshots(folder: string): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-screenshots-'));
  const influx = await startInfluxd({ databases: ['iot'] });
  const gateway = new GatewayProcess({ directory, config: gatewayConfig(await freePort(), influx.url) });
  const browser = await chromium.launch({
    executablePath: findProgram('chromium') ?? '',
    args: CHROMIUM_ARGS,
  });
  let fleet: ChildProcess | undefined;
  try {
    await gateway.start();
    fleet = startFleet(gateway);
    await takeAll(browser, gateway, influx, folder);
  } finally {
    fleet?.kill('SIGKILL');
    await browser.close();
    await gateway.end();
    await influx.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function takeAll(
  browser: Browser,
  gateway: GatewayProcess,
  influx: RunningServer,
  folder: string,
): Promise<void> {
  const open = async (options: BrowserContextOptions): Promise<Page> => {
    const context = await browser.newContext({ locale: 'en-GB', timezoneId: 'UTC', ...options });
    const page = await context.newPage();
    await page.goto(gateway.httpUrl);
    return page;
  };
  const take = async (page: Page, name: keyof typeof SCREENSHOTS): Promise<void> => {
    const path = join(folder, name);
    await page.screenshot({ path, animations: 'disabled', caret: 'hide' });
    const { size } = statSync(path);
    if (size > MAX_SCREENSHOT_BYTES) throw new Error(`${name} has ${size} bytes; make it smaller`);
  };

  const light = await open({ ...DESKTOP, colorScheme: 'light' });
  const dark = await open({ ...DESKTOP, colorScheme: 'dark' });
  const phone = await open({ ...PHONE, colorScheme: 'light' });
  await light.waitForTimeout(CHARTS_MS);
  await take(light, 'page-light.png');
  await take(dark, 'page-dark.png');
  await take(phone, 'page-phone.png');

  await influx.kill();
  await light.locator('[data-stage=sink]:not(.healthy)').waitFor({ timeout: SOON_MS });
  await light.waitForTimeout(OUTAGE_MS);
  await light.setViewportSize({ width: 1440, height: 620 });
  await take(light, 'page-outage.png');
  await light.setViewportSize(DESKTOP.viewport);

  await influx.restart();
  await light.locator('#overall.healthy').waitFor({ timeout: SOON_MS });
  await light.getByLabel('Reason').selectOption('time-outside-window');
  await light.locator('#dead-letters-rows .row-open').first().click();
  await light.locator('#drawer-body [data-outcome]').waitFor({ timeout: SOON_MS });
  await take(light, 'page-dead-letter.png');
}

function gatewayConfig(mqttPort: number, influxUrl: string): string {
  return `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: ${mqttPort} }] }
http: { host: 127.0.0.1, port: 0 }
sink: { influx: { url: "${influxUrl}", database: iot } }
${RULES}`;
}

function startFleet(gateway: GatewayProcess): ChildProcess {
  const options = {
    '--url': `mqtt://127.0.0.1:${gateway.mqttPort}`,
    '--seed': 'docs',
    '--day': '10min',
    '--devices': '34',
    '--rate': '240',
    '--malformed': '0.2%',
    '--duplicated': '0.5%',
    '--wrong-clock': '0.1%',
  };
  const args = [SIMULATOR, 'all', '--quiet', ...Object.entries(options).flat()];
  return spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
}
