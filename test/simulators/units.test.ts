import { expect, it } from 'vitest';
import { parseDurationMs, parseInstantMs, parsePerSecond, parseShare } from '../../simulators/units.js';

it.each([
  ['500ms', 500],
  ['10s', 10_000],
  ['1.5s', 1500],
  ['5min', 300_000],
  ['1h', 3_600_000],
  ['2d', 172_800_000],
  ['10', undefined],
  ['5m', undefined],
  ['-5s', undefined],
  ['', undefined],
])('duration %s is %s ms', (text, ms) => expect(parseDurationMs(text)).toBe(ms));

it.each([
  ['1%', 0.01],
  ['0.01', 0.01],
  ['100%', 1],
  ['1', 1],
  ['0', 0],
  ['101%', undefined],
  ['2', undefined],
  ['x', undefined],
])('share %s is %s', (text, share) => expect(parseShare(text)).toBe(share));

it.each([
  ['0.1/s', 0.1],
  ['2', 2],
  ['2/min', undefined],
])('rate %s is %s a second', (text, rate) => expect(parsePerSecond(text)).toBe(rate));

it.each([
  ['2026-01-31T08:00:00Z', Date.UTC(2026, 0, 31, 8)],
  ['2026-01-31T08:00:00.250+02:00', Date.UTC(2026, 0, 31, 6, 0, 0, 250)],
  ['-1h', 1_000_000_000_000 - 3_600_000],
  ['2026-01-31', undefined],
  ['2026-13-31T08:00:00Z', undefined],
  ['yesterday', undefined],
])('instant %s is %s', (text, ms) => expect(parseInstantMs(text, 1_000_000_000_000)).toBe(ms));
