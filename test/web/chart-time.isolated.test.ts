import { afterAll, beforeAll, expect, it } from 'vitest';
import { pageModule } from '../support/page-module.js';

const zoneBefore = process.env.TZ;
beforeAll(() => {
  process.env.TZ = 'Asia/Kolkata';
});
afterAll(() => {
  if (zoneBefore === undefined) delete process.env.TZ;
  else process.env.TZ = zoneBefore;
});

// The formats take their zone when the module is read.
process.env.TZ = 'Asia/Kolkata';
const time = await pageModule<{
  axisTimes(ticks: readonly number[], stepMs: number): readonly string[];
  momentOf(atMs: number, bucketMs: number, nowMs: number): string;
  rangeWords(view: object, nowMs: number): string;
  zoneOf(atMs: number): string;
  localInput(atMs: number): string;
}>('chart-time.js');

/** 21 Nov 2026 00:00 in Kolkata. */
const MIDNIGHT_MS = Date.UTC(2026, 10, 20, 18, 30);
const DAY_MS = 86_400_000;

it('labels ticks as finely as they are apart, and midnight by its day', () => {
  expect(time.axisTimes([MIDNIGHT_MS - 3_600_000, MIDNIGHT_MS], 3_600_000)).toEqual(['23:00', '21 Nov']);
  expect(time.axisTimes([MIDNIGHT_MS + 5_000], 5_000)).toEqual(['00:00:05']);
  expect(time.axisTimes([MIDNIGHT_MS + 250], 50)).toEqual(['00:00:00.250']);
  expect(time.axisTimes([MIDNIGHT_MS, MIDNIGHT_MS + DAY_MS], DAY_MS)).toEqual(['21 Nov', '22 Nov']);
});

it('names the day of a moment only when it is not today, the year only when it is not this one', () => {
  const nowMs = MIDNIGHT_MS + 7_200_000;
  expect(time.momentOf(MIDNIGHT_MS + 61_000, 2_000, nowMs)).toBe('00:01:01');
  expect(time.momentOf(MIDNIGHT_MS - 60_000, 60_000, nowMs)).toBe('20 Nov 23:59');
  expect(time.momentOf(MIDNIGHT_MS - 400 * DAY_MS, 60_000, nowMs)).toBe('17 Oct 2025 00:00');
});

it.each([
  [{ kind: 'live', spanMs: 300_000 }, 'last 5 minutes'],
  [{ kind: 'live', spanMs: 90_000 }, 'last 90 s'],
  [{ kind: 'live', spanMs: 150_000 }, 'last 2.5 min'],
  [{ kind: 'live', spanMs: 10_800_000 }, 'last 3 h'],
  [{ kind: 'live', spanMs: 3 * DAY_MS }, 'last 3 days'],
  [{ kind: 'fixed', fromMs: MIDNIGHT_MS, toMs: MIDNIGHT_MS + 60_000 }, '21 Nov 00:00:00 to 00:01:00'],
  [{ kind: 'fixed', fromMs: MIDNIGHT_MS - 60_000, toMs: MIDNIGHT_MS }, '20 Nov 23:59:00 to 21 Nov 00:00:00'],
  [{ kind: 'fixed', fromMs: MIDNIGHT_MS, toMs: MIDNIGHT_MS + 1_500 }, '21 Nov 00:00:00.000 to 00:00:01.500'],
])('says %j as "%s"', (view, words) => expect(time.rangeWords(view, MIDNIGHT_MS)).toBe(words));

it('writes local time as the input takes it, and reads it back', () => {
  expect(time.localInput(MIDNIGHT_MS + 61_999)).toBe('2026-11-21T00:01:01');
  expect(Date.parse(time.localInput(MIDNIGHT_MS))).toBe(MIDNIGHT_MS);
  expect(time.zoneOf(MIDNIGHT_MS)).toBe('UTC+05:30');
});
