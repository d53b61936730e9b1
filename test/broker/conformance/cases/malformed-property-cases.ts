import { text, u16 } from '../bytes-of-fields.js';
import {
  auth,
  connect,
  disconnect,
  type Packet,
  packet,
  puback,
  publish,
  pubrel,
  subscribe,
  subscribeWith,
} from '../bytes-of-packets.js';
import {
  authenticationData,
  authenticationMethod,
  contentType,
  correlationData,
  maximumPacketSize,
  messageExpiry,
  payloadFormat,
  properties,
  reasonString,
  receiveMaximum,
  requestProblemInformation,
  requestResponseInformation,
  responseTopic,
  sessionExpiry,
  subscriptionIdentifier,
  topicAlias,
  topicAliasMaximum,
  userProperty,
  willDelay,
} from '../bytes-of-properties.js';
import type { CaseContext, ConformanceCase, PacketOfCase } from '../conformance-case.js';

const SURROGATE = Buffer.from([0x61, 0xed, 0xa0, 0x80]);
const topic = 'a';

function saying(...all: readonly Buffer[]): Packet {
  return publish({ topic, qos: 1, properties: all });
}

/** A PUBLISH whose bytes of properties, with their length, are given. */
function raw(...bytes: readonly number[]): Packet {
  return packet(0x32, text(topic), u16(1), Buffer.from(bytes));
}

/** Packets that end an accepted connection with 0x81 or 0x82. */
const FATAL: readonly PacketOfCase<Packet>[] = [
  ['a content type that is not UTF-8', { 5: '1.5.4-1 3.3.2-19' }, saying(contentType(SURROGATE))],
  ['U+0000 in a content type', { 5: '1.5.4-2 3.3.2-19' }, saying(contentType('a\0'))],
  ['a response topic that is not UTF-8', { 5: '1.5.4-1 3.3.2-13' }, saying(responseTopic(SURROGATE))],
  ['U+0000 in the name of a user property', { 5: '1.5.7-1 1.5.4-2' }, saying(userProperty('\0', 'b'))],
  ['a user property whose name is not UTF-8', { 5: '1.5.7-1' }, saying(userProperty(SURROGATE, 'b'))],
  ['a user property whose value is not UTF-8', { 5: '1.5.7-1' }, saying(userProperty('a', SURROGATE))],
  ['a remaining length with a byte too many', { 5: '1.5.5-1' }, () => Buffer.from([0xc0, 0x80, 0x00])],
  ['a length of properties with a byte too many', { 5: '1.5.5-1' }, raw(0x80, 0x00)],
  ['an identifier of a property with a byte too many', { 5: '1.5.5-1' }, raw(3, 0x81, 0x00, 1)],
  ['a PUBLISH without a length of properties', { 5: '2.2.2-1' }, packet(0x32, text(topic), u16(1))],
  ['a SUBSCRIBE without a length of properties', { 5: '2.2.2-1' }, packet(0x82, u16(1))],
  ['properties that are longer than their packet', { 5: '4.13.1-1' }, raw(9, 1, 1)],
  ['a property that ends behind the properties', { 5: '4.13.1-1' }, raw(2, 0x02, 0, 0, 0, 1)],
  ['an unknown property', { 5: '4.13.1-1' }, raw(2, 0x04, 0)],
  ['a property of CONNECT in PUBLISH', { 5: '4.13.1-1' }, saying(receiveMaximum(1))],
  ['a property of PUBLISH in SUBSCRIBE', { 5: '4.13.1-1' }, subscribeWith([contentType('a')], 1, [topic, 0])],
  ['two payload format indicators', { 5: '4.13.1-1' }, saying(payloadFormat(0), payloadFormat(0))],
  ['a payload format indicator of 2', { 5: '4.13.1-1' }, saying(payloadFormat(2))],
  ['two expiry intervals', { 5: '4.13.1-1' }, saying(messageExpiry(9), messageExpiry(9))],
  ['two content types', { 5: '4.13.1-1' }, saying(contentType('a'), contentType('b'))],
  ['two response topics', { 5: '4.13.1-1' }, saying(responseTopic('a'), responseTopic('a'))],
  ['two correlation data', { 5: '4.13.1-1' }, saying(correlationData('a'), correlationData('a'))],
  ['two topic aliases', { 5: '4.13.1-1' }, saying(topicAlias(1), topicAlias(1))],
  ['a subscription identifier from a client', { 5: '3.3.4-6' }, saying(subscriptionIdentifier(1))],
  [
    'a subscription identifier of 0',
    { 5: '4.13.1-1' },
    subscribeWith([subscriptionIdentifier(0)], 1, [topic, 0]),
  ],
  [
    'two subscription identifiers in SUBSCRIBE',
    { 5: '4.13.1-1' },
    subscribeWith([subscriptionIdentifier(1), subscriptionIdentifier(2)], 1, [topic, 0]),
  ],
  ['the first reserved bit of a subscription', { 5: '3.8.3-5' }, subscribe(1, [topic, 0x40])],
  ['the second reserved bit of a subscription', { 5: '3.8.3-5' }, subscribe(1, [topic, 0x81])],
  ['retain handling 3', { 5: '3.8.3-5 4.13.1-1' }, subscribe(1, [topic, 0x30])],
  ['an unknown reason code in PUBACK', { 5: '3.4.2-1' }, puback(1, 0x77)],
  ['a reason code of PUBACK in PUBREL', { 5: '3.6.2-1' }, pubrel(1, 0x97)],
  ['a property of PUBLISH in PUBACK', { 5: '4.13.1-1' }, puback(1, 0x80, contentType('a'))],
  ['two reason strings', { 5: '4.13.1-1' }, puback(1, 0x80, reasonString('a'), reasonString('b'))],
  ['an unknown reason code in DISCONNECT', { 5: '3.14.2-1' }, disconnect(0x33)],
  ['a reason code of servers in DISCONNECT', { 5: '3.14.2-1' }, disconnect(0x8e)],
  ['a property of CONNECT in DISCONNECT', { 5: '4.13.1-1' }, disconnect(0, receiveMaximum(1))],
  ['reserved bits in AUTH', { 5: '3.15.1-1' }, packet(0xf1, Buffer.from([0]))],
  ['an AUTH without authentication', { 5: '4.12.0-7 4.12.1-2' }, auth(0x19, authenticationMethod('SCRAM'))],
];

