import { describe, expect, it } from 'vitest';
import { requireServer } from '../../harness/servers.js';
import type { BudgetUse } from '../../src/rules/policies/budget-use.js';
import { DEFAULT_CARDINALITY } from '../../src/rules/policies/policy-options.js';
import { parkedDetail } from '../support/fake-gateway-view.js';
import { incident } from '../support/incidents.js';
import { LivePage, SOON, type ViewPath, warningLine } from '../support/live-page.js';
import { DESKTOP, PHONE } from '../support/page-browser.js';

/** What a screen reader would stumble over, as sentences. */
const FAULTS = `(() => {
  const faults = [];
  const seen = new Set();
  for (const { id } of document.querySelectorAll('[id]')) {
    if (seen.has(id)) faults.push('the id ' + id + ' is there twice');
    seen.add(id);
  }
  for (const attribute of ['aria-labelledby', 'aria-describedby', 'for', 'list']) {
    for (const node of document.querySelectorAll('[' + attribute + ']'))
      for (const id of node.getAttribute(attribute).split(' '))
        if (!seen.has(id)) faults.push(attribute + ' names no ' + id);
  }
  const nameOf = (node) => (
    node.getAttribute('aria-label') ??
    document.getElementById(node.getAttribute('aria-labelledby'))?.textContent ??
    (node.labels?.length ? [...node.labels].map((label) => label.textContent).join(' ') : node.textContent)
  ).trim();
  const shown = (node) => node.checkVisibility() && node.closest('dialog:not([open])') === null;
  for (const node of document.querySelectorAll('a[href], button, select, input, progress, [role=meter], [role=img], dialog'))
    if (shown(node) && nameOf(node) === '') faults.push('without a name: ' + node.outerHTML.slice(0, 120));
  for (const node of document.querySelectorAll('ul > :not(li), ol > :not(li), [tabindex]:not([tabindex="0"], [tabindex="-1"])'))
    faults.push('out of place: ' + node.outerHTML.slice(0, 120));
  // What needs a look may come before the heading of the readings.
  let level = 1;
  const isModal = document.querySelector('dialog[open]') !== null;
  for (const heading of document.querySelectorAll(isModal ? 'dialog[open] :is(h1, h2, h3, h4)' : 'h1, h2, h3, h4')) {
    if (!shown(heading)) continue;
    const next = Number(heading.localName[1]);
    if (next > level + 1 && !(isModal && level === 1)) faults.push('h' + next + ' after h' + level + ': ' + heading.textContent);
    level = next;
  }
  if ([...document.querySelectorAll('h1')].filter(shown).length !== 1) faults.push('not one h1');
  for (const image of document.querySelectorAll('img:not([alt])')) faults.push('without alt: ' + image.outerHTML);
  return faults;
})()`;

const VIEWS: readonly ViewPath[] = ['/', '/devices', '/set-aside', '/pipeline'];

const FULL_BUDGET: BudgetUse = {
  ratios: { series: 1, 'tag-values': 0, 'client-series': 0, fields: 0, 'client-fields': 0 },
  limits: DEFAULT_CARDINALITY,
  measurements: [
    {
      measurement: 'climate',
      series: 9,
      fields: 1,
      tags: [],
      clients: [],
      fieldClients: [],
      fullest: { budget: 'series', used: 9, limit: 9 },
    },
  ],
};

