import type { BrowserContextOptions, Page } from 'playwright-core';
import { beforeEach, describe, expect, it } from 'vitest';
import { requireServer } from '../../harness/servers.js';
import type { Look } from '../../src/devices/device-state.js';
import { SluiceError } from '../../src/lib/errors.js';
import type { FakeGatewayView } from '../support/fake-gateway-view.js';
import { HOSTILE, LivePage, NEXT_ANSWER_MS, type OpenOptions, SOON } from '../support/live-page.js';
import { MOMENT, pattern } from '../support/moment-words.js';
import { PHONE } from '../support/page-browser.js';
import { needLook, storeRooms } from '../support/page-rooms.js';

describe.skipIf(!requireServer('chromium'))('what needs a look', { timeout: 60_000 }, () => {
  const live = new LivePage({ timezoneId: 'Asia/Kolkata' });
  let view: FakeGatewayView;
  let page: Page;

  beforeEach(() => {
    ({ view } = live);
    view.outcomes = { written: 1 };
    storeRooms(view);
  });

  async function open(options?: BrowserContextOptions, more?: OpenOptions): Promise<void> {
    page = await live.open(options, more);
  }

  const text = (selector: string) => live.text(selector);
  const titles = () => page.locator('.looks b').allTextContents();
  const facts = () => page.locator('.look-facts').allTextContents();

  it('is in the rail: which device, why, since when, and out of how many', async () => {
    await open();
    await expect
      .poll(titles, SOON)
      .toEqual(['cold-03 is silent', 'cold-07 is above its range', 'pump cannot be read']);
    const [silent, outside, unreadable] = await facts();
    expect(silent).toMatch(pattern`^since ${MOMENT}, 3 h$`);
    expect(outside).toMatch(pattern`^temperature 9\.6 °C, above 8 since ${MOMENT}$`);
    expect(unreadable).toMatch(pattern`^NaN is no JSON value, since ${MOMENT}; 14 set aside$`);
    await text('#attention-counts').toBe('3 of 20 devices');
    await text('#devices-badge').toBe('3');
    const marks = page.locator('.device-mark');
    expect(await marks.evaluateAll((all) => all.map(({ className }) => className))).toEqual([
      'device-mark is-silent',
      'device-mark is-outside',
      'device-mark is-unreadable',
    ]);
    // The contract word, and what it means.
    expect(await page.locator('.looks a').last().getAttribute('title')).toContain('(parked)');
    expect(await page.locator('.look-facts').last().getAttribute('title')).toBe('payload-not-json');
  });

  it('has the day of each device as a curve, asked once for the devices of a measurement', async () => {
    await open();
    const curves = () =>
      page.locator('.looks .device-line').evaluateAll((all) => all.map((one) => one.getAttribute('d') ?? ''));
    await expect.poll(async () => (await curves()).filter((curve) => curve !== '').length, SOON).toBe(3);
    const asked = live.asked('/api/latest').filter(({ searchParams }) => searchParams.has('only'));
    // What is outside is drawn; of the others the gateway takes the main field.
    expect(asked.map(({ searchParams }) => searchParams.get('sparkField'))).toEqual([
      null,
      'temperature',
      null,
    ]);
  });

  it('opens the details of the device in the devices, and a step back returns', async () => {
    await open();
    await page.getByRole('link', { name: /cold-07 is above/ }).click();
    await live.shown('#view-devices').toBe(true);
    await text('#device-title').toBe('cold-07');
    expect(await page.locator('#view-overview').isVisible()).toBe(false);
    await page.goBack();
    await live.shown('#view-overview').toBe(true);
  });

  it('keeps its rows in place while values and the order of the answer change', async () => {
    await open({}, { hasClock: true });
    await expect.poll(titles, SOON).toHaveLength(3);
    const before = await titles();
    needLook(
      view,
      view.looks.looks
        .toReversed()
        .map((look) => (look.value === undefined ? look : { ...look, value: 10.4 })),
    );
    await live.pass(NEXT_ANSWER_MS);
    await expect.poll(async () => (await facts())[1], SOON).toContain('10.4 °C');
    expect(await titles()).toEqual(before);
  });

  it('shows five, and where the others are', async () => {
    const sinceMs = Date.now() - 3_600_000;
    needLook(
      view,
      ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map(
        (name): Look => ({ measurement: 'cold', tag: 'device', name, state: 'silent', sinceMs }),
      ),
    );
    await open();
    await expect.poll(titles, SOON).toHaveLength(5);
    await text('#attention-more').toBe('2 more in Devices');
    await page.locator('#attention-more').click();
    await live.shown('#view-devices').toBe(true);
    expect(await page.getByRole('radio', { name: /Need a look/ }).isChecked()).toBe(true);
  });

  it('is one quiet line when nothing does', async () => {
    needLook(view, []);
    await open();
    await text('#attention-note').toBe('None of 20 devices needs a look.');
    expect((await page.locator('#attention').boundingBox())?.height).toBeLessThan(90);
    expect(await page.locator('#devices-badge').isVisible()).toBe(false);
  });

  it('claims nothing before the first answer, nor where there is none', async () => {
    live.mayComplain = true;
    let answer = () => {};
    view.storeGate = new Promise((resolve) => {
      answer = resolve;
    });
    await open();
    await text('#attention-note').toBe('Asking the gateway…');
    expect(await page.locator('#attention').getAttribute('class')).toContain('is-asking');
    view.needsLook = () => Promise.reject(new SluiceError('SINK_QUERY_FAILED', 'no answer'));
    await page.reload();
    await text('#attention-note').toBe('Which devices need a look cannot be known now.');
    answer();
  });

  it('says as of when it is while the store does not answer', async () => {
    view.looks = { ...view.looks, asOfMs: Date.now() - 300_000 };
    await open();
    await text('#attention-counts').toMatch(pattern`^3 of 20 devices, as of ${MOMENT}$`);
    // Nobody knows whether it has been silent for longer.
    expect((await facts())[0]).toMatch(/, 2 h 55 min$/);
  });

  it('says as of when it is while the gateway does not answer', async () => {
    live.mayComplain = true;
    await open({}, { hasClock: true });
    await text('#attention-counts').toBe('3 of 20 devices');
    await live.server.close();
    await live.pass(8_000);
    await text('#attention-counts').toMatch(pattern`^3 of 20 devices, as of ${MOMENT}$`);
  });

  it('leads to what is set aside where no device is known', async () => {
    needLook(view, [
      {
        ...{ measurement: '', tag: 'topic', name: 'a/b', state: 'unreadable', topic: 'a/b' },
        ...{ code: 'no-rule', reason: 'no rule takes it', count: 2, sinceMs: Date.now() },
      },
    ]);
    await open();
    await page.getByRole('link', { name: /a\/b cannot be read/ }).click();
    await live.shown('#view-set-aside').toBe(true);
  });

  it('comes before the readings on a narrow screen', async () => {
    await open(PHONE);
    await expect.poll(titles, SOON).toHaveLength(3);
    const rail = await page.locator('#attention').boundingBox();
    const readings = await page.locator('#readings').boundingBox();
    expect(rail?.y).toBeLessThan(readings?.y ?? 0);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
    for (const row of await page.locator('.looks a').all())
      expect((await row.boundingBox())?.height).toBeGreaterThanOrEqual(44);
  });

  it('leaves the overview at four screens of a phone with twenty devices', async () => {
    await open(PHONE);
    await expect.poll(titles, SOON).toHaveLength(3);
    for (const card of await page.locator('.chart-card').all()) await card.scrollIntoViewIfNeeded();
    await live.answered();
    expect(await page.evaluate('document.documentElement.scrollHeight')).toBeLessThanOrEqual(4 * 844);
  });

  it('shows hostile names as text', async () => {
    const at = { measurement: HOSTILE, tag: HOSTILE, name: HOSTILE, topic: HOSTILE, code: HOSTILE };
    needLook(view, [
      { ...at, state: 'unreadable', reason: HOSTILE, count: 2, sinceMs: Date.now() },
      {
        ...{ measurement: 'm', tag: 't', name: '__proto__', state: 'outside', field: HOSTILE, unit: HOSTILE },
        ...{ value: 1, expected: [2, 3] },
      },
    ]);
    await open();
    await expect.poll(titles, SOON).toEqual([`${HOSTILE} cannot be read`, '__proto__ is below its range']);
    expect((await facts())[1]).toContain(HOSTILE);
    expect(await page.locator('img').count()).toBe(0);
  });
});
