import { describe, expect, test } from 'vitest';
import { StateTables } from '../../src/lib/state-tables.js';
import { compileRule } from '../../src/rules/compile-rule.js';
import { createMappingWarningCounts, type MappingWarningCode } from '../../src/rules/mapped.js';
import { compilePayloadReference } from '../../src/rules/reference.js';
import type { TimeOptions, TimeUnit } from '../../src/rules/rule-options.js';
import { OBVIOUS_TIME_KEYS, obviousTime, timeAt } from '../../src/rules/time.js';
import { RECEIVED_AT_NS, sampleReading } from './sample-record.js';

const MONTH_MS = 31 * 86_400_000;
const WINDOW = { maxPastMs: MONTH_MS, maxFutureMs: 600_000 };
const ANY_TIME = { maxPastMs: 1e15, maxFutureMs: 1e15 };

function read(literal: string | undefined, unit: TimeUnit, window = ANY_TIME) {
  const path = compilePayloadReference('ts', { captureNames: [], variables: [] });
  if (!path.ok) throw new Error(path.problem);
  const warnings = createMappingWarningCounts();
  const payload = literal === undefined ? '{}' : `{"ts":${literal}}`;
  const time = timeAt({ ...window, get: path.reference.get, origin: () => 'payload.ts', path: 'ts', unit })(
    sampleReading(payload),
    warnings,
  );
  return { time, warnings };
}

describe('epochs are exact to the nanosecond', () => {
  const cases: readonly [literal: string, unit: TimeUnit, ns: bigint, why: string][] = [
    ['1732155786', 's', 1_732_155_786_000_000_000n, 'seconds'],
    ['1732155786.123', 's', 1_732_155_786_123_000_000n, 'a fraction is split as text'],
    ['1732155786.123456789', 's', 1_732_155_786_123_456_789n, 'nine decimals, kept as source text'],
    ['1732155786123', 'ms', 1_732_155_786_123_000_000n, 'BigInt(ms * 1e6) is 64 ns off'],
    ['1732155786123.456', 'ms', 1_732_155_786_123_456_000n, 'a fraction of a millisecond'],
    ['1732155786123456', 'us', 1_732_155_786_123_456_000n, '16 digits'],
    ['1732155786123456789', 'ns', 1_732_155_786_123_456_789n, 'JSON.parse gives ...456800'],
    ['"1732155786123456789"', 'ns', 1_732_155_786_123_456_789n, 'numeric text'],
    ['"1732155786.5"', 's', 1_732_155_786_500_000_000n, 'numeric text with a fraction'],
    ['1.732155786e9', 's', 1_732_155_786_000_000_000n, 'exponent'],
    ['1e-9', 's', 1n, 'the first nanosecond is after 1970'],
    ['4999999999', 'auto', 4_999_999_999_000_000_000n, 'below 5e9: seconds'],
    ['5000000000', 'auto', 5_000_000_000_000_000n, 'from 5e9 on: milliseconds'],
    ['4999999999999', 'auto', 4_999_999_999_999_000_000n, 'below 5e12: milliseconds'],
    ['5000000000000', 'auto', 5_000_000_000_000_000n, 'from 5e12 on: microseconds'],
    ['4999999999999999', 'auto', 4_999_999_999_999_999_000n, 'below 5e15: microseconds'],
    ['5000000000000000', 'auto', 5_000_000_000_000_000n, 'from 5e15 on: nanoseconds'],
    ['1732155786123456789', 'auto', 1_732_155_786_123_456_789n, 'nanoseconds'],
    ['"1732155786"', 'auto', 1_732_155_786_000_000_000n, 'numeric text'],
    ['"2024-11-21T02:23:06.5Z"', 'auto', 1_732_155_786_500_000_000n, 'other text is RFC 3339'],
    ['9223372036.854775807', 's', 9_223_372_036_854_775_807n, 'the last nanosecond of int64'],
  ];
  test.each(cases)('%s as %s', (literal, unit, ns, _why) => {
    expect(read(literal, unit).time).toBe(ns);
  });
});