describe.skipIf(!requireServer('chromium'))('the frame of the live page', { timeout: 40_000 }, () => {
  const live = new LivePage();
  const text = (selector: string) => live.text(selector);
  const theme = () => live.page.evaluate('document.documentElement.dataset.theme');
  const tab = (path: string) => live.page.locator(`#tabs a[href="${path}"]`);
  const ground = () => live.page.evaluate('getComputedStyle(document.body).backgroundColor');

  function fill(): void {
    live.view.recordsPerSecond = 50;
    live.view.outcomes = { written: 5, parked: { 'payload-not-json': 1 }, filtered: { cold: 2 } };
    live.view.deadLetters = [parkedDetail({ id: '1', rule: 'r' })];
    live.view.warningLines = [warningLine({ seq: 1 })];
    live.view.budgetUse = FULL_BUDGET;
    live.view.stored = [
      { name: 'climate', tags: ['city'], fields: [{ name: 'temperature', type: 'float' }] },
    ];
  }

  it.each([
    ['a desktop', DESKTOP],
    ['a phone', PHONE],
  ])('gives each control a name, headings in order and each id once on %s', async (_where, options) => {
    fill();
    const page = await live.open(options);
    await live.shown('.card canvas').toBe(true);
    for (const path of VIEWS) {
      await tab(path).click();
      await live.answered();
      expect(await page.evaluate(FAULTS), path).toEqual([]);
      for (const role of ['main', 'banner', 'navigation', 'contentinfo'] as const)
        expect(await page.getByRole(role).count()).toBe(1);
      await live.expectToFit();
    }
    for (const name of [
      'Pipeline',
      'Every message accounted for',
      'How far behind',
      'Incidents',
      'What the gateway wrote',
      'Series and fields',
    ])
      expect(await page.locator('#view-pipeline').getByRole('region', { name, exact: true }).count()).toBe(1);
    await page.getByRole('button', { name: 'Rules' }).click();
    await live.shown('#drawer').toBe(true);
    expect(await page.evaluate(FAULTS)).toEqual([]);
    await page.keyboard.press('Escape');
    live.view.facts = { ...live.view.facts, incident: incident() };
    await text('#overall').toBe('InfluxDB does not answer');
    expect(await page.evaluate(FAULTS)).toEqual([]);
    await live.expectToFit();
  });

  it('finds what is wrong with a page, or its check would prove nothing', async () => {
    const page = await live.open({}, { path: '/pipeline' });
    await page.evaluate(`(() => {
      const bad = document.createElement('button');
      bad.id = 'main';
      const heading = document.createElement('h4');
      heading.textContent = 'deep';
      document.querySelector('#path-title').after(bad, heading);
    })()`);
    expect(await page.evaluate(FAULTS)).toEqual([
      'the id main is there twice',
      expect.stringContaining('without a name: <button id="main">'),
      'h4 after h1: deep',
    ]);
  });

  it('can be walked by keyboard alone, each place visible, none under the header', async () => {
    fill();
    const page = await live.open({}, { path: '/pipeline' });
    await live.shown('#warnings > li').toBe(true);
    await live.shown('.budget').toBe(true);
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the content');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('MQTT');
    const walked: string[] = [];
    for (let step = 0; step < 60; step += 1) {
      const { name, ...seen } = (await page.evaluate(`(() => {
        const node = document.activeElement;
        const { top, bottom } = node.getBoundingClientRect();
        const outlines = [getComputedStyle(node), getComputedStyle(node, '::after'), getComputedStyle(node.nextElementSibling ?? node)];
        return {
          name: node.id || node.textContent,
          isMarked: outlines.some((style) => style.outlineStyle !== 'none'),
          isInSight: bottom > document.querySelector('header').getBoundingClientRect().bottom && top < innerHeight,
          top,
          bottom,
        };
      })()`)) as { name: string; isMarked: boolean; isInSight: boolean; top: number; bottom: number };
      expect(seen, `${name} after ${walked.at(-1)}`).toEqual({ ...seen, isMarked: true, isInSight: true });
      walked.push(name);
      // What comes after the last link is up to the browser.
      if (name === '/readyz') break;
      await page.keyboard.press('Tab');
    }
    expect(walked.at(-1)).toBe('/readyz');
    for (const name of ['InfluxDB', 'dropped (QoS 0)', 'Every message accounted for', 'log-level-button'])
      expect(walked).toContain(name);
  });

  it.each([
    ['a desktop', { viewport: { width: 1440, height: 600 } }],
    ['a phone', PHONE],
  ])(
    'opens each view by its tab, goes back, and leaves what stands behind the # alone, on %s',
    async (_where, options) => {
      fill();
      const page = await live.open(options, { hash: 'live=15m' });
      await text('#overall').toBe('Gateway is well');
      for (const path of VIEWS) {
        await tab(path).click();
        expect(await page.evaluate('location.pathname')).toBe(path);
        expect(await page.evaluate('location.hash')).toBe('#live=15m');
        expect(await page.locator('.view:visible').count()).toBe(1);
        expect(await tab(path).getAttribute('aria-current')).toBe('page');
        expect(await tab(path).isVisible()).toBe(true);
      }
      await page.goBack();
      expect(await page.evaluate('location.pathname')).toBe('/set-aside');
      expect(await page.locator('#view-set-aside').isVisible()).toBe(true);
    },
  );

  it('jumps to a section of another view with the focus, below the header', async () => {
    live.view.outcomes = { written: 5, filtered: { cold: 2 } };
    const page = await live.open({ viewport: { width: 1440, height: 600 } }, { path: '/pipeline' });
    await page.locator('[data-branch="consumer:filtered"] a').click();
    expect(await page.evaluate('document.activeElement.id')).toBe('ledger-title');
    const place = (await page.locator('#ledger-title').boundingBox())!;
    const header = (await page.getByRole('banner').boundingBox())!;
    expect(place.y).toBeGreaterThan(header.y + header.height);
    expect(place.y).toBeLessThan(600);
  });

  it('explains its words to mouse and keyboard', async () => {
    const page = await live.open({}, { path: '/pipeline' });
    const help = page.getByRole('tooltip');
    const word = page.locator('#ledger-table').getByRole('button', { name: 'set aside' });
    await word.hover();
    await expect.poll(() => help.textContent(), SOON).toMatch(/^Set aside: /);
    expect(await help.isVisible()).toBe(true);
    await page.locator('#path-title').hover();
    await expect.poll(() => help.isVisible(), SOON).toBe(false);

    await page.locator('#ledger-table').getByRole('button', { name: 'stored' }).focus();
    await page.keyboard.press('Tab');
    await expect.poll(() => help.textContent(), SOON).toMatch(/^Set aside: /);
    expect(await word.getAttribute('aria-describedby')).toBe(await help.getAttribute('id'));
    await page.keyboard.press('Escape');
    await expect.poll(() => help.isVisible(), SOON).toBe(false);
    await page.locator('[data-branch="broker:shed"] button').hover();
    await expect.poll(() => help.textContent(), SOON).toMatch(/^Dropped: /);
    await page.locator('[data-branch="consumer:filtered"] a').hover();
    await expect.poll(() => help.textContent(), SOON).toMatch(/^Ignored: /);
  });

  it('explains its words to touch', async () => {
    const page = await live.open(PHONE, { path: '/pipeline' });
    const help = page.getByRole('tooltip');
    await page.locator('#ledger-table').getByRole('button', { name: 'waiting' }).tap();
    await expect.poll(() => help.textContent(), SOON).toMatch(/^Waiting: /);
    expect(await help.isVisible()).toBe(true);
    await live.expectToFit();
    await page.locator('#balance').tap();
    await expect.poll(() => help.isVisible(), SOON).toBe(false);
  });

  it('is light or dark as the system is, or as the person chose, also after the page was loaded again', async () => {
    const page = await live.open({ ...DESKTOP, colorScheme: 'dark' });
    expect(await theme()).toBe('dark');
    const dark = await ground();
    await page.emulateMedia({ colorScheme: 'light' });
    await expect.poll(theme, SOON).toBe('light');
    expect(await ground()).not.toBe(dark);
    await page.getByRole('button', { name: 'Theme: Auto' }).click();
    await page.getByRole('button', { name: 'Theme: Light' }).click();
    expect(await theme()).toBe('dark');
    await page.reload();
    expect(await theme()).toBe('dark');
    expect(await ground()).toBe(dark);
    await page.getByRole('button', { name: 'Theme: Dark' }).click();
    expect(await theme()).toBe('light');
  });

  it('works where the browser refuses storage', async () => {
    fill();
    const script = `Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError'); } })`;
    live.view.facts = { ...live.view.facts, incident: incident() };
    const page = await live.open({}, { script });
    await text('[data-ledger=written]').toBe('5');
    await page.getByRole('button', { name: 'Theme: Auto' }).click();
    expect(await theme()).toBe('light');
    await page.locator('#strip > summary').click();
    await live.shown('.strip-body').toBe(false);
    await tab('/pipeline').click();
    await live.shown('#pipeline-badge').toBe(false);
  });

  it('fits every width without a horizontal scroll, with long names in it', async () => {
    const long = 'very-long-level/'.repeat(40);
    live.view.recordsPerSecond = 1_234_567;
    live.view.stored = [
      {
        name: 'm'.repeat(300),
        tags: ['t'.repeat(200)],
        fields: [{ name: 'f'.repeat(200), type: 'float' }],
      },
    ];
    live.view.tagValues['t'.repeat(200)] = ['v'.repeat(300), 'w'.repeat(300)];
    live.view.outcomes = {
      written: 987_654_321_098,
      parked: { [long]: 1 },
      buffered: 123_456_789,
      lost: { damaged: 1 },
    };
    live.view.sinkStatus = { state: 'retrying', detail: 'x'.repeat(300) };
    live.view.lagMs = 60_000;
    live.view.logSizeBytes = 4.2e9;
    live.view.deadLetters = [
      parkedDetail({ id: '1', parkedAtMs: 0, topic: long, clientId: long, reason: long, rule: long }),
    ];
    live.view.warningLines = [
      warningLine({
        seq: 1,
        atMs: 0,
        level: 'error',
        code: 'C'.repeat(90),
        sentence: 's'.repeat(500),
        next: long,
        fields: { [long]: long },
      }),
    ];
    const events = Array.from({ length: 40 }, (_, atMs) => ({ atMs, text: long }));
    const trouble = incident({ title: long, detail: long, waited: 1e12, lost: 1e12, events });
    live.view.facts = {
      ...live.view.facts,
      timeZone: 'Pacific/Auckland',
      setAsideToday: 1e12,
      incident: trouble,
    };
    live.view.incidentList = [incident({ id: 'old', fromMs: 1, toMs: 2, title: long, detail: long })];
    const page = await live.open({ viewport: { width: 320, height: 1_000 } }, { path: '/pipeline' });
    await text('[data-stage=sink] .state').toBe('Retrying');
    for (const path of VIEWS) {
      await tab(path).click();
      await live.answered();
      for (const width of [320, 390, 768, 1100, 1440, 2560]) {
        await page.setViewportSize({ width, height: 1_000 });
        for (const isOpen of [true, false]) {
          await page.evaluate(`document.getElementById('strip').open = ${isOpen}`);
          await live.expectToFit();
        }
      }
    }
  });
});
