import {
  connect,
  DISCONNECT,
  PINGREQ,
  packet,
  puback,
  pubcomp,
  publish,
  pubrec,
  pubrel,
  subscribe,
  text,
  u16,
  unsubscribe,
} from '../bytes-of-packets.js';
import type { CaseContext, ConformanceCase } from '../conformance-case.js';

const NUL = Buffer.from('a\0b');
const SURROGATE = Buffer.from([0x61, 0xed, 0xa0, 0x80]);
const OVERLONG = Buffer.from([0x61, 0xc1, 0x81]);
const CUT_OFF = Buffer.from([0x61, 0xe2, 0x82]);
const TOO_HIGH = Buffer.from([0x61, 0xf4, 0x90, 0x80, 0x80]);

/** Bytes that end an accepted connection at once. */
const FATAL: Readonly<Record<string, Buffer>> = {
  '[MQTT-1.5.3-1] a topic name with a surrogate': publish({ topic: SURROGATE, qos: 1 }),
  '[MQTT-1.5.3-1] a topic name with an overlong encoding': publish({ topic: OVERLONG, qos: 1 }),
  '[MQTT-1.5.3-1] [MQTT-3.3.2-1] a topic name that ends within a character': publish({
    topic: CUT_OFF,
    qos: 1,
  }),
  '[MQTT-1.5.3-1] a topic name beyond U+10FFFF': publish({ topic: TOO_HIGH, qos: 1 }),
  '[MQTT-1.5.3-1] [MQTT-3.8.3-1] a topic filter of SUBSCRIBE that is not UTF-8': subscribe(1, [SURROGATE, 0]),
  '[MQTT-1.5.3-1] [MQTT-3.10.3-1] a topic filter of UNSUBSCRIBE that is not UTF-8': unsubscribe(1, SURROGATE),
  '[MQTT-1.5.3-2] [MQTT-4.7.3-2] U+0000 in a topic name': publish({ topic: NUL, qos: 1 }),
  '[MQTT-1.5.3-2] [MQTT-4.7.3-2] U+0000 in a topic filter of SUBSCRIBE': subscribe(1, [NUL, 0]),
  '[MQTT-1.5.3-2] [MQTT-4.7.3-2] U+0000 in a topic filter of UNSUBSCRIBE': unsubscribe(1, NUL),
  '[MQTT-2.2.2-1] [MQTT-2.2.2-2] reserved bits in PUBACK': packet(0x41, u16(1)),
  '[MQTT-2.2.2-1] [MQTT-2.2.2-2] reserved bits in PUBREC': packet(0x52, u16(1)),
  '[MQTT-2.2.2-1] [MQTT-2.2.2-2] reserved bits in PUBCOMP': packet(0x74, u16(1)),
  '[MQTT-2.2.2-1] [MQTT-2.2.2-2] reserved bits in PINGREQ': packet(0xc1),
  '[MQTT-2.2.2-2] [MQTT-3.6.1-1] PUBREL without its bit': packet(0x60, u16(1)),
  '[MQTT-2.2.2-2] [MQTT-3.6.1-1] PUBREL with another bit': packet(0x63, u16(1)),
  '[MQTT-2.2.2-2] [MQTT-3.8.1-1] SUBSCRIBE without its bit': packet(
    0x80,
    u16(1),
    text('a'),
    Buffer.from([0]),
  ),
  '[MQTT-2.2.2-2] [MQTT-3.8.1-1] SUBSCRIBE with another bit': packet(
    0x86,
    u16(1),
    text('a'),
    Buffer.from([0]),
  ),
  '[MQTT-2.2.2-2] [MQTT-3.10.1-1] UNSUBSCRIBE without its bit': packet(0xa0, u16(1), text('a')),
  '[MQTT-2.2.2-2] [MQTT-3.10.1-1] UNSUBSCRIBE with another bit': packet(0xab, u16(1), text('a')),
  '[MQTT-2.2.2-2] [MQTT-3.14.1-1] reserved bits in DISCONNECT': packet(0xe1),
  '[MQTT-2.3.1-1] a PUBLISH of QoS 1 with packet id 0': publish({ topic: 'a', qos: 1, id: 0 }),
  '[MQTT-2.3.1-1] a PUBLISH of QoS 2 with packet id 0': publish({ topic: 'a', qos: 2, id: 0 }),
  '[MQTT-2.3.1-1] a PUBLISH of QoS 1 without a packet id': packet(0x32, text('a')),
  '[MQTT-2.3.1-1] a PUBLISH of QoS 2 with half a packet id': packet(0x34, text('a'), Buffer.from([1])),
  '[MQTT-2.3.1-1] a SUBSCRIBE with packet id 0': subscribe(0, ['a', 0]),
  '[MQTT-2.3.1-1] an UNSUBSCRIBE with packet id 0': unsubscribe(0, 'a'),
  '[MQTT-2.3.1-6] a PUBREL with packet id 0': pubrel(0),
  '[MQTT-2.3.1-6] a PUBREC with packet id 0': pubrec(0),
  '[MQTT-2.3.1-6] a PUBACK with packet id 0': puback(0),
  '[MQTT-2.3.1-6] a PUBCOMP with packet id 0': pubcomp(0),
  '[MQTT-3.1.0-2] a second CONNECT': connect({ clientId: 'second' }),
  '[MQTT-3.3.1-2] a PUBLISH of QoS 0 with DUP': publish({ topic: 'a', isDuplicate: true }),
  '[MQTT-3.3.1-4] a PUBLISH of QoS 3': publish({ topic: 'a', qos: 3 }),
  '[MQTT-3.3.2-1] a PUBLISH whose topic name is longer than the packet': packet(
    0x30,
    u16(9),
    Buffer.from('abc'),
  ),
  '[MQTT-3.3.2-1] a PUBLISH without a topic name': packet(0x30),
  '[MQTT-3.3.2-2] [MQTT-4.7.1-1] a topic name with #': publish({ topic: 'a/#', qos: 1 }),
  '[MQTT-3.3.2-2] [MQTT-4.7.1-1] a topic name with +': publish({ topic: 'a/+/b', qos: 0 }),
  '[MQTT-4.7.3-1] an empty topic name': publish({ topic: '', qos: 1 }),
  '[MQTT-4.7.3-1] an empty topic filter in SUBSCRIBE': subscribe(1, ['', 0]),
  '[MQTT-4.7.3-1] an empty topic filter in UNSUBSCRIBE': unsubscribe(1, ''),
  '[MQTT-3.8.3-3] a SUBSCRIBE without a topic filter': packet(0x82, u16(1)),
  '[MQTT-3.10.3-2] an UNSUBSCRIBE without a topic filter': packet(0xa2, u16(1)),
  '[MQTT-3-8.3-4] a SUBSCRIBE with QoS 3': subscribe(1, ['a', 3]),
  '[MQTT-3-8.3-4] a SUBSCRIBE with reserved bits in the second QoS': subscribe(1, ['a', 0], ['b', 0x11]),
  '[MQTT-3.8.3-3] a SUBSCRIBE that ends before the QoS': packet(0x82, u16(1), text('a')),
  '[MQTT-3.8.3-1] a SUBSCRIBE whose second topic filter is longer than the packet': packet(
    0x82,
    u16(1),
    text('a'),
    Buffer.from([0]),
    u16(5),
    Buffer.from('b'),
  ),
  '[MQTT-3.10.3-1] an UNSUBSCRIBE with bytes behind its topic filters': packet(
    0xa2,
    u16(1),
    text('a'),
    Buffer.from([0]),
  ),
  '[MQTT-4.7.1-2] a topic filter with # in the middle': subscribe(1, ['a/#/b', 0]),
  '[MQTT-4.7.1-2] a topic filter with # beside a character': subscribe(1, ['a/b#', 0]),
  '[MQTT-4.7.1-3] a topic filter with + beside a character': subscribe(1, ['a/b+/c', 0]),
  '[MQTT-4.7.1-2] [MQTT-3.10.3-1] an UNSUBSCRIBE of a topic filter with # in the middle': unsubscribe(
    1,
    'a/#/b',
  ),
  '[MQTT-4.8.0-1] packet type 0': packet(0x00),
  '[MQTT-4.8.0-1] packet type 15': packet(0xf0),
  '[MQTT-4.8.0-1] a CONNACK from a client': packet(0x20, u16(0)),
  '[MQTT-4.8.0-1] a SUBACK from a client': packet(0x90, u16(1), Buffer.from([0])),
  '[MQTT-4.8.0-1] an UNSUBACK from a client': packet(0xb0, u16(1)),
  '[MQTT-4.8.0-1] a PINGRESP from a client': packet(0xd0),
  '[MQTT-4.8.0-1] a remaining length of five bytes': Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0x01]),
  '[MQTT-4.8.0-1] a PUBACK that is too long': packet(0x40, u16(1), Buffer.from([0])),
  '[MQTT-4.8.0-1] a PUBACK that is too short': packet(0x40, Buffer.from([1])),
  '[MQTT-4.8.0-1] a PUBREC that is too long': packet(0x50, u16(1), Buffer.from([0])),
  '[MQTT-4.8.0-1] a PUBREL that is too long': packet(0x62, u16(1), Buffer.from([0])),
  '[MQTT-4.8.0-1] a PUBREL that is empty': packet(0x62),
  '[MQTT-4.8.0-1] a PUBCOMP that is too long': packet(0x70, u16(1), Buffer.from([0])),
  '[MQTT-4.8.0-1] a PINGREQ with a body': packet(0xc0, u16(1)),
  '[MQTT-3.14.1-1] a DISCONNECT with a body': packet(0xe0, Buffer.from([0])),
};

