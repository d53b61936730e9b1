import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import mqtt, { type MqttClient } from 'mqtt';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { freePort } from '../../harness/free-port.js';
import { GatewayProcess, isBalanced } from '../../harness/gateway-process.js';
import { requireServer, startInfluxd } from '../../harness/servers.js';
import { packageRoot } from '../../src/lib/package-root.js';
import { influxCount } from '../support/influx-read-back.js';
import { DESKTOP, launchBrowser, PHONE, watchComplaints } from '../support/page-browser.js';
import { tempDirectory } from '../support/temp-directory.js';

const SOON = { timeout: 30_000, interval: 100 };
const SIMULATOR = join(packageRoot(), 'dist', 'simulators', 'main.js');
/** What a browser logs while the gateway is being started again. */
const GATEWAY_AWAY =
  /net::ERR_(CONNECTION_REFUSED|CONNECTION_RESET|INCOMPLETE_CHUNKED_ENCODING|EMPTY_RESPONSE)/;

/** The rule of the doors says `int`, the doors send halves: parked until the rule is fixed. */
const rules = (type: 'int' | 'float') => `rules:
  - name: climate
    topic: climate/+site/+device/telemetry
    measurement: climate
    time: { path: timestamp, unit: ms }
    tags: { site: topic.site, device: topic.device }
    fields: { temperature: payload.temperature, humidity: payload.humidity }
  - name: doors
    topic: doors/+device
    measurement: doors
    tags: { device: topic.device }
    fields: { open: { path: payload.open, type: ${type} } }
`;

interface Gateway {
  readonly process: GatewayProcess;
  readonly device: MqttClient;
  /** Stops it and starts it with the rule of the doors fixed, on the same ports and data. */
  fixRule(): Promise<GatewayProcess>;
}

async function startGateway(sink = ''): Promise<Gateway> {
  const directory = tempDirectory();
  const [mqttPort, httpPort] = [await freePort(), await freePort()];
  const made = (type: 'int' | 'float') => {
    const gateway = new GatewayProcess({
      directory,
      config: `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: ${mqttPort} }] }
http: { host: 127.0.0.1, port: ${httpPort} }
${sink}
${rules(type)}`,
    });
    onTestFinished(() => gateway.end());
    return gateway;
  };
  const process = made('int');
  await process.start();
  const device = await mqtt.connectAsync(`mqtt://127.0.0.1:${mqttPort}`, { reconnectPeriod: 200 });
  // The gateway is stopped under it: the next try is all there is to do.
  device.on('error', () => undefined);
  onTestFinished(() => device.endAsync(true));
  return {
    process,
    device,
    async fixRule() {
      await process.stop();
      const fixed = made('float');
      await fixed.start();
      return fixed;
    },
  };
}

function simulate(gateway: GatewayProcess, devices: number): ChildProcess {
  const url = `mqtt://127.0.0.1:${gateway.mqttPort}`;
  const fleet = spawn(
    process.execPath,
    [SIMULATOR, 'climate', '--quiet', '--url', url, '--devices', String(devices), '--rate', '40'],
    { stdio: 'ignore' },
  );
  onTestFinished(() => void fleet.kill('SIGKILL'));
  return fleet;
}

