import type { Page } from 'playwright-core';
import { beforeEach, describe, expect, it } from 'vitest';
import { requireServer } from '../../harness/servers.js';
import { SluiceError } from '../../src/lib/errors.js';
import type { FakeGatewayView } from '../support/fake-gateway-view.js';
import { LivePage, type OpenOptions, SOON } from '../support/live-page.js';
import { MOMENT, pattern } from '../support/moment-words.js';
import { PHONE } from '../support/page-browser.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

describe.skipIf(!requireServer('chromium'))('the readings of the overview', { timeout: 60_000 }, () => {
  const live = new LivePage();
  let view: FakeGatewayView;
  let page: Page;

  beforeEach(() => {
    ({ view } = live);
    view.outcomes = { written: 1 };
    view.stored = [
      {
        name: 'cold',
        tags: ['device'],
        fields: [
          { name: 'temperature', type: 'float', unit: 'celsius', expected: [2, 25] },
          { name: 'door', type: 'int' },
        ],
      },
      { name: 'power', tags: ['device'], fields: [{ name: 'power', type: 'float', unit: 'kW' }] },
    ];
    view.tagValues = { device: ['c1', 'c2', 'c3'] };
    view.latestGroups = [{ name: '', atMs: Date.now() - 3 * 24 * HOUR_MS, values: [] }];
  });

  async function open(hash = '', options: OpenOptions = {}): Promise<void> {
    page = await live.open({}, { hash, ...options });
  }
  const drawn = (charts: number) =>
    expect.poll(() => page.locator('.chart-card canvas').count(), SOON).toBe(charts);
  const words = () => page.locator('#range-words').textContent();
  const card = (name: string) => page.getByRole('article', { name, exact: true });
  const lastOf = (field: string) => view.seriesQueries.findLast((query) => query.field === field);

  it.each([
    ['15 minutes', 5 * MINUTE_MS],
    ['hour', 40 * MINUTE_MS],
    ['24 hours', 3 * HOUR_MS],
    ['24 hours', 48 * HOUR_MS],
  ])('begin with the last %s where the oldest point is %d ms old', async (range, ageMs) => {
    view.pointsFromMs = Date.now() - ageMs;
    await open();
    await drawn(2);
    await expect.poll(words, SOON).toBe(`Live, last ${range}`);
    expect(new URL(page.url()).hash).toBe('');
  });

  it('leave the range of an address alone', async () => {
    view.pointsFromMs = Date.now() - MINUTE_MS;
    await open('live=6h');
    await drawn(2);
    expect(await words()).toBe('Live, last 6 hours');
  });

  it('say their resolution, and take another until the range changes', async () => {
    await open();
    await drawn(2);
    const menu = page.locator('#resolution-value');
    await expect.poll(() => menu.textContent(), SOON).toBe('5 min a point');
    await menu.click();
    const chosen = page.locator('#resolution [aria-pressed=true]');
    expect(await chosen.textContent()).toBe('5 minchosen for 24 h');
    await page.locator('#resolution').getByRole('button', { name: '1 min' }).click();
    await expect.poll(() => lastOf('temperature')?.bucketMs, SOON).toBe(MINUTE_MS);
    await expect.poll(() => menu.textContent(), SOON).toBe('1 min a point');
    expect(await page.locator('#resolution').getAttribute('open')).toBeNull();
    await page.getByRole('radio', { name: '7 d' }).check();
    await expect.poll(() => menu.textContent(), SOON).toBe('1 h a point');
    await expect.poll(() => lastOf('temperature')?.bucketMs, SOON).toBe(HOUR_MS);
  });

  it('keep the room of a chart and its legend from the first bone on', async () => {
    let answer = () => {};
    view.storeGate = new Promise((resolve) => {
      answer = resolve;
    });
    await open();
    await live.text('.bone-head').toBe('Asking the gateway…');
    const heights = () =>
      page.evaluate(
        `[...document.querySelectorAll('.chart-card')].slice(0, 2).map((card) => card.offsetHeight)`,
      );
    const before = await heights();
    answer();
    await drawn(2);
    await expect.poll(() => page.locator('.lines li').count(), SOON).toBe(6);
    expect(await heights()).toEqual(before);
  });

  it('say in a card alone why its question failed, and ask again on demand', async () => {
    live.mayComplain = true;
    const series = view.series.bind(view);
    let isBroken = true;
    view.series = (query) =>
      isBroken &&
      query.measurement === 'power' &&
      query.bucketMs !== undefined &&
      query.toMs - query.fromMs > query.bucketMs
        ? Promise.reject(new SluiceError('SINK_QUERY_FAILED', 'It took too long.'))
        : series(query);
    await open();
    const message = card('power').locator('.chart-message');
    await expect.poll(() => message.textContent(), SOON).toContain('It took too long.');
    expect(await message.textContent()).toContain('tries again in 30 s');
    await expect.poll(() => card('cold').locator('.lines li').count(), SOON).toBe(3);
    expect(await card('cold').locator('.chart-message').isVisible()).toBe(false);
    // The page may ask a second time soon after it was opened: what it asks from now on waits until the button was pressed.
    let answer = () => {};
    view.storeGate = new Promise((resolve) => {
      answer = resolve;
    });
    isBroken = false;
    await message.getByRole('button', { name: 'Try now' }).click();
    answer();
    await expect.poll(() => card('power').locator('.lines li').count(), SOON).toBe(3);
    expect(await message.isVisible()).toBe(false);
  });

  it('offer a smaller range where a question failed', async () => {
    live.mayComplain = true;
    view.series = () => Promise.reject(new SluiceError('SINK_QUERY_FAILED', 'Too much.'));
    await open('live=24h');
    await card('cold').getByRole('button', { name: 'Show 6 h' }).click();
    await expect.poll(words, SOON).toBe('Live, last 6 hours');
  });

  it('name the newest point where a range has none, and the range that has it', async () => {
    view.tagValues = { device: [] };
    await open();
    const message = card('cold').locator('.chart-message');
    await expect
      .poll(() => message.textContent(), SOON)
      .toMatch(/^No points in this range: last 24 hours\.The newest point is of /);
    await message.getByRole('button', { name: 'Show it' }).click();
    await expect.poll(words, SOON).toBe('Live, last 7 days');
  });

  it('say up to when they are while messages wait in the log, and without an error in each card', async () => {
    live.mayComplain = true;
    await open('live=15m', { hasClock: true });
    await drawn(2);
    view.waiting = { ...view.waiting, records: 9, oldestMs: 10 * MINUTE_MS };
    view.sinkStatus = { state: 'retrying', detail: 'InfluxDB is asleep.' };
    view.storeFailure = new SluiceError('SINK_QUERY_FAILED', 'InfluxDB is asleep.');
    await expect.poll(words, SOON).toMatch(pattern`^Charts up to ${MOMENT}, last 15 minutes$`);
    await live.pass(6_000);
    expect(await page.locator('#charts-note').isVisible()).toBe(false);
    expect(await page.locator('.chart-message:visible').count()).toBe(0);
    expect(await card('cold').locator('.lines li').count()).toBe(3);
    view.storeFailure = undefined;
    view.sinkStatus = { state: 'healthy', detail: '' };
    view.waiting = { ...view.waiting, records: 0, oldestMs: 0 };
    await expect.poll(words, SOON).toBe('Live, last 15 minutes');
  });

  it('ask nothing while another view is shown', async () => {
    await open('', { path: '/set-aside' });
    await live.shown('#view-set-aside').toBe(true);
    await live.answered();
    expect(live.asked('/api/series').length + live.asked('/api/measurements').length).toBe(0);
    await page.getByRole('link', { name: 'Overview' }).click();
    await drawn(2);
  });

  it('show other fields small, and one of them large on demand', async () => {
    await open();
    await drawn(2);
    const small = page.getByRole('article', { name: 'door', exact: true });
    await small.scrollIntoViewIfNeeded();
    await expect
      .poll(() => small.locator('.card-end').textContent(), SOON)
      .toMatch(/^cold, [\d.]+ to [\d.]+ now$/);
    await small.getByRole('button').click();
    await expect.poll(() => card('cold').getByLabel('Field').inputValue(), SOON).toBe('door');
    await expect.poll(() => page.locator('.small-card h3').allTextContents(), SOON).toEqual(['temperature']);
    expect(new URLSearchParams(new URL(page.url()).hash.slice(1)).get('chart')).toBe('["cold","door","",""]');
  });

  it('show in all charts the values of the instant that is pointed at in one', async () => {
    await open();
    await drawn(2);
    const heads = () => page.locator('.lines-head').allTextContents();
    await expect.poll(heads, SOON).toEqual(['Newest values°Cin 24 h', 'Newest valueskWin 24 h']);
    const box = (await page.locator('.chart-card .u-over').first().boundingBox())!;
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await expect.poll(async () => (await heads())[0], SOON).toMatch(pattern`^at ${MOMENT}°Cin 5 min$`);
    const [first, second] = await heads();
    expect(second).toBe(first?.replace('°C', 'kW'));
  });

  it('fit on a phone, with the legend in two columns', async () => {
    page = await live.open(PHONE);
    await drawn(2);
    await expect.poll(() => card('cold').locator('.lines li').count(), SOON).toBe(3);
    const tops = `[...document.querySelectorAll('.chart-card .lines')[0].children].map((row) => row.offsetTop)`;
    const [one, two, three] = (await page.evaluate(tops)) as number[];
    expect([one === two, three! > two!]).toEqual([true, true]);
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
  });
});
