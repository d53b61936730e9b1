import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ledgerView } from '../../src/gateway/gateway-ledger.js';
import { GatewayTimeline } from '../../src/gateway/gateway-timeline.js';
import type { StatusParts } from '../../src/gateway/status-parts.js';
import { NO_RECORDS } from '../../src/ledger/ledger.js';
import { makeReserve, RESERVE_BYTES } from '../../src/lib/disk-room.js';
import { RecentWarnings } from '../../src/lib/recent-warnings.js';
import { tempDirectory } from '../support/temp-directory.js';
import { canMountTmpfs, fillDisk, mountTmpfs } from '../support/tmpfs.js';

const START_MS = Date.parse('2026-11-30T10:00:00Z');
const AWAY = { state: 'retrying', detail: 'connect ECONNREFUSED' };
const HEALTHY = { state: 'healthy', detail: '' };

/** One process of a gateway in this directory. What a test sets is what its stages report. */
function gateway(root: string, changes: object = {}) {
  const state = {
    nowMs: START_MS,
    monotonicMs: 0,
    received: 0,
    written: 0,
    parked: {} as Record<string, number>,
    status: HEALTHY,
    recovered: { nextSequence: 0, lastReceivedAtNs: 0n },
    cleanEndSequence: undefined as number | undefined,
    ...changes,
  };
  const warned: string[] = [];
  const recentWarnings = new RecentWarnings();
  const report = () => ({
    ledger: {
      processed: state.written + total(state.parked),
      totals: { ...NO_RECORDS, written: state.written, parked: state.parked },
    },
    consumer: { recordsRead: state.received, busyMs: 0 },
    sink: { kind: 'duckdb', status: state.status, pointsWritten: state.written, retries: 0, busyMs: 0 },
    sinkContact: { lastAnswerMs: 5, trouble: 'unavailable' },
  });
  const parts = {
    options: { directory: { root }, log: { cleanEndSequence: state.cleanEndSequence } },
    clock: { nowNs: () => BigInt(state.nowMs) * 1_000_000n, monotonicMs: () => state.monotonicMs },
    logger: { recentWarnings, warn: (fields: { code: string }) => warned.push(fields.code) },
    ingest: {
      log: {
        recovered: state.recovered,
        isBlocked: false,
        counters: () => ({ recordsAppended: state.received }),
      },
      broker: { isListening: true, counters: () => ({ packetsAccepted: state.received, packetsShed: 0 }) },
    },
    workers: {
      consume: {
        get report() {
          return report();
        },
      },
    },
    clockWatch: { facts: () => ({ isImplausible: false, steps: 0 }) },
  } as unknown as StatusParts;
  const timeline = new GatewayTimeline({
    parts,
    ledger: () => ledgerView(state.received, undefined, report() as never),
    watch: { problems: () => [], logBytesPerSecond: 7 },
    sampleParked: async () => ({ topic: 'pump/1', reason: 'NaN is no number' }),
  });
  const pass = (seconds: number) => {
    for (let i = 0; i < seconds; i += 1) {
      state.nowMs += 1_000;
      state.monotonicMs += 1_000;
      const processed = state.written + total(state.parked);
      timeline.look({
        atMs: state.monotonicMs,
        received: state.received,
        processed,
        oldestMs: state.received > processed ? 9_000 : 0,
      });
    }
  };
  return {
    state,
    timeline,
    warned,
    recentWarnings,
    pass,
    titles: () => timeline.incidents().map(({ title }) => title),
  };
}

