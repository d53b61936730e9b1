import { expect, it } from 'vitest';
import { varintBytes, writeVarint } from '../../../../src/stream/kinesis/aggregation/aggregate-format.js';
import { BAD, ProtobufCursor } from '../../../../src/stream/kinesis/aggregation/protobuf-cursor.js';
import { varint } from './hand-made.js';

const read = (bytes: Uint8Array) => new ProtobufCursor(bytes, 0, bytes.length).varint();

it('reads and writes every varint below 2^53, and none above', () => {
  for (let power = 0; power < 53; power += 1) {
    for (const value of [2 ** power - 1, 2 ** power, 2 ** power + 1]) {
      const bytes = varint(value);
      expect(read(bytes)).toBe(value);
      const written = Buffer.alloc(12, 0xff);
      expect(writeVarint(written, 1, value)).toBe(1 + bytes.length);
      expect(written.subarray(1, 1 + bytes.length)).toEqual(bytes);
      expect(varintBytes(value)).toBe(bytes.length);
    }
  }
  expect(read(varint(Number.MAX_SAFE_INTEGER))).toBe(Number.MAX_SAFE_INTEGER);
  for (const value of [2n ** 53n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n])
    expect(read(varint(value))).toBe(BAD);
});

it('does not read beyond its end, where more bytes follow', () => {
  expect(new ProtobufCursor(Buffer.from([0x80, 0x01]), 0, 1).varint()).toBe(BAD);
  expect(new ProtobufCursor(Buffer.from([0x01]), 0, 0).varint()).toBe(BAD);
  expect(new ProtobufCursor(Buffer.from([0x02, 0, 0]), 0, 2).length()).toBe(BAD);
  expect(new ProtobufCursor(Buffer.from([0x80, 0x01]), 0, 1).skip(8)).toBe(false);
  expect(new ProtobufCursor(Buffer.alloc(9), 0, 7).skip(9)).toBe(false);
});
