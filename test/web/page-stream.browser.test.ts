import { describe, expect, it } from 'vitest';
import { requireServer } from '../../harness/servers.js';
import { LivePage, warningLine } from '../support/live-page.js';

describe.skipIf(!requireServer('chromium'))('the stream behind the live page', { timeout: 60_000 }, () => {
  const live = new LivePage({}, '/pipeline');
  const text = (selector: string) => live.text(selector);
  const countOf = (path: string) => live.asked(path).length;

  it('shows each state that the gateway sends, and asks for no counters besides', async () => {
    live.view.outcomes = { written: 5 };
    await live.open();
    await text('[data-ledger=written]').toBe('5');
    live.view.outcomes = { written: 6 };
    await text('[data-ledger=written]').toBe('6');
    expect(countOf('/api/state')).toBe(0);
  });

  it('goes on when a gateway that was gone is back, and shows its warnings once', async () => {
    live.mayComplain = true;
    live.view.outcomes = { written: 5 };
    live.view.warningLines = [warningLine({ seq: 1 })];
    const page = await live.open();
    await text('[data-ledger=written]').toBe('5');
    await live.server.close();
    await text('#overall').toBe('The gateway does not answer this page');

    live.view.outcomes = { written: 6 };
    await live.serve();
    await text('[data-ledger=written]').toBe('6');
    await text('#overall').toBe('Gateway is well');
    expect(await page.locator('#warnings > li').count()).toBe(1);

    // A restarted gateway counts from 1 again.
    live.view.startedAtMs += 1_000;
    live.view.warningLines = [warningLine({ seq: 1, sentence: 'One of the new start.' })];
    await page.reload();
    await text('#warnings > li').toContain('One of the new start.');
  });

  it.each([
    ['that knows no EventSource', 'delete window.EventSource'],
    [
      'whose stream is refused',
      `window.EventSource = class extends EventSource { constructor() { super('/api/nothing-here'); } }`,
    ],
  ])('polls in a browser %s', async (_which, script) => {
    live.mayComplain = true;
    live.view.outcomes = { written: 5 };
    live.view.warningLines = [warningLine({ seq: 4 })];
    const page = await live.open({}, { script, hasClock: true });
    await text('[data-ledger=written]').toBe('5');
    await text('#warnings > li').toContain('Line 4.');
    live.view.outcomes = { written: 6 };
    await live.pass(4_000);
    await text('[data-ledger=written]').toBe('6');
    expect(countOf('/api/state')).toBeGreaterThan(2);
    expect(await page.locator('#warnings > li').count()).toBe(1);
    await text('#log-level').toBe('info');
    live.view.job = {
      kind: 'replay',
      state: 'running',
      dryRun: false,
      startedAtMs: 1,
      selected: 3,
      outcomes: { written: 1, filtered: 0, parkedAgain: 0, purged: 0 },
      parkedAgain: {},
    };
    await live.pass(2_000);
    await text('#replay-sentence').toContain('Replaying: 1 of 3 messages');
    expect(await page.locator('#strip').getAttribute('data-state')).not.toBe('gone');
  });

  it('polls when a stream sends nothing', async () => {
    live.view.outcomes = { written: 5 };
    const silent = `window.EventSource = class extends EventTarget { readyState = 1; close() {} }; window.EventSource.CLOSED = 2;`;
    await live.open({}, { script: silent, hasClock: true });
    await live.pass(8_000);
    await text('[data-ledger=written]').toBe('5');
    expect(countOf('/api/state')).toBeGreaterThan(0);
  });

  it('neither asks nor listens while its tab is hidden, and starts at once when it is shown again', async () => {
    const script = `window.sources = []; window.EventSource = class extends EventSource {
      constructor(address) { super(address); window.sources.push(this); }
    }`;
    const page = await live.open({}, { script, hasClock: true });
    const openSources = () => page.evaluate('sources.filter(({ readyState }) => readyState !== 2).length');
    await text('[data-ledger=written]').toBe('0');
    expect(await openSources()).toBe(1);
    await live.setHidden(true);
    expect(await openSources()).toBe(0);
    // A request that was sent before the tab was hidden may still end.
    await live.answered();
    const before = live.requestCount;
    await live.pass(60_000);
    expect(live.requestCount).toBe(before);
    live.view.outcomes = { written: 3 };
    await live.setHidden(false);
    await text('[data-ledger=written]').toBe('3');
    expect(await openSources()).toBe(1);
  });
});
