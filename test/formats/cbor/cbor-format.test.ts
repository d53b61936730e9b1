import { describe, expect, it } from 'vitest';
import { createCborFormat, decodeCbor } from '../../../src/formats/cbor/cbor-format.js';
import { DEFAULT_JSON_LIMITS, ExactNumber, type JsonValue } from '../../../src/formats/json/json-value.js';
import { StateTables } from '../../../src/lib/state-tables.js';
import { decodeMutations } from '../mutated-payloads.js';

const exact = (text: string) => new ExactNumber(text);

function decoded(hex: string): JsonValue {
  const result = decodeCbor(Buffer.from(hex, 'hex'), DEFAULT_JSON_LIMITS);
  if (!result.ok) throw new Error(result.reason);
  return result.value;
}

function refusal(hex: string, limits = DEFAULT_JSON_LIMITS): string {
  const result = decodeCbor(Buffer.from(hex, 'hex'), limits);
  return result.ok ? JSON.stringify(result.value) : `${result.code}: ${result.reason}`;
}

describe('CBOR', () => {
  // RFC 8949, appendix A, without the items that no JSON value stands for.
  it.each<[string, JsonValue]>([
    ['00', 0],
    ['17', 23],
    ['1818', 24],
    ['1864', 100],
    ['1903e8', 1000],
    ['1a000f4240', 1_000_000],
    ['1b000000e8d4a51000', 1_000_000_000_000],
    ['1bffffffffffffffff', exact('18446744073709551615')],
    ['c249010000000000000000', exact('18446744073709551616')],
    ['3bffffffffffffffff', exact('-18446744073709551616')],
    ['c349010000000000000000', exact('-18446744073709551617')],
    ['20', -1],
    ['3863', -100],
    ['3903e7', -1000],
    ['f90000', 0],
    ['f98000', 0],
    ['f93c00', 1],
    ['fb3ff199999999999a', 1.1],
    ['f93e00', 1.5],
    ['f97bff', 65504],
    ['fa47c35000', 100_000],
    ['fa7f7fffff', exact('3.4028234663852886e+38')],
    ['fb7e37e43c8800759c', exact('1e+300')],
    ['f90001', 2 ** -24],
    ['f90400', 0.00006103515625],
    ['f9c400', -4],
    ['fbc010666666666666', -4.1],
    ['f4', false],
    ['f5', true],
    ['f6', null],
    ['f7', null],
    ['c074323031332d30332d32315432303a30343a30305a', '2013-03-21T20:04:00Z'],
    ['c11a514b67b0', 1_363_896_240],
    ['c1fb41d452d9ec200000', 1_363_896_240.5],
    ['d74401020304', 'AQIDBA=='],
    ['d818456449455446', 'ZElFVEY='],
    ['d82076687474703a2f2f7777772e6578616d706c652e636f6d', 'http://www.example.com'],
    ['40', ''],
    ['4401020304', 'AQIDBA=='],
    ['60', ''],
    ['6161', 'a'],
    ['6449455446', 'IETF'],
    ['62225c', '"\\'],
    ['62c3bc', 'ü'],
    ['63e6b0b4', '水'],
    ['64f0908591', '𐅑'],
    ['80', []],
    ['83010203', [1, 2, 3]],
    ['8301820203820405', [1, [2, 3], [4, 5]]],
    [
      '98190102030405060708090a0b0c0d0e0f101112131415161718181819',
      Array.from({ length: 25 }, (_, i) => i + 1),
    ],
    ['a0', {}],
    ['a201020304', { 1: 2, 3: 4 }],
    ['a26161016162820203', { a: 1, b: [2, 3] }],
    ['826161a161626163', ['a', { b: 'c' }]],
    ['5f42010243030405ff', 'AQIDBAU='],
    ['7f657374726561646d696e67ff', 'streaming'],
    ['9fff', []],
    ['9f018202039f0405ffff', [1, [2, 3], [4, 5]]],
    ['83018202039f0405ff', [1, [2, 3], [4, 5]]],
    ['83019f0203ff820405', [1, [2, 3], [4, 5]]],
    ['bf61610161629f0203ffff', { a: 1, b: [2, 3] }],
    ['826161bf61626163ff', ['a', { b: 'c' }]],
    ['bf6346756ef563416d7421ff', { Fun: true, Amt: -2 }],
  ])('decodes %s of RFC 8949', (hex, value) => {
    expect(decoded(hex)).toEqual(value);
  });

  it.each<[string, string, JsonValue]>([
    ['a decimal fraction', 'c48221196ab3', 273.15],
    ['a decimal fraction with a long mantissa', 'c482281b7fffffffffffffff', exact('9223372036854775807e-9')],
    ['a decimal fraction of a big number', 'c48221c249010000000000000000', exact('18446744073709551616e-2')],
    ['a bigfloat', 'c5822003', 1.5],
    ['a bigfloat of a big number', 'c58220c249010000000000000001', exact('92233720368547758085e-1')],
    ['a bigfloat in 64 bits', 'c58239110000', 0],
    ['an empty big number', 'c240', 0],
    ['a small big number', 'c2420007', 7],
    ['a negative big number that is small', 'c340', -1],
    ['a marked payload', 'd9d9f7a1616101', { a: 1 }],
    ['a tag that nobody knows', 'da7fffffff82d9010201c101', [1, 1]],
    [
      'keys that are integers',
      'a3010221031bffffffffffffffff04',
      { 1: 2, '-2': 3, '18446744073709551615': 4 },
    ],
  ])('decodes %s', (_what, hex, value) => {
    expect(decoded(hex)).toEqual(value);
  });

  it('says whether a number is exact', () => {
    expect(decodeCbor(Buffer.from('1bffffffffffffffff', 'hex'), DEFAULT_JSON_LIMITS)).toMatchObject({
      holdsExact: true,
    });
    expect(decodeCbor(Buffer.from('8101', 'hex'), DEFAULT_JSON_LIMITS)).toMatchObject({ holdsExact: false });
  });

  it('rejects NaN and the infinities, or reads them as no value', () => {
    for (const hex of ['f97e00', 'f97c00', 'fa7fc00000', 'fbfff0000000000000']) {
      expect(refusal(`a16176${hex}`)).toMatch(/^payload-number-out-of-range: .* at "v"$/);
    }
    const format = createCborFormat({ notFinite: 'null' });
    const context = { limits: DEFAULT_JSON_LIMITS, topic: 't', receivedAtNs: 0n, state: new StateTables() };
    expect(format.decode(Buffer.from('82f97e00f9fc00', 'hex'), context)).toMatchObject({
      value: [null, null],
    });
  });

  it.each([
    ['nothing after a tag', 'c1', 'the payload ends where a value should be at byte 2'],
    ['a cut number', '1903', 'the payload ends inside a value at byte 1'],
    ['a cut text', '6261', 'a length says 2 more bytes or values, and 1 bytes are left at byte 1'],
    [
      'a list of 2^64 - 1',
      '9bffffffffffffffff',
      'a length says 18446744073709551615 more bytes or values, and 0',
    ],
    ['a map of 2^32 - 1', 'bafffffffff601', 'a length says 8589934590 more bytes or values, and 2 bytes'],
    ['a list without an end', '9f0102', 'the payload ends where a value should be at byte 4'],
    ['a map with a key alone', 'bf6161ff', 'a break ends nothing at byte 4'],
    ['a break at the top', 'ff', 'a break ends nothing at byte 1'],
    ['a break in a list with a length', '8201ff', 'a break ends nothing at byte 3'],
    ['an integer without an end', '1f', 'the item cannot be of indefinite length'],
    ['a reserved head', '1c', 'the byte 1C begins no item'],
    ['bytes in a text', '7f4101ff', 'a part of a string is no string of the same kind'],
    ['parts in parts', '7f7f6161ffff', 'a part of a string is no string of the same kind'],
    ['a long simple value below 32', 'f818', 'a simple value below 32 is written in two bytes'],
    ['a simple value', 'e0', 'the simple value 0 has no meaning'],
    ['a second value', '0102', 'the value ends, and 1 bytes follow it at byte 2'],
  ])('rejects %s', (_what, hex, problem) => {
    expect(refusal(hex)).toContain(`payload-not-decodable: the payload is not CBOR: ${problem}`);
  });

  it('rejects what JSON payloads may not have either', () => {
    expect(refusal('a2616101616102')).toBe(
      'payload-duplicate-key: the key "a" appears twice in one map at byte 5',
    );
    expect(refusal('a20102180103')).toMatch(/^payload-duplicate-key: the key 1 appears twice/);
    expect(refusal('a20102613103')).toMatch(/^payload-duplicate-key: the key "1"/);
    expect(refusal('a1f501')).toMatch(/^payload-forbidden-key: a key is neither text nor an integer/);
    expect(refusal('a1695f5f70726f746f5f5f01')).toMatch(/^payload-forbidden-key/);
    expect(refusal('62c328')).toBe('payload-not-utf8: a text is not UTF-8 at byte 1');
    expect(refusal('63eda080')).toMatch(/^payload-not-utf8/);
    expect(refusal('7f61c361bcff')).toMatch(/^payload-not-utf8/);
  });

  it.each([
    ['c401', 'payload-not-decodable: the number of tag 4 is not a list of two integers'],
    ['c482016131', 'payload-not-decodable: the number of tag 4'],
    ['c583010203', 'payload-not-decodable: the number of tag 5'],
    ['c26161', 'payload-not-decodable: a big number (tag 2 or 3) is not made of bytes'],
    [`c25881${'ff'.repeat(129)}`, 'payload-number-out-of-range: a big number is too large'],
    ['c4821903e801', 'payload-number-out-of-range: the number of tag 4 is too large'],
    ['c482397fff01', 'payload-number-out-of-range: the number of tag 4 is too small'],
    ['c4821b7fffffffffffffff01', 'payload-number-out-of-range: the number of tag 4 is too large'],
    ['c5821bffffffffffffffff01', 'payload-number-out-of-range: the number of tag 5 is too large'],
    ['c5823bffffffffffffffff01', 'payload-number-out-of-range: the number of tag 5 is too small'],
    ['c58239044c01', 'payload-number-out-of-range: the number of tag 5 is too small'],
  ])('rejects the number %s', (hex, problem) => {
    expect(refusal(hex)).toContain(problem);
  });

  it('holds every limit, and bombs of depth and tags end early', () => {
    expect(refusal(`${'81'.repeat(16)}01`)).toBe(`${'['.repeat(16)}1${']'.repeat(16)}`);
    expect(refusal(`${'81'.repeat(17)}01`)).toMatch(/^payload-too-deep: .* 16 levels deep at byte 17$/);
    expect(refusal('9f'.repeat(60_000))).toMatch(/^payload-too-deep/);
    expect(refusal('a1'.repeat(60_000))).toMatch(/^payload-too-deep|not CBOR/);
    expect(refusal('c1'.repeat(60_000))).toMatch(/^payload-too-deep: a value has more than 16 tags/);
    const limits = { maxPayloadBytes: 12, maxDepth: 3, maxKeys: 2, maxKeyLength: 3 };
    expect(refusal('a1646161616101', limits)).toMatch(/^payload-forbidden-key/);
    expect(refusal('82a201020304a10506', limits)).toMatch(/^payload-too-many-keys/);
    expect(refusal('00'.repeat(13), limits)).toMatch(/^payload-too-large: the payload has 13 bytes/);
  });

  it('never throws on mutated payloads', () => {
    const good = [
      'a46474696d651a69ac5b806474656d70fb40354000000000006268756d00f95000637261774401020304',
      'bf61610161629f0203ffff',
      '9fa2616e6163617ac48221196ab3a2616e6164617ac249010000000000000000ff',
      'd9d9f7a3617401617683f93c00fa47c35000fb3ff199999999999a61737f657374726561646d696e67ff',
      'c58239044cc249010000000000000001',
    ].map((hex) => Buffer.from(hex, 'hex'));
    const { decoded: count, codes } = decodeMutations(good, 20_261_130, (payload) =>
      decodeCbor(payload, DEFAULT_JSON_LIMITS),
    );
    expect(count).toBeGreaterThan(100);
    expect([...codes]).toEqual(expect.arrayContaining(['payload-not-decodable', 'payload-not-utf8']));
  }, 600_000);
});
