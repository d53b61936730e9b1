import { isUtf8 } from 'node:buffer';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { firstBadUtf8Byte } from '../../../../src/consumer/formats/json/first-bad-utf8-byte.js';

test('it finds a bad byte exactly where the runtime says there is one, and the bytes before it are good', () => {
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
