import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { requireServer } from '../../harness/servers.js';
import { parkedDetail } from '../support/fake-gateway-view.js';
import { LivePage, SOON } from '../support/live-page.js';
import { storeFleet } from '../support/page-fleet.js';

/** By then the page has asked again for everything that it shows. */
const NEXT_ANSWERS_MS = 12_000;
/** The list of measurements and a chart of a day are asked for twice a minute. */
const MEASUREMENTS_AGAIN_MS = 36_000;

/** A browser takes the focus away from a control that is disabled, hidden or removed. */
describe.skipIf(!requireServer('chromium'))('the focus of the live page', { timeout: 60_000 }, () => {
  const live = new LivePage();
  let page: Page;

  const focused = () =>
    page.evaluate(`(() => {
      const node = document.activeElement;
      return node === document.body ? 'nothing' : node.id || node.getAttribute('aria-label') || node.textContent;
    })()`) as Promise<string>;
  const press = (key: string) => page.keyboard.press(key);

  /** As a person who walks there by keyboard. */
  async function walkTo(selector: string): Promise<void> {
    await page.locator(selector).first().focus();
    await press('Shift+Tab');
    await press('Tab');
    expect(await page.locator(selector).first().and(page.locator(':focus')).count()).toBe(1);
  }

  function park(...ids: readonly string[]): void {
    live.view.deadLetters = ids.map((id) =>
      parkedDetail({ id, topic: `topic-${id}`, receivedAtMs: 0, parkedAtMs: 0 }),
    );
    live.view.outcomes = { written: 1, parked: { 'payload-not-json': ids.length } };
  }

  /** The gateway keeps its answers for two seconds of real time, so the page may have to ask twice. */
  async function later(selector: string): Promise<string[]> {
    await live.pass(MEASUREMENTS_AGAIN_MS);
    return page.locator(selector).allTextContents();
  }

  const rows = () => page.locator('#dead-letters-rows .row-open').allTextContents();

  it('stays on a choice of which one value is left', async () => {
    live.view.outcomes = { written: 1 };
    storeFleet(live.view, 3);
    page = await live.open({}, { path: '/devices', hasClock: true });
    await live.text('.device-group select').toBe('devicecity');
    await walkTo('.device-group select');
    live.view.stored = live.view.stored.map((summary) => ({ ...summary, tags: ['device'] }));
    await expect.poll(() => later('.device-group select'), SOON).toEqual(['device']);
    expect(await page.locator('.device-group select').and(page.locator(':focus')).count()).toBe(1);
    await press('Tab');
    await press('Shift+Tab');
    expect(await focused()).toBe('devices-csv');
  });

  it('stays on a button that has reached its end, which then does nothing', async () => {
    live.view.outcomes = { written: 1 };
    storeFleet(live.view, 60);
    page = await live.open({}, { path: '/devices' });
    await live.text('.pages .position').toBe('1 to 50 of 60');
    await walkTo('.pages button:nth-of-type(2)');
    await press('Enter');
    await live.text('.pages .position').toBe('51 to 60 of 60');
    expect(await focused()).toBe('Next');
    const asked = live.asked('/api/latest').length;
    await press('Enter');
    await live.answered();
    expect(live.asked('/api/latest').length).toBe(asked);
    await press('Shift+Tab');
    await press('Enter');
    await live.text('.pages .position').toBe('1 to 50 of 60');
    expect(await focused()).toBe('Previous');
    await press('Tab');
    expect(await focused()).toBe('Next');
  });

  it('stays on the button of a replay while it runs', async () => {
    park('1');
    page = await live.open({}, { path: '/set-aside' });
    await live.shown('#dead-letters').toBe(true);
    await walkTo('#replay-shown');
    await press('Enter');
    await live.shown('#confirm').toBe(true);
    await page.locator('#confirm-yes').focus();
    await press('Enter');
    await live.text('#replay-sentence').toContain('Replaying');
    expect(await page.locator('#replay-shown').isDisabled()).toBe(true);
    expect(await focused()).toBe('replay-shown');
    live.view.job = { ...live.view.job!, state: 'done' };
    await expect.poll(() => page.locator('#replay-shown').isEnabled(), SOON).toBe(true);
    expect(await focused()).toBe('replay-shown');
  });

  it('stays on a dead letter while others are parked', async () => {
    park('2', '1');
    page = await live.open({}, { path: '/set-aside', hasClock: true });
    await expect.poll(rows, SOON).toHaveLength(2);
    await walkTo('#dead-letters-rows tr:nth-child(2) button');
    park('3', '2', '1');
    await live.text('[data-ledger=parked]').toBe('3');
    await live.pass(NEXT_ANSWERS_MS);
    await expect.poll(rows, SOON).toEqual(['topic-3', 'topic-2', 'topic-1']);
    expect(await focused()).toBe('topic-1');
  });

  it('goes to the dead letter before one that is gone, also when that was open, and leaves the list with the last', async () => {
    park('3', '2', '1');
    page = await live.open({}, { path: '/set-aside', hasClock: true });
    await expect.poll(rows, SOON).toHaveLength(3);
    await walkTo('#dead-letters-rows tr:nth-child(3) button');
    park('3', '2');
    await live.text('[data-ledger=parked]').toBe('2');
    await live.pass(NEXT_ANSWERS_MS);
    await expect.poll(rows, SOON).toHaveLength(2);
    expect(await focused()).toBe('topic-2');

    await press('Enter');
    await live.shown('#drawer-body pre').toBe(true);
    park('3');
    await live.text('[data-ledger=parked]').toBe('1');
    await live.pass(NEXT_ANSWERS_MS);
    await expect.poll(rows, SOON).toHaveLength(1);
    await press('Escape');
    await expect.poll(focused, SOON).toBe('topic-3');

    park();
    await live.text('[data-ledger=parked]').toBe('0');
    await live.pass(NEXT_ANSWERS_MS);
    await live.shown('#dead-letters').toBe(false);
    expect(await focused()).toBe('Why is this not a loss?');
  });

  it('goes to the device before one that is gone', async () => {
    live.view.outcomes = { written: 1 };
    storeFleet(live.view, 3);
    page = await live.open({}, { path: '/devices', hasClock: true });
    await page.locator('tbody tr').nth(2).waitFor();
    await walkTo('tbody tr:nth-child(2) a');
    live.view.latestGroups = live.view.latestGroups.filter(({ name }) => name !== 'd2');
    await live.pass(NEXT_ANSWERS_MS);
    await expect.poll(() => page.locator('.device-group tbody tr').count(), SOON).toBe(2);
    expect(await focused()).toBe('d1');
  });

  it('stays on the line of a device when another one comes before it', async () => {
    live.view.outcomes = { written: 1 };
    live.view.stored = [
      { name: 'climate', tags: ['city'], fields: [{ name: 'temperature', type: 'float' }] },
    ];
    live.view.tagValues = { city: ['Pune', 'Quito'] };
    page = await live.open({}, { hasClock: true });
    const lines = () => page.locator('.lines .name').allTextContents();
    await expect.poll(lines, SOON).toEqual(['Pune', 'Quito']);
    await walkTo('.lines button');
    live.view.tagValues = { city: ['Pune', 'Quito', 'Mumbai'] };
    await expect.poll(() => later('.lines .name'), SOON).toEqual(['Mumbai', 'Pune', 'Quito']);
    expect(await focused()).toContain('Pune');
  });

  it('goes to the control before a button that has done its work', async () => {
    live.view.outcomes = { written: 1 };
    storeFleet(live.view, 3);
    page = await live.open();
    await live.shown('.card canvas').toBe(true);
    await walkTo('.plot');
    await press('+');
    await walkTo('#undo-zoom');
    await press('Enter');
    await live.shown('#undo-zoom').toBe(false);
    expect(await focused()).toBe('custom-toggle');
  });

  it('goes on at the strip when the first record has come', async () => {
    page = await live.open();
    await live.shown('.command button').toBe(true);
    await walkTo('.command button');
    live.view.outcomes = { written: 1 };
    await live.shown('.command button').toBe(false);
    expect(await focused()).toContain('Gateway is well');
  });

  it('stays where a press on the page has put it', async () => {
    page = await live.open();
    await live.shown('.command button').toBe(true);
    await walkTo('.command button');
    await page.locator('#main').click({ position: { x: 3, y: 3 } });
    live.view.outcomes = { written: 1 };
    await live.shown('.command button').toBe(false);
    expect(await focused()).toBe('main');
  });
});
