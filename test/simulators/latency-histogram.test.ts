import { describe, expect, it } from 'vitest';
import { LatencyHistogram } from '../../simulators/latency-histogram.js';

describe('LatencyHistogram', () => {
  it('has no summary while it is empty', () => {
    expect(new LatencyHistogram().summary()).toBeUndefined();
  });

  it('gives percentiles at most 3 % above the true ones, and the exact maximum', () => {
    const histogram = new LatencyHistogram();
    for (let ms = 1; ms <= 1000; ms++) histogram.add(ms);
    const { p50, p90, p99, max } = histogram.summary()!;
    for (const [given, exact] of [
      [p50, 500],
      [p90, 900],
      [p99, 990],
    ] as const) {
      expect(given).toBeGreaterThanOrEqual(exact);
      expect(given).toBeLessThanOrEqual(exact * 1.03);
    }
    expect(max).toBe(1000);
  });

  it('takes extremes: zero and days', () => {
    const histogram = new LatencyHistogram();
    histogram.add(0);
    histogram.add(3 * 86_400_000);
    expect(histogram.summary()).toEqual({
      p50: 0.001,
      p90: 68_719_476.736,
      p99: 68_719_476.736,
      max: 259_200_000,
    });
  });
});
