import { Point as ClientPoint } from '@influxdata/influxdb-client';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LineEncoder, NotExpressible } from '../../../src/sink/influx/line.js';
import type { Field, Point } from '../../../src/sink/point.js';
import { parseLine } from '../../support/line-protocol-parser.js';
import { fieldsOf, pointOf, seriesOf } from '../../support/points.js';

const encode = (point: Point) => new LineEncoder().encode(point);
const T = 1_732_155_786_123_456_789n;

describe('a point becomes one line', () => {
  const city = seriesOf('climate', { device: 'd1', city: 'Pune' });
  const table: [string, Point, string][] = [
    ['float', pointOf(city, T, { t: 23.5 }), `climate,city=Pune,device=d1 t=23.5 ${T}`],
    ['whole float without suffix', pointOf(city, T, { t: 23 }), `climate,city=Pune,device=d1 t=23 ${T}`],
    ['minus zero as zero', pointOf(seriesOf('m'), T, { t: -0 }), `m t=0 ${T}`],
    ['large and small floats', pointOf(seriesOf('m'), T, { a: 1e21, b: 5e-7 }), `m a=1e+21,b=5e-7 ${T}`],
    [
      'int with suffix',
      pointOf(seriesOf('m'), T, { i: -9_223_372_036_854_775_808n }),
      `m i=-9223372036854775808i ${T}`,
    ],
    ['booleans', pointOf(seriesOf('m'), T, { y: true, n: false }), `m y=T,n=F ${T}`],
    ['string escapes', pointOf(seriesOf('m'), T, { s: 'a "b" \\' }), `m s="a \\"b\\" \\\\" ${T}`],
    ['empty string', pointOf(seriesOf('m'), T, { s: '' }), `m s="" ${T}`],
    [
      'names',
      pointOf(seriesOf('a b,c=d', { 'k =,': 'v =,' }), -1n, { 'f =,': 1 }),
      'a\\ b\\,c=d,k\\ \\=\\,=v\\ \\=\\, f\\ \\=\\,=1 -1',
    ],
    ['a single backslash inside', pointOf(seriesOf('m', { p: 'C:\\x' }), 0n, { v: 1 }), 'm,p=C:\\x v=1 0'],
  ];
  test.each(table)('%s', (_why, point, line) => {
    expect(encode(point)).toBe(line);
  });
});

describe('[security 37] [security 38] [security 39] [security 40] a point that cannot be expressed as a line is rejected with a reason', () => {
  const ok = { v: 1 };
  const table: [string, Point, RegExp][] = [
    ['no field', pointOf(seriesOf('m'), T, {}), /no field/],
    ['NaN', pointOf(seriesOf('m'), T, { v: Number.NaN }), /"v" is NaN/],
    ['Infinity', pointOf(seriesOf('m'), T, { v: -1 / 0 }), /"v" is -Infinity/],
    ['int above 64 bits', pointOf(seriesOf('m'), T, { i: 2n ** 63n }), /outside 64 bits/],
    ['int below 64 bits', pointOf(seriesOf('m'), T, { i: -(2n ** 63n) - 1n }), /outside 64 bits/],
    ['timestamp', pointOf(seriesOf('m'), 2n ** 63n, ok), /timestamp/],
    ['comment', pointOf(seriesOf('#m'), T, ok), /comment/],
    ['reserved measurement', pointOf(seriesOf('_m'), T, ok), /starts with _/],
    ['reserved tag', pointOf(seriesOf('m', { _t: 'x' }), T, ok), /tag name "_t" starts with _/],
    ['reserved field', pointOf(seriesOf('m'), T, { _f: 1 }), /field name "_f" starts with _/],
    ['tag called time', pointOf(seriesOf('m', { time: 'x' }), T, ok), /"time"/],
    ['field called time', pointOf(seriesOf('m'), T, { time: 1 }), /"time"/],
    ['empty measurement', pointOf(seriesOf(''), T, ok), /empty/],
    ['empty tag value', pointOf(seriesOf('m', { t: '' }), T, ok), /empty/],
    ['empty field name', pointOf(seriesOf('m'), T, { '': 1 }), /empty/],
    ['line feed in a tag', pointOf(seriesOf('m', { t: 'a\nevil v=1' }), T, ok), /control character/],
    ['line feed in a string', pointOf(seriesOf('m'), T, { s: 'a\nevil v=1 1' }), /control character/],
    ['NUL in a field name', pointOf(seriesOf('m'), T, { 'a\u0000': 1 }), /control character/],
    ['half a character', pointOf(seriesOf('m', { t: '\ud800' }), T, ok), /half a character/],
    ['backslash at the end of a measurement', pointOf(seriesOf('a\\'), T, ok), /backslash/],
    ['backslash at the end of a tag name', pointOf(seriesOf('m', { 'a\\': 'x' }), T, ok), /backslash/],
    ['backslash at the end of a tag value', pointOf(seriesOf('m', { t: 'a\\' }), T, ok), /backslash/],
    ['backslash before a comma', pointOf(seriesOf('m', { t: 'a\\,b=c' }), T, ok), /backslash/],
    ['two backslashes', pointOf(seriesOf('m', { t: '\\\\host' }), T, ok), /backslash/],
    ['string above 64 KiB', pointOf(seriesOf('m'), T, { s: 'é'.repeat(32_769) }), /65536 bytes/],
  ];
  test.each(table)('%s', (_why, point, reason) => {
    const rejected = encode(point);
    expect(rejected).toBeInstanceOf(NotExpressible);
    expect((rejected as NotExpressible).reason).toMatch(reason);
  });

  test('a string of exactly 64 KiB is written', () => {
    expect(typeof encode(pointOf(seriesOf('m'), T, { s: 'x'.repeat(65_536) }))).toBe('string');
  });
});

