import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BoundedCache } from '../../src/lib/bounded-cache.js';

test('it never holds more than its bound and never gives a wrong value', () => {
  const step = fc.tuple(fc.boolean(), fc.nat(30));
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 12 }), fc.array(step, { maxLength: 200 }), (bound, steps) => {
      const cache = new BoundedCache<number>(bound);
      const written = new Map<string, number>();
      let round = 0;
      for (const [isWrite, number] of steps) {
        const key = String(number);
        const found = cache.get(key);
        if (found !== undefined) expect(found).toBe(written.get(key));
        if (isWrite || found === undefined) {
          cache.set(key, ++round);
          written.set(key, round);
        }
        expect(cache.size).toBeLessThanOrEqual(bound);
      }
    }),
  );
});

test('what is used again and again stays, however much passes by', () => {
  const cache = new BoundedCache<string>(10);
  cache.set('kept', 'here');
  for (let index = 0; index < 1_000; index++) {
    expect(cache.get('kept')).toBe('here');
    cache.set(`passing ${index}`, 'by');
  }
});