describe('a clock that was never set gives the receive time and a warning', () => {
  test.each([
    [undefined, 's', 'missing'],
    ['null', 's', 'null'],
    ['0', 's', 'zero'],
    ['-1', 's', 'negative'],
    ['"0"', 'ms', 'zero as text'],
    ['0', 'auto', 'zero'],
    ['-1732155786123456789', 'ns', 'negative, exact'],
    ['"1970-01-01T00:00:00Z"', 'rfc3339', 'the epoch itself'],
    ['"1969-12-31T23:59:59Z"', 'rfc3339', 'before 1970'],
    ['"0001-01-01T00:00:00Z"', 'rfc3339', 'the zero time of Go'],
    ['"1970-01-01T01:00:00+01:00"', 'auto', 'the epoch in another zone'],
  ] as const)('%s as %s: %s', (literal, unit, _why) => {
    const { time, warnings } = read(literal, unit, WINDOW);
    expect(time).toBe(RECEIVED_AT_NS);
    expect(warnings['time-missing']).toBe(1);
  });

  test('a time that is present gives no warning', () => {
    expect(read('1732155786', 's').warnings).toEqual(createMappingWarningCounts());
  });
});

describe('what cannot be read parks the record', () => {
  test.each([
    ['"yesterday"', 's', 'is "yesterday", not a number of seconds since 1970'],
    ['"yesterday"', 'auto', 'is "yesterday", which is not an RFC 3339 time'],
    ['""', 's', 'is "", not a number'],
    ['""', 'auto', 'is "", which is not an RFC 3339 time'],
    ['"0x67"', 's', 'not a number of seconds'],
    ['"2024-11-21T02:23:06Z"', 's', 'not a number of seconds'],
    ['1732155786', 'rfc3339', 'is the number 1732155786, not an RFC 3339 text'],
    ['true', 's', 'is a boolean, not a time'],
    ['[1732155786]', 'auto', 'is an array, not a time'],
    ['{"s":1}', 's', 'is an object, not a time'],
    ['1.7321557861234567891e9', 's', 'finer than a nanosecond'],
    ['"1e400"', 's', 'beyond every calendar'],
    ['"2024-11-21T02:23:06"', 'auto', 'has no zone'],
  ] as const)('%s as %s', (literal, unit, words) => {
    const { time } = read(literal, unit);
    expect(time).toMatchObject({ code: 'time-unreadable' });
    expect(typeof time === 'bigint' ? '' : time.reason).toContain(words);
  });
});

describe('[security 44] the window is around the receive time of the record', () => {
  const receivedS = Number(RECEIVED_AT_NS / 1_000_000_000n);
  test.each([
    [receivedS - MONTH_MS / 1000, 'accepted', 'the oldest allowed'],
    [receivedS - MONTH_MS / 1000 - 1, 'parked', 'a second older'],
    [receivedS + 600, 'accepted', 'the newest allowed'],
    [receivedS + 601, 'parked', 'a second newer'],
  ] as const)('%i is %s: %s', (epochS, outcome, _why) => {
    const { time } = read(String(epochS), 's', WINDOW);
    expect(typeof time === 'bigint' ? 'accepted' : 'parked').toBe(outcome);
  });

  test('the reason names both times, the window and the unit that would fit', () => {
    expect(read('1732155786123', 's', WINDOW).time).toEqual({
      code: 'time-outside-window',
      reason:
        'the time "ts" is in the year 56859, received at 2024-11-21T02:23:06Z; ' +
        'allowed is 31 d before to 10 min after it; as milliseconds it would be 2024-11-21T02:23:06.123Z',
    });
    expect(read('1000000000', 's', WINDOW).time).toEqual({
      code: 'time-outside-window',
      reason:
        'the time "ts" is 2001-09-09T01:46:40Z, received at 2024-11-21T02:23:06Z; ' +
        'allowed is 31 d before to 10 min after it',
    });
  });

  test.each([
    ['9223372036.854775808', 's'],
    ['"2262-04-11T23:47:16.854775808Z"', 'rfc3339'],
    ['"9999-12-31T23:59:59Z"', 'rfc3339'],
  ] as const)('%s is beyond int64 nanoseconds and parked whatever the window', (literal, unit) => {
    expect(read(literal, unit).time).toMatchObject({ code: 'time-outside-window' });
  });
});

