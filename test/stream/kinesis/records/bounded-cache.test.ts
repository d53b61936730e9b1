import { expect, it } from 'vitest';
import { BoundedCache } from '../../../../src/stream/kinesis/records/bounded-cache.js';

it('keeps what is used and never more than its limit', () => {
  const cache = new BoundedCache<number>(100);
  for (let n = 0; n < 10_000; n += 1) {
    cache.set(`key ${n}`, n);
    expect(cache.size).toBeLessThanOrEqual(100);
    expect(cache.get('key 0')).toBe(0);
  }
  expect(cache.get('key 1')).toBeUndefined();
  expect(cache.get('key 9999')).toBe(9999);
});