/** What may not be the first packet. */
const BEFORE_CONNECT: Readonly<Record<string, Buffer>> = {
  PUBLISH: publish({ topic: 'a', qos: 1 }),
  PUBACK: puback(1),
  PUBREC: pubrec(1),
  PUBREL: pubrel(1),
  PUBCOMP: pubcomp(1),
  SUBSCRIBE: subscribe(1, ['a', 0]),
  UNSUBSCRIBE: unsubscribe(1, 'a'),
  PINGREQ,
  DISCONNECT,
  'packet type 15': packet(0xf0),
};

export const MALFORMED_CASES: readonly ConformanceCase[] = [
  ...Object.entries(FATAL).map(([title, bytes]) => ({
    title: `${title} ends the connection`,
    run: async (context: CaseContext) => (await context.connected()).expectFatal(bytes),
  })),
  ...Object.entries(BEFORE_CONNECT).map(([what, bytes]) => ({
    title: `[MQTT-3.1.0-1] ${what} before CONNECT ends the connection`,
    run: async (context: CaseContext) => {
      const peer = context.open();
      peer.send(bytes);
      await peer.expectClosed();
    },
  })),
  {
    title: '[MQTT-4.8.0-1] nothing of a malformed packet, or behind it, reaches a subscriber',
    run: async (context) => {
      const topic = context.name('t');
      const watcher = await context.watching(`${topic}/#`);
      const peer = await context.connected();
      peer.send(publish({ topic: `${topic}/good` }));
      await watcher.expect(`PUBLISH q0 ${topic}/good = x`);
      const malformed = packet(0x32, text(`${topic}/bad`));
      await peer.expectFatal(Buffer.concat([malformed, publish({ topic: `${topic}/behind` })]));
      await watcher.expectNothing();
    },
  },
] satisfies ConformanceCase[];
