import { expect, test } from 'vitest';
import { checkWallClock } from '../../../src/commands/doctor/wall-clock.js';

const NOW_MS = Date.UTC(2026, 5, 1);
const after = (tookMs: number, steppedMs = 0) =>
  [
    { wallMs: NOW_MS, monotonicMs: 1_000 },
    { wallMs: NOW_MS + tookMs + steppedMs, monotonicMs: 1_000 + tookMs },
  ] as const;

test.each([
  ['before this build', Date.UTC(2025, 11, 31)],
  ['after 2099', Date.UTC(2100, 0, 1)],
])('a clock %s fails', (_, wallMs) => {
  const reading = { wallMs, monotonicMs: 0 };
  expect(checkWallClock(reading, reading, undefined).state).toBe('fail');
});

test.each([
  ['runs evenly', 5_000, 0, 'ok'],
  ['drifts a little', 5_000, 500, 'ok'],
  ['is set forward', 5_000, 501, 'warn'],
  ['is set back', 5_000, -3_600_000, 'warn'],
] as const)('a clock that %s', (_, tookMs, steppedMs, state) => {
  expect(checkWallClock(...after(tookMs, steppedMs), undefined).state).toBe(state);
});

test.each([
  [60_000, 'ok', '60 s ahead'],
  [-60_000, 'ok', '60 s behind'],
  [61_000, 'warn', '61 s ahead'],
  [-90_000, 'warn', '90 s behind'],
] as const)('against a store that is %d ms ahead', (aheadMs, state, found) => {
  const result = checkWallClock(...after(100), aheadMs);
  expect(result).toMatchObject({ state, found: expect.stringContaining(found) });
});
