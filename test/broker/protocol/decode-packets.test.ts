import { describe, expect, it } from 'vitest';
import {
  decodeAcknowledgement,
  decodeSubscribe,
  decodeUnsubscribe,
  emptyPacketFault,
} from '../../../src/broker/protocol/decode-packets.js';
import { PACKET_TYPES, PacketFault } from '../../../src/broker/protocol/packets.js';

const filter = (text: string) => {
  const bytes = Buffer.from(text, 'latin1');
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
};
const bodyOf = (...parts: (Buffer | number[])[]) => Buffer.concat(parts.map((part) => Buffer.from(part)));

function expectFault(result: unknown, detail: string): void {
  expect(result).toBeInstanceOf(PacketFault);
  expect(result).toMatchObject({ returnCode: 0, detail: expect.stringContaining(detail) });
}

const GOOD_FILTERS = [
  'a',
  'a/b',
  '/',
  '//',
  '#',
  '+',
  '+/+',
  'a/+/b',
  'a/#',
  '+/#',
  '/#',
  '/+',
  '$SYS/#',
  ' ',
];

/** Both packets are equally strict. */
const BAD_FILTERS: readonly (readonly [why: string, filter: string, detail: string])[] = [
  ['nothing [MQTT-4.7.3-1]', '', 'MQTT-4.7.3-1'],
  ['# before the last level [MQTT-4.7.1-2]', 'a/#/b', 'MQTT-4.7.1-2'],
  ['# first of two levels [MQTT-4.7.1-2]', '#/a', 'MQTT-4.7.1-2'],
  ['# beside a character [MQTT-4.7.1-2]', 'a#', 'MQTT-4.7.1-2'],
  ['two # [MQTT-4.7.1-2]', '##', 'MQTT-4.7.1-2'],
  ['+ beside a character [MQTT-4.7.1-3]', 'a/b+', 'MQTT-4.7.1-3'],
  ['two + [MQTT-4.7.1-3]', 'a/++/b', 'MQTT-4.7.1-3'],
  ['+ beside # [MQTT-4.7.1-3]', '+#', 'MQTT-4.7.1-3'],
  ['bytes that are not UTF-8 [MQTT-1.5.3-1]', '\xff', 'MQTT-1.5.3-1'],
  ['a NUL [MQTT-1.5.3-2]', 'a\0', 'MQTT-1.5.3-2'],
];

describe('SUBSCRIBE', () => {
  it('holds filters with the QoS of each in their order', () => {
    const body = bodyOf([1, 2], filter('a/#'), [0], filter('+'), [1], filter('a/#'), [2]);
    expect(decodeSubscribe(4, 2, body)).toEqual({
      packetId: 258,
      subscriptions: [
        { filter: 'a/#', qos: 0 },
        { filter: '+', qos: 1 },
        { filter: 'a/#', qos: 2 },
      ],
    });
  });

  it.each(GOOD_FILTERS)('takes the filter "%s"', (good) => {
    const packet = decodeSubscribe(4, 2, bodyOf([0, 1], filter(good), [1]));
    expect(packet).toEqual({ packetId: 1, subscriptions: [{ filter: good, qos: 1 }] });
  });

  it.each(BAD_FILTERS)('rejects a filter with %s', (_, bad, detail) => {
    expectFault(decodeSubscribe(4, 2, bodyOf([0, 1], filter('ok'), [0], filter(bad), [1])), detail);
  });

  it.each([
    ['flags 0 [MQTT-3.8.1-1]', 0, bodyOf([0, 1], filter('a'), [0]), 'MQTT-3.8.1-1'],
    ['flags 3 [MQTT-3.8.1-1]', 3, bodyOf([0, 1], filter('a'), [0]), 'MQTT-3.8.1-1'],
    ['packet id 0 [MQTT-2.3.1-1]', 2, bodyOf([0, 0], filter('a'), [0]), 'MQTT-2.3.1-1'],
    ['no filter [MQTT-3.8.3-3]', 2, bodyOf([0, 1]), 'MQTT-3.8.3-3'],
    ['QoS 3 [MQTT-3.8.3-4]', 2, bodyOf([0, 1], filter('a'), [3]), 'MQTT-3.8.3-4'],
    ['reserved bits in the QoS [MQTT-3.8.3-4]', 2, bodyOf([0, 1], filter('a'), [5]), 'MQTT-3.8.3-4'],
    ['a filter without its QoS', 2, bodyOf([0, 1], filter('a')), 'ends in the requested QoS'],
    ['a cut filter', 2, bodyOf([0, 1], [0, 9, 0x61]), 'ends in the topic filter'],
    ['half of a length', 2, bodyOf([0, 1], filter('a'), [0, 0]), 'ends in the topic filter'],
    ['half of a packet id', 2, bodyOf([1]), 'ends in the packet id'],
  ])('rejects %s', (_, flags, body, detail) => {
    expectFault(decodeSubscribe(4, flags, body), detail);
  });
});

