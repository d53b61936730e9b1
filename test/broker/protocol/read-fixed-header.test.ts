import { expect, it } from 'vitest';
import {
  faultOfHeader,
  lengthOfHeader,
  readFixedHeader,
  remainingLengthOf,
  UNFINISHED_HEADER,
} from '../../../src/broker/protocol/read-fixed-header.js';

const MAX_REMAINING_LENGTH = 268_435_455;

it.each([
  [[0xc0, 0x00], 2, 0],
  [[0x30, 0x7f], 2, 127],
  [[0x30, 0x80, 0x01], 3, 128],
  [[0x30, 0xff, 0x7f], 3, 16_383],
  [[0x30, 0x80, 0x80, 0x01], 4, 16_384],
  [[0x30, 0xff, 0xff, 0x7f], 4, 2_097_151],
  [[0x30, 0x80, 0x80, 0x80, 0x01], 5, 2_097_152],
  [[0x30, 0xff, 0xff, 0xff, 0x7f], 5, MAX_REMAINING_LENGTH],
  // Longer than it need be: MQTT 3.1.1 does not forbid it.
  [[0x30, 0x80, 0x80, 0x80, 0x00], 5, 0],
])('reads %j: %i bytes of header, %i behind it', (bytes, headerBytes, remaining) => {
  const header = readFixedHeader(Buffer.from([0xff, ...bytes, 0xff]), 1);
  expect([lengthOfHeader(header), remainingLengthOf(header)]).toEqual([headerBytes, remaining]);
  for (let end = 0; end < bytes.length; end += 1) {
    expect(readFixedHeader(Buffer.from(bytes.slice(0, end)), 0)).toBe(UNFINISHED_HEADER);
  }
});

it.each([
  ['a remaining length of five bytes', [0x30, 0xff, 0xff, 0xff, 0xff], 'remaining length'],
  ['a reserved type, before its length is there', [0x00], 'reserved packet type'],
  ['AUTH with flags', [0xf1], 'reserved packet type'],
  ['CONNACK', [0x20], 'only a broker'],
  ['SUBACK', [0x90], 'only a broker'],
  ['UNSUBACK', [0xb0], 'only a broker'],
  ['PINGRESP', [0xd0], 'only a broker'],
  ['CONNECT with flags [MQTT-2.2.2-2]', [0x11], 'MQTT-2.2.2-2'],
  ['PUBLISH with QoS 3 [MQTT-3.3.1-4]', [0x36], 'MQTT-3.3.1-4'],
  ['PUBLISH with QoS 3 and DUP [MQTT-3.3.1-4]', [0x3f], 'MQTT-3.3.1-4'],
  ['PUBLISH of QoS 0 with DUP [MQTT-3.3.1-2]', [0x38], 'MQTT-3.3.1-2'],
])('finds a fault in %s', (_, bytes, detail) => {
  const header = readFixedHeader(Buffer.from(bytes), 0);
  expect(header).toBeLessThan(0);
  expect(faultOfHeader(header).detail).toContain(detail);
});

it('takes every PUBLISH of QoS 0, 1 and 2', () => {
  for (const first of [0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x3a, 0x3b, 0x3c, 0x3d]) {
    expect(readFixedHeader(Buffer.from([first, 0]), 0)).toBe(2);
  }
});
