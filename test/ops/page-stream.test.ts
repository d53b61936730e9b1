import { describe, expect, it } from 'vitest';
import { SluiceError } from '../../src/errors.js';
import { LivePage, SOON, warningLine } from '../support/live-page.js';
import { DESKTOP } from '../support/page-browser.js';
import { requireServer } from '../support/servers.js';

describe.skipIf(!requireServer('chromium'))('the stream behind the live page', { timeout: 60_000 }, () => {
  const live = new LivePage();
  const text = (selector: string) => live.text(selector);
  const asked: string[] = [];

  async function open(prepare?: string) {
    asked.length = 0;
    const page = await live.open(DESKTOP, prepare);
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    return page;
  }
  const countOf = (path: string) => asked.filter((other) => other === path).length;

  it('shows each state that the gateway sends, and asks for no counters besides', async () => {
    live.view.fates = { written: 5 };
    await open();
    await text('[data-ledger=written]').toBe('5');
    live.view.fates = { written: 6 };
    await text('[data-ledger=written]').toBe('6');
    expect(countOf('/api/state')).toBe(0);
  });

  it('shows a banner when the gateway is gone, goes on when it is back, and tells its warnings once', async () => {
    live.mayComplain = true;
    live.view.fates = { written: 5 };
    live.view.warningLines = [warningLine({ seq: 1 })];
    const page = await open();
    await text('[data-ledger=written]').toBe('5');
    const port = Number(new URL(live.server.url).port);
    await live.server.close();
    await text('#banner').toContain('The gateway does not answer.');
    await live.shown('#banner').toBe(true);
    await text('#overall').toBe('No answer');
    expect(await page.title()).toBe('● No answer · Sluice');

    live.view.fates = { written: 6 };
    await live.serve('loopback', port);
    await text('[data-ledger=written]').toBe('6');
    await live.shown('#banner').toBe(false);
    await text('#overall').toBe('All stages healthy');
    expect(await page.locator('#warnings > li').count()).toBe(1);

    // Started anew, the gateway counts from 1 again.
    live.view.startedAtMs += 1_000;
    live.view.warningLines = [warningLine({ seq: 1, sentence: 'One of the new start.' })];
    await page.reload();
    await text('#warnings > li').toContain('One of the new start.');
  });

  it('tells what the gateway says when it cannot say how it is', async () => {
    await open();
    await text('#overall').toBe('All stages healthy');
    live.view.failure = new SluiceError('DEAD_LETTER_FAILED', 'The folder cannot be read.');
    await text('#banner').toContain('The gateway answers with an error: The folder cannot be read.');
    live.view.failure = undefined;
    await live.shown('#banner').toBe(false);
  });

  it.each([
    ['that knows no EventSource', 'delete window.EventSource'],
    [
      'whose stream is refused',
      `window.EventSource = class extends EventSource { constructor() { super('/api/nothing-here'); } }`,
    ],
  ])('polls in a browser %s', async (_which, prepare) => {
    live.mayComplain = true;
    live.view.fates = { written: 5 };
    live.view.warningLines = [warningLine({ seq: 4 })];
    const page = await open(prepare);
    await text('[data-ledger=written]').toBe('5');
    await text('#warnings > li').toContain('Line 4.');
    live.view.fates = { written: 6 };
    await text('[data-ledger=written]').toBe('6');
    await expect.poll(() => countOf('/api/state'), SOON).toBeGreaterThan(2);
    expect(await page.locator('#warnings > li').count()).toBe(1);
    await text('#log-level').toBe('info');
    live.view.job = {
      kind: 'replay',
      state: 'running',
      dryRun: false,
      startedAtMs: 1,
      selected: 3,
      settled: { written: 1, filtered: 0, parkedAgain: 0, purged: 0 },
      parkedAgain: {},
    };
    await text('#settling-sentence').toContain('Replaying: 1 of 3 dead letters');
    expect(await page.locator('#banner').isVisible()).toBe(false);
  });

  it('takes a stream that says nothing for dead, and polls', async () => {
    live.view.fates = { written: 5 };
    const silent = `window.EventSource = class extends EventTarget { readyState = 1; close() {} }; window.EventSource.CLOSED = 2;`;
    await open(silent);
    await text('[data-ledger=written]').toBe('5');
    expect(countOf('/api/state')).toBeGreaterThan(0);
  });

  it('asks nothing and listens to nothing while its tab is hidden, and at once when it is shown again', async () => {
    asked.length = 0;
    const page = await live.open(DESKTOP, async (fresh) => {
      fresh.on('request', (request) => asked.push(new URL(request.url()).pathname));
      await fresh.clock.install();
      await fresh.addInitScript(`window.sources = []; window.EventSource = class extends EventSource {
        constructor(address) { super(address); window.sources.push(this); }
      }`);
    });
    const openSources = () => page.evaluate('sources.filter(({ readyState }) => readyState !== 2).length');
    const setHidden = (isHidden: boolean) =>
      page.evaluate(`Object.defineProperty(document, 'hidden', { configurable: true, get: () => ${isHidden} });
        document.dispatchEvent(new Event('visibilitychange'));`);
    await text('[data-ledger=written]').toBe('0');
    expect(await openSources()).toBe(1);
    await setHidden(true);
    expect(await openSources()).toBe(0);
    // What was under way when the tab was hidden may still end.
    await page.waitForLoadState('networkidle');
    const before = asked.length;
    await page.clock.runFor(60_000);
    expect(asked.length).toBe(before);
    live.view.fates = { written: 3 };
    await setHidden(false);
    await text('[data-ledger=written]').toBe('3');
    expect(await openSources()).toBe(1);
  });
});
