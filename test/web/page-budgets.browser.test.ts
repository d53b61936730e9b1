import type { Page } from 'playwright-core';
import { beforeEach, describe, expect, it } from 'vitest';
import { requireServer } from '../../harness/servers.js';
import type { MeasurementUse, UsedBudget } from '../../src/rules/policies/budget-use.js';
import { DEFAULT_CARDINALITY } from '../../src/rules/policies/policy-options.js';
import type { FakeGatewayView } from '../support/fake-gateway-view.js';
import { HOSTILE, LivePage, NEXT_ANSWER_MS, SOON } from '../support/live-page.js';
import { DESKTOP, PHONE } from '../support/page-browser.js';
import { storeFleet } from '../support/page-fleet.js';

function measurementWith(name: string, fullest: UsedBudget): MeasurementUse {
  return {
    measurement: name,
    series: 90_000,
    fields: 12,
    tags: [{ tag: 'session', values: 89_000 }],
    clients: [{ client: 'gate-7', series: 40_000 }],
    fieldClients: [{ client: 'gate-7', fields: 12 }],
    fullest,
  };
}
const series = (used: number): UsedBudget => ({ budget: 'series', used, limit: 100_000 });

describe.skipIf(!requireServer('chromium'))('the budgets on the live page', { timeout: 60_000 }, () => {
  const live = new LivePage({}, '/pipeline');
  let view: FakeGatewayView;
  let page: Page;

  beforeEach(() => {
    ({ view } = live);
    view.outcomes = { written: 1 };
    storeFleet(view, 3, 0);
  });

  function use(...measurements: readonly MeasurementUse[]): void {
    const ratios = { 'tag-values': 0, series: 0, 'client-series': 0, fields: 0, 'client-fields': 0 };
    view.budgetUse = { ratios, limits: DEFAULT_CARDINALITY, measurements };
  }
  const asked = () => live.asked('/api/budgets').length;
  const box = () => page.locator('#budgets');

  it('says nothing while no budget is used above half', async () => {
    use(measurementWith('climate', series(50_000)));
    page = await live.open();
    await expect.poll(asked, SOON).toBeGreaterThan(0);
    await live.answered();
    expect(await box().isVisible()).toBe(false);
  });

  it('names measurement, state, tag, client and the next step, the fullest first', async () => {
    use(
      measurementWith('climate', series(100_000)),
      measurementWith('doors', series(85_000)),
      measurementWith('power', series(60_000)),
    );
    page = await live.open();
    await live.text('#budgets-words').toBe('1 full, 1 nearly full');
    const rows = page.locator('.budget');
    expect(await rows.locator('.budget-head').allInnerTexts()).toEqual([
      expect.stringMatching(/^climate\s+Full$/),
      expect.stringMatching(/^doors\s+Nearly full, 85\s%$/),
      expect.stringMatching(/^power\s+60\s% used$/),
    ]);
    const full = await rows.first().innerText();
    expect(full).toContain('Its largest tag is “session” with 89,000 values.');
    expect(full).toContain('The client “gate-7” added most: 40,000 series.');
    expect(full).toContain('Records with new series are parked now. Make the tag “session” a field');
    expect(await rows.nth(1).innerText()).toContain('parked once this is full');
    expect(await rows.nth(2).locator('p').count()).toBe(2);
  });

  it('leads to what is set aside by keyboard where records are parked', async () => {
    use(measurementWith('climate', series(100_000)), measurementWith('doors', series(85_000)));
    page = await live.open();
    const links = box().getByRole('link', { name: 'set aside' });
    await links.waitFor();
    expect(await links.count()).toBe(1);
    await links.focus();
    await page.keyboard.press('Enter');
    await live.shown('#view-set-aside').toBe(true);
    expect(await page.evaluate('location.pathname')).toBe('/set-aside');
  });

  it('follows the gateway once in ten seconds, and goes when there is room again', async () => {
    use(measurementWith('climate', series(85_000)));
    page = await live.open({}, { hasClock: true });
    await live.text('#budgets-words').toBe('1 nearly full');
    const before = asked();
    use(measurementWith('climate', series(100_000)));
    await live.pass(NEXT_ANSWER_MS);
    await live.text('#budgets-words').toBe('1 full');
    use(measurementWith('climate', series(40_000)));
    await live.pass(NEXT_ANSWER_MS);
    await expect.poll(() => box().isVisible(), SOON).toBe(false);
    expect(asked() - before).toBeLessThanOrEqual(4);
  });

  it('asks nothing while another view is shown', async () => {
    use(measurementWith('climate', series(85_000)));
    page = await live.open({}, { hasClock: true, path: '/' });
    await live.pass(NEXT_ANSWER_MS);
    await live.answered();
    const before = asked();
    await live.pass(2 * NEXT_ANSWER_MS);
    expect(asked()).toBe(before);
    await page.locator('#tabs a[href="/pipeline"]').click();
    await expect.poll(asked, SOON).toBeGreaterThan(before);
  });

  it('keeps what it knows when one answer fails', async () => {
    use(measurementWith('climate', series(85_000)));
    live.mayComplain = true;
    page = await live.open({}, { hasClock: true });
    await live.text('#budgets-words').toBe('1 nearly full');
    const errors: Error[] = [];
    page.on('pageerror', (error) => errors.push(error));
    await page.route('**/api/budgets', (route) => route.abort());
    const before = asked();
    await live.pass(2 * NEXT_ANSWER_MS);
    await expect.poll(asked, SOON).toBeGreaterThan(before + 1);
    await live.text('#budgets-words').toBe('1 nearly full');
    expect(errors).toEqual([]);
  });

  it.each([
    ['a phone', PHONE],
    ['a desktop', DESKTOP],
  ])('shows hostile and long names as text, and never scrolls sideways, on %s', async (_what, screen) => {
    const name = 'x'.repeat(400);
    use(
      measurementWith(HOSTILE, { budget: 'client-series', name: HOSTILE, used: 9, limit: 9 }),
      measurementWith(name, { budget: 'tag-values', name, used: 9, limit: 9 }),
    );
    page = await live.open(screen);
    await live.text('#budgets-words').toBe('2 full');
    await live.text('.budget-head .code').toBe(HOSTILE);
    const scrolled = await page.evaluate('document.documentElement.scrollWidth');
    expect(scrolled).toBe(screen.viewport?.width);
  });
});
