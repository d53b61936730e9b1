import { isUtf8 } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ParkCode } from '../../../src/dead-letter/park-codes.js';
import { firstBadUtf8Byte } from '../../../src/formats/decode-utf8.js';
import { decodeJson } from '../../../src/formats/json/decode-json.js';
import { DEFAULT_JSON_LIMITS, ExactNumber, type JsonValue } from '../../../src/formats/json/json-value.js';
import { BAD_PAYLOADS } from '../../fixtures/bad-payloads.js';

const decode = (text: string) => decodeJson(Buffer.from(text, 'utf8'));
const exact = (text: string) => new ExactNumber(text);

describe('what is accepted', () => {
  const cases: readonly [text: string, value: JsonValue, why: string][] = [
    ['{}', {}, 'the smallest object'],
    [' \t\r\n[ 1 , 2 ]\n', [1, 2], 'the four blanks of JSON, everywhere between tokens'],
    ['{"a":{"b":[true,false,null]}}', { a: { b: [true, false, null] } }, 'nesting'],
    ['{"":1}', { '': 1 }, 'an empty key is JSON'],
    [
      '{"toString":1,"valueOf":2}',
      { toString: 1, valueOf: 2 } as unknown as JsonValue,
      'inherited, not twice',
    ],
    [
      '{"b":1,"10":2,"2":3}',
      { b: 1, '10': 2, '2': 3 },
      'integer-like keys lose their order, not their value',
    ],
    ['"\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041"', '"\\/\b\f\n\r\tA', 'every escape'],
    ['"\\ud83d\\ude00 😀"', '😀 😀', 'a pair of escapes is one character'],
    ['{"\\u0061":1}', { a: 1 }, 'escapes in keys'],
    ['"é☀𝄞"', 'é☀𝄞', 'two, three and four bytes'],
    ['-0', 0, '-0 is written as 0'],
    ['-0.0e5', 0, '-0 in any spelling'],
    ['1.0', 1, 'is the same as 1'],
    ['0.1', 0.1, 'rounded once, as by the language'],
    ['31.2', 31.2, 'the usual reading'],
    ['-61.25e-1', -6.125, 'fraction and exponent'],
    ['1E+2', 100, 'capital E, plus'],
    ['5e-324', 5e-324, 'the smallest float'],
    ['1.7976931348623157e308', exact('1.7976931348623157e308'), '17 digits'],
    ['999999999999999', 999_999_999_999_999, '15 digits are exact'],
    ['0.000000000000000000000000000001', 1e-30, 'leading zeros are no digits'],
    ['1732155786123456789', exact('1732155786123456789'), 'JSON.parse gives ...456800'],
    ['9007199254740993', exact('9007199254740993'), 'JSON.parse gives ...992'],
    ['18446744073709551615', exact('18446744073709551615'), 'uint64'],
    ['0.30000000000000004', exact('0.30000000000000004'), '17 digits'],
    ['1e15', 1e15, 'an exponent within 2^53'],
    [
      '123456789012345e5',
      exact('123456789012345e5'),
      'an exponent beyond 2^53 is no longer exact as a double',
    ],
    ['1e21', exact('1e21'), 'where String() turns to exponents'],
  ];
  test.each(cases)('%s (%#) is accepted: %o', (text, value, _why) => {
    expect(decode(text)).toEqual({ ok: true, value, holdsExact: value instanceof ExactNumber });
  });

  test('[security 35] an integer that a double would round keeps its text, also inside: holdsExact is set per payload, also for inner values', () => {
    expect(decode('{"a":[{"b":9007199254740993}]}')).toMatchObject({ holdsExact: true });
    expect(decode('{"a":[{"b":1}]}')).toMatchObject({ holdsExact: false });
  });
});

