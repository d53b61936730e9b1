import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import mqtt from 'mqtt';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { GatewayProcess, isBalanced } from '../../harness/gateway-process.js';
import { sluice } from '../../harness/programs.js';
import { requireServer } from '../../harness/servers.js';
import type { ParkedGroupsView } from '../../src/http/parked-groups-view.js';
import { DESKTOP, launchBrowser, watchComplaints } from '../support/page-browser.js';
import { tempDirectory } from '../support/temp-directory.js';

const SOON = { timeout: 30_000, interval: 100 };

const CONFIG = `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: 0 }] }
http: { host: 127.0.0.1, port: 0 }
rules:
  - name: weather
    topic: weather/+device/telemetry
    measurement: weather
    tags: { device: topic.device }
    fields:
      humidity: { path: payload.humidity, type: float, range: [0, 100] }
`;

async function startGateway(): Promise<GatewayProcess> {
  const gateway = new GatewayProcess({ directory: tempDirectory(), config: CONFIG });
  onTestFinished(() => gateway.end());
  await gateway.start();
  return gateway;
}

/** Replaces the configuration at once, as an editor does, and reloads it. */
async function reloadWith(gateway: GatewayProcess, change: (text: string) => string): Promise<void> {
  const { configFile } = gateway;
  writeFileSync(`${configFile}.new`, change(readFileSync(configFile, 'utf8')));
  renameSync(`${configFile}.new`, configFile);
  expect(await sluice(['reload', '-c', configFile])).toMatchObject({ code: 0, stderr: '' });
}

describe.skipIf(!requireServer('chromium'))('what a real gateway has set aside', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  }, 60_000);
  afterAll(() => browser?.close());

  it('is ready after its rule is fixed by a reload, and is stored by a replay of the page', {
    timeout: 120_000,
  }, async () => {
    const gateway = await startGateway();
    const device = await mqtt.connectAsync(`mqtt://127.0.0.1:${gateway.mqttPort}`);
    onTestFinished(() => device.endAsync(true));
    const context = await browser.newContext(DESKTOP);
    onTestFinished(() => context.close());
    const page = await context.newPage();
    const complaints = watchComplaints(page);
    const text = (selector: string) =>
      expect.poll(() => page.locator(selector).first().textContent(), { ...SOON, message: selector });
    await page.goto(`${gateway.httpUrl}/set-aside`);
    await text('#set-aside-words').toBe('Nothing is set aside.');

    await device.publishAsync('weather/orchard/telemetry', '{"humidity":100.4}', { qos: 1 });
    await text('.aside .state').toBe('would be set aside again');
    await text('.aside .figure').toBe('1');
    await page.locator('.aside summary').click();
    await text('.aside mark').toBe('100.4');
    await text('.aside ins').toContain('range: [0, 100.4]');
    const { configFile } = gateway;
    const line =
      readFileSync(configFile, 'utf8')
        .split('\n')
        .findIndex((one) => one.includes('range:')) + 1;
    await text('.aside .steps').toContain(`${configFile}:${line}`);
    await text('.aside .steps').toContain(`sluice reload -c ${configFile}`);

    await reloadWith(gateway, (config) => config.replace('range: [0, 100]', 'range: [0, 105]'));
    await text('.aside .state').toBe('ready: 1 of 1 fits now');
    await text('.aside [aria-label="The part of the rule that decides"]').toContain('range: [0, 105]');
    const groups = (await (
      await fetch(`${gateway.httpUrl}/api/dead-letters/groups`)
    ).json()) as ParkedGroupsView;
    expect(groups.groups).toHaveLength(1);
    expect(groups.groups[0]).toMatchObject({
      code: 'field-out-of-range',
      rule: 'weather',
      count: 1,
      replay: { tried: 1, fits: 1, outcomes: ['written'] },
    });
    // Trying changes nothing.
    expect((await gateway.ledger()).reasons.parked).toEqual({ 'field-out-of-range': 1 });

    await page.getByRole('button', { name: 'Replay 1 message…' }).click();
    await page.getByRole('button', { name: 'Replay 1', exact: true }).click();
    await text('#replay-sentence').toBe('Replayed 1 message: 1 stored.');
    await text('.aside .state').toBe('none is left');
    await text('#done-lately-list li').toContain('Replayed 1 message: 1 stored.');
    await text('#set-aside-words').toBe('Nothing is set aside.');
    const ledger = await gateway.ledger();
    expect(ledger).toMatchObject({ received: 1, written: 1, parked: 0, lost: 0 });
    expect(isBalanced(ledger)).toBe(true);
    expect(complaints).toEqual([]);
  });
});
