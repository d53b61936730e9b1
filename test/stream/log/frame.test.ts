import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { REFUSED_PUBLISH_REASONS, type RefusedPublish } from '../../../src/lib/refused-publish.js';
import { maxFrameBytes, nextFrame, readFrame, resalt, writeFrame } from '../../../src/stream/log/frame.js';
import type { StreamRecord } from '../../../src/stream/stream.js';
import { anyProperties } from '../../support/message-properties.js';

const SEED = 20_261_130;
const SALT = 0x1234_abcd;
const SEQUENCE = 5_000_000_017;
const FLAGS_AT = 20 + 9;

const plain: StreamRecord = {
  receivedAtNs: 1_700_000_000_123_456_789n,
  topic: 'sensors/hall/meter-17/t',
  clientId: 'meter-17',
  qos: 1,
  payload: Buffer.from('{"t":21.5}'),
};
const name = fc.string({ unit: 'grapheme', maxLength: 40 });
const anyRecord: fc.Arbitrary<StreamRecord> = fc.record({
  receivedAtNs: fc.bigInt(0n, 2n ** 64n - 1n),
  topic: name,
  clientId: name,
  user: fc.option(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 256 }), { nil: undefined }),
  qos: fc.constantFrom<0 | 1 | 2>(0, 1, 2),
  payload: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  refused: fc.option(
    fc.record({
      reason: fc.constantFrom(...REFUSED_PUBLISH_REASONS),
      detail: fc.string({ unit: 'grapheme', maxLength: 60 }),
      topicBytes: fc.integer({ min: 0, max: 65_535 }),
      payloadBytes: fc.integer({ min: 0, max: 256 * 1024 * 1024 }),
    }),
    { nil: undefined },
  ),
  properties: fc.option(anyProperties, { nil: undefined }),
});

function framed(record: StreamRecord): Buffer {
  const bytes = Buffer.alloc(maxFrameBytes(record), 0xee);
  return bytes.subarray(0, writeFrame(bytes, 0, record, SEQUENCE, SALT));
}

function readBack(bytes: Buffer, salt = SALT): StreamRecord {
  const found = nextFrame(bytes, 0, salt, 0, bytes.length, true);
  if (found.kind !== 'frame') throw new Error('no good frame');
  return readFrame(bytes, found.start, found.end);
}

/** The frame with other entries in its extension, and the checksum that belongs to them. */
function withExtension(lengthBytes: number, entries: readonly number[], payload = ''): Buffer {
  const body = framed({ ...plain, payload: Buffer.alloc(0) });
  const length = Buffer.alloc(2);
  length.writeUInt16LE(lengthBytes);
  const bytes = Buffer.concat([body, length, Buffer.from(entries), Buffer.from(payload)]);
  bytes[FLAGS_AT] = 1;
  return sealed(bytes);
}

function sealed(bytes: Buffer): Buffer {
  bytes.writeUInt32LE(bytes.length - 20, 8);
  bytes.writeUInt32LE(crc32(bytes.subarray(8), SALT), 4);
  return bytes;
}

describe('the frame of a record without a user', () => {
  it.each([
    [
      plain,
      '534c463186ff012e3700000011f2052a0100000015cd853dfe9c97170100080017006d657465722d313773656e736f72732f68616c6c2f6d657465722d31372f747b2274223a32312e357d',
    ],
    [
      { receivedAtNs: 1n, topic: 'a/ü', clientId: '', qos: 2, payload: Buffer.alloc(0) } as const,
      '534c463153ae989d1200000011f2052a010000000100000000000000020000000400612fc3bc',
    ],
  ])('has the bytes that format 1 has always had (%#) [access 11]', (record, hex) => {
    expect(framed(record).toString('hex')).toBe(hex);
    expect(framed({ ...record, user: '' }).toString('hex')).toBe(hex);
    expect(readBack(Buffer.from(hex, 'hex'))).toEqual(record);
  });
});

describe('the frame of a record with a user', () => {
  it('has it between topic and payload [access 11]', () => {
    const bytes = framed({ ...plain, user: 'ops' });
    expect(bytes[FLAGS_AT]).toBe(1);
    expect(bytes.subarray(-18).toString('latin1')).toBe('\x06\0\x01\x03\0ops{"t":21.5}');
  });

  it(`comes back as it was, beside others and with another salt (seed ${SEED}) [access 11]`, () => {
    fc.assert(
      fc.property(anyRecord, anyRecord, (one, other) => {
        const both = Buffer.concat([framed(one), framed(other)]);
        const salt = 0x0bad_cafe;
        resalt(both, both.length, salt);
        const first = nextFrame(both, 0, salt, 0, both.length, true);
        if (first.kind !== 'frame') throw new Error('no good frame');
        expect(readFrame(both, first.start, first.end)).toEqual(one);
        expect(readBack(both.subarray(first.end), salt)).toEqual(other);
      }),
      { seed: SEED, numRuns: 300 },
    );
  });

  it('is refused when it is longer than a frame can say', () => {
    const long = { ...plain, user: 'u'.repeat(65_533) };
    expect(() => framed(long)).toThrow(RangeError);
    expect(readBack(framed({ ...plain, user: 'u'.repeat(65_532) })).user).toHaveLength(65_532);
  });
});

