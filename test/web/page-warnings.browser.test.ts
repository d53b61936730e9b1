import { describe, expect, it } from 'vitest';
import { requireServer } from '../../harness/servers.js';
import { HOSTILE, LivePage, SOON, warningLine } from '../support/live-page.js';
import { MOMENT, pattern } from '../support/moment-words.js';

describe.skipIf(!requireServer('chromium'))('the warnings of the live page', { timeout: 40_000 }, () => {
  const live = new LivePage({}, '/pipeline');
  const text = (selector: string) => live.text(selector);
  const rows = () => live.page.locator('#warnings > li').count();
  const badge = () => live.page.locator('#pipeline-badge');

  it('shows them newest first with code, sentence, next step and how many were held back', async () => {
    live.view.warningLines = [
      warningLine({ seq: 1 }),
      warningLine({
        seq: 2,
        level: 'fatal',
        code: 'STORE_UNAVAILABLE',
        sentence: HOSTILE,
        next: 'Start it.',
        fields: { url: HOSTILE, tries: 3 },
        heldBack: 12,
      }),
    ];
    const page = await live.open();
    await text('#warnings > li').toMatch(
      pattern`^Fatal${MOMENT}:\d\dSTORE_UNAVAILABLE<img.*>url=<img.*> {2}tries=3Start it\.12 more of this code`,
    );
    await text('#warnings > li:nth-child(2)').toContain('Line 1.');
    await page.getByRole('radio', { name: 'Errors' }).check();
    await expect.poll(rows, SOON).toBe(1);
    expect(await page.locator('img').count()).toBe(0);
  });

  it('counts in the tab what came since one last looked, also after the page was loaded again', async () => {
    live.view.warningLines = [warningLine({ seq: 1 }), warningLine({ seq: 2 })];
    const page = await live.open({}, { path: '/' });
    await expect.poll(() => badge().textContent(), SOON).toBe('2');
    await page.locator('#tabs a[href="/pipeline"]').click();
    await page.locator('#warnings-title').scrollIntoViewIfNeeded();
    await expect.poll(() => badge().isVisible(), SOON).toBe(false);
    await page.locator('#tabs a[href="/"]').click();
    await live.shown('#view-overview').toBe(true);
    live.view.warningLines = [...live.view.warningLines, warningLine({ seq: 3 })];
    await expect.poll(() => badge().textContent(), SOON).toBe('1');
    await page.reload();
    await expect.poll(() => badge().textContent(), SOON).toBe('1');
  });

  it('keeps the newest two hundred and shows ten until it is asked for all', async () => {
    live.view.warningLines = Array.from({ length: 50 }, (_, index) => warningLine({ seq: index + 1 }));
    const page = await live.open();
    await expect.poll(rows, SOON).toBe(10);
    live.view.warningLines = Array.from({ length: 260 }, (_, index) => warningLine({ seq: index + 1 }));
    await page.getByRole('button', { name: 'Show all 200' }).click();
    expect(await rows()).toBe(200);
    await text('#warnings > li').toContain('Line 260.');
  });

  it('switches the log to debug and back', async () => {
    live.view.level = 'warn';
    const page = await live.open();
    await text('#log-level').toBe('warn');
    await page.getByRole('button', { name: 'Switch to debug' }).click();
    await text('#log-level').toBe('debug');
    expect(live.view.level).toBe('debug');
    await page.getByRole('button', { name: 'Back to warn' }).click();
    await text('#log-level').toBe('warn');
  });
});
