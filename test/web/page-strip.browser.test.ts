import { describe, expect, it } from 'vitest';
import { requireServer } from '../../harness/servers.js';
import { SluiceError } from '../../src/lib/errors.js';
import { incident } from '../support/incidents.js';
import { HOSTILE, LivePage, SOON, warningLine } from '../support/live-page.js';
import { MOMENT, pattern } from '../support/moment-words.js';
import { PHONE } from '../support/page-browser.js';

const AWAY = { state: 'retrying', detail: 'connect ECONNREFUSED, trying again' } as const;
/** A stream that never sends anything, and requests that are never answered: the page can only ask. */
const NO_ANSWER = `window.EventSource = class extends EventTarget { readyState = 0; close() {} };
  window.EventSource.CLOSED = 2;
  window.fetch = () => new Promise(() => {});`;

describe.skipIf(!requireServer('chromium'))('the strip of the live page', { timeout: 60_000 }, () => {
  const live = new LivePage();
  const text = (selector: string) => live.text(selector);
  const isOpen = () => live.page.evaluate(`document.getElementById('strip').open`);
  const summary = () => live.page.locator('#strip > summary');
  const arrows = () => live.page.locator('#strip .flow-arrow.flowing').count();

  function receive(): void {
    live.view.recordsPerSecond = 32;
    live.view.connections = 20;
    live.view.outcomes = { written: 1_234, parked: { 'payload-not-json': 28 } };
    live.view.waiting = { ...live.view.waiting, oldestMs: 412 };
    live.view.facts = { ...live.view.facts, setAsideToday: 28 };
  }

  function takeStoreAway(known: Parameters<typeof incident>[0] = {}): void {
    live.view.sinkStatus = AWAY;
    live.view.sinkStopped = true;
    live.view.lagMs = 1_347_000;
    live.view.logSizeBytes = 300_000_000;
    live.view.waiting = {
      records: 43_104,
      bytes: 9_900_000,
      oldestMs: 1_347_000,
      caughtUp: { state: 'never' },
      catchUp: { state: 'in', ms: 120_000 },
      logFull: { state: 'in', ms: 16_860_000 },
      summary: '43,104 records wait',
    };
    live.view.facts = { ...live.view.facts, logBytesPerSecond: 7_500, incident: incident(known) };
  }

  function bringStoreBack(): void {
    live.view.sinkStatus = { state: 'healthy', detail: '' };
    live.view.sinkStopped = false;
    live.view.lagMs = 0;
    live.view.waiting = { ...live.view.waiting, records: 0, oldestMs: 0 };
    live.view.facts = { ...live.view.facts, incident: null };
  }

  it('is one line while the gateway is well: what flows, how far behind, what was set aside', async () => {
    receive();
    const page = await live.open();
    await text('#overall').toBe('Gateway is well');
    await expect
      .poll(() => page.locator('#strip .flow').textContent(), SOON)
      .toBe('MQTT 32/s Log empty Rules 32/s InfluxDB 32/s');
    await text('#strip-facts').toBe('0.4 s behind28 set aside today');
    expect(await isOpen()).toBe(false);
    await expect.poll(arrows, SOON).toBe(3);
    await summary().click();
    await text('.strip-body').toContain('20 devices connected.');
    await text('.strip-body').toContain('28 set aside today.');
    for (const path of ['/devices', '/set-aside', '/pipeline']) {
      await page.locator(`#tabs a[href="${path}"]`).click();
      expect(await page.locator('#overall').isVisible()).toBe(true);
    }
  });

  it('is ready, not well, before anything was received, and says what was not tried yet', async () => {
    live.view.facts = { ...live.view.facts, sinkLastAnswerMs: null };
    const page = await live.open();
    await text('#overall').toBe('Ready, nothing received yet');
    await text('[data-flow=sink]').toBe('InfluxDB not tried yet');
    await text('[data-flow=broker]').toBe('MQTT listening');
    expect(await arrows()).toBe(0);
    expect(await page.locator('#overall').getAttribute('class')).toContain('unknown');
    expect(await page.locator('#strip-facts').textContent()).toBe('');
    receive();
    await text('#overall').toBe('InfluxDB not tried yet');
    live.view.facts = { ...live.view.facts, sinkLastAnswerMs: Date.now() };
    await text('#overall').toBe('Gateway is well');
  });

  it('moves no arrow for a person who asked for less motion', async () => {
    receive();
    await live.open({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce' });
    await expect.poll(arrows, SOON).toBe(3);
    expect(await live.page.evaluate('document.getAnimations().length')).toBe(0);
  });

  it('makes one incident of an outage, opens once for it, and tells what, how far, what to do and what happened', async () => {
    receive();
    const page = await live.open();
    await text('#overall').toBe('Gateway is well');
    takeStoreAway({ detail: HOSTILE, nextTryMs: Date.now() + 600_000, title: `${HOSTILE} is away` });
    await text('#overall').toBe(`${HOSTILE} is away`);
    await expect.poll(isOpen, SOON).toBe(true);
    await text('#strip-facts').toBe('22 min behindnothing lost');
    await text('#incident-title').toMatch(pattern`^Not stored since ${MOMENT}:\d\d; nothing is lost$`);
    const figures = () => page.locator('.figures > div').allTextContents();
    expect(await figures()).toEqual([
      'behind22 min',
      'messages waiting43,104',
      'until the log is fullabout 4 h 41 min',
      'catching up takesabout 2 min',
    ]);
    const room = page.getByRole('img', {
      name: /^Of the log 6\s% is used. At this rate it is full in 4 h 41 min/,
    });
    expect(await room.isVisible()).toBe(true);
    await text('.room').toMatch(pattern`^286\.1 MiB of 4 GiB, 7\.3 KiB/sfull at about ${MOMENT}$`);
    await text('.numbered').toContain('sluice doctor');
    await text('.numbered').toMatch(/no restart: it goes on automatically. Next try in \d+ s\./);
    await text('.timeline').toContain('InfluxDB refuses the connection');
    expect(await page.title()).toBe(`▲ ${HOSTILE} is away · Sluice`);
    expect(await page.locator('#icon').getAttribute('href')).toBe('/assets/icon-slow.svg');
    expect(await page.locator('#strip .flow .state').count()).toBe(1);
    expect(await page.locator('img').count()).toBe(0);
  });

  it('says what is not known yet in the first minute of an incident', async () => {
    receive();
    takeStoreAway();
    live.view.waiting = {
      ...live.view.waiting,
      catchUp: { state: 'unknown' },
      logFull: { state: 'unknown' },
    };
    await live.open();
    await text('.figures > div:nth-child(3)').toBe('until the log is fullnot known yet');
    await text('.figures > div:nth-child(4)').toBe('catching up takesnot known yet');
    await text('.room').not.toContain('full at about');
  });

  it('stays closed when the reader has closed it, also when the page is loaded again, and opens for the next', async () => {
    receive();
    takeStoreAway();
    const page = await live.open();
    await expect.poll(isOpen, SOON).toBe(true);
    await summary().click();
    await expect.poll(isOpen, SOON).toBe(false);
    live.view.facts = { ...live.view.facts, incident: incident({ tries: 99, lost: 2 }) };
    await text('#strip-facts').toContain('2 lost');
    expect(await isOpen()).toBe(false);
    await page.reload();
    await text('#strip-facts').toContain('2 lost');
    expect(await isOpen()).toBe(false);
    bringStoreBack();
    await text('#overall').toBe('Gateway is well');
    expect(await page.title()).toBe('Sluice');
    takeStoreAway({ id: 'the next' });
    await expect.poll(isOpen, SOON).toBe(true);
    bringStoreBack();
    await expect.poll(isOpen, SOON).toBe(false);
  });

  it('leads to the earlier incidents', async () => {
    receive();
    takeStoreAway();
    live.view.incidentList = [incident({ id: 'old', title: 'The log was full', fromMs: 1, toMs: 60_001 })];
    const page = await live.open();
    await page.getByRole('link', { name: 'Earlier incidents' }).click();
    expect(await page.evaluate('location.pathname')).toBe('/pipeline');
    expect(await page.evaluate('document.activeElement.id')).toBe('incidents-title');
    await text('#incidents').toContain('The log was full');
  });

  it('claims nothing while it asks, and says for how long it has asked', async () => {
    const page = await live.open({}, { path: '/pipeline', script: NO_ANSWER, hasClock: true });
    expect(await page.locator('#overall').textContent()).toBe('Asking the gateway…');
    const claims = /\bnone\b|healthy|\bwell\b|\b0\b|nothing (?:is|was|yet|received)|adds up|no warning/i;
    for (const path of ['/', '/devices', '/set-aside', '/pipeline']) {
      await page.locator(`#tabs a[href="${path}"]`).click();
      // What is not shown, as a dialog or what a state alone brings, claims nothing.
      expect(await page.locator('body').innerText(), path).not.toMatch(claims);
    }
    expect(await page.locator('.bone').first().isVisible()).toBe(true);
    await page.clock.runFor(3_100);
    await text('#overall').toMatch(/^Asking the gateway since \d\d:\d\d:\d\d…$/);
  });

  it('is red when the gateway is gone, keeps the last numbers with their time, and goes on when it is back', async () => {
    live.mayComplain = true;
    receive();
    const page = await live.open({}, { path: '/pipeline' });
    await text('[data-ledger=written]').toBe('1,234');
    await text('#overall').toBe('Gateway is well');
    await live.server.close();
    await text('#overall').toBe('The gateway does not answer this page');
    await text('#strip-facts').toMatch(/^asked every secondwhat is shown is as of \d\d:\d\d:\d\d$/);
    expect(await page.title()).toBe('● The gateway does not answer this page · Sluice');
    await text('.strip-body.gone').toContain('systemctl status sluice');
    await text('.strip-body.gone').toContain('cannot be known from here');
    await expect.poll(isOpen, SOON).toBe(true);
    expect(await page.locator('[data-ledger=written]').textContent()).toBe('1,234');
    expect(await page.locator('.clock').isVisible()).toBe(false);
    expect(await page.locator('#strip .flow').isVisible()).toBe(false);
    expect(await page.evaluate('document.getAnimations().length')).toBe(0);

    await live.serve();
    await text('#overall').toBe('Gateway is well');
    await expect.poll(isOpen, SOON).toBe(false);
    expect(await page.locator('.clock').isVisible()).toBe(true);
  });

  it('gives the reason when the gateway cannot give its state', async () => {
    receive();
    await live.open();
    await text('#overall').toBe('Gateway is well');
    live.view.failure = new SluiceError('DEAD_LETTER_FAILED', 'The folder cannot be read.');
    await text('#overall').toBe('The gateway answers with an error: The folder cannot be read.');
    await text('.strip-body.gone').toContain('Read the log of the gateway');
    expect(await live.page.getByText('systemctl').isVisible()).toBe(false);
    live.view.failure = undefined;
    await text('#overall').toBe('Gateway is well');
  });

  it('is one line on a phone also in trouble; a tap opens it', async () => {
    receive();
    takeStoreAway();
    const page = await live.open(PHONE);
    await text('#overall').toBe('InfluxDB does not answer');
    expect(await isOpen()).toBe(false);
    expect(await page.locator('.strip-fact:visible').allTextContents()).toEqual(['22 min behind']);
    expect((await summary().boundingBox())!.height).toBeLessThan(64);
    await summary().tap();
    await live.shown('#incident-title').toBe(true);
    await live.expectToFit();
  });

  it('has every curve whole in the first second', async () => {
    const stepMs = 1_000;
    const rates = Object.fromEntries(
      ['broker', 'log', 'consumer', 'sink'].map((stage) => [stage, Array(170).fill(32)]),
    );
    live.view.stageHistory = {
      range: '3m',
      stepMs,
      fromMs: Date.now() - 170 * stepMs,
      rates,
      behindMs: Array(170).fill(400),
    };
    receive();
    const page = await live.open({}, { path: '/pipeline' });
    await live.shown('[data-stage=sink] .spark-line').toBe(true);
    const beginsAt = () =>
      page.evaluate(`[...document.querySelectorAll('#path .spark-line')]
        .map((line) => Number(line.getAttribute('d').match(/^M([\\d.]+)/)[1]))`) as Promise<number[]>;
    // 170 of 180 seconds: a curve that began with the page would begin at the right edge, 160.
    for (const x of await beginsAt()) expect(x).toBeLessThan(16);
    expect(await page.locator('#path .spark-line').count()).toBe(4);
  });

  it('shows date, time and zone of the gateway once, and version and links at the end', async () => {
    receive();
    live.view.facts = { ...live.view.facts, timeZone: 'Asia/Tokyo' };
    const page = await live.open({ viewport: { width: 1440, height: 900 }, timezoneId: 'Europe/Berlin' });
    await text('#clock-time').toMatch(/^\d\d:\d\d:\d\d$/);
    await text('#clock-day').toMatch(/^\w{3} \d{1,2} \w+ \d{4}$/);
    await text('#clock-zone').toMatch(/^Europe\/Berlin, UTC\+[12]; the gateway is in Asia\/Tokyo, UTC\+9$/);
    await text('#about').toBe('Sluice 0.1.0-test, up 1 min');
    for (const path of ['/api/state', '/api/ledger', '/metrics', '/readyz'])
      expect(await page.getByRole('contentinfo').getByRole('link', { name: path }).count()).toBe(1);
  });

  it('folds the warnings of one incident into one row, and counts them nowhere', async () => {
    receive();
    takeStoreAway();
    live.view.warningLines = [
      ...[1, 2, 3, 4].map((seq) => warningLine({ seq, code: 'STORE_UNAVAILABLE' })),
      warningLine({ seq: 5, code: 'CARDINALITY_EXCEEDED' }),
    ];
    const page = await live.open();
    await text('#pipeline-badge').toBe('1');
    await page.locator('#tabs a[href="/pipeline"]').click();
    await expect.poll(() => page.locator('#warnings > li').count(), SOON).toBe(2);
    await text('[data-of-incident] summary').toBe('InfluxDB does not answer 4 lines of one incident');
    expect(await page.locator('[data-of-incident] li').first().isVisible()).toBe(false);
    await page.locator('[data-of-incident] summary').click();
    expect(await page.locator('[data-of-incident] li').count()).toBe(4);
  });
});