describe('UNSUBSCRIBE', () => {
  it('holds filters in their order', () => {
    expect(decodeUnsubscribe(4, 2, bodyOf([1, 2], filter('a/#'), filter('+')))).toEqual({
      packetId: 258,
      filters: ['a/#', '+'],
    });
  });

  it.each(GOOD_FILTERS)('takes the filter "%s"', (good) => {
    expect(decodeUnsubscribe(4, 2, bodyOf([0, 1], filter(good)))).toEqual({ packetId: 1, filters: [good] });
  });

  it.each(BAD_FILTERS)('rejects a filter with %s', (_, bad, detail) => {
    expectFault(decodeUnsubscribe(4, 2, bodyOf([0, 1], filter('ok'), filter(bad))), detail);
  });

  it.each([
    ['flags 0 [MQTT-3.10.1-1]', 0, bodyOf([0, 1], filter('a')), 'MQTT-3.10.1-1'],
    ['packet id 0 [MQTT-2.3.1-1]', 2, bodyOf([0, 0], filter('a')), 'MQTT-2.3.1-1'],
    ['no filter [MQTT-3.10.3-2]', 2, bodyOf([0, 1]), 'MQTT-3.10.3-2'],
    ['a cut filter', 2, bodyOf([0, 1], [0, 9, 0x61]), 'ends in the topic filter'],
    ['nothing', 2, bodyOf(), 'ends in the packet id'],
  ])('rejects %s', (_, flags, body, detail) => {
    expectFault(decodeUnsubscribe(4, flags, body), detail);
  });
});

describe('acknowledgements', () => {
  it('hold a packet id', () => {
    expect(decodeAcknowledgement(4, PACKET_TYPES.puback, 0, Buffer.from([1, 2]))).toBe(258);
    expect(decodeAcknowledgement(4, PACKET_TYPES.pubrel, 2, Buffer.from([255, 255]))).toBe(65_535);
  });

  it.each([
    ['flags of PUBREL in another [MQTT-2.2.2-2]', 2, [0, 1], PACKET_TYPES.puback, 'MQTT-2.2.2-2'],
    ['PUBREL without its flags [MQTT-3.6.1-1]', 0, [0, 1], PACKET_TYPES.pubrel, 'MQTT-3.6.1-1'],
    ['packet id 0 [MQTT-2.3.1-1]', 0, [0, 0], PACKET_TYPES.puback, 'MQTT-2.3.1-1'],
    ['one byte', 0, [1], PACKET_TYPES.puback, '1 bytes'],
    ['no bytes', 0, [], PACKET_TYPES.puback, '0 bytes'],
    ['a reason code of MQTT 5', 0, [0, 1, 0], PACKET_TYPES.puback, '3 bytes'],
  ])('reject %s', (_, flags, body, type, detail) => {
    expectFault(decodeAcknowledgement(4, type, flags, Buffer.from(body)), detail);
  });
});

describe('PINGREQ and DISCONNECT', () => {
  it('are empty', () => {
    expect(emptyPacketFault(0, 0)).toBeUndefined();
    expectFault(emptyPacketFault(1, 0), 'MQTT-3.14.1-1');
    expectFault(emptyPacketFault(0, 1), '1 bytes');
  });
});