test('a leap second is the last nanosecond before it, and noted', () => {
  const { time, warnings } = read('"2016-12-31T23:59:60Z"', 'rfc3339');
  expect(time).toBe(1_483_228_799_999_999_999n);
  expect(warnings['time-leap-second']).toBe(1);
});

describe('what devices write', () => {
  const WALL = '2026-03-08T20:05:11';
  const UTC_NS = 1_773_000_311_000_000_000n;

  function readAs(literal: string, options: Partial<TimeOptions>) {
    const rule = compileRule(
      {
        name: 'r',
        topic: '#',
        measurement: 'm',
        tags: {},
        fields: 'auto',
        time: { path: 't', unit: 'auto', ...WINDOW, ...options },
      },
      0,
    );
    if (!rule.ok) throw new Error(JSON.stringify(rule.problems));
    const warnings = createMappingWarningCounts();
    const payload = literal.startsWith('{') ? literal : `{"t":${literal}}`;
    const sample = sampleReading(payload.replace('}', ',"v":1}'));
    const reading = { ...sample, record: { ...sample.record, receivedAtNs: UTC_NS + 1_500_000_000n } };
    const match = {
      rule: rule.rule,
      captures: {},
      format: undefined,
      formatBy: undefined,
      deviceLevel: 'd',
      series: undefined,
      countedIn: undefined,
      counts: undefined,
    };
    const mapped = rule.rule.map(reading, match, warnings, { state: new StateTables() });
    const notes = Object.entries(warnings).flatMap(([code, n]) =>
      n > 0 ? [code as MappingWarningCode] : [],
    );
    return { time: mapped.kind === 'points' ? mapped.points[0]!.timestampNs : mapped, notes };
  }

  test.each<[string, string, Partial<TimeOptions>, bigint]>([
    ['an offset without colon', '"2026-03-08T21:05:11+0100"', {}, UTC_NS],
    ['an offset of hours', '"2026-03-08T21:05:11+01"', {}, UTC_NS],
    ['small letters', `"${WALL.toLowerCase()}z"`, {}, UTC_NS],
    ['a blank instead of T', '"2026-03-08 20:05:11Z"', {}, UTC_NS],
    ['a blank in front of the zone', '"2026-03-08 21:05:11 +01:00"', {}, UTC_NS],
    ['a decimal comma', `"${WALL},25Z"`, {}, UTC_NS + 250_000_000n],
    ['no zone, which the rule names', `"${WALL}"`, { zone: 'UTC' }, UTC_NS],
    ['no zone, a blank', '"2026-03-08 20:05:11"', { zone: 'Europe/Berlin' }, UTC_NS - 3_600_000_000_000n],
    ['a zone beside that of the rule', `"${WALL}Z"`, { zone: 'Europe/Berlin' }, UTC_NS],
    ['numeric text with blanks', '" 1773000311 "', {}, UTC_NS],
    ['the first path that is there', '{"u":1773000311}', { path: ['t', 'u'] }, UTC_NS],
    ['a path behind a null', '{"t":null,"u":1773000311}', { path: ['t', 'u'] }, UTC_NS],
  ])('%s', (_what, literal, options, ns) => {
    expect(readAs(literal, options)).toEqual({ time: ns, notes: [] });
  });

  test.each([
    ['"2026-03-08T20:05:11.1234567899Z"', 'auto'],
    ['1773000311.1234567899', 's'],
    ['"1773000311123456789.9"', 'ns'],
  ] as const)('%s is cut to the nanosecond, noted', (literal, unit) => {
    expect(readAs(literal, { unit })).toEqual({ time: UTC_NS + 123_456_789n, notes: ['time-truncated'] });
  });

  test.each(['12345', '"1970-01-01T03:25:45Z"', '"1970-01-05 00:00:00"', '86400000'])(
    '%s is an uptime or a clock that was never set',
    (literal) => {
      expect(readAs(literal, { zone: 'UTC' })).toEqual({
        time: UTC_NS + 1_500_000_000n,
        notes: ['time-missing'],
      });
    },
  );

  test('a window that reaches to 1970 believes such a time', () => {
    expect(readAs('86400', { unit: 's', maxPastMs: 100 * 365 * 86_400_000 }).time).toBe(86_400_000_000_000n);
  });

  test.each([
    ['"soon"', 'receive', UTC_NS + 1_500_000_000n, 'time-replaced'],
    ['1000000000', 'receive', UTC_NS + 1_500_000_000n, 'time-replaced'],
    ['1000000000', 'clamp', UTC_NS + 1_500_000_000n - BigInt(MONTH_MS) * 1_000_000n, 'time-clamped'],
    ['1873000311', 'clamp', UTC_NS + 601_500_000_000n, 'time-clamped'],
    ['"soon"', 'clamp', UTC_NS + 1_500_000_000n, 'time-replaced'],
  ] as const)('[security 44] %s with otherwise: %s', (literal, otherwise, ns, note) => {
    expect(readAs(literal, { otherwise })).toEqual({ time: ns, notes: [note] });
  });
});

