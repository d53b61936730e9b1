import { encode } from '@msgpack/msgpack';
import { describe, expect, it } from 'vitest';
import { DEFAULT_JSON_LIMITS, ExactNumber, type JsonValue } from '../../../src/formats/json/json-value.js';
import { createMsgpackFormat, decodeMsgpack } from '../../../src/formats/msgpack/msgpack-format.js';
import { StateTables } from '../../../src/lib/state-tables.js';
import { decodeMutations } from '../mutated-payloads.js';

const exact = (text: string) => new ExactNumber(text);

function decoded(hex: string): JsonValue {
  const result = decodeMsgpack(Buffer.from(hex, 'hex'), DEFAULT_JSON_LIMITS);
  if (!result.ok) throw new Error(result.reason);
  return result.value;
}

function refusal(hex: string, limits = DEFAULT_JSON_LIMITS): string {
  const result = decodeMsgpack(Buffer.from(hex, 'hex'), limits);
  return result.ok ? JSON.stringify(result.value) : `${result.code}: ${result.reason}`;
}

describe('MessagePack', () => {
  it.each<[string, JsonValue]>([
    ['00', 0],
    ['7f', 127],
    ['e0', -32],
    ['ff', -1],
    ['c0', null],
    ['c2', false],
    ['c3', true],
    ['ca41ac0000', 21.5],
    ['cb3ff199999999999a', 1.1],
    ['cb7e37e43c8800759c', exact('1e+300')],
    ['ccff', 255],
    ['cdffff', 65_535],
    ['ceffffffff', 4_294_967_295],
    ['cf0000000000000005', 5],
    ['cfffffffffffffffff', exact('18446744073709551615')],
    ['d080', -128],
    ['d18000', -32_768],
    ['d280000000', -2_147_483_648],
    ['d38000000000000000', exact('-9223372036854775808')],
    ['a0', ''],
    ['a2c3bc', 'ü'],
    ['d903616263', 'abc'],
    ['da0003616263', 'abc'],
    ['db00000003616263', 'abc'],
    ['c4020102', 'AQI='],
    ['c500020102', 'AQI='],
    ['c6000000020102', 'AQI='],
    ['90', []],
    ['93010203', [1, 2, 3]],
    ['dc00020102', [1, 2]],
    ['dd000000020102', [1, 2]],
    ['80', {}],
    ['82a16101a1629102', { a: 1, b: [2] }],
    ['de0001a16101', { a: 1 }],
    ['df00000001a16180', { a: {} }],
    ['8301010203ffa178', { 1: 1, 2: 3, '-1': 'x' }],
    ['81cfffffffffffffffff01', { '18446744073709551615': 1 }],
  ])('decodes %s', (hex, value) => {
    expect(decoded(hex)).toEqual(value);
  });

  it.each([
    ['d6ff69ad9d40', '2026-03-08T16:01:04Z'],
    ['d7ff0000000469ad9d40', '2026-03-08T16:01:04.000000001Z'],
    ['c70cff3b9ac9ffffffffffffffffff', '1969-12-31T23:59:59.999999999Z'],
  ])('decodes the timestamp %s exactly', (hex, text) => {
    expect(decoded(hex)).toBe(text);
  });

  it('decodes the bytes of other extensions as bytes', () => {
    expect(decoded('92d4050ac702077879')).toEqual(['Cg==', 'eHk=']);
  });

  it.each([
    ['d4ff00', 'a timestamp has 1 bytes instead of 4, 8 or 12'],
    ['d7ffffffffff69ad9d40', 'a timestamp has more than 999999999 ns'],
    ['c70cff000000007fffffffffffffff', 'a timestamp has more than'],
  ])('rejects the timestamp %s', (hex, problem) => {
    expect(refusal(hex)).toContain(`payload-not-decodable: the payload is not MessagePack: ${problem}`);
  });

  it.each([
    ['no value', '929101', 'it ends where a value should be at byte 4'],
    ['a cut number', 'cd01', 'a length says 2 more bytes or values, and 1 bytes are left at byte 1'],
    ['a cut length', 'da00', 'it ends inside a length at byte 1'],
    ['a list of 2^32 - 1', 'ddffffffff', 'a length says 4294967295 more bytes or values, and 0 bytes'],
    ['a map of 2^32 - 1', '91dfffffffff', 'a length says 8589934590 more bytes or values, and 0 bytes'],
    ['a text of 2^32 - 1', 'dbffffffff61', 'a length says 4294967295 more bytes or values, and 1 bytes'],
    ['an extension without its type', 'd4', 'a length says 1 more bytes or values, and 0 bytes'],
    ['the byte that is never used', '91c1', 'the byte C1 begins no item at byte 2'],
    ['a second value', '0102', 'the value ends, and 1 bytes follow it at byte 2'],
  ])('rejects %s', (_what, hex, problem) => {
    expect(refusal(hex)).toContain(`payload-not-decodable: the payload is not MessagePack: ${problem}`);
  });

  it('rejects what JSON payloads may not have either', () => {
    expect(refusal('82a16101a16102')).toBe('payload-duplicate-key: a key appears twice in one map');
    expect(refusal('820101a13102')).toMatch(/^payload-duplicate-key/);
    expect(refusal('9182a16101d9016102')).toMatch(/^payload-duplicate-key/);
    expect(refusal('81c301')).toMatch(
      /^payload-forbidden-key: a key is neither text nor an integer at byte 2/,
    );
    expect(refusal('81ca3f80000001')).toMatch(/^payload-forbidden-key/);
    expect(refusal(`81a9${Buffer.from('__proto__').toString('hex')}01`)).toMatch(/^payload-forbidden-key/);
    expect(refusal(`81ab${Buffer.from('constructor').toString('hex')}01`)).toMatch(/^payload-forbidden-key/);
    expect(refusal('a2c328')).toBe('payload-not-utf8: a text is not UTF-8 at byte 2');
    expect(refusal('81a176cb7ff8000000000000')).toMatch(/^payload-number-out-of-range: .* at "v"$/);
  });

  it('reads NaN as no value where that is asked for', () => {
    const format = createMsgpackFormat({ notFinite: 'null' });
    const context = { limits: DEFAULT_JSON_LIMITS, topic: 't', receivedAtNs: 0n, state: new StateTables() };
    expect(format.decode(Buffer.from('91ca7fc00000', 'hex'), context)).toMatchObject({ value: [null] });
  });

  it('holds every limit, and a bomb of depth ends early', () => {
    expect(refusal(`${'91'.repeat(16)}01`)).toBe(`${'['.repeat(16)}1${']'.repeat(16)}`);
    expect(refusal(`${'91'.repeat(17)}01`)).toMatch(/^payload-too-deep: .* 16 levels deep at byte 17$/);
    expect(refusal('91'.repeat(60_000))).toMatch(/^payload-too-deep/);
    expect(refusal('dd0000f000'.repeat(10_000))).toMatch(/^payload-too-deep|not MessagePack/);
    const limits = { maxPayloadBytes: 12, maxDepth: 3, maxKeys: 2, maxKeyLength: 3 };
    expect(refusal('81a46161616101', limits)).toMatch(/^payload-forbidden-key/);
    expect(refusal('928201020304810506', limits)).toMatch(/^payload-too-many-keys/);
    expect(refusal('00'.repeat(13), limits)).toMatch(/^payload-too-large: the payload has 13 bytes/);
  });

  it('never throws on mutated payloads', () => {
    const good = [
      Buffer.from(
        encode({ time: new Date(1_772_985_600_120), temp: 21.25, tags: ['a', 'ü'], raw: new Uint8Array(9) }),
      ),
      Buffer.from(encode([{ n: 'a', v: 2 ** 40 }, { n: 'b', v: -1.5, x: null, y: true }, [[[1]]]])),
      Buffer.from('de0002a16101a162dc000300cfffffffffffffffffd6ff69ad9d40', 'hex'),
    ];
    const { decoded: count, codes } = decodeMutations(good, 20_261_131, (payload) =>
      decodeMsgpack(payload, DEFAULT_JSON_LIMITS),
    );
    expect(count).toBeGreaterThan(100);
    expect([...codes]).toEqual(expect.arrayContaining(['payload-not-decodable', 'payload-not-utf8']));
  }, 600_000);
});