function total(counts: Record<string, number>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

const fileOf = (root: string) => join(root, 'timeline.json');

describe('the timeline of a gateway', () => {
  it('is continued by the next process, with the incidents, the day and the best rate', async () => {
    const root = tempDirectory();
    const first = gateway(root);
    await first.timeline.load();
    first.pass(1);
    first.state.received = 1_000;
    first.state.written = 1_000;
    first.pass(10);
    expect(first.timeline.bestPerSecond()).toBe(100);
    first.state.status = AWAY;
    first.state.received = 1_050;
    first.pass(20);
    await first.timeline.close();
    const [incident] = first.timeline.incidents();
    expect(incident).toMatchObject({ title: 'DuckDB takes no points', waited: 50 });

    const cleanEndSequence = 1_050;
    const recovered = { nextSequence: 1_050, lastReceivedAtNs: BigInt(START_MS) * 1_000_000n };
    const second = gateway(root, { ...first.state, cleanEndSequence, recovered });
    await second.timeline.load();
    second.pass(1);
    expect(second.timeline.incidents()).toMatchObject([{ id: incident?.id, state: 'failing' }]);
    expect(second.timeline.bestPerSecond()).toBe(100);
    expect(second.timeline.liveFacts()).toMatchObject({
      incident: { id: incident?.id },
      logBytesPerSecond: 7,
      sinkLastAnswerMs: 5,
      ledgerToday: { isWholeDay: true, received: 1_050, written: 1_000 },
    });
    second.state.status = HEALTHY;
    second.state.written = 1_050;
    second.pass(1);
    expect(second.timeline.incidents()).toMatchObject([
      { state: 'over', title: 'DuckDB took no points', waited: 50 },
    ]);
    expect(second.warned).toEqual([]);
    await second.timeline.close();
  });

  it('saves an incident when it begins, so that a kill does not take it away', async () => {
    const root = tempDirectory();
    const killed = gateway(root);
    await killed.timeline.load();
    killed.state.status = AWAY;
    killed.state.received = 5;
    killed.pass(4);
    await expect.poll(() => existsSync(fileOf(root))).toBe(true);
    killed.pass(4);
    await expect.poll(() => readFileSync(fileOf(root), 'utf8')).toContain('store-unavailable');
    const lastReceivedAtNs = BigInt(START_MS + 2_000) * 1_000_000n;
    const next = gateway(root, {
      nowMs: START_MS + 60_000,
      recovered: { nextSequence: 5, lastReceivedAtNs },
    });
    next.recentWarnings.add({
      atMs: next.state.nowMs,
      level: 'warn',
      code: 'LOG_TORN_TAIL',
      sentence: '',
      next: '',
      fields: {},
      heldBack: 0,
    });
    await next.timeline.load();
    expect(next.timeline.incidents()).toMatchObject([
      { cause: 'store-unavailable', state: 'failing' },
      {
        cause: 'unclean-end',
        state: 'over',
        toMs: START_MS + 60_000,
        warnings: ['LOG_TORN_TAIL'],
        detail: expect.stringContaining('was never acknowledged') as string,
      },
    ]);
    const { fromMs } = next.timeline.incidents()[1]!;
    expect(fromMs).toBeGreaterThan(START_MS + 2_000);
    expect(fromMs).toBeLessThan(START_MS + 60_000);
  });

  it.each([
    ['nonsense', 'no JSON'],
    ['{"crc32":1,"timeline":{"format":1}}', 'another checksum'],
    ['', 'nothing'],
  ])('begins again, with a warning, where the file has %s', async (content) => {
    const root = tempDirectory();
    writeFileSync(fileOf(root), content);
    const { timeline, warned, pass } = gateway(root);
    await timeline.load();
    expect(warned).toEqual(['TIMELINE_FAILED']);
    pass(1);
    await timeline.close();
    expect(readFileSync(fileOf(root), 'utf8')).toContain('"format":1');
  });

  it('is in memory only while the file cannot be written, and is written later', async () => {
    const root = tempDirectory();
    // A folder in its place: nothing can be renamed to it.
    mkdirSync(join(fileOf(root), 'x'), { recursive: true });
    const { timeline, warned, pass, state, titles } = gateway(root);
    await timeline.load();
    state.status = AWAY;
    pass(10);
    await expect.poll(() => warned.length).toBeGreaterThan(1);
    expect(titles()).toEqual(['DuckDB takes no points']);
    expect(existsSync(`${fileOf(root)}.next`)).toBe(false);
    rmSync(fileOf(root), { recursive: true });
    pass(40);
    await expect.poll(() => existsSync(fileOf(root))).toBe(true);
    await timeline.close();
    expect(readFileSync(fileOf(root), 'utf8')).toContain('store-unavailable');
  });

  it.skipIf(!canMountTmpfs())(
    'on a full disk takes nothing from the reserve, and says nothing of it',
    async () => {
      const root = mountTmpfs('4m');
      expect(await makeReserve(root)).toBe(true);
      const { timeline, warned, pass, state, titles } = gateway(root);
      await timeline.load();
      const free = fillDisk(root);
      state.status = AWAY;
      pass(10);
      await timeline.close();
      expect(titles()).toEqual(['DuckDB takes no points']);
      expect(warned).toEqual([]);
      expect(readdirSync(root).sort()).toEqual(['ballast', 'sluice.reserve']);
      expect(statSync(join(root, 'sluice.reserve')).size).toBe(RESERVE_BYTES);
      free();
      pass(40);
      await timeline.close();
      expect(readFileSync(fileOf(root), 'utf8')).toContain('store-unavailable');
    },
  );

  it('names the topic and the reason of many parked messages', async () => {
    const { timeline, pass, state, titles } = gateway(tempDirectory());
    await timeline.load();
    pass(1);
    state.received = 12;
    state.parked = { 'payload-not-json': 12 };
    pass(10);
    await expect
      .poll(() => {
        pass(1);
        return titles();
      })
      .toEqual(['Many messages are set aside: pump/1']);
    expect(timeline.incidents()[0]?.detail).toBe(
      '12 messages are set aside (payload-not-json): NaN is no number',
    );
    expect(timeline.liveFacts()).toMatchObject({ incident: null, setAsideToday: 12 });
    await timeline.close();
  });

  it('has the rates of every stage', async () => {
    const { timeline, pass, state } = gateway(tempDirectory());
    await timeline.load();
    state.received = 30;
    state.written = 10;
    pass(1);
    expect(timeline.history('3m')).toMatchObject({
      stepMs: 1_000,
      fromMs: START_MS,
      rates: { broker: [30], log: [30], consumer: [30], sink: [10] },
      behindMs: [9_000],
    });
    await timeline.close();
  });
});
