import { describe, expect, it } from 'vitest';
import { DEFAULT_JSON_LIMITS, ExactNumber, type JsonValue } from '../../src/formats/json/json-value.js';
import { type ConvertOptions, toJsonValue } from '../../src/formats/to-json-value.js';

function converted(value: unknown, options?: ConvertOptions): JsonValue {
  const result = toJsonValue(value, DEFAULT_JSON_LIMITS, options);
  if (!result.ok) throw new Error(result.reason);
  return result.value;
}

function refusal(value: unknown, limits = DEFAULT_JSON_LIMITS): string {
  const result = toJsonValue(value, limits);
  return result.ok ? JSON.stringify(result.value) : `${result.code}: ${result.reason}`;
}

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

describe('toJsonValue', () => {
  it('takes what JSON has as it is', () => {
    const value = { a: [1, -2.5, 'x', true, null, { b: {} }], c: [] };
    expect(toJsonValue(value, DEFAULT_JSON_LIMITS)).toEqual({ ok: true, value, holdsExact: false });
  });

  it('makes objects of Maps and of objects without a prototype, and text of integer keys', () => {
    expect(
      converted(
        new Map<unknown, unknown>([
          ['a', new Map([[1, 'x']])],
          [-2, 3],
          [2n ** 60n, 4],
        ]),
      ),
    ).toEqual({
      a: { 1: 'x' },
      '-2': 3,
      '1152921504606846976': 4,
    });
    expect(converted(Object.assign(Object.create(null), { a: 1 }))).toEqual({ a: 1 });
  });

  it('makes arrays of Sets and typed arrays, and base64 text of bytes', () => {
    expect(converted([new Set([1, 'a']), Float32Array.of(0.5, -2), BigInt64Array.of(-7n)])).toEqual([
      [1, 'a'],
      [0.5, -2],
      [-7],
    ]);
    const bytes = Uint8Array.of(1, 2, 255, 4).subarray(1, 3);
    const view = new DataView(bytes.buffer, 1, 2);
    expect(converted([bytes, Buffer.from(bytes), view, bytes.slice().buffer])).toEqual(Array(4).fill('Av8='));
  });

  it('keeps integers beyond 2^53 exactly', () => {
    const result = toJsonValue([2n ** 64n - 1n, 5n, 1e300, -0], DEFAULT_JSON_LIMITS);
    expect(result).toEqual({
      ok: true,
      holdsExact: true,
      value: [new ExactNumber('18446744073709551615'), 5, new ExactNumber('1e+300'), 0],
    });
    const exact = new ExactNumber('0.1000000000000000000001');
    expect(toJsonValue({ exact }, DEFAULT_JSON_LIMITS)).toEqual({
      ok: true,
      holdsExact: true,
      value: { exact },
    });
  });

  it('omits keys without a value, and makes it null elsewhere', () => {
    expect(converted({ a: undefined, b: [undefined, 1] })).toEqual({ b: [null, 1] });
    expect(converted(undefined)).toBeNull();
  });

  it('writes a date as RFC 3339', () => {
    expect(converted(new Date(1_772_985_600_120))).toBe('2026-03-08T16:00:00.120Z');
    expect(refusal({ at: new Date(Number.NaN) })).toBe(
      'payload-number-out-of-range: a date is not one of the years 0 to 9999 at "at"',
    );
    expect(refusal(new Date(8e15))).toMatch(/^payload-number-out-of-range/);
  });

  it('rejects NaN and the infinities, or makes them null where that is asked for', () => {
    expect(refusal({ metrics: [{ v: 1 }, { v: Number.NaN }] })).toBe(
      'payload-number-out-of-range: NaN is not a number that can be stored at "metrics[1].v"',
    );
    expect(converted([Number.NaN, Number.NEGATIVE_INFINITY], { notFinite: 'null' })).toEqual([null, null]);
    expect(refusal(2n ** 1024n)).toMatch(/^payload-number-out-of-range: an integer is too large/);
    expect(refusal(-(2n ** 400_000n))).toMatch(/^payload-number-out-of-range/);
  });

  it('rejects what is no value', () => {
    expect(refusal({ f: () => 1 })).toBe('payload-not-decodable: a function is no value of a payload at "f"');
    expect(refusal(Symbol('x'))).toMatch(/^payload-not-decodable: a symbol/);
    expect(refusal([/x/])).toBe(
      'payload-not-decodable: an object of the class "RegExp" is no value at "[0]"',
    );
    expect(refusal(new (class {})())).toMatch(/^payload-not-decodable/);
  });

  it('rejects half of a surrogate pair, in texts and keys', () => {
    expect(refusal(['a\ud800'])).toMatch(/^payload-lone-surrogate: .* at "\[0\]"$/);
    expect(refusal({ '\udc00': 1 })).toMatch(/^payload-lone-surrogate/);
    expect(converted(['\ud83d\ude00'])).toEqual(['😀']);
  });

  it.each(['__proto__', 'constructor', 'prototype'])('rejects the key %s', (key) => {
    expect(refusal(new Map([[key, 1]]))).toBe(`payload-forbidden-key: the key "${key}" is not allowed`);
    expect(converted({ toString: 1, valueOf: 2 })).toEqual({ toString: 1, valueOf: 2 });
  });

  it('rejects keys that are the same as text, or no text', () => {
    expect(
      refusal(
        new Map<unknown, number>([
          [1, 1],
          ['1', 2],
        ]),
      ),
    ).toBe('payload-duplicate-key: the key "1" appears twice in one object');
    for (const key of [1.5, true, null, [1], Number.NaN, 2n ** 70n]) {
      expect(refusal(new Map([[key, 1]]))).toMatch(
        /^payload-forbidden-key: a key is neither text nor an integer/,
      );
    }
  });

  it('holds every limit', () => {
    const limits = { maxPayloadBytes: 10, maxDepth: 3, maxKeys: 3, maxKeyLength: 4 };
    expect(refusal(nested(3), limits)).toBe('[{"a":[1]}]');
    expect(refusal(nested(4), limits)).toMatch(/^payload-too-deep: .* more than 3 levels deep at "a\[0\]/);
    expect(refusal([{ a: 1, b: 2 }, { c: 3 }], limits)).toBe('[{"a":1,"b":2},{"c":3}]');
    expect(
      refusal(
        [
          { a: 1, b: 2 },
          { c: 3, d: 4 },
        ],
        limits,
      ),
    ).toMatch(/^payload-too-many-keys: .*"d"/);
    expect(refusal({ abcde: 1 }, limits)).toMatch(/^payload-forbidden-key: .*5 characters; at most 4/);
    expect(refusal([Array(9).fill(1)], limits)).toMatch(/^\[\[1,/);
    expect(refusal([Array(10).fill(1)], limits)).toMatch(/^payload-too-large: more than 10 elements/);
    expect(refusal('x'.repeat(40), limits)).toMatch(/^"xx/);
    expect(refusal(['x'.repeat(40), 'x'], limits)).toMatch(/^payload-too-large: more than 40 characters/);
    expect(refusal(Buffer.alloc(31), limits)).toMatch(/^payload-too-large/);
  });

  it('rejects a depth bomb, a cycle, an empty giant and parts that appear many times', () => {
    expect(refusal(nested(1_000_000))).toMatch(/^payload-too-deep/);
    const cycle: Record<string, unknown> = {};
    cycle.self = [cycle];
    expect(refusal(cycle)).toBe('payload-not-decodable: an object contains itself at "self[0]"');
    expect(refusal(new Array(4e9))).toMatch(/^payload-too-large/);
    let laughs: unknown = 'ha';
    for (let level = 0; level < 15; level++) laughs = [laughs, laughs, laughs, laughs, laughs, laughs];
    expect(refusal(laughs)).toMatch(/^payload-too-large/);
  });
});
