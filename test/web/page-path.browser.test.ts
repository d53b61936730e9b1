import { describe, expect, it } from 'vitest';
import { requireServer } from '../../harness/servers.js';
import { incident } from '../support/incidents.js';
import { HOSTILE, LivePage, SOON, warningLine } from '../support/live-page.js';
import { MOMENT, pattern } from '../support/moment-words.js';
import { PHONE } from '../support/page-browser.js';
import { windowsReport } from '../support/windows-report.js';

const HEALTHY = { state: 'healthy', detail: '' } as const;
const KINESIS = {
  producer: {
    recordsSent: 60_000,
    kinesisRecordsSent: 900,
    putUnits: 900,
    throttled: 0,
    retried: 0,
    lagMs: 0,
    status: HEALTHY,
  },
  reader: {
    recordsRead: 60_000,
    kinesisRecordsRead: 900,
    shards: 4,
    millisBehindLatest: 0,
    throttled: 0,
    status: HEALTHY,
  },
};

describe.skipIf(!requireServer('chromium'))('the path of the live page', { timeout: 60_000 }, () => {
  const live = new LivePage({}, '/pipeline');
  const text = (selector: string) => live.text(selector);

  it('shows both sides of Kinesis in the path, what is wrong there, and only the stages of its role', async () => {
    live.view.kinesis = KINESIS;
    const page = await live.open();
    const stages = () => page.locator('#path h2').allTextContents();
    await expect
      .poll(stages, SOON)
      .toEqual(['MQTT', 'Log', 'To Kinesis', 'From Kinesis', 'Rules', 'InfluxDB']);
    await text('[data-stage=producer]').toContain('PUT units');
    await text('[data-stage=reader]').toContain('shards');
    await text('#overall').toBe('Ready, nothing received yet');

    const status = { state: 'misconfigured', detail: 'there is no stream telemetry' } as const;
    live.view.kinesis = { ...KINESIS, producer: { ...KINESIS.producer, status } };
    await text('[data-stage=producer] .state').toBe('Misconfigured');
    await text('[data-stage=producer] .sentence').toBe('there is no stream telemetry');
    await text('#overall').toBe('To Kinesis: misconfigured');

    live.view.kinesis = { ...KINESIS, reader: { ...KINESIS.reader, millisBehindLatest: 90_000 } };
    await text('[data-stage=reader] .sentence').toContain('Behind by');

    live.view.role = 'consume';
    await expect.poll(stages, SOON).toEqual(['From Kinesis', 'Rules', 'InfluxDB']);
    live.view.role = 'ingest';
    await expect.poll(stages, SOON).toEqual(['MQTT', 'Log', 'To Kinesis']);
  });

  it('shows windows behind the sink only where they are configured, how far they are, and what is wrong', async () => {
    const stages = () => live.page.locator('#path h2').allTextContents();
    await live.open();
    await expect.poll(stages, SOON).toEqual(['MQTT', 'Log', 'Rules', 'InfluxDB']);

    const fiveMinutes = { measurement: 'climate_5min', openWindows: 2, markedWindows: 1, rowsWritten: 1_234 };
    live.view.windows = windowsReport([fiveMinutes, { measurement: 'climate_1h', openWindows: 1 }]);
    await expect.poll(stages, SOON).toEqual(['MQTT', 'Log', 'Rules', 'InfluxDB', 'Windows']);
    const facts = '[data-stage=windows] .facts';
    await text(facts).toBe('open3due1behindnorows since the start1,234');
    await text('[data-stage=windows] .state').toBe('Healthy');
    await text('#overall').toBe('Ready, nothing received yet');

    const late = { ...fiveMinutes, dueSinceMs: Date.now() - 300_000, rowsInexact: 4, rowsRefused: 7 };
    live.view.windows = windowsReport([late]);
    await text(facts).toContain('behind5 min');
    await text(`${facts} .bad`).toBe('4');
    await text('[data-branch="windows:rows refused"] .branch-total').toBe('7');
    await text('#overall').toBe('Windows: behind');

    live.view.windows = windowsReport([late], { problem: 'there is no retention policy two_years' });
    await text('#overall').toBe('Windows: problem');
    await text('[data-stage=windows] .sentence').toBe('there is no retention policy two_years');
    await live.page.getByRole('button', { name: 'Windows' }).click();
    await text('#drawer-body .metric-names').toContain('sluice_windows_rows_written_total');
    await live.expectToFit();
  });

  it('shows the rate on each connection, its curve, the fill of the log, and what branches off', async () => {
    live.view.recordsPerSecond = 500;
    live.view.logSizeBytes = 1024 ** 3;
    live.view.outcomes = { written: 10, parked: { 'rule-none': 3 }, filtered: { cold: 2 } };
    const page = await live.open();
    for (const stage of ['broker', 'log', 'consumer', 'sink'])
      await text(`[data-rate=${stage}]`).toMatch(/^[45]\d\d$/);
    await expect.poll(() => page.locator('#path .flow-arrow.flowing').count(), SOON).toBe(4);
    await expect
      .poll(() => page.locator('[data-stage=broker] .spark-line').getAttribute('d'), SOON)
      .toMatch(/^M[\d.]+ [\d.]+L/);
    const gauge = page.getByRole('meter', { name: 'Fill of the log' });
    expect(await gauge.getAttribute('aria-valuenow')).toBe('25');
    expect(await gauge.getAttribute('aria-valuetext')).toBe('1 GiB of 4 GiB');
    await text('[data-branch="consumer:parked"] .branch-total').toBe('3');
    await text('[data-branch="consumer:filtered"] .branch-total').toBe('2');
    await text('[data-branch="broker:shed"] .branch-total').toBe('0');
    live.view.outcomes = { ...live.view.outcomes, parked: { 'rule-none': 1_000 } };
    await expect.poll(() => page.locator('[data-branch="consumer:parked"].moving').count(), SOON).toBe(1);
  });

  it('moves nothing when the person asked for less motion', async () => {
    live.view.recordsPerSecond = 500;
    const running = () => live.page.evaluate('document.getAnimations().length');
    await live.open({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce' });
    await expect.poll(() => live.page.locator('#path .flow-arrow.flowing').count(), SOON).toBe(4);
    expect(await running()).toBe(0);
    await live.page.emulateMedia({ reducedMotion: 'no-preference' });
    // The arrows between the stages, and those of the strip.
    await expect.poll(running, SOON).toBe(6);
  });

  it('draws left to right where there is room and top to bottom on a phone', async () => {
    const places = async () => {
      const box = async (stage: string) =>
        (await live.page.locator(`[data-stage=${stage}] .stage`).boundingBox())!;
      return { broker: await box('broker'), sink: await box('sink') };
    };
    await live.open(PHONE);
    await text('[data-stage=sink] .state').toBe('Healthy');
    const onPhone = await places();
    expect(onPhone.sink.x).toBe(onPhone.broker.x);
    expect(onPhone.sink.y).toBeGreaterThan(onPhone.broker.y + onPhone.broker.height);
    await live.open();
    await text('[data-stage=sink] .state').toBe('Healthy');
    expect(await live.page.locator('#path.row').count()).toBe(1);
    const onDesktop = await places();
    expect(onDesktop.sink.y).toBe(onDesktop.broker.y);
    expect(onDesktop.sink.x).toBeGreaterThan(onDesktop.broker.x + onDesktop.broker.width);
  });

  it('shows in the stage, the strip, the title and the icon of the tab what is wrong before it is an incident, and its end', async () => {
    const page = await live.open();
    await text('#overall').toBe('Ready, nothing received yet');
    expect(await page.title()).toBe('Sluice');
    live.view.sinkStatus = { state: 'retrying', detail: 'The store does not answer.' };
    live.view.lagMs = 20_000;
    live.view.sinkStopped = true;
    await text('[data-stage=sink] .state').toBe('Retrying');
    await text('[data-stage=consumer] .sentence').toBe('Waits for the store.');
    await text('[data-stage=sink] .sentence').toBe('The store does not answer.');
    expect(await page.title()).toBe('▲ Rules: waiting, InfluxDB: retrying · Sluice');
    expect(await page.locator('#icon').getAttribute('href')).toBe('/assets/icon-slow.svg');
    live.view.sinkStatus = { state: 'misconfigured', detail: 'The token is refused.' };
    await expect.poll(() => page.title(), SOON).toBe('● Rules: waiting, InfluxDB: misconfigured · Sluice');
    expect(await page.locator('#icon').getAttribute('href')).toBe('/assets/icon-stopped.svg');
    live.view.sinkStatus = HEALTHY;
    live.view.lagMs = 0;
    await expect.poll(() => page.title(), SOON).toBe('Sluice');
    expect(await page.locator('#icon').getAttribute('href')).toBe('/assets/icon.svg');
  });

  it('opens a stage by Enter with its facts, its own warnings and its metrics, and gives the focus back', async () => {
    live.view.warningLines = [
      warningLine({ seq: 1, code: 'STORE_UNAVAILABLE', sentence: HOSTILE }),
      warningLine({ seq: 2, code: 'LOG_BLOCKED', sentence: 'not about the sink' }),
    ];
    const page = await live.open();
    await text('[data-stage=sink] .state').toBe('Healthy');
    await page.getByRole('button', { name: 'InfluxDB' }).focus();
    await page.keyboard.press('Enter');
    const drawer = page.getByRole('dialog', { name: 'InfluxDB' });
    await expect.poll(() => drawer.isVisible(), SOON).toBe(true);
    await text('#drawer-body .facts').toContain('stored since the start');
    await text('#drawer-body .warning-list').toContain(HOSTILE);
    expect(await page.locator('#drawer-body').textContent()).not.toContain('not about the sink');
    await text('#drawer-body .metric-names').toContain('sluice_sink_points_written_total');
    live.view.sinkStatus = { state: 'retrying', detail: 'Trying again in 4 s.' };
    await text('#drawer-body .state').toBe('Retrying');
    await page.keyboard.press('Escape');
    await expect.poll(() => drawer.isVisible(), SOON).toBe(false);
    expect(await page.evaluate('document.activeElement.textContent')).toBe('InfluxDB');
    live.view.waiting = { ...live.view.waiting, records: 7, summary: '7 records wait, the oldest for 9 s' };
    await page.getByRole('button', { name: 'Log', exact: true }).click();
    await text('#drawer-body .facts').toContain('7 records wait, the oldest for 9 s');
  });

  it('warns when the ledger does not balance', async () => {
    live.view.outcomes = { written: 10 };
    live.view.received = 13;
    await live.open();
    await text('#balance').toBe('off by 3');
    await text('#overall').toBe('Messages do not add up: off by 3');
  });

  it('accounts for the messages of today and in all', async () => {
    live.view.outcomes = { written: 1_234, parked: { 'rule-none': 31 }, filtered: { cold: 2 }, buffered: 13 };
    const today = { received: 100, written: 85, parked: 28, filtered: 1, lost: 0, waitingBefore: 0 };
    const sinceMs = Date.now() - 60_000;
    live.view.facts = { ...live.view.facts, ledgerToday: { ...today, sinceMs, isWholeDay: true } };
    const page = await live.open();
    const cells = () => page.locator('#ledger-table tr').allTextContents();
    await expect
      .poll(cells, SOON)
      .toEqual([
        'messagestodayin all',
        'stored851,234',
        'set aside, with their reason2831',
        'ignored, because a rule says so12',
        'waiting in the log1313',
        'lost00',
        'received1001,280',
      ]);
    await text('#balance').toBe('adds up');
    live.view.facts = {
      ...live.view.facts,
      ledgerToday: { ...today, sinceMs, isWholeDay: false, waitingBefore: 27 },
    };
    await text('#ledger-table thead').toMatch(pattern`^messagessince ${MOMENT}:\d\din all$`);
    await text('.ledger .note').toContain('and 27 that waited when the day began');
    live.view.facts = { ...live.view.facts, ledgerToday: null };
    await text('[data-today=written]').toBe('–');
    await page.locator('[data-ledger=parked] a').click();
    await live.shown('#view-set-aside').toBe(true);
  });

  it('draws how far behind the store was, and lists the incidents of the gateway', async () => {
    const nowMs = Date.now();
    live.view.stageHistory = {
      range: '24h',
      stepMs: 300_000,
      fromMs: nowMs - 86_400_000,
      rates: {},
      behindMs: [...Array(287).fill(400), 42_000],
    };
    const old = incident({
      id: 'old',
      title: `${HOSTILE} did not answer`,
      state: 'over',
      fromMs: nowMs - 360_000,
      toMs: nowMs - 60_000,
      waited: 11_482,
    });
    live.view.incidentList = [old];
    const page = await live.open();
    await page.getByRole('img', { name: 'How far behind in the last 1 d 0 h: at most 42 s' }).waitFor();
    await text('#behind-range').toBe('from arrival to stored, last 1 d 0 h');
    await text('#behind-resolution').toBe('5 min a point');
    expect(live.asked('/api/history').map(({ search }) => search)).toEqual(['?range=24h']);
    await text('#incidents-words').toBe('last 7 days: 1, nothing lost');
    await text('#incidents > li').toContain(`${HOSTILE} did not answer`);
    await text('#incidents > li').toContain('11,482 messages waited in the log.');
    await text('#incidents .lasted').toBe('5 min');
    expect(await page.getByRole('img', { name: 'Seven days, 1 incident' }).locator('.slow').count()).toBe(1);
    live.view.facts = { ...live.view.facts, incident: incident({ id: 'now' }) };
    await expect.poll(() => page.locator('#incidents > li').count(), SOON).toBe(2);
    await text('#incidents .lasted').toMatch(/^going on, 22 min$/);
    live.view.incidentList = [
      incident({ id: 'now', title: 'InfluxDB did not answer', state: 'over', toMs: nowMs }),
      old,
    ];
    live.view.facts = { ...live.view.facts, incident: null };
    await text('#incidents > li').toContain('InfluxDB did not answer');
    await text('#incidents .lasted').toBe('22 min');
  });

  it('says that there was no incident only when the gateway has said so', async () => {
    await live.open();
    await text('#incidents-note').toBe('None since the data directory was made.');
    await text('#incidents-words').toBe('none in the last 7 days');
    await text('#behind-note').toMatch(/^Nothing yet: /);
    // A gateway that was started a moment ago has points in the shortest range only.
    expect(live.asked('/api/history').map(({ search }) => search)).toEqual([
      '?range=24h',
      '?range=1h',
      '?range=3m',
    ]);
  });

  it('stays usable with ten thousand reasons of any name', async () => {
    const names = Array.from({ length: 10_000 }, (_, index) => `${HOSTILE}${index}`);
    names.push('__proto__', 'constructor');
    const counts = Object.fromEntries(names.map((name, index) => [name, index + 1]));
    live.view.outcomes = { written: 1, parked: counts, filtered: counts };
    const page = await live.open();
    await text('[data-ledger=written]').toBe('1');
    await text('#reasons').toContain('and 9,994 more');
    expect(await page.locator('#reasons li').count()).toBe(18);
    expect(await page.locator('#filter-code option').count()).toBeLessThanOrEqual(201);
    live.view.outcomes = { ...live.view.outcomes, written: 2 };
    await text('[data-ledger=written]').toBe('2');
    await live.expectToFit();
    expect(await page.locator('img').count()).toBe(0);
  });
});
