import {
  connect,
  connectBody,
  DISCONNECT,
  PINGREQ,
  packet,
  publish,
  subscribe,
  text,
  u16,
} from '../bytes-of-packets.js';
import { ALICE, type CaseContext, type ConformanceCase } from '../conformance-case.js';

const SURROGATE = Buffer.from([0x61, 0xed, 0xa0, 0x80]);
const HEADER = [text('MQTT'), Buffer.from([4, 2]), u16(60)];

/** A CONNECT that is malformed: the connection ends without a CONNACK. */
const MALFORMED: Readonly<Record<string, Buffer>> = {
  '[MQTT-2.2.2-2] reserved bits in the first byte': packet(0x11, ...connectBody({ clientId: 'a' })),
  '[MQTT-3.1.2-1] another protocol name': connect({ clientId: 'a', protocol: 'MQTS' }),
  '[MQTT-3.1.2-1] an empty protocol name': connect({ clientId: 'a', protocol: '' }),
  '[MQTT-3.1.2-3] the reserved flag': connect({ clientId: 'a', flipped: 1 }),
  '[MQTT-3.1.2-9] a will flag without the fields of a will': connect({ clientId: 'a', flipped: 4 }),
  '[MQTT-3.1.2-9] a will topic without a will message': packet(
    0x10,
    text('MQTT'),
    Buffer.from([4, 6]),
    u16(60),
    text('a'),
    text('topic'),
  ),
  '[MQTT-3.1.2-11] [MQTT-3.1.2-13] a will QoS without a will': connect({ clientId: 'a', flipped: 8 }),
  '[MQTT-3.1.2-11] [MQTT-3.1.2-15] a retained will without a will': connect({ clientId: 'a', flipped: 0x20 }),
  '[MQTT-3.1.2-11] the fields of a will without its flag': connect({
    clientId: 'a',
    will: { topic: 'w' },
    flipped: 4,
  }),
  '[MQTT-3.1.2-14] a will with QoS 3': connect({ clientId: 'a', will: { topic: 'w', qos: 3 } }),
  '[MQTT-3.1.2-18] a user name without its flag': connect({ clientId: 'a', userName: 'u', flipped: 0x80 }),
  '[MQTT-3.1.2-19] a user name flag without a user name': connect({ clientId: 'a', flipped: 0x80 }),
  '[MQTT-3.1.2-20] a password without its flag': connect({ clientId: 'a', ...ALICE, flipped: 0x40 }),
  '[MQTT-3.1.2-21] a password flag without a password': connect({
    clientId: 'a',
    userName: 'u',
    flipped: 0x40,
  }),
  '[MQTT-3.1.2-22] a password without a user name': connect({ clientId: 'a', password: 'p' }),
  '[MQTT-3.1.3-3] a payload without a client id': packet(0x10, ...HEADER),
  '[MQTT-3.1.3-3] a client id that is longer than the packet': packet(
    0x10,
    ...HEADER,
    u16(5),
    Buffer.from('a'),
  ),
  '[MQTT-3.1.3-4] [MQTT-1.5.3-1] a client id that is not UTF-8': connect({ clientId: SURROGATE }),
  '[MQTT-3.1.3-4] [MQTT-1.5.3-2] a client id with U+0000': connect({ clientId: 'a\0b' }),
  '[MQTT-3.1.3-10] [MQTT-1.5.3-1] a will topic that is not UTF-8': connect({
    clientId: 'a',
    will: { topic: SURROGATE },
  }),
  '[MQTT-3.1.3-10] [MQTT-4.7.3-1] an empty will topic': connect({ clientId: 'a', will: { topic: '' } }),
  '[MQTT-3.1.3-10] [MQTT-4.7.1-1] a will topic with a wildcard': connect({
    clientId: 'a',
    will: { topic: 'w/#' },
  }),
  '[MQTT-3.1.3-11] [MQTT-1.5.3-1] a user name that is not UTF-8': connect({
    clientId: 'a',
    userName: SURROGATE,
  }),
  '[MQTT-3.1.4-1] bytes behind the payload': packet(
    0x10,
    ...connectBody({ clientId: 'a' }),
    Buffer.from([0]),
  ),
  '[MQTT-3.1.4-1] a packet that ends before the keep alive': packet(
    0x10,
    text('MQTT'),
    Buffer.from([4, 2, 0]),
  ),
  '[MQTT-3.1.4-1] an empty packet': packet(0x10),
};

