import { readFile } from 'node:fs/promises';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { beforeEach, describe, expect, it } from 'vitest';
import { requireServer } from '../../harness/servers.js';
import { SluiceError } from '../../src/lib/errors.js';
import type { FakeGatewayView } from '../support/fake-gateway-view.js';
import { HOSTILE, LivePage, NEXT_ANSWER_MS, type OpenOptions, SOON } from '../support/live-page.js';
import { MOMENT, pattern } from '../support/moment-words.js';
import { DESKTOP, PHONE } from '../support/page-browser.js';
import { storeFleet } from '../support/page-fleet.js';
import { change, needLook, storeRooms } from '../support/page-rooms.js';

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
  }
  const openWithClock = (hash = '') => open(hash, {}, { hasClock: true });

  const text = (selector: string) => live.text(selector);
  const group = (name: string) => page.getByRole('region', { name, exact: true });
  const names = () => page.locator('tbody .device').allTextContents();
  const shownNames = () => expect.poll(names, SOON);
  const rows = () => page.locator('.device-group tbody tr');
  const cellsOf = (name: string) =>
    page
      .locator('.device-group tbody tr', { has: page.getByRole('link', { name, exact: true }) })
      .locator('td')
      .allTextContents();
  const filters = () => expect.poll(() => page.locator('#devices-filter label').allTextContents(), SOON);
  const COUNTS = '.device-group .counts';
  const POSITION = '.device-group .position';
  /** What was asked for the tables; the search for devices of a chart asks for twenty rows, these for fifty. */
  const pagesAsked = () =>
    live.asked('/api/latest').filter(({ searchParams }) => searchParams.get('limit') === '50');
  const numbered = (first: number, last: number) =>
    Array.from({ length: last - first + 1 }, (_, nth) => `d${first + nth}`);

  it('has a table for each measurement: name, the main field, two more with units, age and state', async () => {
    storeRooms(view);
    await open();
    await shownNames().toHaveLength(20);
    expect(await page.locator('.device-group h2').allTextContents()).toEqual(['cold', 'power', 'weather']);
    await expect
      .poll(() => group('cold').locator('thead th').allTextContents(), SOON)
      .toEqual([
        'device',
        'last 24 h',
        'temperature, °C',
        'compressor, W',
        'battery, %',
        'last seen',
        'state',
      ]);
    expect((await names()).slice(0, 9)).toEqual([...rooms(8), 'bakery']);
    const cells = await cellsOf('cold-03');
    expect(cells.slice(1)).toEqual(['3.7 °C', '102 W', '88 %', '3 h ago', 'silent']);
    await text(COUNTS).toBe('8 devices, 1 silent');
  });

  it('shows the state as a word, and as a shape only where something is wrong', async () => {
    storeRooms(view);
    change(view, 'station', 'dyke', { state: 'late' });
    await open();
    await shownNames().toHaveLength(20);
    const state = async (name: string) => (await cellsOf(name)).at(-1);
    await expect.poll(() => state('cold-07'), SOON).toBe('above its range');
    expect(await state('cold-01')).toBe('reporting');
    expect(await state('cold-03')).toBe('silent');
    expect(await state('pump')).toBe('cannot be read');
    expect(await state('dyke')).toBe('late');
    const pump = page.getByRole('link', { name: 'pump', exact: true });
    expect(await pump.getAttribute('title')).toContain('Set aside (parked)');
    const shapeOf = (kind: string) =>
      page.evaluate(
        `getComputedStyle(document.querySelector('.device-state.is-${kind}'), '::before').content`,
      );
    expect(await shapeOf('reporting')).toBe('none');
    for (const kind of ['outside', 'silent', 'late', 'unreadable'])
      expect(await shapeOf(kind)).not.toBe('none');
  });

  it('names the field that is outside where it is not the main one', async () => {
    storeRooms(view);
    change(view, 'device', 'cold-05', {
      state: 'outside',
      values: [{ field: 'battery', value: 4, unit: '%', outside: 'below' } as never],
    });
    await open();
    await expect.poll(async () => (await cellsOf('cold-05')).at(-1), SOON).toBe('battery below its range');
  });

  it('draws the last 24 hours of the main field on one scale for each table, in the colour of the line', async () => {
    storeRooms(view);
    change(view, 'device', 'cold-01', { spark: [0, 10, null, 5] });
    change(view, 'device', 'cold-02', { spark: [5, 5, 5, 5] });
    await open();
    const paths = () =>
      group('cold')
        .locator('.device-line')
        .evaluateAll((lines) => lines.map((line) => line.getAttribute('d')));
    await expect.poll(async () => (await paths())[0], SOON).toBe('M0 20L40 0M120 10h1');
    expect((await paths())[1]).toBe('M0 10L40 10L80 10L120 10');
    expect(live.asked('/api/latest')[0]?.searchParams.get('sparkField')).toBe('temperature');
    const colours = group('cold').locator('.device-spark');
    expect(
      new Set(await colours.evaluateAll((all) => all.map((one) => one.getAttribute('class')))).size,
    ).toBe(8);
  });

  it('asks for the curves once, not with each answer', async () => {
    storeRooms(view);
    await openWithClock();
    await shownNames().toHaveLength(20);
    const sparksAsked = () => pagesAsked().filter(({ searchParams }) => searchParams.has('spark')).length;
    const before = pagesAsked().length;
    await live.pass(NEXT_ANSWER_MS);
    expect(pagesAsked().length).toBeGreaterThan(before);
    expect(sparksAsked()).toBe(3);
    expect(await group('cold').locator('.device-line').first().getAttribute('d')).not.toBe('');
  });

  it('keeps the rows in the order of their names while values and states change', async () => {
    storeRooms(view);
    await openWithClock();
    await shownNames().toHaveLength(20);
    const before = await names();
    const first = await rows().first().elementHandle();
    change(view, 'device', 'cold-08', { state: 'silent', atMs: Date.now() - 7_200_000 });
    change(view, 'device', 'cold-01', {
      atMs: Date.now() + 60_000,
      values: [{ field: 'temperature', value: 7.7 }],
    });
    view.latestByTag.device = [...(view.latestByTag.device ?? [])].reverse();
    await live.pass(NEXT_ANSWER_MS);
    await expect.poll(async () => (await cellsOf('cold-01'))[1], SOON).toBe('7.7 °C');
    expect(await names()).toEqual(before);
    expect(
      await rows()
        .first()
        .elementHandle()
        .then((now) => now?.evaluate((node, was) => node === was, first)),
    ).toBe(true);
  });

  it('keeps the rows where they are in any other order too, and offers to sort again', async () => {
    storeRooms(view);
    await openWithClock();
    await shownNames().toHaveLength(20);
    const byName = await names();
    await page.getByRole('combobox', { name: 'Sort' }).selectOption('silent first');
    const before = ['cold-03', ...byName.filter((name) => name !== 'cold-03')];
    await shownNames().toEqual(before);
    expect(await page.locator('#devices-sort-again').isVisible()).toBe(false);
    change(view, 'device', 'cold-06', { state: 'silent', atMs: Date.now() - 14_400_000 });
    await live.pass(NEXT_ANSWER_MS);
    await expect.poll(async () => (await cellsOf('cold-06')).at(-1), SOON).toBe('silent');
    expect(await names()).toEqual(before);
    await page.getByRole('button', { name: 'Sort again' }).click();
    await expect.poll(async () => (await names())[0], SOON).toBe('cold-06');
    await expect.poll(() => page.locator('#devices-sort-again').isVisible(), SOON).toBe(false);
  });

  it('shows only those that need a look, or only those that report, with their numbers', async () => {
    storeRooms(view);
    await open();
    await filters().toEqual(['All 20', 'Need a look 3', 'Reporting 17']);
    await page.getByRole('radio', { name: /Need a look/ }).check();
    await shownNames().toEqual(['cold-03', 'cold-07', 'pump']);
    await text('.device-group:last-child .note').toBe('No device here needs a look.');
    await page.getByRole('radio', { name: /Reporting/ }).check();
    await shownNames().toHaveLength(17);
    expect(await names()).not.toContain('pump');
    await page.getByRole('radio', { name: /All/ }).check();
    await shownNames().toHaveLength(20);
  });

  it('lists among those that need a look also one that has been silent for days', async () => {
    storeRooms(view);
    const sinceMs = Date.now() - 3 * 86_400_000;
    needLook(view, [{ measurement: 'cold', tag: 'device', name: 'cold-99', state: 'silent', sinceMs }]);
    await open();
    await page.getByRole('radio', { name: /Need a look/ }).check();
    await shownNames().toEqual(['cold-99']);
    expect((await cellsOf('cold-99')).slice(1)).toEqual(['– °C', '– W', '– %', '3 d ago', 'silent']);
  });

  it('shows no number where it cannot be known how many need a look', async () => {
    live.mayComplain = true;
    storeRooms(view);
    view.needsLook = () => Promise.reject(new SluiceError('SINK_QUERY_FAILED', 'no answer'));
    await open();
    await shownNames().toHaveLength(20);
    await filters().toEqual(['All', 'Need a look', 'Reporting']);
  });

  it('stops the ages when the gateway no longer answers', async () => {
    live.mayComplain = true;
    storeRooms(view);
    await openWithClock();
    await shownNames().toHaveLength(20);
    await live.server.close();
    await live.pass(8_000);
    await text('#overall').toBe('The gateway does not answer this page');
    const ages = () => page.locator('td.age').allTextContents();
    expect(new Set(await ages()).size).toBe(1);
    expect((await ages())[0]).toMatch(pattern`^as of ${MOMENT}$`);
  });

  it('gets one page of devices from the gateway', async () => {
    await open();
    await shownNames().toEqual(numbered(1, 50));
    await text(POSITION).toBe('1 to 50 of 120');
    expect(await page.getByRole('button', { name: 'Previous' }).isDisabled()).toBe(true);
    await page.getByRole('button', { name: 'Next' }).click();
    await shownNames().toEqual(numbered(51, 100));
    await page.getByRole('button', { name: 'Next' }).click();
    await shownNames().toEqual(numbered(101, 120));
    await text(POSITION).toBe('101 to 120 of 120');
    expect(await page.getByRole('button', { name: 'Next' }).isDisabled()).toBe(true);
    await page.getByRole('button', { name: 'Previous' }).click();
    await shownNames().toEqual(numbered(51, 100));
  });

  it('goes back to the first page when the page that is shown has emptied', async () => {
    await openWithClock();
    await page.getByRole('button', { name: 'Next' }).click();
    await text(POSITION).toBe('51 to 100 of 120');
    view.latestGroups = view.latestGroups.slice(0, 20);
    await live.pass(NEXT_ANSWER_MS);
    await text(POSITION).toBe('1 to 20 of 20');
  });

  it('searches while the person types, and begins at the first page again', async () => {
    await open();
    await page.getByRole('button', { name: 'Next' }).click();
    await text(POSITION).toBe('51 to 100 of 120');
    await page.locator('#devices-search').fill('D11');
    await text(POSITION).toBe('1 to 11 of 11');
    await shownNames().toEqual(['d11', ...numbered(110, 119)]);
    await text(COUNTS).toBe('120 devices, 3 silent');
    await page.locator('#devices-search').fill('nobody');
    await text('.device-group .note').toBe('No device is called so.');
    expect(await page.locator('.devices-table').isVisible()).toBe(false);
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
    await page.getByRole('combobox', { name: 'Sort' }).selectOption('newest first');
    await expect.poll(() => pagesAsked().at(-1)?.searchParams.get('order'), SOON).toBe('newest');
    await expect.poll(async () => (await names()).includes('d1'), SOON).toBe(false);
  });

  it('asks for silence after the time that the person chose, and keeps that in the address', async () => {
    const nowMs = Date.now();
    view.latestGroups = view.latestGroups.map((group, nth) => ({
      ...group,
      atMs: nowMs - (nth < 9 ? 600_000 : 0),
    }));
    await open();
    await text(COUNTS).toBe('120 devices, 9 silent');
    await page.getByLabel('Silent after').selectOption('1 h');
    await text(COUNTS).toBe('120 devices, none silent');
    await text('tbody .device-state').toBe('reporting');
    await text('#devices-words').toContain('Silent: nothing for 1 h, and longer than usual for it.');
    expect(new URL(page.url()).hash).toContain('silent=3600');
    await page.reload();
    await text(COUNTS).toBe('120 devices, none silent');
    expect(await page.getByLabel('Silent after').inputValue()).toBe('3600');
  });

  it('updates the ages every second without asking the gateway', async () => {
    view.latestGroups = [{ name: 'd1', atMs: Date.now() - 2_000, values: [] }];
    await openWithClock();
    await text('tbody .age').toMatch(/^\d+ s ago$/);
    await live.stopClock();
    const age = () => page.locator('tbody .age').textContent();
    const before = await age();
    // From here on no answer comes: the page updates the words from its clock.
    let answer = () => {};
    view.storeGate = new Promise((resolve) => {
      answer = resolve;
    });
    await page.clock.runFor(3_000);
    expect(await age()).not.toBe(before);
    answer();
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
    await shownNames().toEqual(['North']);
  });

  it('lists a measurement without tags as one', async () => {
    view.stored = [{ name: 'weather', tags: [], fields: [{ name: 'wind', type: 'float' }] }];
    view.latestGroups = [{ name: '', atMs: Date.now(), values: [{ field: 'wind', value: 3.5 }] }];
    await open();
    await text('tbody .reading').toBe('3.5');
    await shownNames().toEqual(['weather']);
    expect(pagesAsked().at(-1)?.searchParams.has('by')).toBe(false);
  });

  it('keeps the last answer during an outage and shows its time', async () => {
    live.mayComplain = true;
    await openWithClock();
    await shownNames().toHaveLength(50);
    view.storeFailure = new SluiceError('SINK_QUERY_FAILED', 'InfluxDB is asleep');
    await live.pass(NEXT_ANSWER_MS);
    await text('#devices-note').toMatch(
      pattern`^The store did not answer: .*InfluxDB is asleep\. What is shown is as of ${MOMENT}\.$`,
    );
    expect(await names()).toHaveLength(50);
    // Who is silent cannot be known meanwhile: the rows say as of when they are.
    const times = () => page.locator('td.age').allTextContents();
    const before = await times();
    expect(before[0]).toMatch(pattern`^as of ${MOMENT}$`);
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
    const before = live.asked('/api/measurements').length;
    // The list of measurements is asked for again, after longer than the table would wait between two queries.
    await live.pass(3 * NEXT_ANSWER_MS);
    await expect.poll(() => live.asked('/api/measurements').length, SOON).toBeGreaterThan(before);
    expect(pagesAsked().length).toBe(1);
  });

  it('does not ask while it is out of view, nor while the tab is hidden', async () => {
    page = await live.open({ viewport: { width: 1440, height: 300 } }, { path: '/', hasClock: true });
    await page.locator('.card canvas').first().waitFor();
    const before = live.asked('/api/series').length;
    await live.pass(3 * NEXT_ANSWER_MS);
    await expect.poll(() => live.asked('/api/series').length, SOON).toBeGreaterThan(before);
    expect(pagesAsked()).toEqual([]);
    await page.getByRole('link', { name: 'Devices' }).click();
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
    await page.getByRole('button', { name: 'Save as CSV' }).click();
    const csv = await readFile(await (await download).path(), 'utf8');
    expect(csv).toContain(`,'=1+1,`);
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
    await text(COUNTS).toBe('10,000 devices, 12 silent');
    await page.getByRole('button', { name: 'Next' }).first().click();
    await text(POSITION).toBe('51 to 100 of 10,000');
    await page.locator('#devices-search').fill('d9999');
    // Each table has one now, and so more of them come into view.
    await expect.poll(async () => (await names()).length, SOON).toBeGreaterThan(4);
    await expect.poll(async () => [...new Set(await names())], SOON).toEqual(['d9999']);
    await page.locator('#devices-search').fill('');
    // Out of view the rows are taken out again.
    await shownNames().toHaveLength(50);

    await text('#more-devices').toBe('Show more measurements (188)');
    expect(await page.locator('.device-group').count()).toBe(12);
    expect(await page.evaluate('document.querySelectorAll(".device-group tbody *").length')).toBeLessThan(
      1_000,
    );
    expect(await page.evaluate('document.querySelectorAll("*").length')).toBeLessThan(3_000);
    // At most one of each table at the start, one a choice, and what the clock asked for meanwhile.
    expect(pagesAsked().length).toBeLessThan(60);
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
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
  });

  it('is at most four screens of a phone high with twenty devices, each a line of two rows', async () => {
    storeRooms(view);
    await open('', PHONE);
    for (const name of ['cold', 'power', 'weather']) {
      await group(name).scrollIntoViewIfNeeded();
      await group(name).locator('tbody tr').first().waitFor();
    }
    expect(await page.evaluate('document.documentElement.scrollHeight')).toBeLessThanOrEqual(4 * 844);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
    const row = await rows().last().boundingBox();
    expect(row?.height).toBeLessThan(64);
    // A finger needs 44 pixels.
    expect(row?.height).toBeGreaterThanOrEqual(44);
  });
});

function rooms(count: number): string[] {
  return Array.from({ length: count }, (_, nth) => `cold-0${nth + 1}`);
}
