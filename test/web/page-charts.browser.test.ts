import type { BrowserContextOptions, Page } from 'playwright-core';
import { beforeEach, describe, expect, it } from 'vitest';
import { requireServer } from '../../harness/servers.js';
import { SluiceError } from '../../src/lib/errors.js';
import type { FakeGatewayView } from '../support/fake-gateway-view.js';
import { HOSTILE, LivePage, type OpenOptions, SOON } from '../support/live-page.js';
import { PHONE } from '../support/page-browser.js';
import { storeFleet } from '../support/page-fleet.js';

/** Fixed ranges are of yesterday, so that nothing about them depends on now. */
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const FROM_MS = Math.floor(Date.now() / DAY_MS) * DAY_MS - DAY_MS;
const FIXED_HOUR = `from=${FROM_MS}&to=${FROM_MS + HOUR_MS}`;

describe.skipIf(!requireServer('chromium'))('the charts of the live page', { timeout: 60_000 }, () => {
  const live = new LivePage({ timezoneId: 'Asia/Kolkata' });
  let view: FakeGatewayView;
  let page: Page;

  beforeEach(() => {
    ({ view } = live);
    view.outcomes = { written: 1 };
    storeFleet(view, 40);
  });

  async function open(
    hash = '',
    options?: BrowserContextOptions,
    { hasClock }: OpenOptions = {},
  ): Promise<void> {
    page = await live.open(options, { hash, hasClock });
    await page.locator('.chart-card canvas').first().waitFor();
  }

  const hash = () => new URLSearchParams(new URL(page.url()).hash.slice(1));
  const range = () => ({ fromMs: Number(hash().get('from')), toMs: Number(hash().get('to')) });
  const spanMs = () => range().toMs - range().fromMs;
  const words = () => page.locator('#range-words').textContent();
  /** The last question of the large chart. */
  const lastQuery = () => view.seriesQueries.findLast(({ field }) => field === 'temperature');
  const suggested = () => page.getByRole('listbox', { name: 'Found' }).getByRole('option');
  const names = () => page.locator('.lines .name').allTextContents();
  const plot = () => page.locator('.chart-card .plot').first();
  const cards = () => page.locator('.chart-card canvas').count();

  /** Of the plotting area: its box on the screen. */
  async function area(nth = 0) {
    const over = page.locator('.plot .u-over').nth(nth);
    // The axis below it must be in the window, too.
    await over.evaluate((node) =>
      (node as unknown as { scrollIntoView(how: object): void }).scrollIntoView({ block: 'center' }),
    );
    const box = await over.boundingBox();
    if (box === null) throw new Error('the chart is not on the screen');
    return { ...box, at: (share: number) => box.x + box.width * share, middle: box.y + box.height / 2 };
  }

  async function drag(fromShare: number, toShare: number, y?: number): Promise<void> {
    const box = await area();
    await page.mouse.move(box.at(fromShare), y ?? box.middle);
    await page.mouse.down();
    await page.mouse.move(box.at((fromShare + toShare) / 2), y ?? box.middle);
    await page.mouse.move(box.at(toShare), y ?? box.middle);
    await page.mouse.up();
  }

  it('gives rows of windows no card beside that of their points, unless one asks for them', async () => {
    const rowsOf = { measurement: 'climate', everyMs: 300_000 };
    view.stored = [
      ...view.stored,
      { name: 'a_5min', tags: ['device'], fields: [{ name: 'temperature_mean', type: 'float' }], rowsOf },
      {
        name: 'of_gone_points',
        tags: [],
        fields: [{ name: 'x_mean', type: 'float' }],
        rowsOf: { ...rowsOf, measurement: 'gone' },
      },
    ];
    await open();
    const titles = () => page.locator('.chart-card :is(h2, h3)').allTextContents();
    await expect.poll(titles, SOON).toEqual(['climate', 'of_gone_points']);
    await page.getByRole('button', { name: 'Show more (1)' }).click();
    await expect.poll(titles, SOON).toEqual(['climate', 'of_gone_points', 'a_5min']);
    await expect.poll(() => page.locator('#more-charts').isVisible(), SOON).toBe(false);
  });

  it('asks for each live range in whole buckets', async () => {
    await open('live=123456');
    for (const [name, span, bucketMs] of [
      ['15 min', 900_000, 5_000],
      ['1 h', HOUR_MS, 20_000],
      ['6 h', 6 * HOUR_MS, 120_000],
      ['24 h', DAY_MS, 300_000],
      ['7 d', 7 * DAY_MS, HOUR_MS],
      ['30 d', 30 * DAY_MS, 3 * HOUR_MS],
    ] as const) {
      await page.getByRole('radio', { name, exact: true }).check();
      await expect.poll(() => lastQuery()?.bucketMs, SOON).toBe(bucketMs);
      const query = lastQuery();
      expect((query?.toMs ?? 0) - (query?.fromMs ?? 0)).toBe(span);
      expect((query?.toMs ?? 0) % bucketMs).toBe(0);
      expect(await words()).toMatch(/^Live, last /);
    }
  });

  it('zooms to what is dragged over, asks again with finer buckets, and all cards follow', async () => {
    view.stored = [...view.stored, { name: 'energy', tags: [], fields: [{ name: 'power', type: 'int' }] }];
    await open(FIXED_HOUR);
    await expect.poll(cards, SOON).toBe(2);
    await drag(0.25, 0.5);
    await expect.poll(spanMs, SOON).toBeLessThan(HOUR_MS / 3.5);
    expect(spanMs()).toBeGreaterThan(HOUR_MS / 4.5);
    expect(range().fromMs - FROM_MS).toBeGreaterThan(HOUR_MS * 0.23);
    expect(range().fromMs - FROM_MS).toBeLessThan(HOUR_MS * 0.27);
    const narrowed = () =>
      new Set(
        view.seriesQueries.filter(({ bucketMs }) => bucketMs === 5_000).map(({ measurement }) => measurement),
      );
    await expect.poll(narrowed, SOON).toEqual(new Set(['climate', 'energy']));
    expect(await page.locator('#back-to-live').isVisible()).toBe(true);
  });

  it('marks what is dragged over from the first move on, until Escape or the end of the drag', async () => {
    await open(FIXED_HOUR);
    const box = await area();
    const mark = () => page.evaluate(`document.querySelector('.u-select').clientWidth`);
    await page.mouse.move(box.at(0.25), box.middle);
    await page.mouse.down();
    await page.mouse.move(box.at(0.5), box.middle);
    await expect.poll(mark, SOON).toBeGreaterThan(box.width * 0.24);
    await plot().focus();
    await page.keyboard.press('Escape');
    expect(await mark()).toBe(0);
    await page.mouse.up();
    expect(hash().toString()).toBe(FIXED_HOUR);
  });

  it('stretches what is drawn at once, while the store has not answered yet', async () => {
    await open(FIXED_HOUR);
    let answer = () => {};
    view.storeGate = new Promise((resolve) => {
      answer = resolve;
    });
    const before = await plot().getAttribute('aria-label');
    await drag(0.25, 0.5);
    await expect.poll(() => plot().getAttribute('aria-label'), SOON).not.toBe(before);
    expect(await cards()).toBe(1);
    answer();
    await expect.poll(() => lastQuery()?.bucketMs, SOON).toBe(5_000);
  });

  it('takes a press without a drag for no zoom', async () => {
    await open(FIXED_HOUR);
    const box = await area();
    await page.mouse.click(box.at(0.5), box.middle);
    await page.mouse.move(box.at(0.6), box.middle);
    await expect.poll(() => page.locator('.at').first().textContent(), SOON).toMatch(/\d\d:\d\d:\d\d/);
    expect(spanMs()).toBe(HOUR_MS);
    expect(await page.locator('#undo-zoom').isVisible()).toBe(false);
  });

  it('zooms by the wheel around the pointer once the chart has the focus, else lets the page scroll', async () => {
    view.stored = ['climate', 'energy', 'water'].map((name) => ({ ...view.stored[0]!, name }));
    await open(FIXED_HOUR);
    // At the top of the page there is still some way to scroll.
    const box = await area();
    await page.mouse.move(box.at(0.25), box.middle);
    const scrollY = () => page.evaluate('scrollY') as Promise<number>;
    const before = await scrollY();
    await page.mouse.wheel(0, before > 100 ? -60 : 60);
    await expect.poll(scrollY, SOON).not.toBe(before);
    expect(spanMs()).toBe(HOUR_MS);

    const again = await area();
    await page.mouse.click(again.at(0.25), again.middle);
    await page.mouse.wheel(0, -300);
    await expect.poll(spanMs, SOON).toBeLessThan(HOUR_MS * 0.6);
    const aroundMs = range().fromMs + spanMs() * 0.25;
    expect(Math.abs(aroundMs - (FROM_MS + HOUR_MS * 0.25))).toBeLessThan(HOUR_MS * 0.02);
    await page.mouse.wheel(200, 0);
    await expect.poll(() => range().fromMs + spanMs() * 0.25, SOON).toBeGreaterThan(aroundMs + 60_000);
  });

  it('zooms by the wheel with Ctrl without a click before', async () => {
    await open(FIXED_HOUR);
    const box = await area();
    await page.mouse.move(box.at(0.5), box.middle);
    await page.keyboard.down('Control');
    await page.mouse.wheel(0, -100);
    await page.keyboard.up('Control');
    await expect.poll(spanMs, SOON).toBeLessThan(HOUR_MS);
  });

  it('moves by a drag with Shift, and by a drag along the axis', async () => {
    await open(FIXED_HOUR);
    await page.keyboard.down('Shift');
    await drag(0.25, 0.75);
    await page.keyboard.up('Shift');
    await expect.poll(() => range().fromMs, SOON).toBeLessThan(FROM_MS - HOUR_MS * 0.45);
    expect(spanMs()).toBe(HOUR_MS);
    const box = await area();
    const before = range().fromMs;
    await drag(0.75, 0.25, box.y + box.height + 10);
    await expect.poll(() => range().fromMs, SOON).toBeGreaterThan(before + HOUR_MS * 0.45);
    expect(spanMs()).toBe(HOUR_MS);
  });

  it('does everything by keyboard: zoom, move, undo, back to live', async () => {
    await open(FIXED_HOUR);
    await plot().focus();
    await page.keyboard.press('+');
    await expect.poll(spanMs, SOON).toBe(HOUR_MS / 2);
    await page.keyboard.press('ArrowLeft');
    await expect.poll(() => range().fromMs, SOON).toBe(FROM_MS + HOUR_MS / 4 - HOUR_MS / 8);
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('-');
    await expect.poll(() => hash().toString(), SOON).toBe(FIXED_HOUR);
    await page.getByRole('button', { name: 'Undo zoom' }).waitFor();
    await page.keyboard.press('Home');
    await expect.poll(words, SOON).toBe('Live, last 24 hours');
    await expect.poll(() => hash().toString(), SOON).toBe('live=24h');
    await page.keyboard.press('Escape');
    await expect.poll(() => hash().get('from'), SOON).not.toBeNull();
    await page.getByRole('button', { name: 'Back to live' }).click();
    await expect.poll(words, SOON).toBe('Live, last 24 hours');
  });

  it('keeps following the present while a live range is zoomed by keyboard', async () => {
    await open('live=5m', {}, { hasClock: true });
    await plot().focus();
    await page.keyboard.press('+');
    await expect.poll(words, SOON).toBe('Live, last 2.5 min');
    await expect.poll(() => lastQuery()?.bucketMs, SOON).toBe(1_000);
    const first = lastQuery()?.toMs ?? 0;
    await live.pass(6_000);
    await expect.poll(() => lastQuery()?.toMs, SOON).toBeGreaterThan(first);
    await expect.poll(() => hash().get('live'), SOON).toBe('150000');
  });

  it('steps through the values by keyboard and announces them politely', async () => {
    await open(FIXED_HOUR);
    await plot().focus();
    await page.keyboard.press('[');
    const announced = page.locator('#charts-announcement');
    await expect
      .poll(() => announced.textContent(), SOON)
      .toMatch(/^.*\d\d:\d\d:\d\d: Mumbai [\d.]+, Pune [\d.]+$/);
    const newest = await announced.textContent();
    await page.keyboard.press('Alt+ArrowLeft');
    await expect.poll(() => announced.textContent(), SOON).not.toBe(newest);
    await page.keyboard.press(']');
    await expect.poll(() => announced.textContent(), SOON).toBe(newest);
    expect(await announced.getAttribute('aria-live')).toBe('polite');
    expect(await page.locator('.at').textContent()).toBe(
      `at ${newest?.slice(0, newest.indexOf(': Mumbai'))}`,
    );
  });

  it('moves the cursor in all charts together', async () => {
    view.stored = [...view.stored, { name: 'energy', tags: [], fields: [{ name: 'power', type: 'int' }] }];
    await open(FIXED_HOUR);
    await expect.poll(cards, SOON).toBe(2);
    const box = await area();
    await page.mouse.move(box.at(0.5), box.middle);
    const moments = () => page.locator('.at').allTextContents();
    await expect.poll(async () => new Set(await moments()).size, SOON).toBe(1);
    expect((await moments())[1]).toMatch(/\d\d:\d\d:\d\d/);
  });

  it('shows a range that was typed in local time with its zone, and says what is wrong with one', async () => {
    await open(FIXED_HOUR);
    await page.getByRole('button', { name: 'Custom…' }).click();
    await page.getByLabel('From').fill('2026-01-02T05:30:00');
    await page.getByLabel('To', { exact: true }).fill('2026-01-02T05:00:00');
    await page.getByRole('button', { name: 'Show', exact: true }).click();
    expect(await page.locator('#custom-note').textContent()).toBe('To must be later than from.');
    expect(hash().toString()).toBe(FIXED_HOUR);
    await page.getByLabel('To', { exact: true }).fill('2026-01-02T06:30:00');
    await page.getByRole('button', { name: 'Show', exact: true }).click();
    const fromMs = Date.UTC(2026, 0, 2, 0, 0);
    await expect.poll(range, SOON).toEqual({ fromMs, toMs: fromMs + HOUR_MS });
    await expect.poll(() => lastQuery()?.fromMs, SOON).toBe(fromMs);
    expect(await words()).toMatch(/2 Jan.* 05:30:00 to 06:30:00 \(UTC\+05:30\)$/);
  });

  it('is the same view after a reload and behind a link, and the browser goes back through it', async () => {
    await open();
    await page.getByRole('radio', { name: '1 h' }).check();
    await drag(0.2, 0.6);
    await expect.poll(() => hash().get('from'), SOON).not.toBeNull();
    const zoomed = await words();
    await page.reload();
    await expect.poll(words, SOON).toBe(zoomed);
    await page.goBack();
    await expect.poll(words, SOON).toBe('Live, last hour');
    await page.goBack();
    await expect.poll(words, SOON).toBe('Live, last 24 hours');
    await page.goForward();
    await expect.poll(words, SOON).toBe('Live, last hour');
  });

  it('keeps its view when somebody follows an anchor on the page', async () => {
    await open('live=1h');
    await page.evaluate(`location.hash = 'charts'`);
    await plot().focus();
    await page.keyboard.press('+');
    await expect.poll(words, SOON).toBe('Live, last 30 min');
    await expect.poll(() => new URL(page.url()).hash, SOON).toBe('#live=1800000');
  });

  it('survives an address that somebody made up', async () => {
    await open(
      `from=9&to=1&live=<b>&chart=["climate",{"a":1}]&chart=[1]&silent=-1&list=null&x=%00${HOSTILE}`,
    );
    await expect.poll(words, SOON).toBe('Live, last 24 hours');
    await expect.poll(names, SOON).toEqual(['Mumbai', 'Pune']);
  });

  it('compares devices that were searched for, and only asks for those', async () => {
    await open();
    await page.getByRole('button', { name: 'Compare…' }).click();
    const search = page.getByRole('combobox', { name: 'Find' });
    await search.fill('d3');
    const options = suggested();
    await expect
      .poll(() => options.allTextContents(), SOON)
      .toEqual(['d3', ...Array.from({ length: 10 }, (_, nth) => `d${30 + nth}`)]);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await options.nth(5).click();
    await expect.poll(names, SOON).toEqual(['d3', 'd34']);
    expect(lastQuery()).toMatchObject({ by: 'device', only: { tag: 'device', values: ['d3', 'd34'] } });
    expect(hash().get('chart')).toBe('["climate","","tag:device","device","d3","d34"]');
    await page.getByRole('button', { name: 'Remove d3', exact: true }).click();
    await expect.poll(names, SOON).toEqual(['d34']);
    await page.keyboard.press('Enter');
    await expect.poll(() => lastQuery()?.only, SOON).toBeUndefined();
    expect(hash().has('chart')).toBe(true);
  });

  it('draws the devices of a link, and names those without points', async () => {
    const chart = JSON.stringify(['climate', 'humidity', 'tag:device', 'device', 'd1', 'gone']);
    await open(new URLSearchParams({ chart }).toString());
    await expect.poll(names, SOON).toEqual(['d1']);
    const asked = view.seriesQueries.find(({ field }) => field === 'humidity');
    expect(asked).toMatchObject({ only: { tag: 'device', values: ['d1', 'gone'] } });
    await expect
      .poll(() => page.locator('.legend .note:visible').textContent(), SOON)
      .toBe('No points of gone in this range.');
    await page.getByRole('button', { name: 'Remove gone' }).click();
    await expect.poll(() => page.locator('.legend .note:visible').count(), SOON).toBe(0);
  });

  it('offers twelve lines at most, and says so', async () => {
    const chosen = Array.from({ length: 12 }, (_, nth) => `d${nth + 1}`);
    const chart = JSON.stringify(['climate', '', '', 'device', ...chosen]);
    await open(new URLSearchParams({ chart }).toString());
    await expect.poll(names, SOON).toEqual(chosen);
    expect(await page.locator('.lines .swatch.dash-1').count()).toBe(4);
    await page.getByRole('button', { name: 'Compare…' }).click();
    await page.getByRole('combobox', { name: 'Find' }).fill('d40');
    await expect.poll(() => suggested().count(), SOON).toBe(1);
    await suggested().click();
    await expect.poll(() => page.locator('.chooser .note').textContent(), SOON).toContain('At most 12 lines');
    expect(await page.locator('.chip').count()).toBe(13);
  });

  it('searches ten thousand devices with a few hundred bytes and twenty nodes', async () => {
    storeFleet(view, 10_000);
    await open();
    await page.getByRole('button', { name: 'Compare…' }).click();
    await expect.poll(() => suggested().count(), SOON).toBe(20);
    await page.getByRole('combobox', { name: 'Find' }).fill('d999');
    await expect.poll(() => page.locator('.chooser .note').textContent(), SOON).toBe('11 found.');
    expect(await suggested().count()).toBe(11);
    expect(await page.evaluate('document.querySelectorAll("*").length')).toBeLessThan(1_300);
    const searches = live
      .asked('/api/latest')
      .filter(({ searchParams }) => searchParams.get('limit') === '20');
    expect(searches.length).toBeLessThanOrEqual(3);
    expect(view.seriesQueries.every(({ limit }) => limit <= 12)).toBe(true);
  });

  it('gives the values as a table on demand', async () => {
    await open(FIXED_HOUR);
    const toggle = page.getByRole('button', { name: 'As table' });
    await toggle.click();
    expect(await toggle.getAttribute('aria-pressed')).toBe('true');
    expect(await plot().isVisible()).toBe(false);
    const table = page.locator('.chart-table');
    expect(await table.getByRole('columnheader').allTextContents()).toEqual([
      ...['Line', 'Newest', 'Lowest', 'Mean', 'Highest', 'At'],
    ]);
    expect(await table.getByRole('rowheader').allTextContents()).toEqual(['Mumbai', 'Pune']);
    expect(await table.getByRole('cell').count()).toBe(10);
    await toggle.click();
    await expect.poll(() => plot().locator('canvas').isVisible(), SOON).toBe(true);
  });

  it('keeps what is drawn while the store is away, says so, and goes on when it is back', async () => {
    live.mayComplain = true;
    await open('live=5m', {}, { hasClock: true });
    view.storeFailure = new SluiceError('SINK_QUERY_FAILED', 'InfluxDB is asleep.');
    await live.pass(4_000);
    await expect
      .poll(() => page.locator('#charts-note').textContent(), SOON)
      .toContain('InfluxDB is asleep.');
    expect(await cards()).toBe(1);
    expect(await names()).toEqual(['Mumbai', 'Pune']);
    await plot().focus();
    await page.keyboard.press('-');
    await expect.poll(words, SOON).toBe('Live, last 10 min');
    view.storeFailure = undefined;
    await live.pass(4_000);
    await expect.poll(() => page.locator('#charts-note').isVisible(), SOON).toBe(false);
    await expect.poll(() => lastQuery()?.bucketMs, SOON).toBe(5_000);
  });

  it('keeps its axis of time, and so its ways back, where there are no points', async () => {
    await open(FIXED_HOUR);
    view.tagValues = { device: [], city: [] };
    await plot().focus();
    await page.keyboard.press('ArrowLeft');
    await expect
      .poll(() => page.locator('.chart-message').textContent(), SOON)
      .toMatch(/^No points in this range/);
    expect(await plot().locator('canvas').isVisible()).toBe(true);
    await page.keyboard.press('Escape');
    await expect.poll(() => hash().toString(), SOON).toBe(FIXED_HOUR);
  });

  it('shows hostile device names as text: in suggestions, chips, lines and tables', async () => {
    view.tagValues = { device: [HOSTILE, '__proto__'], city: ['a', 'b'] };
    view.latestGroups = [HOSTILE, '__proto__'].map((name) => ({ name, atMs: Date.now(), values: [] }));
    await open();
    await page.getByRole('button', { name: 'Compare…' }).click();
    const options = suggested();
    await expect.poll(() => options.count(), SOON).toBe(2);
    await options.nth(0).click();
    await options.nth(1).click();
    await expect.poll(() => page.locator('.chips').textContent(), SOON).toContain(HOSTILE);
    await expect.poll(async () => (await names()).sort(), SOON).toEqual([HOSTILE, '__proto__']);
    await page.getByRole('button', { name: 'As table' }).click();
    await expect.poll(() => page.locator('.chart-table').textContent(), SOON).toContain(HOSTILE);
    await page.reload();
    await expect.poll(async () => (await names()).sort(), SOON).toEqual([HOSTILE, '__proto__']);
    expect(await page.locator('img').count()).toBe(0);
  });

  describe('on a phone', () => {
    type Finger = { x: number; y: number };

    async function touch(steps: readonly (readonly Finger[])[]): Promise<void> {
      const session = await page.context().newCDPSession(page);
      const send = (type: 'touchStart' | 'touchMove' | 'touchEnd', touchPoints: readonly Finger[]) =>
        session.send('Input.dispatchTouchEvent', {
          type,
          touchPoints: touchPoints.map(({ x, y }, id) => ({ x, y, id })),
        });
      await send('touchStart', steps[0] ?? []);
      for (const fingers of steps.slice(1)) {
        await send('touchMove', fingers);
        // A finger moves from frame to frame; all at once it would be no scroll.
        await page.evaluate('new Promise(requestAnimationFrame)');
      }
      await send('touchEnd', []);
    }

    it('leaves one finger up and down to the page', async () => {
      view.stored = ['climate', 'energy', 'water'].map((name) => ({ ...view.stored[0]!, name }));
      await open(FIXED_HOUR, PHONE);
      await expect.poll(() => page.locator('.chart-card h2').count(), SOON).toBe(3);
      const box = await area();
      const before = (await page.evaluate('scrollY')) as number;
      await touch(Array.from({ length: 12 }, (_, nth) => [{ x: box.at(0.5), y: box.middle - nth * 12 }]));
      await expect.poll(() => page.evaluate('scrollY'), SOON).toBeGreaterThan(before + 30);
      expect(hash().toString()).toBe(FIXED_HOUR);
    });

    it('zooms by a pinch, and moves by two fingers', async () => {
      await open(FIXED_HOUR, PHONE);
      const box = await area();
      const fingers = (one: number, other: number) => [
        { x: box.at(one), y: box.middle },
        { x: box.at(other), y: box.middle },
      ];
      await touch([fingers(0.4, 0.6), fingers(0.3, 0.7), fingers(0.2, 0.8), fingers(0.1, 0.9)]);
      // A quarter, when the last of the moves is taken: before it, it is a third.
      await expect.poll(spanMs, SOON).toBeLessThan(HOUR_MS * 0.28);
      expect(Math.abs(range().fromMs + spanMs() / 2 - (FROM_MS + HOUR_MS / 2))).toBeLessThan(HOUR_MS * 0.03);
      const before = range();
      await touch([fingers(0.5, 0.8), fingers(0.4, 0.7), fingers(0.2, 0.5)]);
      await expect.poll(() => range().fromMs, SOON).toBeGreaterThan(before.fromMs + 120_000);
      // The fingers move one after the other.
      await expect.poll(() => Math.abs(spanMs() - (before.toMs - before.fromMs)), SOON).toBeLessThan(60_000);
    });

    it('shows the values at a tap, and follows a finger sideways', async () => {
      await open(FIXED_HOUR, PHONE);
      const at = () => page.locator('.at').textContent();
      await expect.poll(at, SOON).toBe('Newest values');
      const box = await area();
      await page.touchscreen.tap(box.at(0.5), box.middle);
      await expect.poll(at, SOON).toMatch(/\d\d:\d\d:\d\d/);
      const tapped = await at();
      await touch([0.5, 0.6, 0.7, 0.8].map((share) => [{ x: box.at(share), y: box.middle }]));
      await expect.poll(at, SOON).not.toBe(tapped);
      expect(hash().toString()).toBe(FIXED_HOUR);
    });

    it('fits without a horizontal scroll, with everything open', async () => {
      await open(FIXED_HOUR, PHONE);
      await page.getByRole('button', { name: 'Custom…' }).click();
      await page.getByRole('button', { name: 'Compare…' }).click();
      await page.getByText('Zoom and move').click();
      await expect.poll(() => suggested().count(), SOON).toBe(20);
      await page.getByRole('button', { name: 'As table' }).click();
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
    });
  });
});
