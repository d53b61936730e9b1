import { expect, test } from 'vitest';
import { durationText, isoTime } from '../../src/rules/epoch.js';

test.each([
  [1_732_155_786_000_000_000n, '2024-11-21T02:23:06Z', 'whole seconds'],
  [1_732_155_786_120_000_000n, '2024-11-21T02:23:06.120Z', 'milliseconds'],
  [1_732_155_786_123_456_780n, '2024-11-21T02:23:06.12345678Z', 'as many decimals as needed'],
  [1_732_155_786_000_000_001n, '2024-11-21T02:23:06.000000001Z', 'one nanosecond'],
  [-1n, '1969-12-31T23:59:59.999999999Z', 'before 1970'],
  [1_732_155_786_123n * 10n ** 9n, 'in the year 56859', 'ISO would be +056859-10-31...'],
  [10n ** 25n, 'after the year 275760', 'Date would throw a RangeError'],
  [-(10n ** 25n), 'before the year -271821', 'Date would throw a RangeError'],
])('%s ns is %s', (ns, text, _why) => {
  expect(isoTime(ns)).toBe(text);
});

test.each([
  [7 * 86_400_000, '7 d'],
  [600_000, '10 min'],
  [5_400_000, '1.5 h'],
  [1_500, '1.5 s'],
  [20, '20 ms'],
  [0, '0 ms'],
])('%i ms is %s', (ms, text) => {
  expect(durationText(ms)).toBe(text);
});
