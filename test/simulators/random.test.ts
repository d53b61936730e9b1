import { describe, expect, it } from 'vitest';
import { hashText, randomAt, Sfc32 } from '../../simulators/random.js';

describe('Sfc32', () => {
  it('gives the same numbers for the same seed', () => {
    const first = new Sfc32(1, 2, 3);
    const second = new Sfc32(1, 2, 3);
    for (let at = 0; at < 100; at++) expect(first.nextUint32()).toBe(second.nextUint32());
  });

  it('spreads evenly, also over neighbouring places of a stream', () => {
    const tenths = new Array<number>(10).fill(0);
    for (let at = 0; at < 10_000; at++) tenths[Math.floor(10 * randomAt(1, 2, at).next())]!++;
    for (const count of tenths) expect(count).toBeGreaterThan(880);
    for (const count of tenths) expect(count).toBeLessThan(1120);
  });

  it('keeps noise inside -1 to 1 and around 0', () => {
    const random = new Sfc32(9, 9, 9);
    let sum = 0;
    for (let at = 0; at < 10_000; at++) {
      const noise = random.noise();
      expect(Math.abs(noise)).toBeLessThan(1);
      sum += noise;
    }
    expect(Math.abs(sum / 10_000)).toBeLessThan(0.02);
  });
});

it('hashText is FNV-1a', () => {
  expect(hashText('')).toBe(0x811c9dc5);
  expect(hashText('foobar')).toBe(0xbf9cf968);
});
