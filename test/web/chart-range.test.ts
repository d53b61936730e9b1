import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_SERIES_BUCKETS } from '../../src/http/routes/store-requests.js';
import { pageModule } from '../support/page-module.js';

interface View {
  kind: 'live' | 'fixed';
  spanMs?: number;
  fromMs?: number;
  toMs?: number;
}
interface Window {
  fromMs: number;
  toMs: number;
  bucketMs: number;
  buckets: number;
}
const range = await pageModule<{
  PRESETS: readonly { key: string; spanMs: number }[];
  BUCKET_LADDER_MS: readonly number[];
  MIN_SPAN_MS: number;
  MAX_SPAN_MS: number;
  bucketFor(spanMs: number): number;
  windowOf(view: View, nowMs: number, bucketMs?: number): Window;
  edgesOf(view: View, nowMs: number): { fromMs: number; toMs: number };
  refreshEveryMs(view: View, bucketMs?: number): number;
  bucketChoices(spanMs: number): readonly number[];
  viewWith(view: View, atMs: number, nowMs: number): View;
  zoomed(view: View, factor: number, nowMs: number, aroundMs?: number): View;
  panned(view: View, share: number, nowMs: number): View;
  between(oneMs: number, otherMs: number, nowMs: number): View;
  complaintAbout(fromMs: number, toMs: number): string;
}>('chart-range.js');
const { windowOf, zoomed, panned, between, bucketFor } = range;
const NOW_MS = 1_760_000_000_123;
const fixed = (fromMs: number, toMs: number): View => ({ kind: 'fixed', fromMs, toMs });

describe('the bucket ladder', () => {
  it('ascends, and every day is a whole number of each width', () => {
    expect(range.BUCKET_LADDER_MS).toEqual([...range.BUCKET_LADDER_MS].sort((a, b) => a - b));
    for (const bucketMs of range.BUCKET_LADDER_MS) expect(86_400_000 % bucketMs).toBe(0);
  });

  it.each([
    [1_000, 10],
    [300_000, 2_000],
    [900_000, 5_000],
    [3_600_000, 20_000],
    [21_600_000, 120_000],
    [86_400_000, 300_000],
    [604_800_000, 3_600_000],
    [31 * 86_400_000, 10_800_000],
  ])('takes for %i ms buckets of %i ms', (spanMs, bucketMs) => expect(bucketFor(spanMs)).toBe(bucketMs));

  it('gets finer, never coarser, when the span gets shorter', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1_000, max: range.MAX_SPAN_MS }), (spanMs) => {
        expect(bucketFor(spanMs / 2)).toBeLessThanOrEqual(bucketFor(spanMs));
        expect(spanMs / bucketFor(spanMs)).toBeLessThanOrEqual(288);
      }),
    );
  });
});

describe('windowOf', () => {
  it.each(range.PRESETS)(
    'asks for whole buckets in the live $key that reach to now: a narrow one only once it is full',
    ({ spanMs }) => {
      const { fromMs, toMs, bucketMs, buckets } = windowOf({ kind: 'live', spanMs }, NOW_MS);
      expect([fromMs % bucketMs, toMs % bucketMs]).toEqual([0, 0]);
      expect(toMs - fromMs).toBe(spanMs);
      expect(toMs - fromMs).toBe(buckets * bucketMs);
      const isNarrow = bucketMs <= 2_000;
      expect(toMs <= NOW_MS).toBe(isNarrow);
      expect(Math.abs(NOW_MS - toMs)).toBeLessThan(isNarrow ? bucketMs + 500 : bucketMs);
    },
  );

  it('covers any fixed range with whole buckets, and with no more than the gateway allows', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: NOW_MS }),
        fc.integer({ min: 1_000, max: range.MAX_SPAN_MS }),
        (fromMs, spanMs) => {
          const window = windowOf(fixed(fromMs, fromMs + spanMs), NOW_MS);
          expect(window.fromMs).toBeLessThanOrEqual(fromMs);
          expect(window.toMs).toBeGreaterThanOrEqual(fromMs + spanMs);
          expect(window.fromMs % window.bucketMs).toBe(0);
          expect(window.toMs - window.fromMs).toBe(window.buckets * window.bucketMs);
          expect(window.buckets).toBeLessThanOrEqual(MAX_SERIES_BUCKETS);
        },
      ),
    );
  });

  it('lets the same points fall into the same buckets while a range is moved', () => {
    const one = windowOf(fixed(NOW_MS - 300_000, NOW_MS), NOW_MS);
    const moved = windowOf(fixed(NOW_MS - 300_777, NOW_MS - 777), NOW_MS);
    expect((one.fromMs - moved.fromMs) % one.bucketMs).toBe(0);
  });
});

describe('the choices of a resolution', () => {
  it('are a few widths around the usual one, each with a bounded number of points', () => {
    const minutes = range.bucketChoices(86_400_000).map((bucketMs) => bucketMs / 60_000);
    expect(minutes).toEqual([1, 2, 5, 10, 20, 30]);
    fc.assert(
      fc.property(fc.integer({ min: range.MIN_SPAN_MS, max: range.MAX_SPAN_MS }), (spanMs) => {
        const widths = range.bucketChoices(spanMs);
        expect(widths).toContain(bucketFor(spanMs));
        for (const bucketMs of widths) expect(spanMs / bucketMs).toBeLessThanOrEqual(1_440);
      }),
    );
  });

  it('is asked for in whole buckets', () => {
    const { fromMs, toMs, bucketMs, buckets } = windowOf(
      { kind: 'live', spanMs: 86_400_000 },
      NOW_MS,
      60_000,
    );
    expect([fromMs % bucketMs, toMs % bucketMs, bucketMs, buckets]).toEqual([0, 0, 60_000, 1_440]);
  });
});

