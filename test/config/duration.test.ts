import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatDuration, parseDuration } from '../../src/config/duration.js';

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
