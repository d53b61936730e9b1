import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { freePort } from '../../harness/free-port.js';
import { GatewayProcess } from '../../harness/gateway-process.js';
import { requireServer } from '../../harness/servers.js';
import { DESKTOP, launchBrowser, watchComplaints } from '../support/page-browser.js';
import { publishMessages } from '../support/publish-messages.js';
import { windowsReportWhenComputed } from '../support/reported-windows.js';
import { tempDirectory } from '../support/temp-directory.js';

const SOON = { timeout: 30_000, interval: 100 };
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** Not in the order of their names, in which they get their colours. */
const DEVICES = ['cold-10', 'cold-2', 'cold-1'];
const RANGES = [
  ['5 min', 5 * MINUTE_MS],
  ['24 h', DAY_MS],
  ['30 d', 30 * DAY_MS],
] as const;
/** The page shows two decimals. */
const ROUNDING = 0.005_001;

const CONFIG = `rules:
  - name: climate
    topic: climate/+device
    measurement: climate
    time: { path: timestamp, unit: ms }
    tags: { device: topic.device }
    fields:
      temperature: { path: payload.temperature, type: float, expected: [2, 8], unit: celsius }
windows:
  aggregates:
    - name: climate
      from: climate
      by: [device]
      lateness: 1s
      fields: { temperature: [count, sum, mean, min, max, first, last] }
      resolutions: [{ every: 5min }, { every: 1h }, { every: 1d }]
`;

interface Figures {
  readonly name: string;
  readonly newest: number;
  readonly lowest: number;
  readonly mean: number;
  readonly highest: number;
}

/** A month of points that ends at `endMs`: one in six hours, then in ten minutes, then in two seconds, with spikes. */
function messages(endMs: number) {
  const times = [
    ...Array.from({ length: 116 }, (_, nth) => endMs - 30 * DAY_MS + nth * 6 * HOUR_MS + 7),
    ...Array.from({ length: 143 }, (_, nth) => endMs - DAY_MS + nth * 10 * MINUTE_MS + 31),
    ...Array.from({ length: 150 }, (_, nth) => endMs - 5 * MINUTE_MS + nth * 2_000),
  ];
  return times.flatMap((timestamp, nth) => DEVICES.map((device, at) => message(device, timestamp, nth, at)));
}

function message(device: string, timestamp: number, nth: number, at: number) {
  const spike = nth % 97 === at * 5 ? 6.25 : 0;
  const temperature = Number((4 + at + Math.sin(nth / 9 + at) + spike).toFixed(3));
  return { client: device, topic: `climate/${device}`, payload: JSON.stringify({ timestamp, temperature }) };
}

