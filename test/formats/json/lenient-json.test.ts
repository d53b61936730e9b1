import { describe, expect, test } from 'vitest';
import type { JsonLimits } from '../../../src/formats/json/json-value.js';
import { LENIENCIES, type Leniency, lenientJson } from '../../../src/formats/json/lenient-json.js';
import { decodeContext } from '../decode-context.js';
import { decodeMutations } from '../mutated-payloads.js';

function decode(
  payload: string | Buffer,
  leniencies: readonly Leniency[] = LENIENCIES,
  limits: Partial<JsonLimits> = {},
) {
  const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload;
  const decoded = lenientJson(leniencies).decode(bytes, decodeContext(limits));
  return decoded.ok ? { value: decoded.value, repaired: decoded.repaired } : decoded.code;
}

const NESTED_TEXT = JSON.stringify({ a: '{"b":1}' });

describe('each fault is repaired by its own word only', () => {
  const cases: readonly [Leniency, string | Buffer, unknown, string][] = [
    ['bom', '\u{feff}{"t":1}', { t: 1 }, 'payload-not-json'],
    ['nul', '{"t":1}\0', { t: 1 }, 'payload-not-json'],
    ['nul', '{"t":1} \0\0\r\n\0', { t: 1 }, 'payload-not-json'],
    ['nan', '{"t":NaN}', { t: null }, 'payload-number-out-of-range'],
    [
      'nan',
      '[nan,-nan,Infinity,-inf,INF,+inf,nan(ind),-Infinity]',
      Array(8).fill(null),
      'payload-number-out-of-range',
    ],
    ['latin1', Buffer.from('{"t":"21 \xb0C"}', 'latin1'), { t: '21 °C' }, 'payload-not-utf8'],
    ['latin1', Buffer.from('{"t":"5 \x80"}', 'latin1'), { t: '5 €' }, 'payload-not-utf8'],
  ];

  test.each(cases)('%s: %j', (word, payload, value, code) => {
    expect(decode(payload, [word])).toEqual({ value, repaired: [word] });
    const others = LENIENCIES.filter((other) => other !== word);
    expect(decode(payload, others)).toBe(code);
  });

  test('nested: a value, and the payload as a whole', () => {
    expect(decode(NESTED_TEXT, ['nested'])).toEqual({ value: { a: { b: 1 } }, repaired: ['nested'] });
    expect(decode('"{\\"t\\":1}"', ['nested'])).toEqual({ value: { t: 1 }, repaired: ['nested'] });
    expect(decode(NESTED_TEXT, ['bom'])).toEqual({ value: { a: '{"b":1}' }, repaired: undefined });
  });

  test('several at once, each named once', () => {
    const payload = Buffer.from('\xef\xbb\xbf{"t":nan,"u":"\xb0","v":"[inf]"}\0', 'latin1');
    expect(decode(payload)).toEqual({
      value: { t: null, u: '°', v: [null] },
      repaired: ['bom', 'nul', 'latin1', 'nan', 'nested'],
    });
  });
});

describe('what stays as it is', () => {
  test('strict JSON is not reported as repaired', () => {
    expect(decode('{"t":19.5,"name":"a {b}"}')).toEqual({
      value: { t: 19.5, name: 'a {b}' },
      repaired: undefined,
    });
  });

  test.each([
    ['a NUL inside', '{"t":\0 1}', 'payload-not-json'],
    ['a byte order mark inside', '{\u{feff}"t":1}', 'payload-not-json'],
    ['words that begin like a number', '{"t":nano}', 'payload-not-json'],
    ['infinities with digits behind', '{"t":inf.5}', 'payload-number-out-of-range'],
    ['nothing but NUL', '\0\0', 'payload-not-json'],
    ['the same key twice', '{"a":1,"a":nan}', 'payload-duplicate-key'],
    ['keys that reach a prototype', '{"__proto__":nan}', 'payload-forbidden-key'],
  ])('%s', (_what, payload, code) => {
    expect(decode(payload)).toBe(code);
  });

  test('a text inside a text is read once only', () => {
    const inner = JSON.stringify({ b: '{"c":1}' });
    expect(decode(JSON.stringify({ a: inner }))).toEqual({
      value: { a: { b: '{"c":1}' } },
      repaired: ['nested'],
    });
  });

  test('a text in quotes that is no object and no array', () => {
    expect(decode('{"a":"1","b":"true","c":"{","d":"{\\"a\\":1,\\"a\\":2}"}')).toEqual({
      value: { a: '1', b: 'true', c: '{', d: '{"a":1,"a":2}' },
      repaired: undefined,
    });
  });
});

describe('limits', () => {
  test('of the whole payload hold for the nested parts together', () => {
    const texts = JSON.stringify({ a: '{"x":1,"y":2}', b: '{"x":1,"y":2}' });
    expect(decode(texts, ['nested'], { maxKeys: 6 })).toMatchObject({ value: { b: { y: 2 } } });
    expect(decode(texts, ['nested'], { maxKeys: 5 })).toMatchObject({ value: { b: '{"x":1,"y":2}' } });
    expect(decode(NESTED_TEXT, ['nested'], { maxDepth: 2 })).toMatchObject({ value: { a: { b: 1 } } });
    expect(decode(NESTED_TEXT, ['nested'], { maxDepth: 1 })).toMatchObject({ value: { a: '{"b":1}' } });
  });

  test('of size and depth', () => {
    expect(decode('\u{feff}[[1]]', LENIENCIES, { maxDepth: 1 })).toBe('payload-too-deep');
    expect(decode('\u{feff}{"t":1}', LENIENCIES, { maxPayloadBytes: 9 })).toBe('payload-too-large');
  });
});

test('mutated payloads never throw', () => {
  const format = lenientJson(LENIENCIES);
  const context = decodeContext();
  const good = ['\u{feff}{"t":nan,"a":"{\\"b\\":[1,-inf]}"}\0', '{"t":1,"u":"21 °C","l":[[]]}'].map((text) =>
    Buffer.from(text),
  );
  const { decoded, codes } = decodeMutations(good, 17, (payload) => format.decode(payload, context));
  expect(decoded).toBeGreaterThan(100);
  expect(codes).toContain('payload-not-json');
}, 600_000);
