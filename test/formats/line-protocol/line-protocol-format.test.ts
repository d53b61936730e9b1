import { describe, expect, test } from 'vitest';
import { FormatCache } from '../../../src/formats/create-format.js';
import { ExactNumber, type JsonLimits, type JsonValue } from '../../../src/formats/json/json-value.js';
import type { Precision } from '../../../src/formats/line-protocol/line-protocol-format.js';
import { decodeContext } from '../decode-context.js';
import { decodeMutations } from '../mutated-payloads.js';

function decode(payload: string | Buffer, precision?: Precision, limits: Partial<JsonLimits> = {}) {
  const options = precision === undefined ? {} : { precision };
  const format = new FormatCache().get({ type: 'line-protocol', ...options });
  const decoded = format.decode(Buffer.from(payload as string), decodeContext(limits));
  return decoded.ok ? decoded.value : `${decoded.code}: ${decoded.reason}`;
}

const int = (value: bigint | number) => ExactNumber.int(BigInt(value));

/** The only point of a payload. */
function point(payload: string): JsonValue {
  const decoded = decode(payload);
  if (!Array.isArray(decoded) || decoded.length !== 1) throw new Error(JSON.stringify(decoded));
  return decoded[0] as JsonValue;
}

describe('a line', () => {
  test('has a measurement, tags, fields with their types, and a time', () => {
    expect(point('air,site=a,room=1 t=19.5,n=5i,u=7u,on=t,text="x" 1773000312345678901')).toEqual({
      measurement: 'air',
      tags: { site: 'a', room: '1' },
      fields: { t: 19.5, n: int(5), u: int(7), on: true, text: 'x' },
      time: int(1_773_000_312_345_678_901n),
    });
  });

  test('may have neither tags nor a time', () => {
    expect(point('air t=1')).toEqual({ measurement: 'air', tags: {}, fields: { t: 1 } });
  });

  test.each([
    ['1', 1],
    ['1.', 1],
    ['.5', 0.5],
    ['-1.5e-3', -0.0015],
    ['+2E2', 200],
    ['-0', 0],
    ['12345678901234567', new ExactNumber('12345678901234567')],
    ['-9223372036854775808i', int(-(2n ** 63n))],
    ['9223372036854775807i', int(2n ** 63n - 1n)],
    ['9223372036854775807u', int(2n ** 63n - 1n)],
    ['t', true],
    ['True', true],
    ['TRUE', true],
    ['F', false],
    ['false', false],
    ['""', ''],
    ['"a, b=c"', 'a, b=c'],
    [String.raw`"q\"\\b\n"`, String.raw`q"\b\n`],
    ['"two\nlines"', 'two\nlines'],
  ])('value %s', (literal, value) => {
    expect(point(`m v=${literal} 1`)).toMatchObject({ fields: { v: value } });
  });

  test.each([
    [String.raw`a\,b\ c,x=1 v=1`, { measurement: 'a,b c' }],
    [String.raw`a\=b=c v=1`, { measurement: String.raw`a\=b=c` }],
    [String.raw`m,t\ \,\=k=v\ \,\=w v=1`, { tags: { 't ,=k': 'v ,=w' } }],
    [String.raw`m,t=a\b\\c v=1`, { tags: { t: String.raw`a\b\\c` } }],
    ['m,t=a=b v=1', { tags: { t: 'a=b' } }],
    [String.raw`m f\ \,\=k=1`, { fields: { 'f ,=k': 1 } }],
    ['m,ort=大厅😀 Fluss\\ m³=2.5', { tags: { ort: '大厅😀' }, fields: { 'Fluss m³': 2.5 } }],
    ['m "quoted"=1', { fields: { '"quoted"': 1 } }],
  ])('escapes: %s', (line, expected) => {
    expect(point(line)).toMatchObject(expected);
  });
});

describe('several lines', () => {
  test('with comments, blank lines, blanks at the ends and both line ends', () => {
    const text = '# a comment\n\n  m  v=1  1 \r\nm v=2 2\r\n\t\n#m v=3\nm v=4\r\n';
    expect(decode(text)).toEqual([
      { measurement: 'm', tags: {}, fields: { v: 1 }, time: int(1) },
      { measurement: 'm', tags: {}, fields: { v: 2 }, time: int(2) },
      { measurement: 'm', tags: {}, fields: { v: 4 } },
    ]);
  });

  test('nothing but comments is an empty list', () => {
    expect(decode('# nothing\n')).toEqual([]);
  });
});

