import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FormatCache } from '../../../src/formats/create-format.js';
import { csvRows } from '../../../src/formats/csv/csv-rows.js';
import type { FormatOptions } from '../../../src/formats/format-options.js';
import { ExactNumber, type JsonLimits } from '../../../src/formats/json/json-value.js';
import { outcomeIn, ruleOf } from '../../rules/rule-outcome.js';
import { decodeContext } from '../decode-context.js';
import { decodeMutations } from '../mutated-payloads.js';

type Options = Omit<FormatOptions, 'type'>;

const ABC: Options = { columns: ['a', 'b', 'c'] };

function decode(payload: string | Buffer, options: Options = {}, limits: Partial<JsonLimits> = {}) {
  const format = new FormatCache().get({ type: 'csv', ...options });
  const decoded = format.decode(Buffer.from(payload as string), decodeContext(limits));
  return decoded.ok ? decoded.value : `${decoded.code}: ${decoded.reason}`;
}

describe('rows', () => {
  test.each([
    [
      'a header',
      'a,b\n1,x\n2,y',
      {},
      [
        { a: 1, b: 'x' },
        { a: 2, b: 'y' },
      ],
    ],
    ['names of the rule', '1,2,3', ABC, [{ a: 1, b: 2, c: 3 }]],
    [
      'names of the rule in place of a header',
      'x,y,z\n1,2,3',
      { ...ABC, header: true },
      [{ a: 1, b: 2, c: 3 }],
    ],
    ['one row as an object', '21.5,41,1013\r\n', { ...ABC, rows: 'one' }, { a: 21.5, b: 41, c: 1013 }],
    ['a column that is not wanted', '1,2,3', { columns: ['a', '_', 'c'] }, [{ a: 1, c: 3 }]],
    ['a header without a name', 'a,,c\n1,2,3', {}, [{ a: 1, c: 3 }]],
    ['fewer cells', '1\n1,2', ABC, [{ a: 1 }, { a: 1, b: 2 }]],
    ['empty cells', ',2,', ABC, [{ a: null, b: 2, c: null }]],
    [
      'comments and empty lines',
      '# x\n\n1,2,3\n \n#4\n5#,6',
      { ...ABC, comment: '#' },
      [
        { a: 1, b: 2, c: 3 },
        { a: '5#', b: 6 },
      ],
    ],
    ['another delimiter', '1;2\t;3', { ...ABC, delimiter: ';' }, [{ a: 1, b: 2, c: 3 }]],
    ['tabs', '\t1\t x y ', { ...ABC, delimiter: '\t' }, [{ a: null, b: 1, c: 'x y' }]],
    ['quotes', '"a, ""b""", "x\ny" ,3', ABC, [{ a: 'a, "b"', b: 'x\ny', c: 3 }]],
    ['a byte order mark', '\u{feff}a,b\n1,2', {}, [{ a: 1, b: 2 }]],
    ['all line ends', '1\r\n2\n3\r4', { columns: ['a'] }, [{ a: 1 }, { a: 2 }, { a: 3 }, { a: 4 }]],
    ['no row', 'a,b\n', {}, []],
    ['nothing', '\n', ABC, []],
  ] as const)('%s', (_what, payload, options, value) => {
    expect(decode(payload, options)).toEqual(value);
  });
});

describe('cells', () => {
  test.each([
    ['21.5', 21.5],
    ['-0.5e3', -500],
    ['+3', 3],
    ['true', true],
    ['ON', 'ON'],
    ['007', '007'],
    ['1e400', '1e400'],
    ['9007199254740993', new ExactNumber('9007199254740993')],
  ])('%s', (cell, value) => {
    expect(decode(cell, { columns: ['a'] })).toEqual([{ a: value }]);
  });

  test.each([
    ['7,5', 7.5],
    ['-1.234,5', -1234.5],
    ['1.234.567', 1_234_567],
    ['12', 12],
    ['7.5', '7.5'],
    ['1.2345', '1.2345'],
    ['007,5', '007,5'],
    ['false', false],
  ])('with a decimal comma: %s', (cell, value) => {
    expect(decode(`${cell};x`, { columns: ['a', 'b'], decimalComma: true })).toEqual([{ a: value, b: 'x' }]);
  });
});

