import { describe, expect, it } from 'vitest';
import { TokenBucket } from '../../src/lib/token-bucket.js';

describe('TokenBucket', () => {
  it('gives its burst at once and then its rate, however the tokens are taken', () => {
    const bucket = new TokenBucket(10, 1_000);
    let taken = 0;
    for (let nowMs = 0; nowMs <= 10_000; nowMs += 7) {
      while (bucket.waitMs(nowMs) === 0) {
        bucket.take(1, nowMs);
        taken += 1;
      }
    }
    expect(taken).toBeGreaterThanOrEqual(110);
    expect(taken).toBeLessThanOrEqual(112);
  });

  it('lets a debt be paid before it gives again', () => {
    const bucket = new TokenBucket(100, 1_000);
    bucket.take(500, 0);
    expect(bucket.waitMs(0)).toBe(4_000);
    expect(bucket.waitMs(3_999)).toBe(1);
    expect(bucket.waitMs(4_000)).toBe(0);
    expect(bucket.isFull(4_999)).toBe(false);
    expect(bucket.isFull(5_000)).toBe(true);
  });

  it('begins again when the clock goes back', () => {
    const bucket = new TokenBucket(10, 1_000);
    bucket.take(1, 1_000_000_000);
    expect(bucket.waitMs(5)).toBe(0);
    bucket.take(1, 6);
    expect(bucket.waitMs(7)).toBe(0);
  });
});
