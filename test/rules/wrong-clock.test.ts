import { describe, expect, test } from 'vitest';
import { RELEASED_AT_MS } from '../../src/lib/package-root.js';
import { MappingWarnings } from '../../src/rules/mapped.js';
import { DEFAULT_RULES, type RuleOptions } from '../../src/rules/rule-options.js';
import { compileRules } from '../../src/rules/rule-set.js';
import { DEFAULT_TIME_WINDOW } from '../../src/rules/time.js';
import { sampleRecord } from './sample-record.js';

const DAY_MS = 86_400_000;
const NOW_MS = RELEASED_AT_MS + 100 * DAY_MS;
const BOOT_1970_MS = 20_000;
const ns = (ms: number) => BigInt(ms) * 1_000_000n;

/** A time that is only guessed never parks: the rule names it. */
const RULES: readonly RuleOptions[] = DEFAULT_RULES.map((rule) => ({
  ...rule,
  time: { path: 'ts', unit: 'ms', ...DEFAULT_TIME_WINDOW },
}));

/** What becomes of a reading of the device's time that was received and is processed when the gateway's clock shows these. */
function mapped(deviceMs: number | undefined, receivedMs: number, processedMs: number) {
  const compiled = compileRules(RULES, { readClock: () => ns(processedMs) });
  if (!compiled.ok) throw new Error('the default rules are wrong');
  const warnings = new MappingWarnings();
  const payload = JSON.stringify({ v: 1, ts: deviceMs });
  const outcome = compiled.ruleSet.apply(sampleRecord(payload, { receivedAtNs: ns(receivedMs) }), warnings);
  const timestamp = outcome.kind === 'points' ? outcome.points[0]!.timestampNs : undefined;
  return {
    kind: outcome.kind,
    timestamp,
    warnings: warnings.total(),
    reason: outcome.kind === 'parked' ? outcome.reason : '',
  };
}

describe('a good device time is written', () => {
  test.each([
    ['while the clock is not set', BOOT_1970_MS, BOOT_1970_MS],
    ['received while the clock was not set, processed when it was', BOOT_1970_MS, NOW_MS + 5_000],
    ['received with a clock 400 days ahead, replayed by the clock of today', NOW_MS + 400 * DAY_MS, NOW_MS],
    ['received with a clock in 2150, and processed by it', Date.UTC(2150, 0), Date.UTC(2150, 0)],
    ['received well, processed in 1970 after a new start', NOW_MS, BOOT_1970_MS],
    ['received well, processed by a consumer a year behind', NOW_MS, NOW_MS - 90 * DAY_MS],
  ])('%s', (_why, receivedMs, processedMs) => {
    expect(mapped(NOW_MS, receivedMs, processedMs)).toMatchObject({ kind: 'points', timestamp: ns(NOW_MS) });
  });
});

describe('a device time is parked', () => {
  const in2261 = Date.UTC(2261, 0);
  test.each([
    ['of 2261, received well', in2261, NOW_MS, NOW_MS],
    ['of 2261, received in 1970 and replayed today', in2261, BOOT_1970_MS, NOW_MS],
    ['of 2261, received well and processed in 1970', in2261, NOW_MS, BOOT_1970_MS],
    ['a month old, received well and replayed today', NOW_MS - 31 * DAY_MS, NOW_MS, NOW_MS],
    ['ahead when it was received, though a replay comes later', NOW_MS + DAY_MS, NOW_MS, NOW_MS + DAY_MS],
  ])('%s', (_why, deviceMs, receivedMs, processedMs) => {
    expect(mapped(deviceMs, receivedMs, processedMs).kind).toBe('parked');
  });

  test('for the same reason at every replay, so that tries do not add up', () => {
    const [first, second] = [NOW_MS, NOW_MS + 3 * DAY_MS].map(
      (now) => mapped(in2261, BOOT_1970_MS, now).reason,
    );
    expect(first).toBe(second);
    expect(first).toContain('or the same around the clock of today');
  });
});

describe('a reading without a time', () => {
  test.each([
    ['1970', BOOT_1970_MS, NOW_MS, 1],
    [
      'the time before the release, while the clock shows that',
      RELEASED_AT_MS - DAY_MS,
      RELEASED_AT_MS - DAY_MS,
      1,
    ],
    ['the time before the release, of an earlier version', RELEASED_AT_MS - DAY_MS, NOW_MS, 0],
    ['a good time', NOW_MS, NOW_MS, 0],
  ])('gets the receive time, and that is noted when it is %s', (_what, receivedMs, processedMs, noted) => {
    const { timestamp, warnings } = mapped(undefined, receivedMs, processedMs);
    expect(timestamp).toBe(ns(receivedMs));
    expect(warnings['clock-implausible']).toBe(noted);
  });
});