describe('what is refused, with its line', () => {
  test.each([
    [
      'a row with too many cells',
      '1,2,3\n\n1,2,3,4',
      ABC,
      /decodable.*line 3 has 4 cells, and there are 3 columns/,
    ],
    ['the same with quotes', '"1",2,3\n\n1,2,3,4', ABC, /decodable.*line 3 has 4 cells/],
    ['a quote that does not end', '1,"2\n3', ABC, /decodable.*Quote Not Closed/],
    ['a quote inside of a cell', '1,a"b"', ABC, /decodable.*Invalid Opening Quote.*line 1/],
    ['two rows where there is one', '1\n2', { ...ABC, rows: 'one' }, /decodable.*more than one row/],
    ['no row where there is one', '\n', { ...ABC, rows: 'one' }, /decodable.*no row/],
    ['a column twice', 'a,b,a\n1,2,3', {}, /duplicate-key.*"a" appears twice/],
    ['a column that reaches a prototype', 'a,__proto__\n1,2', {}, /forbidden-key.*"__proto__"/],
    ['a long name', `${'x'.repeat(257)}\n1`, {}, /forbidden-key.*257 characters/],
    ['bytes that are not UTF-8', Buffer.from([0x31, 0xff]), ABC, /not-utf8/],
  ] as const)('%s', (_what, payload, options, reason) => {
    expect(decode(payload as string, options)).toMatch(reason);
  });
});

describe('limits', () => {
  test('of keys: all cells count', () => {
    expect(decode('1,2,3\n4,5,6', ABC, { maxKeys: 6 })).toHaveLength(2);
    expect(decode('1,2,3\n4,5,6', ABC, { maxKeys: 5 })).toMatch(/too-many-keys.*"c" in line 2/);
    expect(decode('a,b,c', {}, { maxKeys: 2 })).toMatch(/too-many-keys/);
  });

  test('of rows, also where no cell of them counts', () => {
    const rows = (count: number) => 'x\n'.repeat(count);
    expect(decode(rows(10), { columns: ['_'] }, { maxKeys: 10 })).toHaveLength(10);
    expect(decode(rows(11), { columns: ['_'] }, { maxKeys: 10 })).toMatch(/too-many-keys: more than 10 rows/);
    expect(decode(`"y"\n${rows(60)}`, { columns: ['_'] }, { maxKeys: 10 })).toMatch(/more than 10 rows/);
  });

  test('of bytes and depth', () => {
    expect(decode('1,2,3', ABC, { maxPayloadBytes: 4 })).toMatch(/too-large/);
    expect(decode('1,2,3', ABC, { maxDepth: 1 })).toMatch(/too-deep/);
    expect(decode('1,2,3', { ...ABC, rows: 'one' }, { maxDepth: 1 })).toEqual({ a: 1, b: 2, c: 3 });
  });
});

test('rows without quotes are those that the parser finds', () => {
  const text = fc.string({ unit: fc.constantFrom('1', 'a', ' ', ',', '\n', '\r', '#', ';'), maxLength: 40 });
  fc.assert(
    fc.property(text, (bare) => {
      const syntax = { delimiter: ',', comment: '#' };
      // A row with quotes at the end makes the parser read all of it.
      const parsed = csvRows(`${bare}\n"end"`, syntax, 1_000);
      if (typeof parsed === 'string') throw new Error(parsed);
      expect(csvRows(bare, syntax, 1_000)).toEqual(parsed.slice(0, -1));
    }),
  );
});

test('mutated payloads never throw', () => {
  const format = new FormatCache().get({ type: 'csv', columns: ['a', 'b', 'c'], comment: '#' });
  const context = decodeContext();
  const good = ['21.5,41,1013\n22,"x, y",-1e3', '# c\n1,,\r\n"a ""b""",2,3'].map((text) => Buffer.from(text));
  const { decoded, codes } = decodeMutations(good, 11, (payload) => format.decode(payload, context));
  expect(decoded).toBeGreaterThan(100);
  expect(codes).toContain('payload-not-decodable');
}, 600_000);

describe('in a rule', () => {
  test('a logger that sends one row of bare numbers', () => {
    const rules = ruleOf(
      'format: { type: csv, columns: [temperature, humidity, pressure], rows: one }, fields: auto',
    );
    expect(outcomeIn(rules, '21.5,41,1013').lines).toEqual([
      'm temperature=21.5,humidity=41,pressure=1013 1773000312500000000',
    ]);
  });

  test('several rows, each with its time', () => {
    const rules = ruleOf(
      'format: csv, each: payload, time: { path: element.time, unit: s }, fields: { t: element.t }',
    );
    expect(outcomeIn(rules, 'time,t\n1773000310,19.1\n1773000311,19.2').lines).toEqual([
      'm t=19.1 1773000310000000000',
      'm t=19.2 1773000311000000000',
    ]);
  });
});
