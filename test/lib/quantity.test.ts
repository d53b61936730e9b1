import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatDuration, formatSize, parseDuration, parseSize } from '../../src/lib/quantity.js';

describe('parseSize', () => {
  test.each([
    ['0B', 0],
    ['1B', 1],
    ['512KiB', 524_288],
    ['64MiB', 67_108_864],
    ['64 MiB', 67_108_864],
    ['4GiB', 4_294_967_296],
    ['2TiB', 2_199_023_255_552],
    ['4MB', 4_000_000],
    ['4kB', 4_000],
    ['4KB', 4_000],
    ['1.5KiB', 1_536],
    ['1.1MB', 1_100_000],
  ])('%s is %d bytes', (written, bytes) => {
    expect(parseSize(written)).toEqual({ ok: true, value: bytes });
  });

  test.each([
    [64, 'write a unit'],
    ['64', 'write a unit'],
    ['64Mib', '"Mib" is none of the units'],
    ['64mb', '"mb" is none of the units'],
    ['-1MiB', 'write it like'],
    ['1e3MiB', 'write it like'],
    ['0x10MiB', 'write it like'],
    ['1.5B', 'not a whole number of bytes'],
    ['9999999999TiB', 'larger than can be counted'],
    ['', 'write it like'],
    [true, 'write it like'],
    [null, 'write it like'],
    [['64MiB'], 'write it like'],
  ])('%j is refused: %s', (written, hint) => {
    expect(parseSize(written)).toEqual({ ok: false, hint: expect.stringContaining(hint) });
  });
});

test('what formatSize writes, parseSize reads back', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (bytes) => {
      expect(parseSize(formatSize(bytes))).toEqual({ ok: true, value: bytes });
    }),
  );
});

test.each([
  [0, '0B'],
  [65_536, '64KiB'],
  [4_000_000, '4MB'],
  [1_000_001, '1000001B'],
])('formatSize takes the largest unit that divides: %d', (bytes, text) => {
  expect(formatSize(bytes)).toBe(text);
});

test.each([
  ['0ms', 0],
  ['100ms', 100],
  ['5s', 5_000],
  ['1.1s', 1_100],
  ['20min', 1_200_000],
  ['20m', 1_200_000],
  ['2h', 7_200_000],
  ['7d', 604_800_000],
  ['1w', 604_800_000],
])('%s is %d ms', (written, ms) => {
  expect(parseDuration(written)).toEqual({ ok: true, value: ms });
});

test.each([
  [5, 'write a unit, such as 5s'],
  ['5', 'write a unit, such as 5s'],
  ['0.5ms', 'not a whole number of milliseconds'],
  ['5 sec', '"sec" is none of the units ms, s, min, h, d, m, w'],
  ['5S', 'none of the units'],
  ['P7D', 'write it like 5s'],
  ['-5s', 'write it like 5s'],
  [{}, 'write it like 5s'],
])('%j is refused: %s', (written, hint) => {
  expect(parseDuration(written)).toEqual({ ok: false, hint: expect.stringContaining(hint) });
});

test('what formatDuration writes, parseDuration reads back', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (ms) => {
      expect(parseDuration(formatDuration(ms))).toEqual({ ok: true, value: ms });
    }),
  );
});
