import { readFile } from 'node:fs/promises';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { beforeEach, describe, expect, it } from 'vitest';
import { requireServer } from '../../harness/servers.js';
import { SluiceError } from '../../src/lib/errors.js';
import type { FakeGatewayView } from '../support/fake-gateway-view.js';
import { HOSTILE, LivePage, type OpenOptions, SOON } from '../support/live-page.js';
import { DESKTOP, PHONE } from '../support/page-browser.js';
import { storeFleet } from '../support/page-fleet.js';

/** The page asks for the table at least this often, also on a slow machine, whose answers take up to a second. */
const NEXT_ANSWER_MS = 12_000;

describe.skipIf(!requireServer('chromium'))('the devices of the live page', { timeout: 60_000 }, () => {
  const live = new LivePage({ timezoneId: 'Asia/Kolkata' }, '/devices');
  let view: FakeGatewayView;
  let page: Page;

  beforeEach(() => {
    ({ view } = live);
    view.outcomes = { written: 1 };
    storeFleet(view, 120, 3);
  });

  async function open(
    hash = '',
    options?: BrowserContextOptions,
    { hasClock }: OpenOptions = {},
  ): Promise<void> {
    page = await live.open(options, { hash, hasClock });
    await page.locator('#devices').waitFor();
    await page.locator('#devices').scrollIntoViewIfNeeded();
  }
  const openWithClock = (hash = '') => open(hash, {}, { hasClock: true });

  const text = (selector: string) => live.text(selector);
  const names = () => page.locator('#devices-rows .device').allTextContents();
  const shownNames = () => expect.poll(names, SOON);
  const rows = () => page.locator('#devices-rows tr');
  /** What was asked for the table; the search for devices of a chart asks for twenty rows, this one for fifty. */
  const pagesAsked = () =>
    live.asked('/api/latest').filter(({ searchParams }) => searchParams.get('limit') === '50');
  const numbered = (first: number, last: number) =>
    Array.from({ length: last - first + 1 }, (_, nth) => `d${first + nth}`);

  it('lists the silent ones first, with values, state and the time since the last value', async () => {
    await open();
    await text('#devices-counts').toBe('120 devices, 3 silent');
    await shownNames().toHaveLength(50);
    expect((await names()).slice(0, 3)).toEqual(['d3', 'd2', 'd1']);
    const cells = await rows().first().locator('td').allTextContents();
    expect(cells).toEqual(['silent', '2 h ago', '18.2', '42', '1.4.2', 'Show in chart']);
    expect(await rows().nth(3).locator('.state').textContent()).toBe('reporting');
    expect(await page.locator('#devices-heads th').allTextContents()).toEqual([
      ...['device', 'State', 'Last value', 'temperature', 'humidity', 'firmware', 'Chart'],
    ]);
  });

  it('gets one page of devices from the gateway', async () => {
    await open();
    await page.getByLabel('Sort').selectOption('by name');
    await shownNames().toEqual(numbered(1, 50));
    await text('#devices-position').toBe('1 to 50 of 120');
    expect(await page.getByRole('button', { name: 'Previous' }).isDisabled()).toBe(true);
    await page.getByRole('button', { name: 'Next' }).click();
    await shownNames().toEqual(numbered(51, 100));
    await page.getByRole('button', { name: 'Next' }).click();
    await shownNames().toEqual(numbered(101, 120));
    await text('#devices-position').toBe('101 to 120 of 120');
    expect(await page.getByRole('button', { name: 'Next' }).isDisabled()).toBe(true);
    await page.getByRole('button', { name: 'Previous' }).click();
    await shownNames().toEqual(numbered(51, 100));
  });

  it('goes back to the first page when the page that is shown has emptied', async () => {
    await openWithClock();
    await page.getByRole('button', { name: 'Next' }).click();
    await text('#devices-position').toBe('51 to 100 of 120');
    view.latestGroups = view.latestGroups.slice(0, 20);
    await live.pass(NEXT_ANSWER_MS);
    await text('#devices-position').toBe('1 to 20 of 20');
  });

  it('searches while the person types, and begins at the first page again', async () => {
    await open();
    await page.getByRole('button', { name: 'Next' }).click();
    await text('#devices-position').toBe('51 to 100 of 120');
    await page.locator('#devices-search').fill('D11');
    await text('#devices-position').toBe('1 to 11 of 11');
    await page.getByLabel('Sort').selectOption('by name');
    await shownNames().toEqual(['d11', ...numbered(110, 119)]);
    await text('#devices-counts').toBe('120 devices, 3 silent');
    await page.locator('#devices-search').fill('nobody');
    await text('#devices-note').toBe('No device is called so.');
    expect(await page.locator('#devices-table').isVisible()).toBe(false);
  });

  it('does not ask at each key, but when the typing pauses', async () => {
    await openWithClock();
    await shownNames().toHaveLength(50);
    await live.stopClock();
    const searches = () => pagesAsked().map(({ searchParams }) => searchParams.get('search'));
    for (const typed of ['d', 'd1', 'd11', 'd117']) {
      await page.locator('#devices-search').fill(typed);
      await live.pass(60);
    }
    expect(new Set(searches())).toEqual(new Set(['']));
    await live.pass(1_000);
    await shownNames().toEqual(['d117']);
    expect(new Set(searches())).toEqual(new Set(['', 'd117']));
  });

  it('sorts by the newest', async () => {
    view.latestGroups = view.latestGroups.map((group, nth) => ({ ...group, atMs: group.atMs - nth }));
    await open();
    await page.getByLabel('Sort').selectOption('newest first');
    await expect.poll(() => pagesAsked().at(-1)?.searchParams.get('order'), SOON).toBe('newest');
    await expect.poll(async () => (await names()).includes('d1'), SOON).toBe(false);
  });

  it('counts a device as silent after the time that the person chose, and keeps that in the address', async () => {
    const nowMs = Date.now();
    view.latestGroups = view.latestGroups.map((group, nth) => ({
      ...group,
      atMs: nowMs - (nth < 9 ? 600_000 : 0),
    }));
    await open();
    await text('#devices-counts').toBe('120 devices, 9 silent');
    await page.getByLabel('Silent after').selectOption('1 h');
    await text('#devices-counts').toBe('120 devices, none silent');
    await text('#devices-rows .state').toBe('reporting');
    await page.getByLabel('Silent after').selectOption('15 min');
    await text('#devices-rows .state').toBe('late');
    expect(new URL(page.url()).hash).toBe('#silent=900');
    await page.reload();
    await page.locator('#devices').scrollIntoViewIfNeeded();
    await text('#devices-rows .state').toBe('late');
    expect(await page.getByLabel('Silent after').inputValue()).toBe('900');
  });

  it('updates the times every second without asking the gateway', async () => {
    view.latestGroups = [{ name: 'd1', atMs: Date.now() - 40_000, values: [] }];
    await openWithClock('silent=60');
    await text('#devices-rows .state').toBe('late');
    await live.stopClock();
    const since = () => page.locator('#devices-rows .since').textContent();
    const before = await since();
    // From here on no answer comes: the page updates the words from its clock.
    let answer = () => {};
    view.storeGate = new Promise((resolve) => {
      answer = resolve;
    });
    await page.clock.runFor(3_000);
    expect(await since()).not.toBe(before);
    answer();
    await live.pass(30_000);
    await text('#devices-rows .state').toBe('silent');
  });

  it('shows the chosen device in the chart, with the focus on it', async () => {
    await open();
    await page.locator('#devices-search').fill('d117');
    await shownNames().toEqual(['d117']);
    await page.getByRole('button', { name: 'Show d117 in chart' }).click();
    await expect
      .poll(() => view.seriesQueries.at(-1), SOON)
      .toMatchObject({ by: 'device', only: { tag: 'device', values: ['d117'] } });
    await expect.poll(() => page.locator('.lines .name').allTextContents(), SOON).toEqual(['d117']);
    expect(await page.evaluate('document.activeElement.className')).toBe('plot');
    expect(new URL(page.url()).hash).toContain('d117');
  });

  it('shows a device of a measurement that has no chart yet', async () => {
    const [climate] = view.stored;
    if (climate === undefined) throw new Error('the fleet has no measurement');
    view.stored = Array.from({ length: 20 }, (_, nth) => ({ ...climate, name: `m${nth}` }));
    await open(new URLSearchParams({ list: '["m19","device"]' }).toString());
    await page.getByRole('button', { name: 'Show d3 in chart' }).click();
    await expect
      .poll(() => view.seriesQueries.at(-1), SOON)
      .toMatchObject({ measurement: 'm19', only: { tag: 'device', values: ['d3'] } });
    expect(await page.locator('.card').count()).toBe(13);
  });

  it('takes the tag with a name for devices, else the one with most values, or the one that the person picks', async () => {
    view.stored = [{ name: 'energy', tags: ['site', 'meter'], fields: [{ name: 'power', type: 'int' }] }];
    const group = (name: string) => ({ name, atMs: Date.now(), values: [{ field: 'power', value: 1 }] });
    view.latestByTag = { site: ['North'].map(group), meter: ['m1', 'm2', 'm3'].map(group) };
    await open();
    await shownNames().toEqual(['m1', 'm2', 'm3']);
    await page.getByLabel('Device tag').selectOption('site');
    await shownNames().toEqual(['North']);
    await page.reload();
    await page.locator('#devices').scrollIntoViewIfNeeded();
    await shownNames().toEqual(['North']);
  });

  it('changes to the tags of another measurement', async () => {
    view.stored = [
      ...view.stored,
      { name: 'energy', tags: ['meter'], fields: [{ name: 'power', type: 'int' }] },
    ];
    view.latestByTag = { meter: [{ name: 'm1', atMs: Date.now(), values: [{ field: 'power', value: 5 }] }] };
    await open();
    await shownNames().toHaveLength(50);
    await page.getByRole('combobox', { name: 'Measurement' }).selectOption('energy');
    await shownNames().toEqual(['m1']);
    await text('#devices-heads').toBe('meterStateLast valuepowerChart');
    expect(pagesAsked().at(-1)?.searchParams.get('by')).toBe('meter');
  });

  it('lists a measurement without tags as one', async () => {
    view.stored = [{ name: 'weather', tags: [], fields: [{ name: 'wind', type: 'float' }] }];
    view.latestGroups = [{ name: '', atMs: Date.now(), values: [{ field: 'wind', value: 3.5 }] }];
    await open();
    await text('#devices-rows .reading').toBe('3.5');
    expect(pagesAsked().at(-1)?.searchParams.has('by')).toBe(false);
  });

  it('keeps the last answer during an outage and shows its time', async () => {
    live.mayComplain = true;
    await openWithClock();
    await shownNames().toHaveLength(50);
    view.storeFailure = new SluiceError('SINK_QUERY_FAILED', 'InfluxDB is asleep');
    await live.pass(NEXT_ANSWER_MS);
    await text('#devices-note').toMatch(
      /^The store did not answer: .*InfluxDB is asleep\. What is shown is of \d\d:\d\d:\d\d\.$/,
    );
    expect(await names()).toHaveLength(50);
    // Who is silent cannot be known meanwhile: the times stand still.
    const times = () => page.locator('#devices-rows .since').allTextContents();
    const before = await times();
    const asked = pagesAsked().length;
    await live.pass(NEXT_ANSWER_MS);
    await expect.poll(() => pagesAsked().length, SOON).toBeGreaterThan(asked);
    expect(await times()).toEqual(before);
    view.storeFailure = undefined;
    await live.pass(NEXT_ANSWER_MS);
    await expect.poll(() => page.locator('#devices-note').isVisible(), SOON).toBe(false);
  });

  it('says in one sentence that a store cannot be queried', async () => {
    live.mayComplain = true;
    view.storeFailure = new SluiceError('SINK_QUERY_UNSUPPORTED', 'No query API.');
    await open();
    await text('#devices-note').toBe(
      'This store cannot be queried from here, so its devices cannot be listed.',
    );
    expect(await page.locator('#devices-body').isVisible()).toBe(false);
    expect(pagesAsked()).toEqual([]);
  });

  it('asks a store only once when it can draw charts but cannot list devices', async () => {
    live.mayComplain = true;
    view.latest = async () => {
      throw new SluiceError('SINK_QUERY_UNSUPPORTED', 'No latest values.');
    };
    await openWithClock();
    await text('#devices-note').toBe(
      'This store cannot be queried from here, so its devices cannot be listed.',
    );
    const before = live.asked('/api/series').length;
    // The charts ask again and again for longer than the table would wait between two queries.
    await live.pass(2 * NEXT_ANSWER_MS);
    await expect.poll(() => live.asked('/api/series').length, SOON).toBeGreaterThan(before + 1);
    expect(pagesAsked().length).toBe(1);
  });

  it('does not ask while it is out of view, nor while the tab is hidden', async () => {
    page = await live.open({ viewport: { width: 1440, height: 300 } }, { hasClock: true });
    await page.locator('.card canvas').first().waitFor();
    const before = live.asked('/api/series').length;
    await live.pass(NEXT_ANSWER_MS);
    await expect.poll(() => live.asked('/api/series').length, SOON).toBeGreaterThan(before + 1);
    expect(pagesAsked()).toEqual([]);
    await page.locator('#devices').scrollIntoViewIfNeeded();
    await shownNames().toHaveLength(50);
    await live.setHidden(true);
    await live.answered();
    const asked = pagesAsked().length;
    await live.pass(60_000);
    expect(pagesAsked().length).toBe(asked);
  });

  it('shows hostile device, field and tag names as text, in the table and in the CSV', async () => {
    view.stored = [{ name: HOSTILE, tags: [HOSTILE], fields: [{ name: HOSTILE, type: 'string' }] }];
    view.latestGroups = [
      { name: HOSTILE, atMs: Date.now(), values: [{ field: HOSTILE, value: HOSTILE }] },
      { name: '=1+1', atMs: Date.now(), values: [] },
      { name: '__proto__', atMs: Date.now(), values: [{ field: 'constructor', value: 1 }] },
    ];
    await open();
    await expect
      .poll(async () => (await names()).sort(), SOON)
      .toEqual([HOSTILE, '=1+1', '__proto__'].sort());
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save page as CSV' }).click();
    const csv = await readFile(await (await download).path(), 'utf8');
    expect(csv).toContain(`\r\n'=1+1,`);
    expect(csv).toContain(`${HOSTILE},`);
    expect(await page.locator('img').count()).toBe(0);
  });

  it('lists ten thousand devices of two hundred measurements with bounded nodes, requests and bytes', async () => {
    storeFleet(view, 10_000, 12);
    const [climate] = view.stored;
    if (climate === undefined) throw new Error('the fleet has no measurement');
    view.stored = Array.from({ length: 200 }, (_, nth) => ({ ...climate, name: `m${nth}` }));
    const answerBytes: number[] = [];
    await open();
    page.on('response', async (response) => {
      if (new URL(response.url()).pathname === '/api/latest')
        answerBytes.push((await response.body()).byteLength);
    });
    await text('#devices-counts').toBe('10,000 devices, 12 silent');
    await page.getByRole('button', { name: 'Next' }).click();
    await text('#devices-position').toBe('51 to 100 of 10,000');
    await page.locator('#devices-search').fill('d9999');
    await shownNames().toEqual(['d9999']);
    await page.locator('#devices-search').fill('');
    await shownNames().toHaveLength(50);

    expect(await rows().count()).toBe(50);
    expect(await page.locator('.card').count()).toBe(12);
    expect(await page.evaluate('document.querySelectorAll("#devices-rows *").length')).toBeLessThan(700);
    expect(await page.evaluate('document.querySelectorAll("*").length')).toBeLessThan(3_000);
    // One at the start, one a choice, and what the clock asked for meanwhile.
    expect(pagesAsked().length).toBeLessThan(10);
    expect(answerBytes.length).toBeGreaterThan(0);
    expect(Math.max(...answerBytes)).toBeLessThan(16_000);
  });

  it.each([
    ['a phone', PHONE, 390],
    ['a desktop', DESKTOP, 1440],
  ] as const)('fits %s without a horizontal scroll, with long names in it', async (_name, options, width) => {
    const long = 'very-long-name/'.repeat(40);
    const fields = Array.from({ length: 9 }, (_, nth) => ({ name: `${long}${nth}`, type: 'float' as const }));
    view.stored = [{ name: long, tags: [long], fields }];
    view.latestGroups = [
      { name: long, atMs: 1, values: [] },
      { name: 'd1', atMs: Date.now(), values: fields.map(({ name }) => ({ field: name, value: 1e9 / 7 })) },
    ];
    await open('', options);
    await shownNames().toHaveLength(1);
    await text('#devices-foot').toContain('4 more fields are in the CSV.');
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
  });

  it('can be used by keyboard on a phone-sized screen: from the search to the chart of the device', async () => {
    await open('', PHONE);
    await page.locator('#devices-search').focus();
    await page.keyboard.type('d42');
    await shownNames().toEqual(['d42']);
    for (let presses = 0; presses < 12; presses += 1) {
      await page.keyboard.press('Tab');
      const label = await page.evaluate('document.activeElement.getAttribute("aria-label")');
      if (label === 'Show d42 in chart') break;
    }
    await page.keyboard.press('Enter');
    await expect.poll(() => page.locator('.lines .name').allTextContents(), SOON).toEqual(['d42']);
  });
});