describe.skipIf(!requireServer('chromium'))('the figures of the live page', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  }, 60_000);
  afterAll(() => browser?.close());

  async function startGateway(): Promise<GatewayProcess> {
    const port = await freePort();
    const gateway = new GatewayProcess({
      directory: tempDirectory(),
      config: `broker: { listeners: [{ protocol: mqtt, host: 127.0.0.1, port: ${port} }] }
http: { host: 127.0.0.1, port: 0 }
${CONFIG}`,
    });
    onTestFinished(() => gateway.end());
    await gateway.start();
    return gateway;
  }

  async function openPage(): Promise<{ page: Page; complaints: string[]; questions: URL[] }> {
    const context = await browser.newContext(DESKTOP);
    onTestFinished(() => context.close());
    const page = await context.newPage();
    const questions: URL[] = [];
    page.on('response', (response) => {
      const url = new URL(response.url());
      // The others look for the best tag and the best range.
      if (url.pathname === '/api/series' && url.searchParams.get('buckets') !== '1') questions.push(url);
    });
    return { page, complaints: watchComplaints(page), questions };
  }

  async function truth(gateway: GatewayProcess, fromMs: number, toMs: number): Promise<Figures[]> {
    const sql = `SELECT device AS name, arg_max(temperature, time) AS newest, min(temperature) AS lowest,
      avg(temperature) AS mean, max(temperature) AS highest FROM climate
      WHERE epoch_ms(time) >= ${fromMs} AND epoch_ms(time) < ${toMs} GROUP BY device`;
    const answer = await fetch(`${gateway.httpUrl}/api/query?sql=${encodeURIComponent(sql)}`);
    const { rows } = (await answer.json()) as { rows: Figures[] };
    return rows.sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
  }

  /** The rows of the legend: name, value, lowest to highest, and the look of the line. */
  async function legend(page: Page) {
    const rows = page.locator('.chart-card .lines li');
    await expect.poll(() => rows.count(), SOON).toBe(DEVICES.length);
    return Promise.all(
      (await rows.all()).map(async (row) => ({
        name: await row.locator('.name').textContent(),
        value: Number(await row.locator('.value').textContent()),
        range: await row.locator('.range').textContent(),
        look: await row.locator('.swatch').getAttribute('class'),
      })),
    );
  }

  it('are those of SQL over 5 minutes, 24 hours and 30 days, whatever rows of windows they are read from', {
    timeout: 180_000,
  }, async () => {
    const gateway = await startGateway();
    // Every window of it is closed: it ended before midnight.
    const endMs = Math.floor(Date.now() / DAY_MS) * DAY_MS - 7 * HOUR_MS;
    await publishMessages(gateway.mqttPort, messages(endMs));
    await gateway.ledgerWhen(({ buffered }) => buffered === 0);
    await windowsReportWhenComputed(gateway);
    const { page, complaints, questions } = await openPage();
    await page.goto(gateway.httpUrl);
    await expect.poll(() => page.locator('#more-charts').textContent(), SOON).toBe('Show more (3)');
    // Rows of windows are behind that button.
    expect(await page.locator('.chart-card h2').allTextContents()).toEqual(['climate']);
    const seen: Figures[][] = [];

    for (const [words, spanMs] of RANGES) {
      await page.goto('about:blank');
      questions.length = 0;
      await page.goto(`${gateway.httpUrl}/#from=${endMs - spanMs}&to=${endMs}`);
      const lines = await legend(page);
      await expect.poll(() => questions.length, SOON).toBeGreaterThan(0);
      const [fromMs, toMs] = ['from', 'to'].map((edge) => Number(questions.at(-1)?.searchParams.get(edge)));
      expect([fromMs! <= endMs - spanMs, toMs! >= endMs]).toEqual([true, true]);
      const figures = await truth(gateway, fromMs!, toMs!);
      expect(figures.map(({ name }) => name)).toEqual(['cold-1', 'cold-2', 'cold-10']);
      seen.push(figures);

      expect(lines.map(({ name }) => name)).toEqual(['cold-1', 'cold-2', 'cold-10']);
      expect(await page.locator('.chart-card .lines-head .value').textContent()).toBe('°C');
      for (const [nth, { newest, lowest, highest }] of figures.entries()) {
        const line = lines[nth]!;
        const [low, high] = line.range!.split(' to ').map(Number);
        for (const [shown, exact] of [
          [line.value, newest],
          [low, lowest],
          [high, highest],
        ] as const)
          expect(Math.abs(shown! - exact), `${words} ${line.name}`).toBeLessThanOrEqual(0.05 + 1e-9);
      }

      await page.getByRole('button', { name: 'As table' }).click();
      const rows = page.locator('.chart-table tbody tr');
      for (const [nth, { name, newest, lowest, mean, highest }] of figures.entries()) {
        const row = rows.nth(nth);
        expect(await row.getByRole('rowheader').textContent()).toBe(name);
        const cells = (await row.getByRole('cell').allTextContents()).slice(0, 4).map(Number);
        for (const [at, exact] of [newest, lowest, mean, highest].entries())
          expect(Math.abs(cells[at]! - exact), `${words} ${name} ${at}`).toBeLessThanOrEqual(ROUNDING);
      }
    }

    // A longer range cannot show less than a shorter one in it.
    const extremes = seen.map((figures) => figures.map(({ lowest, highest }) => highest - lowest));
    for (const [nth] of DEVICES.entries()) {
      expect(extremes[1]![nth]!).toBeGreaterThanOrEqual(extremes[0]![nth]!);
      expect(extremes[2]![nth]!).toBeGreaterThanOrEqual(extremes[1]![nth]!);
    }
    expect(complaints).toEqual([]);
  });

  it('keep their order and the colours of their lines over reloads, when devices come', {
    timeout: 120_000,
  }, async () => {
    const gateway = await startGateway();
    const endMs = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - MINUTE_MS;
    await publishMessages(gateway.mqttPort, messages(endMs));
    await gateway.ledgerWhen(({ buffered }) => buffered === 0);
    const { page, complaints } = await openPage();
    await page.goto(gateway.httpUrl);
    await expect.poll(() => page.locator('#range-words').textContent(), SOON).toBe('Live, last 24 hours');
    const first = await legend(page);
    expect(first.map(({ name, look }) => [name, look])).toEqual([
      ['cold-1', 'swatch line-1 dash-0'],
      ['cold-2', 'swatch line-2 dash-0'],
      ['cold-10', 'swatch line-3 dash-0'],
    ]);

    // It is the first by name and has most points: neither is to move the others' colours.
    const newcomer = Array.from({ length: 600 }, (_, nth) => message('cold-0', endMs - nth * 1_000, nth, 0));
    await publishMessages(gateway.mqttPort, newcomer);
    await gateway.ledgerWhen(({ buffered }) => buffered === 0);
    const names = page.locator('.chart-card .lines .name');
    // The gateway may have kept its last answer: then the page has to ask again.
    const namesAfterReload = async () => {
      await page.reload();
      await names.first().waitFor();
      return names.allTextContents();
    };
    await expect.poll(namesAfterReload, SOON).toEqual(['cold-0', 'cold-1', 'cold-2', 'cold-10']);
    const looks = await page
      .locator('.chart-card .lines .swatch')
      .evaluateAll((nodes) =>
        nodes.map((node) => (node as unknown as { className: string }).className.split(' ')[1]),
      );
    expect(looks).toEqual(['line-4', 'line-1', 'line-2', 'line-3']);
    expect(complaints).toEqual([]);
  });
});
