import { expect, it } from 'vitest';
import { planReading } from '../../src/reading/plan-reading.js';
import { MAX_STRETCHES, usableRows } from '../../src/reading/usable-rows.js';
import type { ReadableRows } from '../../src/windows/readable-rows.js';
import { WindowSpans } from '../../src/windows/window-spans.js';

const MINUTE_MS = 60_000;

function rowsOf(everyMs: number, due: ReadableRows['due']): ReadableRows {
  return {
    measurement: `climate_${everyMs}`,
    everyMs,
    spans: new WindowSpans({ everyMs }),
    columns: new Map([['v', { count: 'v_count', inexact: 'inexact' }]]),
    completeFromMs: 0,
    keptFromMs: 0,
    closedUntilMs: 10_000_000 * MINUTE_MS,
    due,
  };
}

it('late points in a hundred thousand windows leave few stretches, the longest, and few queries', () => {
  // Every second minute is due, but for one long rest.
  const due = Array.from({ length: 100_000 }, (_, nth) => {
    const startMs = (nth < 50_000 ? 2 * nth : 2 * nth + 5_000) * MINUTE_MS;
    return { startMs, endMs: startMs + MINUTE_MS };
  });
  const levels = [rowsOf(60 * MINUTE_MS, due), rowsOf(MINUTE_MS, due)];
  const usable = usableRows(levels, { field: 'v' }, new Set());
  for (const { exact } of usable) {
    expect(exact.length).toBeLessThanOrEqual(MAX_STRETCHES);
    expect(exact.some(({ startMs, endMs }) => endMs - startMs > 4_000 * MINUTE_MS)).toBe(true);
    expect(exact).toEqual(exact.toSorted((a, b) => a.startMs - b.startMs));
  }
  const range = { startMs: 0, endMs: 300_000 * MINUTE_MS };
  const sources = { levels: usable, fallbacks: [], pointsFromMs: Number.NEGATIVE_INFINITY };
  const { segments } = planReading([0, range.endMs], range, sources);
  expect(segments.length).toBeLessThan(6 * MAX_STRETCHES);
  // Without a gap, and without a stretch that is read twice.
  expect(segments[0]?.startMs).toBe(0);
  expect(segments.at(-1)?.endMs).toBe(range.endMs);
  for (const [nth, { endMs }] of segments.slice(0, -1).entries())
    expect(segments[nth + 1]!.startMs).toBe(endMs);
});
