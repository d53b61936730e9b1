import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseRfc3339 } from '../../../src/consumer/rules/rfc3339.js';

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
])('%j is refused: %s', (text, words, _why) => {
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