describe('time: auto', () => {
  const auto = (payload: string) => {
    const warnings = createMappingWarningCounts();
    const time = obviousTime([{ members: ({ members }) => members, text: 'payload' }])(
      sampleReading(payload),
      warnings,
    );
    const noted = Object.entries(warnings).flatMap(([code, count]) =>
      count > 0 ? [code as MappingWarningCode] : [],
    );
    return { time, noted };
  };
  const NS = RECEIVED_AT_NS;

  test.each(OBVIOUS_TIME_KEYS)('the key %s is obvious', (key) => {
    expect(auto(`{"${key}":${NS / 1_000_000_000n - 5n}}`).time).toBe(NS - 5_000_000_000n);
  });

  const cases: readonly [
    payload: string,
    time: bigint | string,
    noted: readonly MappingWarningCode[],
    why: string,
  ][] = [
    ['{"temperature":1}', NS, ['time-missing'], 'no key'],
    ['{"TIMESTAMP":1732155780}', NS, ['time-missing'], 'case matters'],
    ['{"a":{"timestamp":1732155780}}', NS, ['time-missing'], 'top level only'],
    ['{"timestamp":0}', NS, ['time-missing'], 'never set'],
    ['{"timestamp":null,"ts":1732155780}', NS - 6_000_000_000n, [], 'the next key is asked'],
    ['{"ts":1,"timestamp":1732155780}', NS - 6_000_000_000n, [], 'the order is that of the list'],
    ['{"time":{"h":3}}', NS, ['time-missing'], 'an object is no time'],
    ['{"ts":true}', NS, ['time-missing'], 'a boolean is no time'],
    ['{"ts":"soon"}', NS, ['time-replaced'], 'what is only guessed never parks'],
    ['{"ts":35}', NS, ['time-missing'], 'seconds since boot'],
    ['{"ts":1000000000}', NS, ['time-replaced'], '2001'],
    [
      '{"ts":"soon","timestamp":1732155780}',
      NS - 6_000_000_000n,
      [],
      'a key that cannot be read is passed over',
    ],
    ['{"Time":"2024-11-21T02:23:06"}', NS, ['time-replaced'], 'without a zone nobody knows when'],
  ];
  test.each(cases)('%s', (payload, expected, noted, _why) => {
    const result = auto(payload);
    expect(typeof result.time === 'bigint' ? result.time : result.time.code).toBe(expected);
    expect(result.noted).toEqual(noted);
  });
});
