import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SluiceError } from '../../src/errors.js';
import { type HttpServer, startHttpServer } from '../../src/ops/http-server.js';
import { CHROMIUM_ARGS } from '../support/chromium.js';
import { FakeGatewayView, parkedDetail } from '../support/fake-gateway-view.js';
import { findProgram } from '../support/server-process.js';
import { requireServer } from '../support/servers.js';

const HOSTILE = '<img src=x onerror=alert(1)>';
const STREAM_HEALTHY = { state: 'healthy', detail: '' } as const;
const KINESIS = {
  producer: {
    recordsSent: 60_000,
    kinesisRecordsSent: 900,
    putUnits: 900,
    throttled: 0,
    retried: 0,
    lagMs: 0,
    status: STREAM_HEALTHY,
  },
  reader: {
    recordsRead: 60_000,
    kinesisRecordsRead: 900,
    shards: 4,
    millisBehindLatest: 0,
    throttled: 0,
    status: STREAM_HEALTHY,
  },
};
const SOON = { timeout: 15_000, interval: 100 };

describe.skipIf(!requireServer('chromium'))('the live page', { timeout: 40_000 }, () => {
  let browser: Browser;
  let server: HttpServer;
  let view: FakeGatewayView;
  let page: Page;
  /** Console errors, uncaught exceptions, dialogs. */
  let complaints: string[];
  let requested: string[];

  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: findProgram('chromium') ?? '',
      args: CHROMIUM_ARGS,
    });
  }, 60_000);
  afterAll(() => browser?.close());

  beforeEach(async () => {
    complaints = [];
    requested = [];
    view = new FakeGatewayView();
    view.startedAtMs = Date.now() - 60_000;
    server = await startHttpServer({ host: '127.0.0.1', port: 0, view, mqttPort: 18_830 });
    page = await browser.newPage({ viewport: { width: 1280, height: 1600 } });
    page.on('console', (line) => {
      if (['error', 'warning'].includes(line.type())) complaints.push(line.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('dialog', (dialog) => {
      complaints.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('request', (request) => requested.push(request.url()));
  });
  afterEach(async () => {
    await page.close();
    await server.close();
  });

  const text = (selector: string) => expect.poll(() => page.locator(selector).first().textContent(), SOON);
  const shown = (selector: string) => expect.poll(() => page.locator(selector).first().isVisible(), SOON);

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

  it('shows both sides of Kinesis in the path, what is wrong there, and only the stages of its role', async () => {
    view.kinesis = KINESIS;
    await page.goto(server.url);
    const stages = () => page.locator('#strip h3').allTextContents();
    await expect
      .poll(stages, SOON)
      .toEqual(['Broker', 'Log', 'To Kinesis', 'From Kinesis', 'Consumer', 'Sink']);
    await text('[data-stage=producer]').toContain('PUT units');
    await text('[data-stage=reader]').toContain('shards');
    await text('#overall').toBe('All stages healthy');

    const status = { state: 'misconfigured', detail: 'there is no stream telemetry' } as const;
    view.kinesis = { ...KINESIS, producer: { ...KINESIS.producer, status } };
    await text('[data-stage=producer] .state').toBe('Misconfigured');
    await text('[data-stage=producer] .sentence').toBe('there is no stream telemetry');
    await text('#overall').toBe('To Kinesis: misconfigured');

    view.kinesis = { ...KINESIS, reader: { ...KINESIS.reader, millisBehindLatest: 90_000 } };
    await text('[data-stage=reader] .sentence').toContain('Behind by');

    view.role = 'consume';
    await expect.poll(stages, SOON).toEqual(['From Kinesis', 'Consumer', 'Sink']);
    view.role = 'ingest';
    await expect.poll(stages, SOON).toEqual(['Broker', 'Log', 'To Kinesis']);
    expect(complaints).toEqual([]);
  });

  it('shows the ledger, the rates and a chart, updates by itself, and asks nobody but the gateway', async () => {
    view.recordsPerSecond = 500;
    view.connections = 12;
    view.fates = {
      written: 1_234,
      parked: { 'payload-not-json': 5 },
      filtered: { 'too-cold': 2 },
      buffered: 7,
    };
    storeClimate();
    await page.goto(server.url);

    await text('[data-ledger=received]').toBe('1,248');
    await text('[data-ledger=written]').toBe('1,234');
    await text('#balance').toBe('✓ Balanced');
    await text('#reasons').toContain('payload-not-json5');
    await text('#reasons').toContain('too-cold2');
    for (const stage of ['broker', 'log', 'consumer', 'sink'])
      await text(`[data-rate=${stage}]`).toMatch(/^[45]\d\d$/);
    await text('#overall').toBe('All stages healthy');
    await shown('.card canvas').toBe(true);
    await expect
      .poll(() => page.locator('.card .lines .name').allTextContents(), SOON)
      .toEqual(['Mumbai', 'Pune']);
    expect(await page.getByLabel('Field').inputValue()).toBe('temperature');

    view.fates = { ...view.fates, written: 2_000 };
    await text('[data-ledger=written]').toBe('2,000');

    expect(new Set(requested.map((url) => new URL(url).origin))).toEqual(new Set([server.url]));
    expect(complaints).toEqual([]);
  });

  it('draws lines in the colours of the legend', async () => {
    storeClimate();
    await page.goto(server.url);
    await shown('.card canvas').toBe(true);
    const isLinePainted = () =>
      page.evaluate(`(() => {
        const canvas = document.querySelector('.card canvas');
        const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
        for (let at = 0; at < pixels.length; at += 4) {
          if (pixels[at] === 0x1f && pixels[at + 1] === 0x6f && pixels[at + 2] === 0xb5 && pixels[at + 3] === 255) return true;
        }
        return false;
      })()`);
    await expect.poll(isLinePainted, SOON).toBe(true);
    await page.getByRole('button', { name: /Mumbai/ }).click();
    await expect.poll(isLinePainted, SOON).toBe(false);
  });

  it('asks for the field, the tag and the range that the person chooses', async () => {
    storeClimate();
    await page.goto(server.url);
    await shown('.card canvas').toBe(true);
    await page.getByLabel('Field').selectOption('humidity');
    await page.getByLabel('Line per').selectOption('device');
    await page.getByRole('radio', { name: '24 h' }).check();
    await expect
      .poll(() => view.seriesQueries.at(-1), SOON)
      .toMatchObject({ measurement: 'climate', field: 'humidity', by: 'device', bucketMs: 600_000 });
    await expect
      .poll(() => page.locator('.lines .name').allTextContents(), SOON)
      .toEqual(['d1', 'd2', 'd3', 'd4']);
  });

  it('gives a measurement that appears later a card of its own', async () => {
    storeClimate();
    await page.goto(server.url);
    await shown('.card canvas').toBe(true);
    view.stored = [...view.stored, { name: 'energy', tags: [], fields: [{ name: 'power', type: 'int' }] }];
    await expect.poll(() => page.locator('.card h3').allTextContents(), SOON).toEqual(['climate', 'energy']);
    await expect.poll(() => page.locator('.card canvas').count(), SOON).toBe(2);
  });

  it('shows names that devices chose as text, whatever they hold', async () => {
    view.stored = [{ name: HOSTILE, tags: [HOSTILE], fields: [{ name: HOSTILE, type: 'float' }] }];
    view.tagValues = { [HOSTILE]: [HOSTILE, '__proto__'] };
    view.fates = { written: 1, parked: { [HOSTILE]: 1 }, filtered: { [HOSTILE]: 1 } };
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
    await page.goto(server.url);
    await text('.card h3').toBe(HOSTILE);
    await shown('.card canvas').toBe(true);
    await text('#dead-letters-rows .code').toBe(HOSTILE);
    await text('[data-stage=sink] .sentence').toBe(HOSTILE);
    await text('.lines').toContain(HOSTILE);
    expect(await page.locator('img').count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('cannot be made to write HTML: the browser itself refuses (Trusted Types)', async () => {
    await page.goto(server.url);
    const attempt = page.evaluate(`document.body.innerHTML = '<b>no</b>'`);
    await expect(attempt).rejects.toThrow(/TrustedHTML/);
  });

  it('lists dead letters with time, topic and reason', async () => {
    view.fates = { parked: { 'payload-not-json': 1 } };
    view.deadLetters = [
      parkedDetail({
        id: '1',
        parkedAtMs: Date.now(),
        topic: 'a/b',
        clientId: 'c7',
        code: 'payload-not-json',
        reason: 'Byte 3.',
      }),
    ];
    await page.goto(server.url);
    await text('#dead-letters-rows tr').toMatch(/^\d\d:\d\d:\d\da\/bfrom c7payload-not-jsonByte 3\.$/);
    expect(await page.locator('#dead-letters-note').isVisible()).toBe(false);
  });

  it('shows the new reason of a record that a replay has parked again', async () => {
    const first = parkedDetail({ id: '1', code: 'payload-not-json', reason: 'Byte 3.' });
    view.fates = { parked: { 'payload-not-json': 1 } };
    view.deadLetters = [first];
    await page.goto(server.url);
    await text('#dead-letters-rows tr').toContain('Byte 3.');
    view.deadLetters = [{ ...first, code: 'no-fields', reason: 'None is there.' }];
    await text('#dead-letters-rows tr').toContain('no-fieldsNone is there.');
  });

  it('tells a newcomer what to type, and stops once something came in', async () => {
    await page.goto(server.url);
    await text('#command').toMatch(/^mosquitto_pub -h 127\.0\.0\.1 -p 18830 -q 1 -t \S+ -m '\{.*\}'$/);
    expect(await page.locator('#first-steps').isVisible()).toBe(true);
    await text('#charts-note').toContain('Nothing is in the store yet');
    view.fates = { written: 1 };
    await shown('#first-steps').toBe(false);
    expect(complaints).toEqual([]);
  });

  it('says so when the books do not balance', async () => {
    view.fates = { written: 10 };
    view.received = 13;
    await page.goto(server.url);
    await text('#balance').toBe('✗ Off by 3');
    await text('#overall').toBe('Ledger: off by 3');
  });

  it('says in one sentence that a store cannot be queried, and does not ask again', async () => {
    view.storeFailure = new SluiceError('SINK_QUERY_UNSUPPORTED', 'This version has no query API.');
    await page.goto(server.url);
    await text('#charts-note').toContain('This version has no query API.');
    expect(await page.locator('.card').count()).toBe(0);
    const asked = () => requested.filter((url) => url.endsWith('/api/measurements')).length;
    const countersAsked = () => requested.filter((url) => url.endsWith('/api/counters')).length;
    expect(asked()).toBe(1);
    const before = countersAsked();
    await expect.poll(countersAsked, SOON).toBeGreaterThanOrEqual(before + 3);
    expect(asked()).toBe(1);
  });

  it('shows a banner when the gateway is gone, and goes on when it is back', async () => {
    view.fates = { written: 5 };
    await page.goto(server.url);
    await text('[data-ledger=written]').toBe('5');
    const { port } = server;
    await server.close();
    await text('#banner').toContain('The gateway does not answer.');
    expect(await page.locator('#banner').isVisible()).toBe(true);
    await text('#overall').toBe('No answer');

    view.fates = { written: 6 };
    server = await startHttpServer({ host: '127.0.0.1', port, view });
    await text('[data-ledger=written]').toBe('6');
    await shown('#banner').toBe(false);
    await text('#overall').toBe('All stages healthy');
  });

  it('asks nothing while its tab is hidden, and at once when it is shown again', async () => {
    await page.clock.install();
    await page.goto(server.url);
    await text('[data-ledger=written]').toBe('0');
    const setHidden = (isHidden: boolean) =>
      page.evaluate(`Object.defineProperty(document, 'hidden', { configurable: true, get: () => ${isHidden} });
        document.dispatchEvent(new Event('visibilitychange'));`);
    await page.clock.runFor(3_000);
    await setHidden(true);
    // What was under way when the tab was hidden may still end.
    await page.waitForLoadState('networkidle');
    const before = requested.length;
    await page.clock.runFor(60_000);
    expect(requested.length).toBe(before);
    view.fates = { written: 3 };
    await setHidden(false);
    await text('[data-ledger=written]').toBe('3');
  });

  it.each([390, 768, 1280])(
    'fits %i px without a horizontal scroll, with long names in it',
    async (width) => {
      storeClimate();
      const long = 'very-long-level/'.repeat(40);
      view.stored.push({
        name: `${'m'.repeat(300)}`,
        tags: ['t'.repeat(200)],
        fields: [{ name: 'f'.repeat(200), type: 'float' }],
      });
      view.tagValues['t'.repeat(200)] = ['v'.repeat(300), 'w'.repeat(300)];
      view.fates = {
        written: 987_654_321_098,
        parked: { [long]: 1 },
        buffered: 123_456_789,
        lost: { damaged: 1 },
      };
      view.sinkStatus = { state: 'retrying', detail: 'x'.repeat(300) };
      view.lagMs = 60_000;
      view.logSizeBytes = 4.2e9;
      view.deadLetters = [
        parkedDetail({
          id: '1',
          parkedAtMs: 0,
          topic: long,
          clientId: long,
          code: 'rule-none',
          reason: long,
        }),
      ];
      await page.setViewportSize({ width, height: 3000 });
      await page.goto(server.url);
      await expect.poll(() => page.locator('.card canvas').count(), SOON).toBe(2);
      await shown('#dead-letters').toBe(true);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
    },
  );

  it('can be used by name and landmark: every control has a label, every region a heading', async () => {
    storeClimate();
    await page.goto(server.url);
    await shown('.card canvas').toBe(true);
    for (const name of ['Path', 'Ledger', 'Measurements', 'Devices', 'Dead letters']) {
      expect(await page.getByRole('region', { name }).count()).toBe(1);
    }
    expect(await page.getByRole('main').count()).toBe(1);
    expect(await page.getByRole('banner').count()).toBe(1);
    const labelCounts = `[...document.querySelectorAll('select, input')].map((control) => control.labels.length)`;
    expect(new Set((await page.evaluate(labelCounts)) as number[])).toEqual(new Set([1]));
    expect(await page.getByRole('img', { name: /temperature by city, last 5 minutes/ }).count()).toBe(1);
    await page.getByRole('radio', { name: '5 min', exact: true }).focus();
    await page.keyboard.press('ArrowRight');
    expect(await page.getByRole('radio', { name: '15 min' }).isChecked()).toBe(true);
  });
});
