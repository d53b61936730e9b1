import { expect, it } from 'vitest';
import { decodeText } from '../../src/lib/decode-text.js';

const whole = (bytes: Buffer) => decodeText(bytes, 0, bytes.length);

it.each([
  ['ASCII', 'a/b c~'],
  ['nothing', ''],
  ['two, three and four bytes', 'ü/€/😀'],
  ['a replacement character that the client has sent', 'a\ufffdb'],
  ['a byte order mark, which is kept [MQTT-1.5.3-3]', '\ufeffa'],
  ['control characters, which the gates judge', 'a\u0001\u007f\u0085'],
])('decodes %s', (_, text) => {
  expect(whole(Buffer.from(text))).toBe(text);
});

it.each([
  ['a NUL [MQTT-1.5.3-2]', [0x61, 0x00]],
  ['a NUL beside other characters [MQTT-1.5.3-2]', [0xc3, 0xbc, 0x00]],
  ['a surrogate [MQTT-1.5.3-1]', [0xed, 0xa0, 0x80]],
  ['an overlong slash [MQTT-1.5.3-1]', [0xc0, 0xaf]],
  ['a NUL of two bytes [MQTT-1.5.3-1]', [0xc0, 0x80]],
  ['a cut character [MQTT-1.5.3-1]', [0x61, 0xe2, 0x82]],
  ['a byte of a character without its first [MQTT-1.5.3-1]', [0x80]],
  ['a character above U+10FFFF [MQTT-1.5.3-1]', [0xf4, 0x90, 0x80, 0x80]],
])('rejects %s', (_, bytes) => {
  expect(whole(Buffer.from(bytes))).toBeUndefined();
});

it('looks at nothing outside of its range', () => {
  expect(decodeText(Buffer.from([0, 0x61, 0x62, 0xff]), 1, 3)).toBe('ab');
  expect(decodeText(Buffer.from([0x82, 0xc3, 0xbc, 0xac]), 1, 3)).toBe('ü');
});
