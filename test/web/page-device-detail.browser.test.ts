import type { BrowserContextOptions, Page } from 'playwright-core';
import { beforeEach, describe, expect, it } from 'vitest';
import { requireServer } from '../../harness/servers.js';
import type { ArrivalResult } from '../../src/arrivals/arrival.js';
import { SluiceError } from '../../src/lib/errors.js';
import { sampleRecord } from '../rules/sample-record.js';
import type { FakeGatewayView } from '../support/fake-gateway-view.js';
import { HOSTILE, LivePage, NEXT_ANSWER_MS, type OpenOptions, SOON } from '../support/live-page.js';
import { MOMENT, pattern } from '../support/moment-words.js';
import { PHONE } from '../support/page-browser.js';
import { change, needLook, storeRooms } from '../support/page-rooms.js';

const ADDRESS = '["cold","device","cold-07"]';
describe.skipIf(!requireServer('chromium'))('the details of a device', { timeout: 60_000 }, () => {
  const live = new LivePage({ timezoneId: 'Asia/Kolkata' }, '/devices');
  let view: FakeGatewayView;
  let page: Page;

  beforeEach(() => {
    ({ view } = live);
    view.outcomes = { written: 1 };
    storeRooms(view);
  });

  async function open(hash = '', options?: BrowserContextOptions, more?: OpenOptions): Promise<void> {
    page = await live.open(options, { hash, ...more });
    await page.locator('tbody tr').first().waitFor({ state: 'attached' });
  }

  let receivedAtNs = BigInt(Date.now()) * 1_000_000n;

  /** A message that is durable, and what became of it. */
  function receive(topic: string, payload: string, result: ArrivalResult): void {
    receivedAtNs += 1n;
    const record = sampleRecord(payload, { topic, clientId: 'probe', receivedAtNs });
    view.arrivals.accepted(record, () => undefined)();
    const names = result.device === undefined ? [] : [result.device];
    view.arrivals.take({ reports: [{ id: String(receivedAtNs), result, steps: {}, names }], omitted: [] });
  }

  const text = (selector: string) => live.text(selector);
  const rowLink = (name: string) => page.locator('tbody').getByRole('link', { name, exact: true });
  const isShown = () => expect.poll(() => page.locator('#device').isVisible(), SOON);
  const hashOf = (device: string) => new URLSearchParams({ device }).toString();
  const addressed = () => new URLSearchParams(new URL(page.url()).hash.slice(1)).get('device');
  const focused = () => page.evaluate('document.activeElement.id || document.activeElement.textContent');

  it('say why a device needs a look and since when, and show its values with units and its day', async () => {
    await open();
    await rowLink('cold-07').click();
    await text('#device-title').toBe('cold-07');
    await text('#device-state').toBe('above its range');
    await text('#device-why').toMatch(pattern`^temperature 9\.6 °C, above 8 since ${MOMENT}$`);
    await expect
      .poll(() => page.locator('#device-figures div').allTextContents(), SOON)
      .toEqual(['temperature9.6 °C', 'compressor412 W', 'battery71 %']);
    await text('#device-age').toMatch(/^last seen \d+ s ago$/);
    await page.locator('#device-chart canvas').waitFor();
    await text('#device-chart-words').toBe('temperature, last 24 h, 5 min a point');
    expect(view.seriesQueries.at(-1)).toMatchObject({
      measurement: 'cold',
      field: 'temperature',
      only: { tag: 'device', values: ['cold-07'] },
    });
    expect(await page.locator('#device-set-aside').isVisible()).toBe(false);
  });

  it('show its next message with what became of it, and none of another device', async () => {
    await open(hashOf(ADDRESS));
    await text('#device-message-note').toBe('Waiting for its next message…');
    await expect.poll(() => view.arrivals.takeQuestion().searches, SOON).toEqual(['cold-07']);
    receive('cold/room-4/cold-07/telemetry', '{"t":9.6}', {
      outcome: 'stored',
      device: 'cold-07',
      rule: 'cold',
    });
    await text('#device-message .why').toBe('Stored: the store has confirmed it.');
    await text('#device-message').toContain('cold/room-4/cold-07/telemetry');
    receive('cold/room-4/cold-077/telemetry', '{"t":1}', { outcome: 'stored', device: 'cold-077' });
    receive('cold/room-4/cold-07/next', 'oops', {
      outcome: 'set-aside',
      code: 'payload-not-json',
      device: 'cold-07',
    });
    await text('#device-message .why').toContain('Set aside');
    expect(await page.locator('#device-message').textContent()).not.toContain('cold-077');
    await page.getByRole('button', { name: 'Close' }).click();
    await expect.poll(() => view.watched.at(-1), SOON).toBe(false);
  });

  it('show of a device that cannot be read the messages on its topic, hostile or not', async () => {
    const at = { measurement: 'power', tag: 'meter', name: 'pump', topic: `pump/${HOSTILE}` };
    needLook(view, [{ ...at, state: 'unreadable', code: 'payload-not-json', sinceMs: Date.now() }]);
    await open(hashOf('["power","meter","pump"]'));
    await text('#device-why').toContain('since');
    await expect.poll(() => view.arrivals.takeQuestion().searches, SOON).toEqual(['pump']);
    receive(`pump/${HOSTILE}`, HOSTILE, { outcome: 'set-aside', code: 'payload-not-json', reason: HOSTILE });
    await text('#device-message').toContain(HOSTILE);
    expect(await page.locator('img').count()).toBe(0);
  });

  it('say how many of its messages are set aside, with a link to them', async () => {
    await open();
    await rowLink('pump').click();
    await text('#device-why').toMatch(pattern`^NaN is no JSON value, since ${MOMENT}; 14 set aside$`);
    await text('#device-set-aside').toBe('14 set aside');
    expect(await page.locator('#device-set-aside').getAttribute('title')).toBe('payload-not-json');
    await page.locator('#device-set-aside').click();
    await live.shown('#view-set-aside').toBe(true);
  });

  it('stand in the address: a link opens them, and a step back closes them', async () => {
    await open();
    await rowLink('cold-07').click();
    await isShown().toBe(true);
    expect(addressed()).toBe(ADDRESS);
    await rowLink('cold-01').click();
    await text('#device-title').toBe('cold-01');
    await page.goBack();
    await isShown().toBe(false);
    expect(new URL(page.url()).pathname).toBe('/devices');
    await page.goForward();
    await text('#device-title').toBe('cold-01');
    await page.reload();
    await text('#device-title').toBe('cold-01');
    await expect.poll(() => page.locator('#device-figures div').count(), SOON).toBe(3);
  });

  it('are closed by their button when a link has opened them, and leave the rest of the address', async () => {
    await open(`${hashOf(ADDRESS)}&silent=900`);
    await text('#device-title').toBe('cold-07');
    await page.getByRole('button', { name: 'Close' }).click();
    await isShown().toBe(false);
    expect(new URL(page.url()).hash).toBe('#silent=900');
  });

  it('can be opened, read and closed by keyboard, and the focus goes back to the row', async () => {
    await open();
    await rowLink('cold-07').focus();
    await page.keyboard.press('Enter');
    await isShown().toBe(true);
    expect(await focused()).toBe('device-title');
    expect(await rowLink('cold-07').getAttribute('aria-current')).toBe('true');
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('device-close');
    await page.keyboard.press('Escape');
    await isShown().toBe(false);
    await expect.poll(focused, SOON).toBe('cold-07');
  });

  it('fill the screen of a phone, and a step back shows the list where it was', async () => {
    await open('', PHONE);
    await page.getByRole('region', { name: 'power' }).scrollIntoViewIfNeeded();
    await rowLink('pump').waitFor();
    // Not below the tabs, where the tap itself would have to scroll.
    await rowLink('pump').evaluate((row) => row.scrollIntoView({ block: 'center' }));
    const before = await page.evaluate('scrollY');
    await rowLink('pump').tap();
    await isShown().toBe(true);
    expect(await page.locator('.devices-list').isVisible()).toBe(false);
    expect(await page.evaluate('scrollY')).toBe(0);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
    await page.goBack();
    await isShown().toBe(false);
    await expect.poll(() => page.evaluate('scrollY'), SOON).toBe(before);
  });

  it('show the device in the chart', async () => {
    await open(hashOf(ADDRESS));
    await page.getByRole('button', { name: 'Show in chart' }).click();
    await live.shown('#view-overview').toBe(true);
    await expect
      .poll(() => view.seriesQueries.at(-1), SOON)
      .toMatchObject({ by: 'device', only: { tag: 'device', values: ['cold-07'] } });
    expect(addressed()).toBe(null);
  });

  it('are as of the last answer while the store does not answer', async () => {
    live.mayComplain = true;
    await open(hashOf(ADDRESS), {}, { hasClock: true });
    await expect.poll(() => page.locator('#device-figures div').count(), SOON).toBe(3);
    view.storeFailure = new SluiceError('SINK_QUERY_FAILED', 'InfluxDB is asleep');
    await live.pass(NEXT_ANSWER_MS);
    await text('#device-age').toMatch(pattern`^as of ${MOMENT}$`);
    await text('#device-note').toContain('InfluxDB is asleep');
    expect(await page.locator('#device-figures div').count()).toBe(3);
  });

  it('say that nothing came for a day, that a measurement is unknown, and ignore what is no device', async () => {
    const sinceMs = Date.now() - 3 * 86_400_000;
    needLook(view, [{ measurement: 'cold', tag: 'device', name: 'cold-99', state: 'silent', sinceMs }]);
    await open(hashOf('["cold","device","cold-99"]'));
    await text('#device-note').toBe('It has sent nothing in the last 24 hours.');
    await text('#device-why').toMatch(/^since .*, 3 d$/);
    await open(hashOf('["gone","device","cold-99"]'));
    await text('#device-note').toBe('The store has no such measurement.');
    for (const wrong of ['[]', '["a","b"]', '["a","b",1]', 'x', `["${'n'.repeat(1_025)}","b","c"]`]) {
      await open(hashOf(wrong));
      expect(await page.locator('#device').isVisible()).toBe(false);
    }
  });

  it('keep their values up to date', async () => {
    await open(hashOf(ADDRESS), {}, { hasClock: true });
    await text('#device-state').toBe('above its range');
    change(view, 'device', 'cold-07', { state: 'reporting', values: [{ field: 'temperature', value: 6 }] });
    needLook(view, []);
    await live.pass(NEXT_ANSWER_MS);
    await text('#device-state').toBe('reporting');
    await text('#device-figures dd').toBe('6 °C');
    await expect.poll(() => page.locator('#device-why').isVisible(), SOON).toBe(false);
  });

  it('show hostile names as text', async () => {
    view.stored = [
      { name: HOSTILE, tags: [HOSTILE], fields: [{ name: HOSTILE, type: 'float', unit: HOSTILE }] },
    ];
    view.latestByTag = {
      [HOSTILE]: [{ name: HOSTILE, atMs: Date.now(), values: [{ field: HOSTILE, value: 1 }] }],
    };
    const at = { measurement: HOSTILE, tag: HOSTILE, name: HOSTILE, topic: HOSTILE, code: HOSTILE };
    needLook(view, [{ ...at, state: 'unreadable', reason: HOSTILE, count: 2, sinceMs: Date.now() }]);
    await open();
    await rowLink(HOSTILE).click();
    await text('#device-title').toBe(HOSTILE);
    await text('#device-why').toContain(HOSTILE);
    await text('#device-figures dt').toBe(HOSTILE);
    expect(await page.locator('img').count()).toBe(0);
  });
});
