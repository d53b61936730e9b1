import { text, u16 } from '../bytes-of-fields.js';
import { connect, connectBody, type Packet, packet, propertiesOf } from '../bytes-of-packets.js';
import {
  ALICE,
  type CaseContext,
  type ConformanceCase,
  connacks,
  type PacketOfCase,
  type Shows,
} from '../conformance-case.js';

const SURROGATE = Buffer.from([0x61, 0xed, 0xa0, 0x80]);
const HEADER: Packet = (level) =>
  Buffer.concat([text('MQTT'), Buffer.from([level, 2]), u16(60), propertiesOf()(level)]);

/** A CONNECT that is malformed. */
const MALFORMED: readonly PacketOfCase<Packet>[] = [
  [
    'reserved bits in the first byte',
    { 4: '2.2.2-2', 5: '2.1.3-1' },
    packet(0x11, connectBody({ clientId: 'a' })),
  ],
  ['another protocol name', { 4: '3.1.2-1', 5: '3.1.2-1' }, connect({ clientId: 'a', protocol: 'MQTS' })],
  ['an empty protocol name', { 4: '3.1.2-1', 5: '3.1.2-1' }, connect({ clientId: 'a', protocol: '' })],
  ['the reserved flag', { 4: '3.1.2-3', 5: '3.1.2-3' }, connect({ clientId: 'a', flipped: 1 })],
  [
    'a will flag without the fields of a will',
    { 4: '3.1.2-9', 5: '3.1.2-9' },
    connect({ clientId: 'a', flipped: 4 }),
  ],
  [
    'a will topic without a will message',
    { 4: '3.1.2-9', 5: '3.1.2-9' },
    packet(
      0x10,
      text('MQTT'),
      (level) => Buffer.from([level, 6]),
      u16(60),
      propertiesOf(),
      text('a'),
      propertiesOf(),
      text('topic'),
    ),
  ],
  [
    'a will QoS without a will',
    { 4: '3.1.2-11 3.1.2-13', 5: '3.1.4-1 3.1.2-11' },
    connect({ clientId: 'a', flipped: 8 }),
  ],
  [
    'a retained will without a will',
    { 4: '3.1.2-11 3.1.2-15', 5: '3.1.4-1 3.1.2-13' },
    connect({ clientId: 'a', flipped: 0x20 }),
  ],
  [
    'the fields of a will without its flag',
    { 4: '3.1.2-11', 5: '3.1.4-1' },
    connect({
      clientId: 'a',
      will: { topic: 'w' },
      flipped: 4,
    }),
  ],
  [
    'a will with QoS 3',
    { 4: '3.1.2-14', 5: '3.1.2-12' },
    connect({ clientId: 'a', will: { topic: 'w', qos: 3 } }),
  ],
  [
    'a user name without its flag',
    { 4: '3.1.2-18', 5: '3.1.2-16' },
    connect({ clientId: 'a', userName: 'u', flipped: 0x80 }),
  ],
  [
    'a user name flag without a user name',
    { 4: '3.1.2-19', 5: '3.1.2-17' },
    connect({ clientId: 'a', flipped: 0x80 }),
  ],
  [
    'a password without its flag',
    { 4: '3.1.2-20', 5: '3.1.2-18' },
    connect({ clientId: 'a', ...ALICE, flipped: 0x40 }),
  ],
  [
    'a password flag without a password',
    { 4: '3.1.2-21', 5: '3.1.2-19' },
    connect({
      clientId: 'a',
      userName: 'u',
      flipped: 0x40,
    }),
  ],
  ['a password without a user name', { 4: '3.1.2-22' }, connect({ clientId: 'a', password: 'p' })],
  ['a payload without a client id', { 4: '3.1.3-3', 5: '3.1.3-3' }, packet(0x10, HEADER)],
  [
    'a client id that is longer than the packet',
    { 4: '3.1.3-3', 5: '3.1.3-3' },
    packet(0x10, HEADER, u16(5), Buffer.from('a')),
  ],
  [
    'a client id that is not UTF-8',
    { 4: '3.1.3-4 1.5.3-1', 5: '3.1.3-4 1.5.4-1' },
    connect({ clientId: SURROGATE }),
  ],
  ['a client id with U+0000', { 4: '3.1.3-4 1.5.3-2', 5: '3.1.3-4 1.5.4-2' }, connect({ clientId: 'a\0b' })],
  [
    'a will topic that is not UTF-8',
    { 4: '3.1.3-10 1.5.3-1', 5: '3.1.3-11 1.5.4-1' },
    connect({
      clientId: 'a',
      will: { topic: SURROGATE },
    }),
  ],
  [
    'an empty will topic',
    { 4: '3.1.3-10 4.7.3-1', 5: '3.1.3-11 4.7.3-1' },
    connect({ clientId: 'a', will: { topic: '' } }),
  ],
  [
    'a will topic with a wildcard',
    { 4: '3.1.3-10 4.7.1-1', 5: '3.1.3-11 4.7.0-1' },
    connect({
      clientId: 'a',
      will: { topic: 'w/#' },
    }),
  ],
  [
    'a user name that is not UTF-8',
    { 4: '3.1.3-11 1.5.3-1', 5: '3.1.3-12 1.5.4-1' },
    connect({
      clientId: 'a',
      userName: SURROGATE,
    }),
  ],
  [
    'bytes behind the payload',
    { 4: '3.1.4-1', 5: '3.1.4-1' },
    packet(0x10, connectBody({ clientId: 'a' }), Buffer.from([0])),
  ],
  [
    'a packet that ends before the keep alive',
    { 4: '3.1.4-1', 5: '3.1.4-1' },
    packet(0x10, text('MQTT'), (level) => Buffer.from([level, 2, 0])),
  ],
  ['an empty packet', { 4: '3.1.4-1', 5: '3.1.4-1' }, packet(0x10)],
];

/** Reason codes of MQTT 5 for a CONNECT that is wrong in itself. */
const WRONG_CONNECT = [0x81, 0x82, 0x84, 0x85, 0x90];

/** The connection ends: without a CONNACK in MQTT 3.1.1, and in MQTT 5 with one or without (section 4.13.1). */
async function ended(context: CaseContext, connectPacket: Packet): Promise<void> {
  const peer = context.open();
  peer.send(connectPacket);
  if (context.level === 4) return void (await peer.expectClosed());
  const { line } = await peer.expectOneOf('CLOSED', ...connacks(WRONG_CONNECT));
  if (line !== 'CLOSED') await peer.expectClosed();
}

function alsoShows({ 4: three, 5: five }: Shows, clause: string): Shows {
  return { 4: `${three} ${clause}`, ...(five !== undefined && { 5: `${five} ${clause}` }) };
}

export const MALFORMED_CONNECT_CASES: readonly ConformanceCase[] = [
  ...MALFORMED.map(([what, shows, connectPacket]) => ({
    title: `${what} in CONNECT ends the connection`,
    shows: alsoShows(shows, '3.1.4-1'),
    run: (context: CaseContext) => ended(context, connectPacket),
  })),
];
