import { connect, DISCONNECT, type Packet, PINGREQ, publish, subscribe } from '../bytes-of-packets.js';
import { ALICE, type CaseContext, type ConformanceCase, connacks } from '../conformance-case.js';
import type { Level } from '../level.js';

const NOT_KNOWN = { 4: [4, 5], 5: [0x86, 0x87] };

/** What a broker answers before it ends the connection, at each level. */
async function rejected(
  context: CaseContext,
  connectPacket: Packet,
  codes: Readonly<Record<Level, readonly number[]>>,
  port?: number,
): Promise<void> {
  const peer = context.open(port);
  peer.send(connectPacket);
  await peer.expectOneOf(...connacks(codes[context.level]));
  await peer.expectClosed();
}

export const CONNECT_CASES: readonly ConformanceCase[] = [
  ...[0, 2, 6, 127].map((level) => ({
    title: `protocol level ${level} is refused as one that is not spoken, and the connection ends`,
    shows: { 4: '3.1.2-2 3.2.2-4 3.2.2-5', 5: '3.1.2-2 3.2.2-6 3.2.2-7 3.2.2-8' },
    run: (context: CaseContext) =>
      rejected(context, connect({ clientId: 'a', level }), { 4: [1], 5: [1, 0x84] }),
  })),
  {
    title: 'an empty client id without a clean session gets return code 2',
    shows: { 4: '3.1.3-8 3.2.2-4 3.2.2-5' },
    run: (context) => rejected(context, connect({ isClean: false }), { 4: [2], 5: [] }),
  },
  {
    title: 'an empty client id needs a clean session',
    shows: { 4: '3.1.3-7' },
    run: async (context) => {
      const peer = await context.connected({ isClean: true });
      await peer.expectNothing();
    },
  },
  {
    title: 'two clients without a client id are two clients',
    shows: { 4: '3.1.3-6', 5: '3.1.3-6' },
    run: async (context) => {
      const peers = [await context.connected(), await context.connected()];
      for (const peer of peers) await peer.expectNothing();
    },
  },
  {
    title: 'client ids of 1 and of 23 letters and digits are accepted',
    shows: { 4: '3.1.3-5', 5: '3.1.3-5' },
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
    title: 'a client id that is too long is refused as one that is not valid, and the connection ends',
    shows: { 4: '3.1.3-9', 5: '3.1.3-8' },
    run: (context) => rejected(context, connect({ clientId: 'x'.repeat(4_000) }), { 4: [2], 5: [0x85] }),
  },
  {
    title: 'a wrong password is refused, and the connection ends',
    shows: { 4: '3.2.2-4 3.2.2-5 3.1.3-11', 5: '3.1.4-2 3.2.2-6 3.2.2-7 3.1.3-12 3.2.2-8 3.14.0-1 4.13.2-1' },
    run: (context) =>
      rejected(context, connect({ ...ALICE, password: 'wrong' }), NOT_KNOWN, context.broker.securedPort),
  },
  {
    title: 'no user name is refused where one is needed',
    shows: { 4: '3.2.2-5', 5: '3.1.4-2 3.2.2-7' },
    run: (context) => rejected(context, connect(), NOT_KNOWN, context.broker.securedPort),
  },
  {
    title: 'a user name and its password are accepted',
    shows: { 4: '3.1.2-19 3.1.2-21 3.1.4-4', 5: '3.1.2-17 3.1.2-19 3.1.4-5' },
    run: async (context) => {
      const peer = context.open(context.broker.securedPort);
      peer.send(connect(ALICE));
      await peer.expect('CONNACK present=0 code=0');
    },
  },
  {
    title: 'a user name without a password is accepted where none is needed',
    shows: { 4: '3.1.2-19', 5: '3.1.2-17' },
    run: async (context) => {
      const peer = await context.connected({ userName: 'u' });
      await peer.expectNothing();
    },
  },
  {
    title: 'the fields of the payload are read in their order',
    shows: { 4: '3.1.3-1', 5: '3.1.3-1' },
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
    title: 'nothing behind a rejected CONNECT is processed',
    shows: { 4: '3.1.4-5', 5: '3.1.4-6' },
    run: async (context) => {
      const topic = context.name('t');
      const watcher = await context.watching(topic);
      const peer = context.open();
      peer.send(connect({ clientId: 'a', level: 6 }), publish({ topic, qos: 1 }), PINGREQ);
      await peer.expectOneOf(...connacks([1, 0x84]));
      await peer.expectClosed();
      await watcher.expectNothing();
    },
  },
  {
    title: 'packets in one write with CONNECT are answered behind its CONNACK',
    shows: { 4: '3.1.4-4 3.2.0-1', 5: '3.1.4-5 3.2.0-1' },
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
    title: 'CONNECT, PUBLISH and DISCONNECT in one write get CONNACK and PUBACK',
    shows: { 4: '3.3.4-1', 5: '3.3.4-1' },
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
    title: 'the connection ends after DISCONNECT, also when the client leaves it open',
    shows: { 4: '3.14.4-1 3.14.4-2', 5: '3.14.4-2 3.14.4-1' },
    run: async (context) => {
      const peer = await context.connected();
      peer.send(DISCONNECT, PINGREQ);
      await peer.expectClosed();
    },
  },
  {
    title: 'a PUBLISH behind DISCONNECT is not processed',
    shows: { 4: '3.14.4-2 4.8.0-1', 5: '3.14.4-1 4.13.1-1' },
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
    title: 'the protocol name and level of MQTT 3.1 are accepted as that',
    shows: { 4: '3.1.2-1' },
    run: async (context) => {
      const peer = await context.connected({ protocol: 'MQIsdp', level: 3, clientId: context.name('id') });
      await peer.expectNothing();
    },
  },
  {
    title: 'PINGREQ is answered with PINGRESP',
    shows: { 4: '3.12.4-1', 5: '3.12.4-1' },
    run: async (context) => {
      const peer = await context.connected();
      peer.send(PINGREQ, PINGREQ, PINGREQ);
      await peer.expectEach('PINGRESP', 'PINGRESP', 'PINGRESP');
    },
  },
  {
    title: 'a client with the same client id ends the connection of the first',
    shows: { 4: '3.1.4-2 3.1.3-2', 5: '3.1.4-3 3.1.3-2' },
    run: async (context) => {
      const clientId = context.name('id');
      const first = await context.connected({ clientId });
      const second = await context.connected({ clientId });
      await first.expectClosed(0x8e);
      await second.expectNothing();
    },
  },
  {
    title: 'a packet may arrive byte by byte',
    shows: { 4: '7.1.1-1', 5: '4.2.0-1' },
    run: async (context) => {
      const peer = context.open();
      const cuts = Array.from({ length: 14 }, (_, n) => n + 1);
      peer.sendInParts(cuts, connect({ clientId: context.name('id') }));
      await peer.expect('CONNACK present=0 code=0');
    },
  },
];
