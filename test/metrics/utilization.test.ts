import { expect, test } from 'vitest';
import { Utilization } from '../../src/metrics/utilization.js';

test('the ratio covers the time since the previous call, but calls within a second get the same ratio', () => {
  let nowMs = 0;
  let active = 0;
  const of = new Utilization(
    () => ({ active, idle: nowMs - active, utilization: nowMs === 0 ? Number.NaN : active / nowMs }),
    () => nowMs,
  );
  expect(of.ratio()).toBe(0);
  [nowMs, active] = [10_000, 1_000];
  expect(of.ratio()).toBeCloseTo(0.1);
  [nowMs, active] = [10_500, 1_500];
  expect(of.ratio()).toBeCloseTo(0.1);
  [nowMs, active] = [12_000, 2_000];
  expect(of.ratio()).toBeCloseTo(0.5);
});