test.each([
  ['ns', 1_773_000_312n],
  ['us', 1_773_000_312_000n],
  ['ms', 1_773_000_312_000_000n],
  ['s', 1_773_000_312_000_000_000n],
] as const)('the time is in ns, whatever the precision: %s', (precision, ns) => {
  expect(decode('m v=1 1773000312', precision)).toMatchObject([{ time: int(ns) }]);
});

describe('what is refused, with its line', () => {
  test.each([
    ['m', /decodable.*fields are missing \(line 1\)/],
    ['m,a=1', /fields are missing/],
    [',a=1 v=1', /no measurement/],
    ['m,a v=1', /tag "a" has no value/],
    ['m,a= v=1', /tag "a" has no value/],
    ['m,=1 v=1', /name of a tag is empty/],
    ['m v', /field "v" has no value/],
    ['m v=', /field "v" has no value/],
    ['m =1', /name of a field is empty/],
    ['m v=1,', /name of a field is empty/],
    ['m v=1\nm v=x', /field "v" has the value "x".*line 2/],
    ['m v="a\nb"\nm v=0x1f', /"0x1f".*line 3/],
    ['m v=1.5i', /"1.5i"/],
    ['m v=-1u', /unsigned field "v" is negative/],
    ['m v="a', /string does not end/],
    ['m v="a"b 1', /expected the end of the line but found "b 1"/],
    ['m v=1 1.5', /time "1.5" is not a whole number/],
    ['m v=1 1 1', /expected the end of the line/],
    ['m v=NaN', /"NaN"/],
    ['m v=9223372036854775808i', /out-of-range.*beyond a 64-bit integer/],
    ['m v=18446744073709551615u', /out-of-range/],
    ['m v=1e400', /out-of-range.*too large/],
    ['m v=1 9223372036854775808', /out-of-range.*beyond 64 bits/],
    ['m,a=1,a=2 v=1', /duplicate-key.*tag "a" appears twice/],
    ['m v=1,v=2', /duplicate-key.*field "v" appears twice/],
    ['m,__proto__=1 v=1', /forbidden-key/],
    ['m constructor=1', /forbidden-key/],
    [`m ${'x'.repeat(257)}=1`, /forbidden-key/],
  ])('%s', (text, reason) => {
    expect(decode(text)).toMatch(reason);
  });

  test('a precision that takes a time beyond 64 bits', () => {
    expect(decode('m v=1 9223372037', 's')).toMatch(/out-of-range/);
  });

  test('bytes that are not UTF-8', () => {
    expect(decode(Buffer.from([0x6d, 0x20, 0xff]))).toMatch(/not-utf8/);
  });
});

describe('limits', () => {
  test('of keys: tags, fields and four of each point', () => {
    expect(decode('m,a=1 v=1\nm,a=1 v=1', 'ns', { maxKeys: 12 })).toHaveLength(2);
    expect(decode('m,a=1 v=1\nm,a=1 v=1', 'ns', { maxKeys: 11 })).toMatch(/too-many-keys.*line 2/);
  });

  test('of bytes and depth', () => {
    expect(decode('m v=1', 'ns', { maxPayloadBytes: 4 })).toMatch(/too-large/);
    expect(decode('m v=1', 'ns', { maxDepth: 2 })).toMatch(/too-deep/);
  });
});

test('mutated lines never throw', () => {
  const format = new FormatCache().get({ type: 'line-protocol', precision: 's' });
  const context = decodeContext();
  const good = [
    'air,site=a\\ b,room=1 t=19.5,n=5i,u=7u,on=t,text="x\\"y" 1773000312',
    '# c\nm v=1\nm,a=b w=F,x=-1.5e3 12\r\n',
  ].map((text) => Buffer.from(text));
  const { decoded, codes } = decodeMutations(good, 13, (payload) => format.decode(payload, context));
  expect(decoded).toBeGreaterThan(100);
  expect(codes).toContain('payload-not-decodable');
}, 600_000);
