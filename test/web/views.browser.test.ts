import { describe, expect, it } from 'vitest';
import { requireServer } from '../../harness/servers.js';
import { LivePage, SOON } from '../support/live-page.js';
import { DESKTOP, PHONE } from '../support/page-browser.js';

describe.skipIf(!requireServer('chromium'))('the views of the live page', { timeout: 40_000 }, () => {
  const live = new LivePage();
  const address = () => {
    const { pathname, hash } = new URL(live.page.url());
    return pathname + hash;
  };
  const shownViews = () =>
    live.page.evaluate(
      `[...document.querySelectorAll('.view')].filter((view) => view.checkVisibility()).map(({ id }) => id)`,
    );

  it.each([
    ['/', 'view-overview', 'Overview'],
    ['/devices', 'view-devices', 'Devices'],
    ['/set-aside', 'view-set-aside', 'Set aside'],
    ['/pipeline', 'view-pipeline', 'Pipeline'],
  ] as const)('%s shows %s alone, and marks its tab', async (path, view, tab) => {
    const page = await live.open({}, { path });
    expect(await shownViews()).toEqual([view]);
    const current = page.locator('#tabs a[aria-current=page]');
    expect(await current.textContent()).toContain(tab);
    expect(await page.locator('h1:visible').count()).toBe(1);
  });

  it.each([
    ['a desktop', DESKTOP],
    ['a phone', PHONE],
  ])(
    'change without loading the page, keep what the charts show, and go back, on %s',
    async (_where, options) => {
      const page = await live.open(options, { hash: 'live=1h' });
      await expect.poll(() => live.asked('/api/live').length, SOON).toBe(1);
      await page.getByRole('link', { name: 'Pipeline' }).click();
      await expect.poll(shownViews, SOON).toEqual(['view-pipeline']);
      expect(address()).toBe('/pipeline#live=1h');
      await page.getByRole('link', { name: 'Devices' }).click();
      await expect.poll(shownViews, SOON).toEqual(['view-devices']);
      await page.goBack();
      await expect.poll(shownViews, SOON).toEqual(['view-pipeline']);
      await page.goBack();
      await expect.poll(shownViews, SOON).toEqual(['view-overview']);
      expect(address()).toBe('/#live=1h');
      expect(live.asked('/api/live').length).toBe(1);
    },
  );

  it('can be opened in another tab, as any link', async () => {
    const page = await live.open();
    const opened = page.context().waitForEvent('page');
    await page.getByRole('link', { name: 'Devices' }).click({ modifiers: ['ControlOrMeta'] });
    const other = await opened;
    await other.waitForLoadState();
    expect(new URL(other.url()).pathname).toBe('/devices');
    expect(await shownViews()).toEqual(['view-overview']);
    await other.close();
  });

  it('ask only for what is shown', async () => {
    live.view.stored = [
      { name: 'climate', tags: ['device'], fields: [{ name: 'temperature', type: 'float' }] },
    ];
    await live.open({}, { path: '/pipeline' });
    await live.text('#balance').toContain('adds up');
    await live.answered();
    for (const path of ['/api/series', '/api/latest', '/api/dead-letters'])
      expect(live.asked(path)).toEqual([]);
    await live.page.getByRole('link', { name: 'Set aside', exact: true }).click();
    await expect.poll(() => live.asked('/api/dead-letters').length, SOON).toBeGreaterThan(0);
    await live.page.getByRole('link', { name: 'Overview' }).click();
    await expect.poll(() => live.asked('/api/series').length, SOON).toBeGreaterThan(0);
  });
});
