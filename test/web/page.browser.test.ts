import { beforeEach, describe, expect, it } from 'vitest';
import { requireServer } from '../../harness/servers.js';
import { SluiceError } from '../../src/lib/errors.js';
import { type FakeGatewayView, parkedDetail } from '../support/fake-gateway-view.js';
import { HOSTILE, LivePage, SOON } from '../support/live-page.js';

describe.skipIf(!requireServer('chromium'))('the live page', { timeout: 40_000 }, () => {
  const live = new LivePage({ viewport: { width: 1280, height: 1600 } });
  let view: FakeGatewayView;
  beforeEach(() => {
    ({ view } = live);
  });
  const text = (selector: string) => live.text(selector);
  const shown = (selector: string) => live.shown(selector);

  function storeClimate(): void {
    view.stored = [
      {
        name: 'climate',
        tags: ['device', 'city'],
        fields: [
          { name: 'id', type: 'float' },
          { name: 'temperature', type: 'float' },
          { name: 'humidity', type: 'float' },
        ],
      },
    ];
    view.tagValues = { device: ['d1', 'd2', 'd3', 'd4'], city: ['Mumbai', 'Pune'] };
  }

  it('shows the ledger, the rates and a chart, updates automatically, and asks only the gateway', async () => {
    view.recordsPerSecond = 500;
    view.connections = 12;
    view.outcomes = {
      written: 1_234,
      parked: { 'payload-not-json': 5 },
      filtered: { 'too-cold': 2 },
      buffered: 7,
    };
    storeClimate();
    const page = await live.open({}, { path: '/pipeline' });

    await text('[data-ledger=received]').toBe('1,248');
    await text('[data-ledger=written]').toBe('1,234');
    await text('#balance').toBe('adds up');
    await text('#reasons').toContain('payload-not-json5');
    await text('#reasons').toContain('too-cold2');
    for (const stage of ['broker', 'log', 'consumer', 'sink'])
      await text(`[data-rate=${stage}]`).toMatch(/^[45]\d\d$/);
    await text('#overall').toBe('Gateway is well');
    await page.getByRole('link', { name: 'Overview' }).click();
    await shown('.chart-card canvas').toBe(true);
    await expect
      .poll(() => page.locator('.chart-card .lines .name').allTextContents(), SOON)
      .toEqual(['Mumbai', 'Pune']);
    expect(await page.locator('.chart-card').getByLabel('Field').inputValue()).toBe('temperature');

    await page.getByRole('link', { name: 'Pipeline' }).click();
    view.outcomes = { ...view.outcomes, written: 2_000 };
    await text('[data-ledger=written]').toBe('2,000');
  });

  it('draws lines in the colours of the legend', async () => {
    storeClimate();
    const page = await live.open();
    await shown('.chart-card canvas').toBe(true);
    const isLinePainted = () =>
      page.evaluate(`(() => {
        const canvas = document.querySelector('.chart-card canvas');
        const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
        for (let at = 0; at < pixels.length; at += 4) {
          if (pixels[at] === 0x1f && pixels[at + 1] === 0x6f && pixels[at + 2] === 0xb5 && pixels[at + 3] === 255) return true;
        }
        return false;
      })()`);
    await page.getByRole('button', { name: /Mumbai/ }).hover();
    await expect.poll(isLinePainted, SOON).toBe(true);
    await page.getByRole('button', { name: /Mumbai/ }).click();
    await expect.poll(isLinePainted, SOON).toBe(false);
  });

  it('asks for the field, the tag and the range that the person chooses', async () => {
    storeClimate();
    const page = await live.open();
    await shown('.chart-card canvas').toBe(true);
    await page.locator('.chart-card').getByLabel('Field').selectOption('humidity');
    await page.getByRole('button', { name: 'Compare…' }).click();
    await page.getByLabel('Line per').selectOption('device');
    await page.getByRole('radio', { name: '24 h' }).check();
    await expect
      .poll(() => view.seriesQueries.findLast(({ field }) => field === 'humidity'), SOON)
      .toMatchObject({ measurement: 'climate', by: 'device', bucketMs: 300_000 });
    await expect
      .poll(() => page.locator('.lines .name').allTextContents(), SOON)
      .toEqual(['d1', 'd2', 'd3', 'd4']);
  });

  it('gives a measurement that appears later a card of its own', async () => {
    storeClimate();
    const page = await live.open({}, { hasClock: true, hash: 'live=5m' });
    await shown('.chart-card canvas').toBe(true);
    view.stored = [...view.stored, { name: 'energy', tags: [], fields: [{ name: 'power', type: 'int' }] }];
    await live.pass(4_000);
    await expect
      .poll(() => page.locator('.chart-card h2').allTextContents(), SOON)
      .toEqual(['climate', 'energy']);
    await expect.poll(() => page.locator('.chart-card canvas').count(), SOON).toBe(2);
  });

  it('shows names that devices chose as text, whatever they hold', async () => {
    view.stored = [{ name: HOSTILE, tags: [HOSTILE], fields: [{ name: HOSTILE, type: 'float' }] }];
    view.tagValues = { [HOSTILE]: [HOSTILE, '__proto__'] };
    view.outcomes = { written: 1, parked: { [HOSTILE]: 1 }, filtered: { [HOSTILE]: 1 } };
    view.sinkStatus = { state: 'retrying', detail: HOSTILE };
    view.deadLetters = [
      parkedDetail({
        id: '1',
        parkedAtMs: Date.now(),
        topic: HOSTILE,
        clientId: HOSTILE,
        code: 'payload-not-json',
        reason: HOSTILE,
      }),
    ];
    const page = await live.open();
    await text('.chart-card h2').toBe(HOSTILE);
    await shown('.chart-card canvas').toBe(true);
    await text('.lines').toContain(HOSTILE);
    await page.getByRole('link', { name: 'Set aside' }).click();
    await text('#dead-letters-rows .row-open').toBe(HOSTILE);
    await page.getByRole('link', { name: 'Pipeline' }).click();
    await text('[data-stage=sink] .sentence').toBe(HOSTILE);
    expect(await page.locator('img').count()).toBe(0);
  });

  it('cannot be made to write HTML: the browser itself refuses (Trusted Types)', async () => {
    live.mayComplain = true;
    const page = await live.open();
    const attempt = page.evaluate(`document.body.innerHTML = '<b>no</b>'`);
    await expect(attempt).rejects.toThrow(/TrustedHTML/);
  });

  it('shows the first steps until something was received', async () => {
    const page = await live.open();
    await text('#command').toMatch(/^mosquitto_pub -h 127\.0\.0\.1 -q 1 -t \S+ -m '\{.*\}'$/);
    expect(await page.locator('#first-steps').isVisible()).toBe(true);
    await text('#charts-note').toContain('Nothing is in the store yet');
    view.outcomes = { written: 1 };
    await shown('#first-steps').toBe(false);
  });

  it('says in one sentence that a store cannot be queried, and does not ask again', async () => {
    view.storeFailure = new SluiceError('SINK_QUERY_UNSUPPORTED', 'This version has no query API.');
    live.mayComplain = true;
    const page = await live.open({}, { hasClock: true });
    await text('#charts-note').toContain('This version has no query API.');
    expect(await page.locator('.chart-card').count()).toBe(0);
    const asked = () => live.asked('/api/measurements').length;
    expect(asked()).toBe(1);
    await live.pass(20_000);
    expect(asked()).toBe(1);
  });

  it('gives each control of a chart a label, and says in words what is drawn', async () => {
    storeClimate();
    const page = await live.open();
    await shown('.chart-card canvas').toBe(true);
    const labelCounts = `[...document.querySelectorAll('#readings :is(select, input)')].map((control) => control.labels.length)`;
    expect(new Set((await page.evaluate(labelCounts)) as number[])).toEqual(new Set([1]));
    expect(await page.getByRole('img', { name: /temperature by city, last 24 hours/ }).count()).toBe(1);
    await page.getByRole('radio', { name: '24 h', exact: true }).focus();
    await page.keyboard.press('ArrowRight');
    expect(await page.getByRole('radio', { name: '7 d' }).isChecked()).toBe(true);
  });
});
