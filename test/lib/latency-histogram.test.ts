import { expect, it } from 'vitest';
import { LATENCY_BOUNDS_MS, LatencyHistogram } from '../../src/lib/latency-histogram.js';

it('counts each latency in the narrowest bucket that holds it, bounds included, and what is beyond all in the last', () => {
  const histogram = new LatencyHistogram();
  histogram.observe(0.2, 3);
  histogram.observe(1, 2);
  histogram.observe(1.01, 5);
  histogram.observe(10_000_000, 1);
  // The clock was set back.
  histogram.observe(-50, 1);
  const { counts, sumMs } = histogram.snapshot();
  expect(counts).toHaveLength(LATENCY_BOUNDS_MS.length + 1);
  expect(counts.slice(0, 3)).toEqual([6, 5, 0]);
  expect(counts.at(-1)).toBe(1);
  expect(sumMs).toBeCloseTo(0.6 + 2 + 5.05 + 10_000_000, 6);
  histogram.observe(1, 1);
  expect(counts[0], 'a snapshot does not change').toBe(6);
});

it('has rising bounds', () => {
  expect([...LATENCY_BOUNDS_MS].sort((a, b) => a - b)).toEqual(LATENCY_BOUNDS_MS);
  expect(new Set(LATENCY_BOUNDS_MS).size).toBe(LATENCY_BOUNDS_MS.length);
});
