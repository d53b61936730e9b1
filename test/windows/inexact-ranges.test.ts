import { expect, it } from 'vitest';
import { InexactRanges, MAX_RANGES } from '../../src/windows/inexact-ranges.js';

const minute = (nth: number) => ({ startMs: nth * 60_000, endMs: (nth + 1) * 60_000 });
const spansOf = (ranges: InexactRanges) => ranges.all.map(({ startMs, endMs }) => [startMs, endMs]);

it('joins windows that follow one another, and says what is new', () => {
  const ranges = new InexactRanges();
  expect(ranges.add(minute(1), 1)).toBe(true);
  expect(ranges.add(minute(3), 1)).toBe(true);
  expect(ranges.add(minute(1), 2)).toBe(false);
  expect(ranges.add(minute(2), 2)).toBe(true);
  expect(spansOf(ranges)).toEqual([[60_000, 240_000]]);
});

it('has rows marked again when more values are lost in them, and not before', () => {
  const ranges = new InexactRanges();
  ranges.add(minute(1), 1);
  ranges.marked(minute(1));
  expect(ranges.unmarked).toEqual([]);
  expect(ranges.hasPartOf(minute(1))).toBe(true);
  expect(ranges.add(minute(1), 2)).toBe(true);
  expect(ranges.unmarked).toHaveLength(1);
});

it('does not take a range as marked that has grown meanwhile', () => {
  const ranges = new InexactRanges();
  ranges.add(minute(1), 1);
  ranges.add(minute(2), 2);
  ranges.marked(minute(1));
  expect(ranges.unmarked).toHaveLength(1);
});

it('forgets a window that was computed behind the last lost value, and only that one', () => {
  const ranges = new InexactRanges();
  for (const nth of [1, 2, 3]) ranges.add(minute(nth), 5);
  expect(ranges.computed(minute(2), 5)).toBe(false);
  expect(ranges.computed(minute(2), 6)).toBe(true);
  expect(spansOf(ranges)).toEqual([
    [60_000, 120_000],
    [180_000, 240_000],
  ]);
  expect(ranges.hasPartOf(minute(2))).toBe(false);
});

it('joins the nearest ranges where there would be too many, and lacks none', () => {
  const ranges = new InexactRanges();
  const windows = Array.from({ length: 3 * MAX_RANGES }, (_, nth) => minute(nth * nth));
  for (const window of windows) ranges.add(window, 1);
  expect(ranges.all).toHaveLength(MAX_RANGES);
  for (const window of windows) expect(ranges.hasPartOf(window)).toBe(true);
  // The last ones lie farthest from one another.
  expect(ranges.hasPartOf(minute((3 * MAX_RANGES - 1) ** 2 - 1))).toBe(false);
});