describe('[security 28] [security 31] [security 33] [security 34] [security 36] what is rejected', () => {
  const cases: readonly [text: string, code: ParkCode, reason: RegExp][] = [
    ['', 'payload-empty', /^the payload is empty$/],
    [' ', 'payload-not-json', /ends where a value should be/],
    ['\ufeff{}', 'payload-not-json', /byte order mark \(EF BB BF\)/],
    ['{"a":1', 'payload-not-json', /ends where ',' or '}' should be \(last key: "a"\)/],
    ['{"a', 'payload-not-json', /ends inside a string at character 2/],
    ['{"a"', 'payload-not-json', /ends where ':' after the key should be/],
    ['{"a":', 'payload-not-json', /ends where a value should be/],
    ['[1,]', 'payload-not-json', /expected a value but found "\]" at character 4/],
    ['{"a":1,}', 'payload-not-json', /expected a key in double quotes but found "}" at character 8/],
    ["{'a':1}", 'payload-not-json', /expected a key in double quotes but found "'" at character 2/],
    ['{"a" 1}', 'payload-not-json', /expected ':' after the key but found "1"/],
    ['{"a":1 "b":2}', 'payload-not-json', /expected ',' or '}' but found "\\""/],
    ['[1 2]', 'payload-not-json', /expected ',' or ']' but found "2"/],
    ['{} {}', 'payload-not-json', /expected the end of the payload but found "{" at character 4/],
    ['\u00a01', 'payload-not-json', /found "\\u00a0" at character 1/],
    ['01', 'payload-not-json', /a number starts with 0/],
    ['-', 'payload-not-json', /a digit/],
    ['+1', 'payload-not-json', /found "\+"/],
    ['.5', 'payload-not-json', /found "\."/],
    ['1.', 'payload-not-json', /a digit after the decimal point/],
    ['1e', 'payload-not-json', /a digit in the exponent/],
    ['0x1f', 'payload-not-json', /expected the end of the payload but found "x"/],
    ['1_000', 'payload-not-json', /found "_"/],
    ['23,5', 'payload-not-json', /found ","/],
    ['tru', 'payload-not-json', /expected a value/],
    ['True', 'payload-not-json', /expected a value/],
    ['undefined', 'payload-not-json', /expected a value/],
    ['"a\nb"', 'payload-not-json', /control character \(U\+000A\) must be escaped/],
    ['"\0"', 'payload-not-json', /U\+0000/],
    ['"\\x41"', 'payload-not-json', /the escape "\\\\x" does not exist at character 2/],
    ['"\\u12G4"', 'payload-not-json', /four hexadecimal digits/],
    ['"\\u12', 'payload-not-json', /four hexadecimal digits/],
    ['"\\', 'payload-not-json', /escape/],
    ['{"a":1,"a":2}', 'payload-duplicate-key', /the key "a" appears twice in one object/],
    ['{"x":{"a":1,"\\u0061":2}}', 'payload-duplicate-key', /"a"/],
    ['{"toString":1,"toString":2}', 'payload-duplicate-key', /"toString"/],
    ['{"a":null,"a":null}', 'payload-duplicate-key', /"a"/],
    ['{"__proto__":{"x":1}}', 'payload-forbidden-key', /"__proto__" is not allowed/],
    ['{"a":[{"constructor":1}]}', 'payload-forbidden-key', /"constructor"/],
    ['{"prototype":1}', 'payload-forbidden-key', /"prototype"/],
    ['{"__pro\\u0074o__":1}', 'payload-forbidden-key', /"__proto__"/],
    ['NaN', 'payload-number-out-of-range', /^NaN is not a number that can be stored/],
    ['{"a":nan}', 'payload-number-out-of-range', /nan .* at character 6 \(last key: "a"\)/],
    ['[Infinity]', 'payload-number-out-of-range', /Infinity/],
    ['[-Infinity]', 'payload-number-out-of-range', /Infinity/],
    ['-inf', 'payload-number-out-of-range', /inf/],
    ['1e400', 'payload-number-out-of-range', /"1e400" is too large/],
    ['-1e400', 'payload-number-out-of-range', /"-1e400" is too large/],
    ['9'.repeat(400), 'payload-number-out-of-range', /too large/],
    ['1e-400', 'payload-number-out-of-range', /"1e-400" is too small/],
    [`0.${'0'.repeat(400)}1`, 'payload-number-out-of-range', /too small/],
    ['"\\ud800"', 'payload-lone-surrogate', /half of a surrogate pair/],
    ['"\\udfff"', 'payload-lone-surrogate', /half of a surrogate pair/],
    ['"\\ude00\\ud83d"', 'payload-lone-surrogate', /half of a surrogate pair/],
    ['{"\\ud800":1}', 'payload-lone-surrogate', /half of a surrogate pair/],
  ];
  test.each(cases)('%j is rejected as %s', (text, code, reason) => {
    const decoded = decode(text);
    expect(decoded).toMatchObject({ ok: false, code });
    expect(decoded.ok ? '' : decoded.reason).toMatch(reason);
  });

  test.each([
    [[0x22, 0xff, 0x22], /byte 2 \(FF\)/],
    [[0x22, 0xed, 0xa0, 0x80, 0x22], /byte 2 \(ED\)/],
    [[0x22, 0x41, 0xc3], /byte 3 \(C3\)/],
    [[0xff, 0xfe, 0x7b, 0x00], /byte 1 \(FF\)/],
  ])('[security 28] the bytes %j are not UTF-8, and the first bad one is named', (bytes, reason) => {
    const decoded = decodeJson(Buffer.from(bytes));
    expect(decoded).toMatchObject({ ok: false, code: 'payload-not-utf8' });
    expect(decoded.ok ? '' : decoded.reason).toMatch(reason);
  });

  test('a reason stays one short line however long and odd the payload is', () => {
    const decoded = decode(`{"${'k\\u0000\\n'.repeat(30)}":1,"a":\u0085}`);
    expect(decoded.ok).toBe(false);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the absence of control characters is the point
    expect(decoded.ok ? '' : decoded.reason).toMatch(/^[^\u0000-\u001f\u0085]{1,500}$/);
  });
});

describe('[security 29] [security 30] [security 32] each limit, met and exceeded by one', () => {
  const nested = (levels: number) => `${'['.repeat(levels)}1${']'.repeat(levels)}`;
  const withKeys = (count: number) =>
    `[{${Array.from({ length: count }, (_, index) => `"k${index}":1`).join(',')}}]`;
  const cases: readonly [what: string, text: string, code: ParkCode | 'accepted'][] = [
    ['65,536 bytes', `"${'x'.repeat(65_534)}"`, 'accepted'],
    ['65,537 bytes', `"${'x'.repeat(65_535)}"`, 'payload-too-large'],
    ['65,537 bytes in fewer characters', `"${'é'.repeat(32_767)}1"`, 'payload-too-large'],
    ['16 levels', nested(16), 'accepted'],
    ['17 levels', nested(17), 'payload-too-deep'],
    ['17 levels of objects', `${'{"a":'.repeat(17)}1${'}'.repeat(17)}`, 'payload-too-deep'],
    ['30,000 levels', nested(30_000), 'payload-too-deep'],
    ['30,000 levels never closed', '['.repeat(30_000), 'payload-too-deep'],
    ['1,000 keys', withKeys(1_000), 'accepted'],
    ['1,001 keys', withKeys(1_001), 'payload-too-many-keys'],
    ['1,001 keys in many objects', `[${'{"a":1},'.repeat(1_000)}{"a":1}]`, 'payload-too-many-keys'],
    ['a key of 256 characters', `{"${'k'.repeat(256)}":1}`, 'accepted'],
    ['a key of 257 characters', `{"${'k'.repeat(257)}":1}`, 'payload-forbidden-key'],
  ];
  test.each(cases)('%s', (_what, text, code) => {
    const decoded = decode(text);
    expect(decoded.ok ? 'accepted' : decoded.code).toBe(code);
  });

  test.each([10_000, 1_000_000])(
    'a payload of %i levels ends at the limit of depth, however large it may be',
    (levels) => {
      const limits = { ...DEFAULT_JSON_LIMITS, maxPayloadBytes: 4_000_000 };
      for (const text of [nested(levels), '['.repeat(levels), '{"a":'.repeat(Math.min(levels, 500_000))]) {
        expect(decodeJson(Buffer.from(text), limits)).toMatchObject({ ok: false, code: 'payload-too-deep' });
      }
    },
  );

  test('the limits are those passed in', () => {
    const limits = { ...DEFAULT_JSON_LIMITS, maxPayloadBytes: 5, maxDepth: 1 };
    expect(decodeJson(Buffer.from('[1,2]'), limits).ok).toBe(true);
    expect(decodeJson(Buffer.from('[1,23]'), limits)).toMatchObject({ code: 'payload-too-large' });
    expect(decodeJson(Buffer.from('[[1]]'), limits)).toMatchObject({ code: 'payload-too-deep' });
  });
});

describe('properties', () => {
  const DANGEROUS = new Set(['__proto__', 'constructor', 'prototype']);
  const key = fc
    .string({ unit: 'binary', maxLength: 12 })
    .filter((text) => !DANGEROUS.has(text) && !/\p{Surrogate}/u.test(text));
  const json = fc.letrec<{ node: unknown }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 8, depthSize: 'small' },
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc.double({ noDefaultInfinity: true, noNaN: true }),
      fc.integer(),
      fc.maxSafeInteger(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('node'), { maxLength: 6 }),
      fc.dictionary(key, tie('node'), { maxKeys: 8, noNullPrototype: true }),
    ),
  })).node;
  const blanks = fc.constantFrom(0, 1, 3);

  test('it agrees with JSON.parse on valid JSON without the rejected features', () => {
    fc.assert(
      fc.property(json, blanks, (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        const decoded = decode(text);
        expect(decoded.ok).toBe(true);
        if (decoded.ok) expect(asParsed(decoded.value)).toEqual(withoutMinusZero(JSON.parse(text)));
      }),
      { numRuns: 3_000 },
    );
  });

  test('number literals give the double of JSON.parse or keep their text', () => {
    const digits = fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength: 20 });
    const exponent = fc.option(fc.integer({ min: -330, max: 330 }));
    fc.assert(
      fc.property(fc.boolean(), digits, fc.option(digits), exponent, (minus, whole, fraction, power) => {
        const literal =
          `${minus ? '-' : ''}${whole.replace(/^0+(?=.)/, '')}` +
          `${fraction === null ? '' : `.${fraction}`}${power === null ? '' : `e${power}`}`;
        const parsed = JSON.parse(literal) as number;
        const decoded = decode(literal);
        const isZero = /^-?[0.]+(e|$)/.test(literal);
        if (!Number.isFinite(parsed) || (parsed === 0 && !isZero)) {
          expect(decoded).toMatchObject({ ok: false, code: 'payload-number-out-of-range' });
        } else if (decoded.ok && decoded.value instanceof ExactNumber) {
          expect(decoded.value.text).toBe(literal);
        } else {
          expect(decoded).toEqual({ ok: true, value: parsed === 0 ? 0 : parsed, holdsExact: false });
        }
      }),
      { numRuns: 5_000 },
    );
  });

  test('mutated texts never throw, and nothing is accepted that JSON.parse rejects', () => {
    const seeds = [
      '{"id":"CITIMUM","temperature":31.2,"humidity":64.5,"timestamp":1732155786,"city":"Mumbai"}',
      '{"a":[1,-2.5e3,true,null,{"b":"\\u00e9\\n\\ud83d\\ude00"}],"c":{"d":9007199254740993}}',
      ...BAD_PAYLOADS.map(({ payload }) => payload.toString('latin1')).filter((text) => text.length < 200),
    ];
    const edit = fc.record({
      at: fc.nat(220),
      remove: fc.nat(3),
      insert: fc.oneof(
        fc.constantFrom('"', '\\', '{', '}', '[', ']', ',', ':', '-', '.', 'e', '0', '\0', '\n', '\\u', ' '),
        fc.string({ unit: 'binary', maxLength: 2 }),
      ),
    });
    fc.assert(
      fc.property(
        fc.constantFrom(...seeds),
        fc.array(edit, { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        (seed, edits, asLatin1) => {
          let text = seed;
          for (const { at, remove, insert } of edits) {
            text = text.slice(0, at) + insert + text.slice(at + remove);
          }
          const payload = Buffer.from(text, asLatin1 ? 'latin1' : 'utf8');
          const decoded = decodeJson(payload);
          if (decoded.ok) {
            const parsed: unknown = JSON.parse(payload.toString('utf8'));
            expect(asParsed(decoded.value)).toEqual(withoutMinusZero(parsed));
          } else expect(decoded.reason).not.toBe('');
        },
      ),
      { numRuns: 20_000 },
    );
  });

  test('bytes at random never throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const payload = Buffer.from(bytes);
        const decoded = decodeJson(payload);
        if (decoded.ok) JSON.parse(payload.toString('utf8'));
      }),
      { numRuns: 5_000 },
    );
  });

  /** What JSON.parse would have made of it. */
  function asParsed(value: JsonValue): unknown {
    if (value instanceof ExactNumber) return JSON.parse(value.text);
    if (Array.isArray(value)) return value.map(asParsed);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, asParsed(member)]));
  }

  function withoutMinusZero(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(withoutMinusZero);
    if (typeof value === 'number') return value === 0 ? 0 : value;
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, member]) => [name, withoutMinusZero(member)]),
    );
  }
});

