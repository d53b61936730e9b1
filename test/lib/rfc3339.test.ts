import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { parseRfc3339, Rfc3339Writer, rfc3339Ns } from '../../src/lib/rfc3339.js';

test.each([
  ['2026-03-08T21:04:50Z', '2026-03-08T21:04:50.000Z', 0n, 'the usual form'],
  ['2026-03-08T21:04:50+05:30', '2026-03-08T15:34:50.000Z', 0n, 'India'],
  ['2026-03-08T21:04:50-00:00', '2026-03-08T21:04:50.000Z', 0n, 'unknown local offset'],
  ['2026-01-01T00:30:00+01:00', '2025-12-31T23:30:00.000Z', 0n, 'the offset crosses the year'],
  ['2026-03-08T20:05:12.184930511Z', '2026-03-08T20:05:12.184Z', 930_511n, 'nine decimals; Date keeps three'],
  ['2026-03-08T20:05:12.5Z', '2026-03-08T20:05:12.500Z', 0n, 'one decimal'],
  ['2024-02-29T00:00:00Z', '2024-02-29T00:00:00.000Z', 0n, 'leap day'],
  ['2000-02-29T00:00:00Z', '2000-02-29T00:00:00.000Z', 0n, 'leap day of a full century'],
  ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z', 0n, 'Date.UTC(1) would be 1901'],
  ['9999-12-31T23:59:59Z', '9999-12-31T23:59:59.000Z', 0n, 'the last year'],
  ['2017-01-01T05:29:60+05:30', '2016-12-31T23:59:59.999Z', 999_999n, 'a leap second in India'],
])('%s is read exactly', (text, iso, restNs, _why) => {
  const parsed = parseRfc3339(text);
  if (!parsed.ok) expect.fail(parsed.problem);
  expect(parsed.ns).toBe(BigInt(Date.parse(iso)) * 1_000_000n + restNs);
});

test.each([
  ['2026-03-08T21:04:50', 'has no zone', 'Date takes the zone of the host'],
  ['2026-03-08', 'is not an RFC 3339 time', 'a date alone'],
  ['2026-03-08 21:04:50Z', 'is not an RFC 3339 time', 'a blank instead of T'],
  ['2026-03-08t21:04:50z', 'is not an RFC 3339 time', 'lower case'],
  ['2026-03-08T21:04Z', 'is not an RFC 3339 time', 'no seconds'],
  ['2026-03-08T21:04:50+0100', 'is not an RFC 3339 time', 'offset without colon'],
  ['2026-03-08T21:04:50.Z', 'is not an RFC 3339 time', 'no decimals behind the point'],
  ['2026-03-08T21:04:50.1234567891Z', 'has more than nine decimals', 'ten decimals'],
  ['2026-03-08T21:04:50,5Z', 'is not an RFC 3339 time', 'comma'],
  ['+02026-03-08T21:04:50Z', 'is not an RFC 3339 time', 'six-digit year'],
  ['2026-02-30T00:00:00Z', 'names a day that does not exist', 'Date makes it 2 March'],
  ['2026-02-29T00:00:00Z', 'names a day that does not exist', 'no leap year'],
  ['1900-02-29T00:00:00Z', 'names a day that does not exist', 'a century is no leap year'],
  ['2026-00-10T00:00:00Z', 'has no month 0', 'month zero'],
  ['2026-13-10T00:00:00Z', 'has no month 13', 'month 13'],
  ['2026-01-00T00:00:00Z', 'names a day that does not exist', 'day zero'],
  ['2026-01-01T24:00:00Z', 'names a time of day that does not exist', 'Date takes it'],
  ['2026-01-01T23:60:00Z', 'names a time of day that does not exist', 'minute 60'],
  ['2026-01-01T23:59:61Z', 'names a time of day that does not exist', 'second 61'],
  ['2026-01-01T12:00:60Z', 'second 60 that is not at the end of a day', 'no leap second at noon'],
  ['2026-01-01T00:00:00+24:00', 'offset that does not exist', 'offset of a day'],
  ['2026-01-01T00:00:00+01:60', 'offset that does not exist', 'offset minute 60'],
  ['1', 'is not an RFC 3339 time', 'Date makes it 2001'],
  ['2026-03-08T21:04:50Z\n', 'is not an RFC 3339 time', '$ must not match before a line feed'],
])('%j is rejected: %s', (text, words, _why) => {
  const parsed = parseRfc3339(text);
  expect(parsed.ok ? '' : parsed.problem).toContain(words);
});

