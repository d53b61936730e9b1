import { describe, expect, test } from 'vitest';
import { TextHash } from '../../src/lib/text-hash.js';

const hashOf = (...parts: readonly (string | number)[]) => {
  const hash = new TextHash();
  for (const part of parts) {
    if (typeof part === 'number') hash.addNumber(part);
    else hash.add(part);
  }
  return hash;
};

describe('a hash of texts and numbers', () => {
  test('is the same for the same parts, also in another process', () => {
    expect(hashOf('a', 'b').text).toBe(hashOf('a', 'b').text);
    // A hash that is saved must not change with the next version.
    expect(hashOf('sensors/a/b', 21.5).text).toBe('1r06uxj1uc80bg');
  });

  test('differs by where one part ends, by order and by kind', () => {
    const all = [
      hashOf('ab', 'c'),
      hashOf('a', 'bc'),
      hashOf('c', 'ab'),
      hashOf('abc'),
      hashOf('abc', ''),
      hashOf(1),
      hashOf('1'),
      hashOf(-1),
      hashOf(1, 1),
      hashOf(0.1),
      hashOf(0),
    ];
    expect(new Set(all.map(({ text }) => text)).size).toBe(all.length);
  });

  test('has no collisions among names, counters and times that are close to each other', () => {
    const seen = new Set<string>();
    const high = new Set<number>();
    for (let n = 0; n < 60_000; n += 1) {
      const names = [`device-${n}`, `${n}`, `sensors/city-${n % 7}/device-${n}/telemetry`];
      for (const name of names) {
        const hash = hashOf(name);
        seen.add(hash.text);
        high.add(hash.bits.high);
      }
      seen.add(hashOf(1_773_000_310_000 + n).text);
      seen.add(hashOf('a', n / 10).text);
    }
    expect(seen.size).toBe(300_000);
    // 180,000 of 2^32: about four collisions are to be expected in one half alone.
    expect(high.size).toBeGreaterThan(179_950);
  });

  test('spreads fractions evenly', () => {
    const counts = new Array<number>(100).fill(0);
    for (let n = 0; n < 100_000; n += 1) {
      const { fraction } = hashOf('temperature', n / 10);
      expect(fraction >= 0 && fraction < 1).toBe(true);
      counts[Math.floor(fraction * 100)]! += 1;
    }
    for (const count of counts) expect(count).toBeGreaterThan(800);
    for (const count of counts) expect(count).toBeLessThan(1_200);
  });
});
