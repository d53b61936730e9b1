import { expect, it } from 'vitest';
import { instantOption } from '../../src/commands/instant-option.js';

const NOW_MS = Date.parse('2026-11-30T12:00:00Z');

it.each([
  ['2026-11-30', '2026-11-30T00:00:00Z'],
  ['2026-11-30T08:00:00.5+01:00', '2026-11-30T07:00:00.5Z'],
  ['1796025600', '2026-11-30T08:00:00Z'],
  ['1796025600123', '2026-11-30T08:00:00.123Z'],
  ['now', '2026-11-30T12:00:00Z'],
  ['now-7d', '2026-11-23T12:00:00Z'],
  ['now-90min', '2026-11-30T10:30:00Z'],
])('%s is %s', (written, at) => {
  expect(instantOption(written, NOW_MS)).toBe(Date.parse(at));
});

it.each(['', 'yesterday', 'now-', 'now*2', 'now-7', '2026-13-01', '-5'])('%j is no time', (written) => {
  expect(() => instantOption(written, NOW_MS)).toThrow('It must be a time: ');
});