describe('viewWith', () => {
  const day: View = { kind: 'live', spanMs: 86_400_000 };
  it('takes the next live range that has the moment', () => {
    expect(range.viewWith(day, NOW_MS - 3 * 86_400_000, NOW_MS)).toEqual({
      kind: 'live',
      spanMs: 7 * 86_400_000,
    });
  });

  it('takes a range around a moment that no live one has', () => {
    const atMs = NOW_MS - 90 * 86_400_000;
    const { fromMs, toMs } = range.viewWith(day, atMs, NOW_MS);
    expect(fromMs).toBeLessThan(atMs);
    expect(toMs).toBeGreaterThan(atMs);
    expect((toMs ?? 0) - (fromMs ?? 0)).toBe(86_400_000);
  });

  it('takes a range around a moment that has not come yet', () => {
    const { fromMs, toMs } = range.viewWith(day, NOW_MS + 86_400_000, NOW_MS);
    expect(fromMs).toBeLessThan(NOW_MS + 86_400_000);
    expect(toMs).toBeGreaterThan(NOW_MS + 86_400_000);
  });
});

describe('zoomed', () => {
  it('keeps the moment under the pointer where it is', () => {
    const view = zoomed(fixed(1_000_000, 2_000_000), 4, NOW_MS, 1_250_000);
    expect(view).toEqual(fixed(1_187_500, 1_437_500));
  });

  it('without a pointer keeps a live view live and the middle of a fixed one', () => {
    expect(zoomed({ kind: 'live', spanMs: 300_000 }, 2, NOW_MS)).toEqual({ kind: 'live', spanMs: 150_000 });
    expect(zoomed(fixed(0, 1_000_000), 2, NOW_MS)).toEqual(fixed(250_000, 750_000));
  });

  it('stops at one second and at 31 days', () => {
    expect(zoomed({ kind: 'live', spanMs: 1_500 }, 100, NOW_MS).spanMs).toBe(range.MIN_SPAN_MS);
    expect(zoomed({ kind: 'live', spanMs: 86_400_000 }, 0.001, NOW_MS).spanMs).toBe(range.MAX_SPAN_MS);
  });

  it('never shows what has not happened yet, nor what is before 1970', () => {
    expect(zoomed(fixed(NOW_MS - 10_000, NOW_MS), 0.1, NOW_MS, NOW_MS - 9_000).toMs).toBe(NOW_MS);
    expect(zoomed(fixed(0, 10_000), 0.1, NOW_MS, 5_000)).toEqual(fixed(0, 100_000));
  });
});

describe('panned', () => {
  it('moves by a share of what is shown', () => {
    expect(panned(fixed(1_000_000, 2_000_000), -0.25, NOW_MS)).toEqual(fixed(750_000, 1_750_000));
  });

  it('stops a live view that goes back, and leaves it live when it goes on', () => {
    const live: View = { kind: 'live', spanMs: 300_000 };
    expect(panned(live, 0.25, NOW_MS)).toBe(live);
    const { toMs } = windowOf(live, NOW_MS);
    expect(panned(live, -0.5, NOW_MS)).toEqual(fixed(toMs - 450_000, toMs - 150_000));
  });

  it('does not go past now', () => {
    expect(panned(fixed(NOW_MS - 10_000, NOW_MS - 1_000), 5, NOW_MS)).toEqual(fixed(NOW_MS - 9_000, NOW_MS));
  });
});

it('takes a drag in either direction, and makes a tiny one a second', () => {
  expect(between(9_000, 5_000, NOW_MS)).toEqual(fixed(5_000, 9_000));
  expect(between(10_000, 10_010, NOW_MS)).toEqual(fixed(9_505, 10_505));
});

it.each([
  [Number.NaN, 5_000, 'Give both a from and a to.'],
  [-1, 5_000, 'From must be 1970 or later.'],
  [5_000, 5_000, 'To must be later than from.'],
  [0, 32 * 86_400_000, 'At most 31 days can be shown at once.'],
  [0, 31 * 86_400_000, ''],
])('says of the range %d to %d: "%s"', (fromMs, toMs, words) => {
  expect(range.complaintAbout(fromMs, toMs)).toBe(words);
});

it('asks again after a quarter of a bucket, at least every 30 s and at most every 2 s', () => {
  const waits = range.PRESETS.map(({ spanMs }) => range.refreshEveryMs({ kind: 'live', spanMs }));
  expect(waits).toEqual([2_000, 5_000, 30_000, 30_000, 30_000, 30_000]);
  expect(range.refreshEveryMs({ kind: 'live', spanMs: 86_400_000 }, 60_000)).toBe(15_000);
  expect(range.refreshEveryMs(fixed(0, 1_000))).toBe(30_000);
});
