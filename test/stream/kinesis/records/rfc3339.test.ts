import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Rfc3339Reader, Rfc3339Writer } from '../../../../src/stream/kinesis/records/rfc3339.js';

const SEED = 20_261_106;
const MAX_NS = 2n ** 63n - 1n;
const isoNs = (iso: string, ns = 0n) => BigInt(Date.parse(iso)) * 1_000_000n + ns;

describe('Rfc3339Reader', () => {
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
    expect(new Rfc3339Reader().ns(text)).toBe(ns);
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
    expect(new Rfc3339Reader().ns(text)).toBeUndefined();
  });

  it(`reads what is written, whatever was read before (seed ${SEED})`, () => {
    const reader = new Rfc3339Reader();
    const writer = new Rfc3339Writer();
    const near = fc.bigInt(1_790_000_000_000_000_000n, 1_790_000_002_000_000_000n);
    fc.assert(
      fc.property(fc.oneof(near, fc.bigInt(0n, MAX_NS)), fc.nat(29), (ns, cut) => {
        const text = writer.text(String(ns));
        expect(text).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
        expect(Date.parse(text)).toBe(Number(ns / 1_000_000n));
        expect(reader.ns(text)).toBe(ns);
        expect(reader.ns(`${text.slice(0, -1)}x`)).toBeUndefined();
        expect(reader.ns(text.slice(0, cut))).toBeUndefined();
        expect(reader.ns(text)).toBe(ns);
      }),
      { seed: SEED, numRuns: 1_000 },
    );
  });

  it('writes all that the log can hold', () => {
    expect(new Rfc3339Writer().text('0')).toBe('1970-01-01T00:00:00.000000000Z');
    expect(new Rfc3339Writer().text(String(2n ** 64n - 1n))).toBe('2554-07-21T23:34:33.709551615Z');
  });
});