/** What a broker answers before it ends the connection. */
async function rejected(
  context: CaseContext,
  bytes: Buffer,
  codes: readonly number[],
  port?: number,
): Promise<void> {
  const peer = context.open(port);
  peer.send(bytes);
  await peer.expectOneOf(...codes.map((code) => `CONNACK present=0 code=${code}`));
  await peer.expectClosed();
}

export const CONNECT_CASES: readonly ConformanceCase[] = [
  ...Object.entries(MALFORMED).map(([title, bytes]) => ({
    title: `${title} in CONNECT ends the connection without a CONNACK [MQTT-3.1.4-1]`,
    run: async (context: CaseContext) => {
      const peer = context.open();
      peer.send(bytes);
      await peer.expectClosed();
    },
  })),
  ...[0, 2, 6, 127].map((level) => ({
    title: `[MQTT-3.1.2-2] [MQTT-3.2.2-4] [MQTT-3.2.2-5] protocol level ${level} gets return code 1, and the connection ends`,
    run: (context: CaseContext) => rejected(context, connect({ clientId: 'a', level }), [1]),
  })),
  {
    title:
      '[MQTT-3.1.3-8] [MQTT-3.2.2-4] [MQTT-3.2.2-5] an empty client id without a clean session gets return code 2',
    run: (context) => rejected(context, connect({ isClean: false }), [2]),
  },
  {
    title: '[MQTT-3.1.3-7] an empty client id needs a clean session',
    run: async (context) => {
      const peer = await context.connected({ isClean: true });
      await peer.expectNothing();
    },
  },
  {
    title: '[MQTT-3.1.3-6] two clients without a client id are two clients',
    run: async (context) => {
      const peers = [await context.connected(), await context.connected()];
      for (const peer of peers) await peer.expectNothing();
    },
  },
  {
    title: '[MQTT-3.1.3-5] client ids of 1 and of 23 letters and digits are accepted',
    run: async (context) => {
      for (const clientId of [
        '7',
        'abcdefghijklmnopqrstuvw',
        'ABCDEFGHIJKLMNOPQRSTUVW',
        '0123456789xyzXYZ',
      ]) {
        await (await context.connected({ clientId })).expectNothing();
      }
    },
  },
  {
    title: '[MQTT-3.1.3-9] a client id that is too long gets return code 2, and the connection ends',
    run: (context) => rejected(context, connect({ clientId: 'x'.repeat(4_000) }), [2]),
  },
  {
    title:
      '[MQTT-3.2.2-4] [MQTT-3.2.2-5] [MQTT-3.1.3-11] a wrong password gets return code 4 or 5, and the connection ends',
    run: (context) =>
      rejected(context, connect({ ...ALICE, password: 'wrong' }), [4, 5], context.broker.securedPort),
  },
  {
    title: '[MQTT-3.2.2-5] no user name gets return code 4 or 5 where one is needed',
    run: (context) => rejected(context, connect(), [4, 5], context.broker.securedPort),
  },
  {
    title: '[MQTT-3.1.2-19] [MQTT-3.1.2-21] [MQTT-3.1.4-4] a user name and its password are accepted',
    run: async (context) => {
      const peer = context.open(context.broker.securedPort);
      peer.send(connect(ALICE));
      await peer.expect('CONNACK present=0 code=0');
    },
  },
  {
    title: '[MQTT-3.1.2-19] a user name without a password is accepted where none is needed',
    run: async (context) => {
      const peer = await context.connected({ userName: 'u' });
      await peer.expectNothing();
    },
  },
  {
    title: '[MQTT-3.1.3-1] the fields of the payload are read in their order',
    run: async (context) => {
      const topic = context.name('will');
      const watcher = await context.watching(topic);
      const peer = await context.connected({
        clientId: context.name('id'),
        will: { topic, payload: 'message', qos: 1 },
        userName: 'user',
        password: 'password',
      });
      peer.cut();
      await watcher.expect(`PUBLISH q1 ${topic} = message`);
    },
  },
  {
    title: '[MQTT-3.1.4-5] nothing behind a rejected CONNECT is processed',
    run: async (context) => {
      const topic = context.name('t');
      const watcher = await context.watching(topic);
      const peer = context.open();
      peer.send(connect({ clientId: 'a', level: 6 }), publish({ topic, qos: 1 }), PINGREQ);
      await peer.expect('CONNACK present=0 code=1');
      await peer.expectClosed();
      await watcher.expectNothing();
    },
  },
  {
    title: '[MQTT-3.1.4-4] [MQTT-3.2.0-1] packets in one write with CONNECT are answered behind its CONNACK',
    run: async (context) => {
      const peer = context.open();
      peer.send(
        connect({ clientId: context.name('id') }),
        subscribe(3, [context.name('t'), 0]),
        publish({ topic: context.name('u'), qos: 1, id: 9 }),
      );
      await peer.expect('CONNACK present=0 code=0');
      await peer.expectInAnyOrder('SUBACK 3 [0]', 'PUBACK 9');
    },
  },
  {
    title: '[MQTT-3.3.4-1] CONNECT, PUBLISH and DISCONNECT in one write get CONNACK and PUBACK',
    run: async (context) => {
      const peer = context.open();
      peer.send(
        connect({ clientId: context.name('id') }),
        publish({ topic: context.name('t'), qos: 1, id: 5 }),
        DISCONNECT,
      );
      await peer.expectEach('CONNACK present=0 code=0', 'PUBACK 5');
      await peer.expectClosed();
    },
  },
  {
    title:
      '[MQTT-3.14.4-1] [MQTT-3.14.4-2] the connection ends after DISCONNECT, also when the client leaves it open',
    run: async (context) => {
      const peer = await context.connected();
      await peer.expectFatal(DISCONNECT);
    },
  },
  {
    title: '[MQTT-3.14.4-2] [MQTT-4.8.0-1] a PUBLISH behind DISCONNECT is not processed',
    run: async (context) => {
      const topic = context.name('t');
      const watcher = await context.watching(topic);
      const peer = await context.connected();
      peer.send(DISCONNECT, publish({ topic, qos: 1 }));
      await peer.expectClosed();
      await watcher.expectNothing();
    },
  },
  {
    title: '[MQTT-3.1.2-1] the protocol name and level of MQTT 3.1 are accepted as that',
    run: async (context) => {
      const peer = await context.connected({ protocol: 'MQIsdp', level: 3, clientId: context.name('id') });
      await peer.expectNothing();
    },
  },
  {
    title: '[MQTT-3.12.4-1] PINGREQ is answered with PINGRESP',
    run: async (context) => {
      const peer = await context.connected();
      peer.send(PINGREQ, PINGREQ, PINGREQ);
      await peer.expectEach('PINGRESP', 'PINGRESP', 'PINGRESP');
    },
  },
  {
    title: '[MQTT-3.1.4-2] [MQTT-3.1.3-2] a client with the same client id ends the connection of the first',
    run: async (context) => {
      const clientId = context.name('id');
      const first = await context.connected({ clientId });
      const second = await context.connected({ clientId });
      await first.expectClosed();
      await second.expectNothing();
    },
  },
  {
    title: '[MQTT-7.1.1-1] a packet may arrive byte by byte',
    run: async (context) => {
      const peer = context.open();
      for (const byte of connect({ clientId: context.name('id') })) peer.send(Buffer.from([byte]));
      await peer.expect('CONNACK present=0 code=0');
    },
  },
];