test('keys that share a slot of the key table stay apart', () => {
  // 40,000 different keys in a table of 1,024 slots: each slot is overwritten and asked again many times.
  const names = Array.from({ length: 40_000 }, (_, index) => `sensor_${index % 7}_${index}`);
  for (const round of [1, 2]) {
    for (const name of names) {
      const decoded = decode(`{"${name}":${round}}`);
      if (!decoded.ok || JSON.stringify(decoded.value) !== `{"${name}":${round}}`) {
        expect.fail(`${name} came back as ${JSON.stringify(decoded)}`);
      }
    }
  }
});

describe('firstBadUtf8Byte', () => {
  test('it finds a bad byte exactly when the runtime finds one, and the bytes before it are good', () => {
    const byte = fc.oneof(
      fc.nat(255),
      fc.constantFrom(0x80, 0xbf, 0xc0, 0xc2, 0xe0, 0xa0, 0xed, 0x9f, 0xf0, 0x90, 0xf4, 0x8f, 0xf5),
    );
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 8 }), (list) => {
        const bytes = Uint8Array.from(list);
        const at = firstBadUtf8Byte(bytes);
        expect(at === bytes.length).toBe(isUtf8(bytes));
        expect(isUtf8(bytes.subarray(0, at))).toBe(true);
      }),
      { numRuns: 20_000 },
    );
  });

  test('text in four scripts has no bad byte', () => {
    const bytes = Buffer.from('a é ☀ 𝄞');
    expect(firstBadUtf8Byte(bytes)).toBe(bytes.length);
  });
});
