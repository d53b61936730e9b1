import { expect, test } from 'vitest';
import { goDurationMs, storeDuration } from '../../../src/sink/influx/store-duration.js';

test.each([
  ['168h0m0s', 168 * 3_600_000],
  ['1m30s', 90_000],
  ['0s', 0],
  ['', undefined],
  ['7d', undefined],
])('the Go duration %j is %j ms', (text, ms) => {
  expect(goDurationMs(text)).toBe(ms);
});

test.each([
  [30 * 86_400_000, '30d'],
  [36 * 3_600_000, '36h'],
  [90_000, '90s'],
  [300_000, '5m'],
  [1_500, '1500ms'],
])('%j ms are written as %s', (ms, text) => {
  expect(storeDuration(ms)).toBe(text);
});