/** A CONNECT that is refused with 0x81 or 0x82, or ends the connection. */
const REFUSED: readonly PacketOfCase<Packet>[] = [
  ['two session expiry intervals', { 5: '3.1.4-1' }, saysAtConnect(sessionExpiry(1), sessionExpiry(1))],
  ['a receive maximum of 0', { 5: '3.1.4-1' }, saysAtConnect(receiveMaximum(0))],
  ['a maximum packet size of 0', { 5: '3.1.4-1' }, saysAtConnect(maximumPacketSize(0))],
  ['two topic alias maxima', { 5: '3.1.4-1' }, saysAtConnect(topicAliasMaximum(1), topicAliasMaximum(1))],
  ['a request of problem information of 2', { 5: '3.1.4-1' }, saysAtConnect(requestProblemInformation(2))],
  ['a request of response information of 2', { 5: '3.1.4-1' }, saysAtConnect(requestResponseInformation(2))],
  ['authentication data without a method', { 5: '3.1.4-1' }, saysAtConnect(authenticationData('a'))],
  ['a property of PUBLISH', { 5: '3.1.4-1' }, saysAtConnect(contentType('a'))],
  [
    'a user property that is not UTF-8',
    { 5: '3.1.4-1 1.5.7-1' },
    saysAtConnect(userProperty('a', SURROGATE)),
  ],
  [
    'two will delays',
    { 5: '3.1.4-1 3.1.2-9' },
    connect({ will: { topic, properties: [willDelay(1), willDelay(1)] } }),
  ],
  [
    'a topic alias of a will',
    { 5: '3.1.4-1 3.1.2-9' },
    connect({ will: { topic, properties: [topicAlias(1)] } }),
  ],
  [
    'no length of properties',
    { 5: '2.2.2-1 3.1.4-1' },
    packet(0x10, text('MQTT'), Buffer.from([5, 2]), u16(60), text('a')),
  ],
  [
    'no length of will properties',
    { 5: '3.1.2-9 3.1.4-1' },
    packet(0x10, text('MQTT'), Buffer.from([5, 6]), u16(60), properties(), text('a'), text('w'), text('x')),
  ],
];

function saysAtConnect(...all: readonly Buffer[]): Packet {
  return connect({ clientId: 'a', properties: all });
}

export const MALFORMED_PROPERTY_CASES: readonly ConformanceCase[] = [
  ...FATAL.map(([what, shows, wrong]) => ({
    title: `${what} ends the connection with its reason`,
    shows,
    run: async (context: CaseContext) => (await context.connected()).expectFatal(wrong),
  })),
  ...REFUSED.map(([what, shows, wrong]) => ({
    title: `${what} in CONNECT is refused, and the connection ends`,
    shows,
    run: async (context: CaseContext) => {
      const peer = context.open();
      peer.send(wrong);
      const { line } = await peer.expectOneOf(
        'CLOSED',
        'CONNACK present=0 code=0x81',
        'CONNACK present=0 code=0x82',
      );
      if (line !== 'CLOSED') await peer.expectClosed();
    },
  })),
  ...['a/+', 'a/#', '#'].map((wildcards) => ({
    title: `the response topic ${wildcards} ends the connection with its reason`,
    shows: { 5: '3.3.2-14' },
    run: async (context: CaseContext) =>
      (await context.connected()).expectFatal(saying(responseTopic(wildcards)), 0x81, 0x82, 0x90),
  })),
];
