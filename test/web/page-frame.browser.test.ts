import { describe, expect, it } from 'vitest';
import { requireServer } from '../../harness/servers.js';
import type { BudgetUse } from '../../src/rules/policies/budget-use.js';
import { DEFAULT_CARDINALITY } from '../../src/rules/policies/policy-options.js';
import { parkedDetail } from '../support/fake-gateway-view.js';
import { LivePage, SOON, warningLine } from '../support/live-page.js';
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
  let level = 0;
  const isModal = document.querySelector('dialog[open]') !== null;
  for (const heading of document.querySelectorAll(isModal ? 'dialog[open] :is(h1, h2, h3, h4)' : 'h1, h2, h3, h4')) {
    if (!shown(heading)) continue;
    const next = Number(heading.localName[1]);
    if (next > level + 1 && !(isModal && level === 0)) faults.push('h' + next + ' after h' + level + ': ' + heading.textContent);
    level = next;
  }
  if (document.querySelectorAll('h1').length !== 1) faults.push('not one h1');
  for (const image of document.querySelectorAll('img:not([alt])')) faults.push('without alt: ' + image.outerHTML);
  return faults;
})()`;

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
    await live.shown('#warnings > li').toBe(true);
    expect(await page.evaluate(FAULTS)).toEqual([]);
    for (const name of ['Path', 'Ledger', 'Measurements', 'Devices', 'Dead letters', 'Warnings'])
      expect(await page.getByRole('region', { name, exact: true }).count()).toBe(1);
    for (const role of ['main', 'banner', 'navigation', 'contentinfo'] as const)
      expect(await page.getByRole(role).count()).toBe(1);
    await live.expectToFit();

    await page.getByRole('button', { name: 'Consumer' }).click();
    await live.shown('#drawer').toBe(true);
    expect(await page.evaluate(FAULTS)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'sensors/a/b' }).click();
    await live.shown('#drawer-body pre').toBe(true);
    expect(await page.evaluate(FAULTS)).toEqual([]);
    await live.expectToFit();
    await page.getByRole('button', { name: 'Close' }).click();
    await page.getByRole('button', { name: 'Delete all…' }).click();
    await live.shown('#confirm').toBe(true);
    expect(await page.evaluate(FAULTS)).toEqual([]);
  });

  it('finds what is wrong with a page, or its check would prove nothing', async () => {
    const page = await live.open();
    await page.evaluate(`(() => {
      const bad = document.createElement('button');
      bad.id = 'main';
      const heading = document.createElement('h4');
      heading.textContent = 'deep';
      document.querySelector('h1').after(bad, heading);
    })()`);
    expect(await page.evaluate(FAULTS)).toEqual([
      'the id main is there twice',
      expect.stringContaining('without a name: <button id="main">'),
      'h4 after h1: deep',
    ]);
  });

  it('can be walked by keyboard alone, each place visible, none under the header', async () => {
    fill();
    const page = await live.open();
    await live.shown('.card canvas').toBe(true);
    await live.shown('#dead-letters').toBe(true);
    // The devices are asked for once they are in view; their answer moves what is below them.
    await page.locator('#devices').scrollIntoViewIfNeeded();
    await live.text('#devices-note').toBe('Nothing was received in the last 24 hours.');
    await page.evaluate('scrollTo(0, 0)');
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the content');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Broker');
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
    for (const name of ['Sink', 'filter-code', 'purge-shown', 'sensors/a/b', 'log-level-button'])
      expect(walked).toContain(name);
  });

  it.each([
    ['a desktop', { viewport: { width: 1440, height: 600 } }],
    ['a phone', PHONE],
  ])(
    'jumps to a section with the focus, below the header, and leaves what stands behind the # alone, on %s',
    async (_where, options) => {
      fill();
      const page = await live.open(options);
      await live.shown('.card canvas').toBe(true);
      await page.evaluate(`history.replaceState(null, '', '#live=15m')`);
      await page.getByRole('link', { name: 'Ledger', exact: true }).click();
      expect(await page.evaluate('document.activeElement.id')).toBe('ledger-title');
      const place = (await page.locator('#ledger-title').boundingBox())!;
      const header = (await page.getByRole('banner').boundingBox())!;
      expect(place.y).toBeGreaterThan(header.y + header.height);
      expect(place.y).toBeLessThan(200);
      expect(await page.evaluate('location.hash')).toBe('#live=15m');
      await expect.poll(() => page.locator('.sections [aria-current]').textContent(), SOON).toBe('Ledger');
    },
  );

  it('explains its words to mouse and keyboard', async () => {
    const page = await live.open();
    const help = page.getByRole('tooltip');
    const word = page.locator('.equation').getByRole('button', { name: 'parked' });
    await word.hover();
    await expect.poll(() => help.textContent(), SOON).toMatch(/^Set aside: /);
    expect(await help.isVisible()).toBe(true);
    await page.locator('#overall').hover();
    await expect.poll(() => help.isVisible(), SOON).toBe(false);

    await page.getByRole('button', { name: 'Ledger' }).focus();
    await page.keyboard.press('Tab');
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
    const page = await live.open(PHONE);
    const help = page.getByRole('tooltip');
    await page.locator('.equation').getByRole('button', { name: 'buffered' }).tap();
    await expect.poll(() => help.textContent(), SOON).toMatch(/^Waiting: /);
    expect(await help.isVisible()).toBe(true);
    await live.expectToFit();
    await page.locator('#balance').tap();
    await expect.poll(() => help.isVisible(), SOON).toBe(false);
  });

  it('links no section that is hidden', async () => {
    const page = await live.open();
    await text('#overall').toBe('All stages healthy');
    await page.evaluate(`document.getElementById('ledger-title').closest('section').hidden = true`);
    await expect.poll(() => page.getByRole('link', { name: 'Ledger', exact: true }).count(), SOON).toBe(0);
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
    const page = await live.open({}, { script });
    await text('[data-ledger=written]').toBe('5');
    await page.getByRole('button', { name: 'Theme: Auto' }).click();
    expect(await theme()).toBe('light');
    await page.getByRole('link', { name: /^Warnings/ }).click();
    await live.shown('.sections a[href="#warnings-title"] .badge').toBe(false);
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
    const page = await live.open({ viewport: { width: 320, height: 1_000 } });
    await live.shown('#dead-letters').toBe(true);
    await live.shown('#warnings').toBe(true);
    await text('[data-stage=sink] .state').toBe('Retrying');
    for (const width of [320, 390, 768, 1100, 1440, 2560]) {
      await page.setViewportSize({ width, height: 1_000 });
      await live.expectToFit();
    }
  });
});
