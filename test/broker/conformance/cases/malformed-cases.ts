import { text, u16 } from '../bytes-of-fields.js';
import {
  connect,
  DISCONNECT,
  type Packet,
  PINGREQ,
  packet,
  propertiesOf,
  puback,
  pubcomp,
  publish,
  pubrec,
  pubrel,
  subscribe,
  unsubscribe,
} from '../bytes-of-packets.js';
import type { CaseContext, ConformanceCase, PacketOfCase } from '../conformance-case.js';

const NUL = Buffer.from('a\0b');
const SURROGATE = Buffer.from([0x61, 0xed, 0xa0, 0x80]);
const OVERLONG = Buffer.from([0x61, 0xc1, 0x81]);
const CUT_OFF = Buffer.from([0x61, 0xe2, 0x82]);
const TOO_HIGH = Buffer.from([0x61, 0xf4, 0x90, 0x80, 0x80]);

/** The reason codes that MQTT 5 has for a packet that is wrong in itself: a topic name or a topic filter may get one of its own. */
const WRONG_PACKET = [0x81, 0x82, 0x8f, 0x90];

/** Bytes that end an accepted connection at once. */
const FATAL: readonly PacketOfCase<Packet>[] = [
  ['a topic name with a surrogate', { 4: '1.5.3-1', 5: '1.5.4-1' }, publish({ topic: SURROGATE, qos: 1 })],
  [
    'a topic name with an overlong encoding',
    { 4: '1.5.3-1', 5: '1.5.4-1' },
    publish({ topic: OVERLONG, qos: 1 }),
  ],
  [
    'a topic name that ends within a character',
    { 4: '1.5.3-1 3.3.2-1', 5: '1.5.4-1 3.3.2-1' },
    publish({
      topic: CUT_OFF,
      qos: 1,
    }),
  ],
  ['a topic name beyond U+10FFFF', { 4: '1.5.3-1', 5: '1.5.4-1' }, publish({ topic: TOO_HIGH, qos: 1 })],
  [
    'a topic filter of SUBSCRIBE that is not UTF-8',
    { 4: '1.5.3-1 3.8.3-1', 5: '1.5.4-1 3.8.3-1' },
    subscribe(1, [SURROGATE, 0]),
  ],
  [
    'a topic filter of UNSUBSCRIBE that is not UTF-8',
    { 4: '1.5.3-1 3.10.3-1', 5: '1.5.4-1 3.10.3-1' },
    unsubscribe(1, SURROGATE),
  ],
  ['U+0000 in a topic name', { 4: '1.5.3-2 4.7.3-2', 5: '1.5.4-2 4.7.3-2' }, publish({ topic: NUL, qos: 1 })],
  [
    'U+0000 in a topic filter of SUBSCRIBE',
    { 4: '1.5.3-2 4.7.3-2', 5: '1.5.4-2 4.7.3-2' },
    subscribe(1, [NUL, 0]),
  ],
  [
    'U+0000 in a topic filter of UNSUBSCRIBE',
    { 4: '1.5.3-2 4.7.3-2', 5: '1.5.4-2 4.7.3-2' },
    unsubscribe(1, NUL),
  ],
  ['reserved bits in PUBACK', { 4: '2.2.2-1 2.2.2-2', 5: '2.1.3-1' }, packet(0x41, u16(1))],
  ['reserved bits in PUBREC', { 4: '2.2.2-1 2.2.2-2', 5: '2.1.3-1' }, packet(0x52, u16(1))],
  ['reserved bits in PUBCOMP', { 4: '2.2.2-1 2.2.2-2', 5: '2.1.3-1' }, packet(0x74, u16(1))],
  ['reserved bits in PINGREQ', { 4: '2.2.2-1 2.2.2-2', 5: '2.1.3-1' }, packet(0xc1)],
  ['PUBREL without its bit', { 4: '2.2.2-2 3.6.1-1', 5: '2.1.3-1 3.6.1-1' }, packet(0x60, u16(1))],
  ['PUBREL with another bit', { 4: '2.2.2-2 3.6.1-1', 5: '2.1.3-1 3.6.1-1' }, packet(0x63, u16(1))],
  [
    'SUBSCRIBE without its bit',
    { 4: '2.2.2-2 3.8.1-1', 5: '2.1.3-1 3.8.1-1' },
    packet(0x80, u16(1), propertiesOf(), text('a'), Buffer.from([0])),
  ],
  [
    'SUBSCRIBE with another bit',
    { 4: '2.2.2-2 3.8.1-1', 5: '2.1.3-1 3.8.1-1' },
    packet(0x86, u16(1), propertiesOf(), text('a'), Buffer.from([0])),
  ],
  [
    'UNSUBSCRIBE without its bit',
    { 4: '2.2.2-2 3.10.1-1', 5: '2.1.3-1 3.10.1-1' },
    packet(0xa0, u16(1), propertiesOf(), text('a')),
  ],
  [
    'UNSUBSCRIBE with another bit',
    { 4: '2.2.2-2 3.10.1-1', 5: '2.1.3-1 3.10.1-1' },
    packet(0xab, u16(1), propertiesOf(), text('a')),
  ],
  ['reserved bits in DISCONNECT', { 4: '2.2.2-2 3.14.1-1', 5: '2.1.3-1 3.14.1-1' }, packet(0xe1)],
  [
    'a PUBLISH of QoS 1 with packet id 0',
    { 4: '2.3.1-1', 5: '2.2.1-3' },
    publish({ topic: 'a', qos: 1, id: 0 }),
  ],
  [
    'a PUBLISH of QoS 2 with packet id 0',
    { 4: '2.3.1-1', 5: '2.2.1-3' },
    publish({ topic: 'a', qos: 2, id: 0 }),
  ],
  ['a PUBLISH of QoS 1 without a packet id', { 4: '2.3.1-1', 5: '2.2.1-3' }, packet(0x32, text('a'))],
  [
    'a PUBLISH of QoS 2 with half a packet id',
    { 4: '2.3.1-1', 5: '2.2.1-3' },
    packet(0x34, text('a'), Buffer.from([1])),
  ],
  ['a SUBSCRIBE with packet id 0', { 4: '2.3.1-1', 5: '2.2.1-3' }, subscribe(0, ['a', 0])],
  ['an UNSUBSCRIBE with packet id 0', { 4: '2.3.1-1', 5: '2.2.1-3' }, unsubscribe(0, 'a')],
  ['a PUBREL with packet id 0', { 4: '2.3.1-6', 5: '2.2.1-5' }, pubrel(0)],
  ['a PUBREC with packet id 0', { 4: '2.3.1-6', 5: '2.2.1-5' }, pubrec(0)],
  ['a PUBACK with packet id 0', { 4: '2.3.1-6', 5: '2.2.1-5' }, puback(0)],
  ['a PUBCOMP with packet id 0', { 4: '2.3.1-6', 5: '2.2.1-5' }, pubcomp(0)],
  ['a second CONNECT', { 4: '3.1.0-2', 5: '3.1.0-2 3.2.0-2' }, connect({ clientId: 'second' })],
  ['a PUBLISH of QoS 0 with DUP', { 4: '3.3.1-2', 5: '3.3.1-2' }, publish({ topic: 'a', isDuplicate: true })],
  ['a PUBLISH of QoS 3', { 4: '3.3.1-4', 5: '3.3.1-4 3.14.2-1 4.13.2-1' }, publish({ topic: 'a', qos: 3 })],
  [
    'a PUBLISH whose topic name is longer than the packet',
    { 4: '3.3.2-1', 5: '3.3.2-1' },
    packet(0x30, u16(9), Buffer.from('abc')),
  ],
  ['a PUBLISH without a topic name', { 4: '3.3.2-1', 5: '3.3.2-1' }, packet(0x30)],
  ['a topic name with #', { 4: '3.3.2-2 4.7.1-1', 5: '3.3.2-2 4.7.0-1' }, publish({ topic: 'a/#', qos: 1 })],
  [
    'a topic name with +',
    { 4: '3.3.2-2 4.7.1-1', 5: '3.3.2-2 4.7.0-1' },
    publish({ topic: 'a/+/b', qos: 0 }),
  ],
  ['an empty topic name', { 4: '4.7.3-1', 5: '4.7.3-1' }, publish({ topic: '', qos: 1 })],
  ['an empty topic filter in SUBSCRIBE', { 4: '4.7.3-1', 5: '4.7.3-1' }, subscribe(1, ['', 0])],
  ['an empty topic filter in UNSUBSCRIBE', { 4: '4.7.3-1', 5: '4.7.3-1' }, unsubscribe(1, '')],
  [
    'a SUBSCRIBE without a topic filter',
    { 4: '3.8.3-3', 5: '3.8.3-2' },
    packet(0x82, u16(1), propertiesOf()),
  ],
  [
    'an UNSUBSCRIBE without a topic filter',
    { 4: '3.10.3-2', 5: '3.10.3-2' },
    packet(0xa2, u16(1), propertiesOf()),
  ],
  ['a SUBSCRIBE with QoS 3', { 4: '3-8.3-4', 5: '3.8.3-5' }, subscribe(1, ['a', 3])],
  ['a SUBSCRIBE with reserved bits in the second QoS', { 4: '3-8.3-4' }, subscribe(1, ['a', 0], ['b', 0x11])],
  [
    'a SUBSCRIBE that ends before the QoS',
    { 4: '3.8.3-3', 5: '3.8.3-2' },
    packet(0x82, u16(1), propertiesOf(), text('a')),
  ],
  [
    'a SUBSCRIBE whose second topic filter is longer than the packet',
    { 4: '3.8.3-1', 5: '3.8.3-1' },
    packet(0x82, u16(1), propertiesOf(), text('a'), Buffer.from([0]), u16(5), Buffer.from('b')),
  ],
  [
    'an UNSUBSCRIBE with bytes behind its topic filters',
    { 4: '3.10.3-1', 5: '3.10.3-1' },
    packet(0xa2, u16(1), propertiesOf(), text('a'), Buffer.from([0])),
  ],
  ['a topic filter with # in the middle', { 4: '4.7.1-2', 5: '4.7.1-1' }, subscribe(1, ['a/#/b', 0])],
  ['a topic filter with # beside a character', { 4: '4.7.1-2', 5: '4.7.1-1' }, subscribe(1, ['a/b#', 0])],
  ['a topic filter with + beside a character', { 4: '4.7.1-3', 5: '4.7.1-2' }, subscribe(1, ['a/b+/c', 0])],
  [
    'an UNSUBSCRIBE of a topic filter with # in the middle',
    { 4: '4.7.1-2 3.10.3-1', 5: '4.7.1-1 3.10.3-1' },
    unsubscribe(1, 'a/#/b'),
  ],
  ['packet type 0', { 4: '4.8.0-1', 5: '4.13.1-1' }, packet(0x00)],
  ['packet type 15', { 4: '4.8.0-1' }, packet(0xf0)],
  ['a CONNACK from a client', { 4: '4.8.0-1', 5: '4.13.1-1' }, packet(0x20, u16(0))],
  ['a SUBACK from a client', { 4: '4.8.0-1', 5: '4.13.1-1' }, packet(0x90, u16(1), Buffer.from([0]))],
  ['an UNSUBACK from a client', { 4: '4.8.0-1', 5: '4.13.1-1' }, packet(0xb0, u16(1))],
  ['a PINGRESP from a client', { 4: '4.8.0-1', 5: '4.13.1-1' }, packet(0xd0)],
  [
    'a remaining length of five bytes',
    { 4: '4.8.0-1', 5: '4.13.1-1' },
    () => Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0x01]),
  ],
  ['a PUBACK that is too long', { 4: '4.8.0-1' }, packet(0x40, u16(1), Buffer.from([0]))],
  ['a PUBACK that is too short', { 4: '4.8.0-1', 5: '4.13.1-1' }, packet(0x40, Buffer.from([1]))],
  ['a PUBREC that is too long', { 4: '4.8.0-1' }, packet(0x50, u16(1), Buffer.from([0]))],
  ['a PUBREL that is too long', { 4: '4.8.0-1' }, packet(0x62, u16(1), Buffer.from([0]))],
  ['a PUBREL that is empty', { 4: '4.8.0-1', 5: '4.13.1-1' }, packet(0x62)],
  ['a PUBCOMP that is too long', { 4: '4.8.0-1' }, packet(0x70, u16(1), Buffer.from([0]))],
  ['a PINGREQ with a body', { 4: '4.8.0-1', 5: '4.13.1-1' }, packet(0xc0, u16(1))],
  ['a DISCONNECT with a body', { 4: '3.14.1-1' }, packet(0xe0, Buffer.from([0]))],
];

