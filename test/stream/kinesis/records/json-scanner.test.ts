import { isUtf8 } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  JsonScanner,
  MAX_JSON_DEPTH,
  NOT_JSON,
  skipBlanks,
} from '../../../../src/stream/kinesis/records/json-scanner.js';

const SEED = 20_261_105;
const scanner = new JsonScanner();

/** The whole text is one JSON value, as the encoder asks. */
function isJson(bytes: Uint8Array): boolean {
  scanner.isAscii = true;
  const end = scanner.valueEnd(bytes, skipBlanks(bytes, 0));
  return end !== NOT_JSON && skipBlanks(bytes, end) === bytes.length && (scanner.isAscii || isUtf8(bytes));
}

function isJsonToNode(bytes: Uint8Array): boolean {
  if (!isUtf8(bytes)) return false;
  try {
    JSON.parse(Buffer.from(bytes).toString());
    return true;
  } catch {
    return false;
  }
}

const SOUND = [
  '0',
  '-0',
  '-1.5e+10',
  '1E5',
  '1.0',
  '12345678901234567890',
  '""',
  '"\\u00e9\\n\\/\\""',
  '"\u007fé日😀"',
  '"\\ud800"',
  'true',
  'false',
  'null',
  '[]',
  '{}',
  '[ ]',
  '{ }',
  '[[],{}]',
  ' \t\r\n[1 , 2]\n',
  '{"a":1,"a":2}',
  '{"":{"":[null]}}',
];
const UNSOUND = [
  '',
  ' ',
  '-',
  '01',
  '1.',
  '.5',
  '1e',
  '1e+',
  '+1',
  '0x1',
  'NaN',
  'tru',
  'truex',
  'nul',
  'True',
  '"',
  '"\\',
  '"\\x"',
  '"\\u12g4"',
  '"\\u123"',
  '"a\nb"',
  '"\u0000"',
  "'a'",
  '[',
  '[1',
  '[1,',
  '[1,]',
  '[,]',
  '[1 2]',
  '{',
  '{"a"',
  '{"a":',
  '{"a":1',
  '{"a":1,',
  '{"a":1,}',
  '{a:1}',
  '{1:1}',
  '{"a" 1}',
  '{"a":1]',
  '[1}',
  ']',
  '}',
  '1 2',
  '[]]',
  '\ufeff{}',
  '{"a":1}x',
  '"a" "b"',
  '//',
  '\u00a01',
];

describe('JsonScanner', () => {
  it.each(SOUND)('takes %j', (text) => {
    expect(isJsonToNode(Buffer.from(text))).toBe(true);
    expect(isJson(Buffer.from(text))).toBe(true);
  });

  it.each(UNSOUND)('refuses %j', (text) => {
    expect(isJsonToNode(Buffer.from(text))).toBe(false);
    expect(isJson(Buffer.from(text))).toBe(false);
  });

  it(`agrees with JSON.parse about JSON with a few bytes changed (seed ${SEED})`, () => {
    const bytes = fc.json({ maxDepth: 5 }).map((text) => Buffer.from(text));
    const edits = fc.array(
      fc.tuple(fc.nat(), fc.oneof(fc.constantFrom(...Buffer.from('"\\{}[],:0-.e1un ')), fc.nat(255))),
      {
        maxLength: 3,
      },
    );
    fc.assert(
      fc.property(bytes, edits, (whole, changes) => {
        for (const [at, byte] of changes) whole[at % whole.length] = byte;
        expect(isJson(whole)).toBe(isJsonToNode(whole));
      }),
      { seed: SEED, numRuns: 5_000 },
    );
  });

  it(`agrees with JSON.parse about arbitrary tokens (seed ${SEED})`, () => {
    const token = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"a"',
      '"',
      '\\',
      '1',
      '-',
      '.5',
      'e3',
      'true',
      'null',
      ' ',
      '\n',
      'é',
      '\xff',
    );
    fc.assert(
      fc.property(fc.array(token, { maxLength: 9 }), fc.boolean(), (tokens, asLatin1) => {
        const bytes = Buffer.from(tokens.join(''), asLatin1 ? 'latin1' : 'utf8');
        expect(isJson(bytes)).toBe(isJsonToNode(bytes));
      }),
      { seed: SEED, numRuns: 20_000 },
    );
  });

  it('finds the end of a value among others', () => {
    const bytes = Buffer.from('{"a":"}\\"]" , "b":[1]} , 5');
    expect(scanner.valueEnd(bytes, 0)).toBe(bytes.indexOf(' , 5'));
    expect(scanner.valueEnd(bytes, 5)).toBe(bytes.indexOf(' , "b"'));
  });

  it('takes so many levels and no more, whatever the length', () => {
    const nested = (depth: number) => Buffer.from(`${'['.repeat(depth)}0${']'.repeat(depth)}`);
    expect(isJson(nested(MAX_JSON_DEPTH))).toBe(true);
    expect(isJson(nested(MAX_JSON_DEPTH + 1))).toBe(false);
    expect(isJson(Buffer.alloc(1 << 20, '['))).toBe(false);
    expect(isJson(Buffer.alloc(1 << 20, '{"a":'))).toBe(false);
  });
});