describe('the frame of a record that the broker has not accepted', () => {
  const refused: RefusedPublish = {
    reason: 'packet-too-large',
    detail: 'why',
    topicBytes: 2_000,
    payloadBytes: 300_000,
  };

  it('says so behind the user', () => {
    const bytes = framed({ ...plain, user: 'ops', refused });
    expect(bytes.subarray(-10 - 29 - 8, -10).toString('latin1')).toBe(
      '\x23\0\x01\x03\0ops\x02\x1a\0\xe0\x93\x04\0\xd0\x07\x10packet-too-largewhy'.slice(-37),
    );
    expect(readBack(bytes)).toEqual({ ...plain, user: 'ops', refused });
    expect(readBack(framed({ ...plain, refused }))).toEqual({ ...plain, refused });
  });

  it('cuts a detail that is too long for it', () => {
    const long = { ...refused, detail: 'ü'.repeat(1_000) };
    expect(readBack(framed({ ...plain, refused: long })).refused?.detail).toBe('ü'.repeat(300));
  });

  it('stays refused when a later version has written a reason that this one does not know', () => {
    const later = { ...refused, reason: 'moon-phase' } as unknown as RefusedPublish;
    expect(readBack(framed({ ...plain, refused: later })).refused).toEqual({
      ...refused,
      reason: 'topic-not-accepted',
      detail: 'moon-phase: why',
    });
    expect(readBack(withExtension(4, [2, 1, 0, 7], '{}')).refused).toMatchObject({
      reason: 'topic-not-accepted',
    });
  });
});

describe('the frame of a record with message properties', () => {
  const properties = { isText: true, userProperties: [['site', 'pune']] } as const;

  it('has them as MQTT 5 writes them, behind the user', () => {
    const bytes = framed({ ...plain, user: 'ops', properties });
    expect(bytes.subarray(-10 - 26, -10).toString('latin1')).toBe(
      '\x18\0\x01\x03\0ops\x03\x0f\0\x01\x01\x26\0\x04site\0\x04pune',
    );
    expect(readBack(bytes)).toEqual({ ...plain, user: 'ops', properties });
  });

  it('costs no byte without them', () => {
    expect(framed({ ...plain, properties: undefined })).toEqual(framed(plain));
    expect(maxFrameBytes({ ...plain, properties: undefined })).toBe(maxFrameBytes(plain));
  });

  it('may have 16 KiB of them, and no more', () => {
    const ofBytes = (bytes: number) => ({
      ...plain,
      properties: { correlationData: Buffer.alloc(bytes - 3, 7) },
    });
    const most = ofBytes(16 * 1024);
    expect(readBack(framed(most))).toEqual(most);
    expect(() => framed(ofBytes(16 * 1024 + 1))).toThrow(RangeError);
  });

  it('gives a record without them when they cannot be read', () => {
    expect(readBack(withExtension(5, [3, 2, 0, 0x7f, 1], '{}'))).toEqual({
      ...plain,
      payload: Buffer.from('{}'),
    });
  });
});

describe('an extension that this version did not write', () => {
  it('may have entries of other types, before the user and behind it', () => {
    const bytes = withExtension(15, [9, 2, 0, 0, 0, 1, 1, 0, 0x61, 200, 3, 0, 1, 2, 3], '{}');
    expect(readBack(bytes)).toEqual({ ...plain, user: 'a', payload: Buffer.from('{}') });
  });

  it.each([
    ['an entry longer than the extension', withExtension(4, [1, 200, 0, 0x61], '{}'), '{}'],
    ['a type without a length', withExtension(1, [1], '{}'), '{}'],
    ['an empty user', withExtension(3, [1, 0, 0], '{}'), '{}'],
    ['no entry', withExtension(0, [], '{}'), '{}'],
    ['a length beyond the frame', withExtension(0xffff, [7, 0, 0], '{}'), ''],
  ])('with %s gives a record without a user', (_what, bytes, payload) => {
    expect(readBack(bytes)).toEqual({ ...plain, payload: Buffer.from(payload) });
  });

  it('that is announced and not there gives a record without a user', () => {
    const bytes = framed({ ...plain, payload: Buffer.alloc(0) });
    bytes[FLAGS_AT] = 1;
    expect(readBack(sealed(bytes))).toEqual({ ...plain, payload: Buffer.alloc(0) });
  });

  it(`never throws, whatever its properties are (seed ${SEED})`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (content) => {
        const bytes = withExtension(content.length + 3, [3, content.length, 0, ...content], '{}');
        expect(readBack(bytes)).toMatchObject({ ...plain, payload: Buffer.from('{}') });
      }),
      { seed: SEED, numRuns: 500 },
    );
  });

  it(`never throws, whatever the body is (seed ${SEED})`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 14, maxLength: 60 }), (body) => {
        const bytes = Buffer.concat([framed(plain).subarray(0, 20), body]);
        bytes[FLAGS_AT]! |= 1;
        const { payload } = readBack(sealed(bytes));
        expect(payload.length).toBeLessThanOrEqual(body.length);
      }),
      { seed: SEED, numRuns: 500 },
    );
  });
});