/** What may not be the first packet. */
const BEFORE_CONNECT: Readonly<Record<string, Packet>> = {
  PUBLISH: publish({ topic: 'a', qos: 1 }),
  PUBACK: puback(1),
  PUBREC: pubrec(1),
  PUBREL: pubrel(1),
  PUBCOMP: pubcomp(1),
  SUBSCRIBE: subscribe(1, ['a', 0]),
  UNSUBSCRIBE: unsubscribe(1, 'a'),
  PINGREQ,
  DISCONNECT,
  'packet type 0': packet(0x00),
};

export const MALFORMED_CASES: readonly ConformanceCase[] = [
  ...FATAL.map(([what, shows, bytes]) => ({
    title: `${what} ends the connection`,
    shows,
    run: async (context: CaseContext) => (await context.connected()).expectFatal(bytes, ...WRONG_PACKET),
  })),
  ...Object.entries(BEFORE_CONNECT).map(([what, bytes]) => ({
    title: `${what} before CONNECT ends the connection`,
    shows: { 4: '3.1.0-1', 5: '3.1.0-1' },
    run: async (context: CaseContext) => {
      const peer = context.open();
      peer.send(bytes);
      await peer.expectClosed();
    },
  })),
  {
    title: 'nothing of a malformed packet, or behind it, reaches a subscriber',
    shows: { 4: '4.8.0-1', 5: '4.13.1-1' },
    run: async (context) => {
      const topic = context.name('t');
      const watcher = await context.watching(`${topic}/#`);
      const peer = await context.connected();
      peer.send(publish({ topic: `${topic}/good` }));
      await watcher.expect(`PUBLISH q0 ${topic}/good = x`);
      const malformed = packet(0x32, text(`${topic}/bad`));
      peer.send(malformed, publish({ topic: `${topic}/behind` }));
      await peer.expectClosed(...WRONG_PACKET);
      await watcher.expectNothing();
    },
  },
] satisfies ConformanceCase[];