test('the prefix of a series and the names of fields are the same on every use', () => {
  const encoder = new LineEncoder();
  const series = seriesOf('m', { 'a b': 'c' });
  const first = encoder.encode(pointOf(series, 1n, { 'x y': 1 }));
  expect(encoder.encode(pointOf(series, 1n, { 'x y': 1 }))).toBe(first);
  expect(encoder.encode(pointOf(seriesOf('_m'), 1n, { x: 1 }))).toBeInstanceOf(NotExpressible);
});

test('more field names than the cache holds do not change the lines', () => {
  const encoder = new LineEncoder();
  const series = seriesOf('m');
  for (let i = 0; i < 10_050; i++) encoder.encode(pointOf(series, 1n, { [`f ${i}`]: 1 }));
  expect(encoder.encode(pointOf(series, 1n, { 'f 0': 1 }))).toBe('m f\\ 0=1 1');
});

const safeName = fc.stringMatching(/^[A-Za-z][A-Za-z0-9 ,=éप]{0,8}$/).filter((name) => name !== 'time');
const fieldValue = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.string({ unit: fc.constantFrom('a', 'é', ' ', ',', '=', '"', '\\'), maxLength: 8 }),
);

test('on the safe alphabet the line equals the one of the official client', () => {
  fc.assert(
    fc.property(
      safeName,
      fc.dictionary(safeName, safeName, { maxKeys: 4 }),
      fc.dictionary(safeName, fieldValue, { minKeys: 1, maxKeys: 5 }),
      fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
      (measurement, tags, values, timestampNs) => {
        const client = new ClientPoint(measurement).timestamp(String(timestampNs));
        for (const [name, value] of Object.entries(tags)) client.tag(name, value);
        for (const [name, value] of Object.entries(values)) {
          if (typeof value === 'number') client.floatField(name, value);
          else if (typeof value === 'boolean') client.booleanField(name, value);
          else client.stringField(name, value);
        }
        // The client sorts fields; the order is free.
        const fields = fieldsOf(values).sort((a, b) => (a.name < b.name ? -1 : 1));
        // It sorts tags by UTF-16 units, which on this alphabet is the order of the bytes.
        const point = { series: seriesOf(measurement, tags), fields, timestampNs };
        expect(encode(point)).toBe(client.toLineProtocol());
      },
    ),
    { numRuns: 3_000 },
  );
});

describe('[security 41] whatever a device sends, the line is read back as the same point, or there is no line', () => {
  const hostile = fc.string({
    unit: fc.constantFrom('\\', ',', '=', ' ', '"', '#', '\n', '\r', '\t', 'a', 'é', '\ud800', '_'),
    maxLength: 7,
  });
  // Points with only hostile parts would nearly all be rejected. Most parts are harmless, so that many lines are written.
  const text = fc.oneof(
    { arbitrary: fc.stringMatching(/^[a-e]( |,|=|"|\\x)[a-e]?$/), weight: 3 },
    { arbitrary: hostile, weight: 1 },
  );
  const number = fc.double({ noNaN: true, noDefaultInfinity: true });
  const hostileField = fc.oneof(
    fc.record({ type: fc.constant('string' as const), name: text, value: text }),
    fc.record({ type: fc.constant('float' as const), name: text, value: number }),
    fc.record({ type: fc.constant('int' as const), name: text, value: fc.bigInt(-(2n ** 63n), 2n ** 63n) }),
    fc.record({ type: fc.constant('boolean' as const), name: text, value: fc.boolean() }),
  );

  test.each(['literal', 'pairs'] as const)('by a store that reads backslashes as %s', (backslashes) => {
    let written = 0;
    fc.assert(
      fc.property(
        text,
        fc.dictionary(text, text, { maxKeys: 2 }),
        fc.uniqueArray(hostileField, { minLength: 1, maxLength: 2, selector: (field) => field.name }),
        fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
        (measurement, tags, fields, timestampNs) => {
          const series = seriesOf(measurement, tags);
          const line = encode({ series, fields: fields as Field[], timestampNs });
          if (typeof line !== 'string') return;
          written++;
          expect(parseLine(line, backslashes)).toEqual({
            measurement,
            tags: series.tags.map(({ name, value }) => [name, value]),
            fields: fields.map(({ name, value }) => [name, Object.is(value, -0) ? 0 : value]),
            timestampNs,
          });
        },
      ),
      { numRuns: 20_000 },
    );
    // Otherwise this test would only test rejections.
    expect(written).toBeGreaterThan(4_000);
  });

  test.each(['literal', 'pairs'] as const)('one hostile text at a time, backslashes as %s', (backslashes) => {
    let written = 0;
    fc.assert(
      fc.property(
        hostile,
        fc.constantFrom('measurement', 'tag name', 'tag', 'field', 'string'),
        (text, place) => {
          const series =
            place === 'measurement'
              ? seriesOf(text)
              : place === 'tag name'
                ? seriesOf('m', { [text]: 'x' })
                : seriesOf('m', place === 'tag' ? { t: text } : {});
          const values: Record<string, string | number> =
            place === 'field' ? { [text]: 1 } : place === 'string' ? { s: text } : { v: 1 };
          const line = encode(pointOf(series, 5n, values));
          if (typeof line !== 'string') return;
          written++;
          expect(parseLine(line, backslashes)).toEqual({
            measurement: series.measurement,
            tags: series.tags.map(({ name, value }) => [name, value]),
            fields: Object.entries(values),
            timestampNs: 5n,
          });
        },
      ),
      { numRuns: 50_000 },
    );
    expect(written).toBeGreaterThan(2_000);
  });
});