test('it agrees with Date on every instant that Date writes', () => {
  const instants = fc.date({
    min: new Date('0000-01-01T00:00:00Z'),
    max: new Date('9999-12-31T23:59:59.999Z'),
    noInvalidDate: true,
  });
  fc.assert(
    fc.property(instants, (instant) => {
      const parsed = parseRfc3339(instant.toISOString());
      expect(parsed).toEqual({ ok: true, ns: BigInt(instant.getTime()) * 1_000_000n, leapSecond: false });
    }),
    { numRuns: 2_000 },
  );
});

const SEED = 20_261_106;
const MAX_NS = 2n ** 63n - 1n;
const isoNs = (iso: string, ns = 0n) => BigInt(Date.parse(iso)) * 1_000_000n + ns;

describe('rfc3339Ns and Rfc3339Writer', () => {
  it.each<[string, bigint]>([
    ['2026-11-05T12:34:56Z', isoNs('2026-11-05T12:34:56Z')],
    ['2026-11-05t12:34:56z', isoNs('2026-11-05T12:34:56Z')],
    ['2026-11-05T12:34:56.5Z', isoNs('2026-11-05T12:34:56.500Z')],
    ['2026-11-05T12:34:56.123456789Z', isoNs('2026-11-05T12:34:56.123Z', 456_789n)],
    ['2026-11-05T12:34:56.000000001+02:00', isoNs('2026-11-05T10:34:56Z', 1n)],
    ['2026-11-05T12:34:56-09:30', isoNs('2026-11-05T22:04:56Z')],
    ['2026-11-05T00:10:00+00:30', isoNs('2026-11-04T23:40:00Z')],
    ['2026-11-05T12:34:56-00:00', isoNs('2026-11-05T12:34:56Z')],
    ['2024-02-29T00:00:00Z', isoNs('2024-02-29T00:00:00Z')],
    ['2016-12-31T23:59:60Z', isoNs('2017-01-01T00:00:00Z')],
    ['1970-01-01T00:00:00Z', 0n],
    ['1969-12-31T23:30:00-01:00', isoNs('1970-01-01T00:30:00Z')],
    ['2262-04-11T23:47:16.854775807Z', MAX_NS],
  ])('reads %s', (text, ns) => {
    expect(rfc3339Ns(text)).toBe(ns);
  });

  it.each([
    '',
    '2026-11-05',
    '2026-11-05T12:34:56',
    '2026-11-05 12:34:56Z',
    '2026-11-05T12:34Z',
    '2026-11-05T12:34:56.Z',
    '2026-11-05T12:34:56,5Z',
    '2026-11-05T12:34:56.1234567890Z',
    '2026-11-05T12:34:56.12345678xZ',
    '2026-11-05T12:34:56.1234-5678Z',
    '2026-13-01T00:00:00Z',
    '2026-00-01T00:00:00Z',
    '2026-02-29T00:00:00Z',
    '2026-11-31T00:00:00Z',
    '2026-11-00T00:00:00Z',
    '2026-11-05T24:00:00Z',
    '2026-11-05T12:60:00Z',
    '2026-11-05T12:34:61Z',
    '2026-11-05T12:34:56+24:00',
    '2026-11-05T12:34:56+01:60',
    '2026-11-05T12:34:56+0100',
    '2026-11-05T12:34:56 Z',
    ' 2026-11-05T12:34:56Z',
    '1969-12-31T23:59:59.999999999Z',
    '1970-01-01T00:00:00+00:01',
    '2262-04-11T23:47:16.854775808Z',
    '9999-12-31T23:59:59Z',
    '0070-01-01T00:00:00Z',
    'yesterday',
    '1793881696',
  ])('does not read "%s"', (text) => {
    expect(rfc3339Ns(text)).toBeUndefined();
  });

  it(`reads what is written, whatever was read before (seed ${SEED})`, () => {
    const writer = new Rfc3339Writer();
    const near = fc.bigInt(1_790_000_000_000_000_000n, 1_790_000_002_000_000_000n);
    fc.assert(
      fc.property(fc.oneof(near, fc.bigInt(0n, MAX_NS)), fc.nat(29), (ns, cut) => {
        const text = writer.text(String(ns));
        expect(text).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
        expect(Date.parse(text)).toBe(Number(ns / 1_000_000n));
        expect(rfc3339Ns(text)).toBe(ns);
        expect(rfc3339Ns(`${text.slice(0, -1)}x`)).toBeUndefined();
        expect(rfc3339Ns(text.slice(0, cut))).toBeUndefined();
        expect(rfc3339Ns(text)).toBe(ns);
      }),
      { seed: SEED, numRuns: 1_000 },
    );
  });

  it('writes all that the log can hold', () => {
    expect(new Rfc3339Writer().text('0')).toBe('1970-01-01T00:00:00.000000000Z');
    expect(new Rfc3339Writer().text(String(2n ** 64n - 1n))).toBe('2554-07-21T23:34:33.709551615Z');
  });
});
