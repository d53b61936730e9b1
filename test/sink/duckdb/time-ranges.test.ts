import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { timeRanges } from '../../../src/sink/duckdb/time-ranges.js';

const HOUR_NS = 3_600_000_000_000n;
const NOW_NS = 1_795_000_000_000_000_000n;

describe('timeRanges', () => {
  test('one late point gets its own range', () => {
    const times = [NOW_NS, NOW_NS - 72n * HOUR_NS, NOW_NS + 5n];
    expect(timeRanges(times, 8)).toEqual([
      { fromNs: NOW_NS - 72n * HOUR_NS, toNs: NOW_NS - 72n * HOUR_NS },
      { fromNs: NOW_NS, toNs: NOW_NS + 5n },
    ]);
  });

  test('adjacent hours form one range', () => {
    const times = [NOW_NS, NOW_NS + HOUR_NS, NOW_NS + 2n * HOUR_NS];
    expect(timeRanges(times, 8)).toEqual([{ fromNs: NOW_NS, toNs: NOW_NS + 2n * HOUR_NS }]);
  });

  test('the smallest gaps are closed when there are too many', () => {
    const hours = [0n, 10n, 100n, 105n];
    expect(
      timeRanges(
        hours.map((hour) => NOW_NS + hour * HOUR_NS),
        2,
      ),
    ).toEqual([
      { fromNs: NOW_NS, toNs: NOW_NS + 10n * HOUR_NS },
      { fromNs: NOW_NS + 100n * HOUR_NS, toNs: NOW_NS + 105n * HOUR_NS },
    ]);
  });

  test('every time is in a range, ranges ascend, and there are at most maxRanges', () => {
    const time = fc.oneof(
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      fc.bigInt({ min: -200n, max: 200n }).map((hours) => NOW_NS + hours * HOUR_NS),
    );
    fc.assert(
      fc.property(fc.array(time, { minLength: 1 }), fc.integer({ min: 1, max: 8 }), (times, maxRanges) => {
        const ranges = timeRanges(times, maxRanges);
        expect(ranges.length).toBeLessThanOrEqual(maxRanges);
        for (const t of times) expect(ranges.some(({ fromNs, toNs }) => fromNs <= t && t <= toNs)).toBe(true);
        for (const [i, range] of ranges.entries()) {
          expect(range.fromNs <= range.toNs).toBe(true);
          if (i > 0) expect(range.fromNs > ranges[i - 1]!.toNs).toBe(true);
        }
      }),
    );
  });
});
