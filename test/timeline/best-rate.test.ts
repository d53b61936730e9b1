import { describe, expect, it } from 'vitest';
import { BestRate } from '../../src/timeline/best-rate.js';

const HOUR_MS = 3_600_000;

describe('the best rate', () => {
  it('is not known before something was stored', () => {
    const best = new BestRate();
    best.add({ atMs: 0, processed: 5, busyMs: 0, retries: 0 }, 0);
    best.add({ atMs: 10_000, processed: 5, busyMs: 0, retries: 0 }, 10_000);
    expect(best.perSecond(10_000)).toBeUndefined();
  });

  it('is the greatest of 10 s, or of the time in which the stages were busy', () => {
    const best = new BestRate();
    best.add({ atMs: 0, processed: 0, busyMs: 0, retries: 0 }, 0);
    best.add({ atMs: 5_000, processed: 9_000, busyMs: 0, retries: 0 }, 5_000);
    best.add({ atMs: 10_000, processed: 10_000, busyMs: 0, retries: 0 }, 10_000);
    expect(best.perSecond(10_000)).toBe(1_000);
    best.add({ atMs: 20_000, processed: 10_300, busyMs: 100, retries: 0 }, 20_000);
    expect(best.perSecond(20_000)).toBe(3_000);
  });

  it('takes nothing of a time in which requests were repeated', () => {
    const best = new BestRate();
    best.add({ atMs: 0, processed: 0, busyMs: 0, retries: 0 }, 0);
    best.add({ atMs: 10_000, processed: 10, busyMs: 1, retries: 4 }, 10_000);
    expect(best.perSecond(10_000)).toBeUndefined();
  });

  it('is forgotten after 24 hours, and kept over restarts until then', () => {
    const best = new BestRate();
    best.add({ atMs: 0, processed: 0, busyMs: 0, retries: 0 }, 0);
    best.add({ atMs: 10_000, processed: 100, busyMs: 0, retries: 0 }, 10_000);
    const again = new BestRate();
    again.load(best.hours);
    expect(again.perSecond(23 * HOUR_MS)).toBe(10);
    expect(again.perSecond(24 * HOUR_MS)).toBeUndefined();
  });
});
