import { constants, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { type Compression, inflate } from '../../../src/formats/compression/inflate.js';

type Compressed = Exclude<Compression, 'none'>;

const TEXT = `{"t":19.5,"name":"${'a'.repeat(300)}"}`;
/** As `zstd` writes a file of that text: with its size and a checksum. */
const ZSTD = Buffer.from(
  '28b52ffd644000e50000a87b2274223a31392e352c226e616d65223a2261227d010051541006c817ff58',
  'hex',
);
const COMPRESSED: readonly [Compressed, Buffer][] = [
  ['gzip', gzipSync(TEXT)],
  ['zlib', deflateSync(TEXT)],
  ['deflate', deflateRawSync(TEXT)],
  ['zstd', ZSTD],
];

function outcome(payload: Buffer, compression: Compressed, maxBytes = 65_536): string {
  const inflated = inflate(payload, compression, maxBytes);
  return inflated.ok ? inflated.bytes.toString() : inflated.code;
}

function reason(payload: Buffer, compression: Compressed, maxBytes = 65_536): string | undefined {
  const inflated = inflate(payload, compression, maxBytes);
  return inflated.ok ? undefined : inflated.reason;
}

describe.each(COMPRESSED)('%s', (compression, payload) => {
  test('is inflated', () => {
    expect(outcome(payload, compression)).toBe(TEXT);
  });

  test('is refused beyond the limit by one byte', () => {
    expect(outcome(payload, compression, TEXT.length)).toBe(TEXT);
    expect(outcome(payload, compression, TEXT.length - 1)).toBe('payload-too-large');
    expect(outcome(payload, compression, payload.length - 1)).toBe('payload-too-large');
  });

  test('is refused wherever it is cut', () => {
    for (let length = 0; length < payload.length; length++) {
      expect(outcome(payload.subarray(0, length), compression)).toBe('payload-not-decodable');
    }
  });

  test.each([Buffer.from('x'), Buffer.from([0]), Buffer.from([0x1f]), payload])(
    'is refused with bytes behind its end: %#',
    (rest) => {
      const longer = Buffer.concat([payload, rest]);
      // Two members of gzip are one file (RFC 1952, 2.2).
      if (compression === 'gzip' && rest === payload) expect(outcome(longer, compression)).toBe(TEXT + TEXT);
      else expect(outcome(longer, compression)).toBe('payload-not-decodable');
    },
  );

  test('is not inflated twice', () => {
    const other = COMPRESSED.find(([name]) => name === compression)![1];
    expect(outcome(gzipSync(other), 'gzip')).toBe(other.toString());
  });

  test('other bytes are not it', () => {
    expect(outcome(Buffer.from(TEXT), compression)).toBe('payload-not-decodable');
  });
});

describe('checksums', () => {
  test.each(COMPRESSED.filter(([name]) => name !== 'deflate'))(
    'of %s are checked',
    (compression, payload) => {
      const damaged = Buffer.from(payload);
      damaged[payload.length - 1]! ^= 1;
      expect(outcome(damaged, compression)).toBe('payload-not-decodable');
    },
  );
});

test('nothing in it is an empty payload', () => {
  expect(outcome(gzipSync(''), 'gzip')).toBe('payload-empty');
  expect(outcome(Buffer.from('28b52ffd2000010000', 'hex'), 'zstd')).toBe('payload-empty');
});

/** One megabyte that inflates to a gigabyte: 64 times the same flushed blocks, and an empty last one. */
function deflateBomb(): Buffer {
  const zeros = Buffer.alloc(16 * 1_048_576);
  const part = deflateRawSync(zeros, { level: 9, finishFlush: constants.Z_FULL_FLUSH });
  return Buffer.concat([...Array.from({ length: 64 }, () => part), Buffer.from([3, 0])]);
}

describe('a megabyte that inflates to a gigabyte', () => {
  const limit = 2 * 1_048_576;
  const bomb = deflateBomb();

  test.each([
    ['deflate', bomb],
    ['gzip', Buffer.concat([gzipSync('').subarray(0, 10), bomb, Buffer.alloc(8)])],
    ['zlib', Buffer.concat([Buffer.from([0x78, 0x9c]), bomb, Buffer.alloc(4)])],
  ] as const)('%s: is refused when it exceeds the limit, in bounded memory', (compression, payload) => {
    expect(payload.length).toBeGreaterThan(1_000_000);
    const before = process.memoryUsage().rss;
    for (let run = 0; run < 20; run++) expect(outcome(payload, compression, limit)).toBe('payload-too-large');
    expect(process.memoryUsage().rss - before).toBeLessThan(400 * 1_048_576);
  });
});

/** Frames of Zstandard that no encoder makes. */
describe('hostile frames of zstd', () => {
  const block = (type: number, length: number, isLast: boolean) => {
    const header = (length << 3) | (type << 1) | (isLast ? 1 : 0);
    return [header & 255, (header >> 8) & 255, header >> 16];
  };
  const frame = (size: number, ...bytes: number[]) =>
    Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x20, size, ...bytes]);

  test('that does not declare its size', () => {
    const streamed = '28b52ffd0458e50000a87b2274223a31392e352c226e616d65223a2261227d010051541006c817ff58';
    expect(reason(Buffer.from(streamed, 'hex'), 'zstd')).toBe(
      'the payload is not zstd: it does not declare the size of what is in it',
    );
  });

  test('that declares a gigabyte', () => {
    const declared = Buffer.from([
      0x28,
      0xb5,
      0x2f,
      0xfd,
      0xa0,
      0,
      0,
      0,
      0x40,
      ...block(1, 131_072, true),
      0,
    ]);
    expect(reason(declared, 'zstd')).toBe(
      'the payload declares 1073741824 bytes when it is inflated; at most 65536 are decoded',
    );
  });

  test('with another frame behind it that the decoder would skip', () => {
    const skippable = Buffer.from('502a4d1800000000', 'hex');
    expect(reason(Buffer.concat([ZSTD, skippable]), 'zstd')).toMatch(/8 bytes behind the end of its frame/);
  });

  test('that declares less than it holds, or more', () => {
    expect(outcome(frame(100, ...block(1, 100, true), 0x41), 'zstd')).toBe('A'.repeat(100));
    for (const length of [101, 99, 131_072]) {
      expect(outcome(frame(100, ...block(1, length, true), 0x41), 'zstd')).toBe('payload-not-decodable');
    }
  });

  test('of seventeen bytes with 98,047 long sequences', () => {
    const body = [0, 255, 255, 255, 0b0101_0100, 0, 0, 52, 1];
    expect(outcome(frame(255, ...block(2, body.length, true), ...body), 'zstd')).toBe(
      'payload-not-decodable',
    );
  });

  test('that needs a dictionary, or has a block of the reserved type', () => {
    const dictionary = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x21, 7, 1, ...block(0, 1, true), 0x41]);
    expect(reason(dictionary, 'zstd')).toMatch(/dictionary/);
    expect(reason(frame(1, ...block(3, 1, true), 0x41), 'zstd')).toMatch(/unknown type/);
  });
});