describe.skipIf(!requireServer('chromium'))('the live page of a real gateway', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  }, 60_000);
  afterAll(() => browser?.close());

  async function open(url: string, options: BrowserContextOptions) {
    const context = await browser.newContext(options);
    onTestFinished(() => context.close());
    const page = await context.newPage();
    const complaints = watchComplaints(page);
    const asked: URL[] = [];
    page.on('request', (request) => asked.push(new URL(request.url())));
    await page.goto(url);
    const text = (selector: string) =>
      expect.poll(() => page.locator(selector).first().textContent(), { ...SOON, message: selector });
    return { page, complaints, asked, text };
  }

  /** Picks the device that the search finds for `typed`. */
  async function compare(page: Page, typed: string): Promise<void> {
    const card = page.locator('.card').first();
    await card.getByRole('button', { name: 'Compare…' }).click();
    await card.getByRole('combobox', { name: 'Find' }).fill(typed);
    const found = card.getByRole('listbox', { name: 'Found' }).getByRole('option');
    await expect.poll(() => found.allTextContents(), SOON).toEqual([typed]);
    await found.first().click();
    await page.keyboard.press('Escape');
  }

  it.skipIf(!requireServer('mosquitto'))(
    'shows the maker of a device that the first message has arrived, published with the command on the page',
    { timeout: 120_000 },
    async () => {
      const gateway = await startGateway();
      const { page, complaints, text } = await open(gateway.process.httpUrl, DESKTOP);
      await text('#first-wait').toContain('1 device is connected');
      await text('#command').toContain(' -t climate/site-1/device-1/telemetry ');
      const command = (await page.locator('#command').textContent()) ?? '';
      const published = spawn('sh', ['-c', command], { stdio: 'inherit' });
      onTestFinished(() => void published.kill('SIGKILL'));
      await text('#first-arrived').toContain('Your message arrived');
      await expect.poll(() => page.locator('#first-trail .is-done').count(), SOON).toBe(3);
      await text('#first-arrived').toContain('from device-1, on climate/site-1/device-1/telemetry');
      await text('#arrivals-rows li').toMatch(/^device-121\.5climate.*stored$/);
      await page.getByRole('link', { name: 'See its chart' }).click();
      await text('#charts').toContain('climate');
      expect(complaints).toEqual([]);
    },
  );

  it.skipIf(!requireServer('influxd'))(
    'shows an outage of InfluxDB and its end, and brings a dead letter into the store once its rule is fixed',
    { timeout: 120_000 },
    async () => {
      const influx = await startInfluxd({ databases: ['iot'] });
      onTestFinished(() => influx.stop());
      const gateway = await startGateway(`sink: { influx: { url: "${influx.url}", database: iot } }`);
      simulate(gateway.process, 8);
      const { page, complaints, asked, text } = await open(gateway.process.httpUrl, DESKTOP);

      await text('.chart-card h2').toContain('climate');
      await expect.poll(() => page.locator('.card canvas').first().isVisible(), SOON).toBe(true);
      await compare(page, 'climate-003');
      await expect
        .poll(() => page.locator('.card').first().locator('.lines .name').allTextContents(), SOON)
        .toEqual(['climate-003']);
      const narrowed = asked.filter(({ pathname }) => pathname === '/api/series').at(-1)!;
      expect(narrowed.searchParams.getAll('only')).toEqual(['climate-003']);
      await text('#overall').toBe('Gateway is well');

      const view = (name: string) => page.locator('#tabs a', { hasText: name }).click();
      await view('Set aside');
      await gateway.device.publishAsync('doors/d1', '{"open":0.5}', { qos: 1 });
      await text('#dead-letters-rows tr').toMatch(/doors\/d1.*field-wrong-type/);
      await page.getByRole('button', { name: 'doors/d1' }).click();
      await text('#drawer-body pre').toBe('{\n  "open": 0.5\n}');
      await text('#drawer-body [data-outcome]').toBe('It would be set aside again by the rule doors');
      await page.keyboard.press('Escape');

      await page.evaluate(`window.seen = [];
        new MutationObserver(() => seen.push(document.querySelector('#overall').textContent))
          .observe(document.querySelector('#overall'), { childList: true, characterData: true, subtree: true });`);
      await influx.kill();
      await text('#overall').toBe('InfluxDB does not answer');
      // One incident, opened by the gateway itself: what it is, whether anything is lost, and what to do.
      await expect.poll(() => page.locator('#strip[open]').count(), SOON).toBe(1);
      await text('#strip').toContain('Not stored since');
      await text('#strip').toContain('nothing is lost');
      await text('#strip').toContain('doctor');
      await page.evaluate('seen.length = 0');
      await view('Pipeline');
      await text('[data-stage=sink]').toContain('Retrying');
      await expect.poll(() => page.locator('#incidents > li').count(), SOON).toBe(1);
      await text('#incidents .lasted').toMatch(/^going on/);
      // A PUBACK each, although nothing can be written.
      for (let nth = 0; nth < 20; nth++)
        await gateway.device.publishAsync('climate/roof/late/telemetry', reading(Date.now() + nth), {
          qos: 1,
        });
      expect((await gateway.process.ledger()).buffered).toBeGreaterThan(0);
      // The page calls a consumer stopped when it makes no progress for 15 s while the sink is healthy. So the sink must never
      // look healthy during the outage.
      await text('#strip-facts').toMatch(/^([5-9](\.\d)?|[1-5]\d) s behind/);
      expect(await page.evaluate('seen.filter((words) => !/InfluxDB does not answer/.test(words))')).toEqual(
        [],
      );
      await influx.restart();
      await text('#overall').toBe('Gateway is well');
      await text('#incidents .lasted').not.toContain('going on');
      await text('#incidents > li').toContain('InfluxDB did not answer');
      expect(await page.evaluate('seen.filter((words) => /Rules: stopped/.test(words))')).toEqual([]);
      expect(complaints.filter((line) => !/status of 50\d/.test(line))).toEqual([]);
      await view('Set aside');

      const before = await gateway.process.ledger();
      expect(before).toMatchObject({ parked: 1, lost: 0 });
      const fixed = await gateway.fixRule();
      await text('#overall').toBe('Gateway is well');
      await page.getByRole('button', { name: 'doors/d1' }).click();
      await text('#drawer-body [data-outcome]').toBe('It would be stored by the rule doors');
      await page.getByRole('button', { name: 'Replay this' }).click();
      await text('#replay-sentence').toBe('Replayed 1 message: 1 stored.');
      await text('#dead-letters-note').toBe('Nothing is set aside.');
      await view('Pipeline');
      await text('[data-ledger=parked]').toBe('0');
      expect(await influxCount(influx.url, 'iot', 'doors', 'open')).toBe(1);
      const after = await fixed.ledger();
      expect(after.parked).toBe(0);
      expect(isBalanced(after)).toBe(true);
      expect(complaints.filter((line) => !/status of 50\d/.test(line) && !GATEWAY_AWAY.test(line))).toEqual(
        [],
      );
    },
  );

  it('lists the devices in DuckDB on a phone, tells who is silent, and purges what nobody needs', {
    timeout: 90_000,
  }, async () => {
    const { process: gateway, device } = await startGateway();
    simulate(gateway, 6);
    const { page, complaints, text } = await open(`${gateway.httpUrl}/devices#silent=300`, PHONE);
    // Its last reading is not silent after 5 minutes, and silent after 1 minute.
    await device.publishAsync('climate/roof/weak/telemetry', reading(Date.now() - 200_000), { qos: 1 });
    await text('#devices-title').toBe('Devices');
    const rowOf = (name: string) => page.locator('.device-group tbody tr', { hasText: name });
    const stateOf = (name: string) =>
      expect.poll(() => rowOf(name).locator('.device-state').textContent(), SOON);
    await expect.poll(() => page.locator('.device-group tbody tr').count(), SOON).toBe(7);
    await stateOf('weak').toBe('reporting');
    await page.getByLabel('Silent after').selectOption('1 min');
    await stateOf('weak').toBe('silent');
    await text('.device-group .counts').toBe('7 devices, 1 silent');
    await stateOf('climate-001').toBe('reporting');
    await rowOf('climate-001').getByRole('link').tap();
    await text('#device-title').toBe('climate-001');
    await page.getByRole('button', { name: 'Show in chart' }).tap();
    await expect
      .poll(() => page.locator('.card .lines .name').allTextContents(), SOON)
      .toEqual(['climate-001']);

    await device.publishAsync('nowhere', 'rubbish', { qos: 1 });
    await page
      .getByRole('navigation')
      .getByRole('link', { name: /Set aside/ })
      .tap();
    await text('#dead-letters-rows tr').toContain('nowhere');
    await page.getByRole('button', { name: 'Delete all…' }).click();
    await page.getByRole('button', { name: 'Delete 1' }).click();
    await text('#replay-sentence').toBe('Deleted 1 message.');
    await expect.poll(() => page.locator('#dead-letters').isVisible(), SOON).toBe(false);
    const ledger = await gateway.ledger();
    expect(ledger.reasons.parked).toEqual({ purged: 1 });
    expect(isBalanced(ledger)).toBe(true);
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    expect(complaints).toEqual([]);
  });
});

function reading(timestamp: number): string {
  return JSON.stringify({ timestamp, temperature: 20.5, humidity: 50 });
}
