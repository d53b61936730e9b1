import { beforeEach, describe, expect, it } from 'vitest';
import type { Aggregate } from '../../src/windows/aggregate.js';
import { AggregateState } from '../../src/windows/aggregate-state.js';
import { nextDue } from '../../src/windows/due-fold.js';
import { reportAggregate } from '../../src/windows/report-windows.js';
import { MarksMemory, type WindowMark } from '../../src/windows/window-marks.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const START_MS = Date.UTC(2026, 0, 1);
/** The first points of a process came long before. */
const KNOWN_FROM_MS = START_MS - HOUR_MS;
/** A window of five minutes, and 30 s of lateness. */
const CLOSED_MS = START_MS + 5 * MINUTE_MS + 30_000;

const AGGREGATE: Aggregate = {
  name: 'climate',
  from: 'climate',
  sizeMs: 5 * MINUTE_MS,
  latenessMs: 30_000,
  fields: new Map([['temperature', { functions: ['mean'], quantiles: [] }]]),
  resolutions: [
    { everyMs: 5 * MINUTE_MS, measurement: 'climate_5min', retentionMs: 0 },
    { everyMs: HOUR_MS, measurement: 'climate_1h', retentionMs: 0 },
  ],
};

describe('the report of an aggregate', () => {
  let state: AggregateState;
  beforeEach(() => {
    state = new AggregateState(AGGREGATE, new MarksMemory(2 ** 20));
  });

  /** The window of a level that begins then has changed. */
  function marked(level: number, startMs: number, known: Partial<WindowMark> = {}): WindowMark {
    const { everyMs } = AGGREGATE.resolutions[level]!;
    const { marks } = state.levels[level]!;
    const mark = marks.markOf({ startMs, endMs: startMs + everyMs })!;
    marks.touchWhole(mark, 1);
    return Object.assign(mark, known);
  }
  const report = (watermarkMs: number) => reportAggregate(state, watermarkMs, KNOWN_FROM_MS).resolutions;
  /** Whether a window is computed now, which is what `dueSinceMs` says as well. */
  const isDue = (watermarkMs: number) => nextDue([state], watermarkMs) !== undefined;

  it('has no times while no window waits', () => {
    expect(report(CLOSED_MS)[0]).not.toHaveProperty('oldestMs');
    expect(report(CLOSED_MS)[0]).not.toHaveProperty('dueSinceMs');
  });

  it('tells open windows from those that wait, and since when', () => {
    marked(0, START_MS, { touchedAtMs: START_MS + 1 });
    expect(report(CLOSED_MS - 1)[0]).toMatchObject({ openWindows: 1, markedWindows: 0, oldestMs: START_MS });
    expect(report(CLOSED_MS - 1)[0]).not.toHaveProperty('dueSinceMs');
    expect(isDue(CLOSED_MS - 1)).toBe(false);
    const [late] = report(CLOSED_MS + 7_000);
    expect(late).toMatchObject({
      openWindows: 0,
      markedWindows: 1,
      oldestMs: START_MS,
      dueSinceMs: CLOSED_MS,
    });
    expect(isDue(CLOSED_MS)).toBe(true);
  });

  it('counts from the quiet after late points, not from the end of an old window', () => {
    const touchedAtMs = CLOSED_MS + 10 * HOUR_MS;
    marked(0, START_MS, { touchedAtMs });
    expect(report(touchedAtMs + 29_999)[0]).not.toHaveProperty('dueSinceMs');
    expect(isDue(touchedAtMs + 29_999)).toBe(false);
    expect(report(touchedAtMs + 40_000)[0]).toMatchObject({ dueSinceMs: touchedAtMs + 30_000 });
    expect(isDue(touchedAtMs + 30_000)).toBe(true);
  });

  it('counts from the first watermark where the first points of all are of the past', () => {
    marked(0, START_MS);
    const knownFromMs = CLOSED_MS + HOUR_MS;
    const [first] = reportAggregate(state, knownFromMs + 1000, knownFromMs).resolutions;
    expect(first).toMatchObject({ dueSinceMs: knownFromMs });
    expect(isDue(knownFromMs)).toBe(true);
  });

  it('counts from ten quiets where late points go on', () => {
    const waitsSinceMs = CLOSED_MS + HOUR_MS;
    marked(0, START_MS, { touchedAtMs: waitsSinceMs + 300_000, waitsSinceMs });
    expect(report(waitsSinceMs + 299_999)[0]).not.toHaveProperty('dueSinceMs');
    expect(isDue(waitsSinceMs + 299_999)).toBe(false);
    expect(report(waitsSinceMs + 300_000)[0]).toMatchObject({ dueSinceMs: waitsSinceMs + 300_000 });
    expect(isDue(waitsSinceMs + 300_000)).toBe(true);
  });

  it('counts from when a finer window marked it, and not while one of its parts waits', () => {
    const nowMs = START_MS + 100 * HOUR_MS;
    marked(1, START_MS, { markedAtMs: nowMs - 3_000 });
    expect(report(nowMs)[1]).toMatchObject({ markedWindows: 1, dueSinceMs: nowMs - 3_000 });
    marked(0, START_MS + 10 * MINUTE_MS, { touchedAtMs: nowMs });
    expect(report(nowMs)[1]).toMatchObject({ markedWindows: 1 });
    expect(report(nowMs)[1]).not.toHaveProperty('dueSinceMs');
    expect(isDue(nowMs)).toBe(false);
  });

  it('counts from when a person asked for a window again', () => {
    const nowMs = START_MS + 100 * HOUR_MS;
    marked(0, START_MS, { isRebuild: true, markedAtMs: nowMs - 2_000 });
    expect(report(nowMs)[0]).toMatchObject({ dueSinceMs: nowMs - 2_000 });
  });

  it('has the one that has waited longest', () => {
    marked(0, START_MS + 5 * MINUTE_MS, { touchedAtMs: START_MS });
    marked(0, START_MS, { touchedAtMs: START_MS });
    expect(report(CLOSED_MS + HOUR_MS)[0]).toMatchObject({ markedWindows: 2, dueSinceMs: CLOSED_MS });
  });
});
