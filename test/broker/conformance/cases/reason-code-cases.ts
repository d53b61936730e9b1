import {
  connect,
  NO_LOCAL,
  puback,
  publish,
  pubrec,
  pubrel,
  subscribe,
  unsubscribe,
} from '../bytes-of-packets.js';
import { maximumPacketSize, requestProblemInformation } from '../bytes-of-properties.js';
import { ALICE, type CaseContext, type ConformanceCase } from '../conformance-case.js';
import type { ReceivedPacket } from '../received-packets.js';
import type { ScriptedPeer } from '../scripted-peer.js';

/** A client that may use `own/#` alone. */
function asAlice(context: CaseContext, ...properties: readonly Buffer[]): Promise<ScriptedPeer> {
  return context.connected({ ...ALICE, properties }, false, context.broker.securedPort);
}

/** A topic that a broker may not take; MQTT leaves that open. */
const DEEP = `own/${'a/'.repeat(150)}`;

/** Asks for what it is denied, and publishes where a broker may not take it; returns the answers. */
async function denied(context: CaseContext, peer: ScriptedPeer): Promise<ReceivedPacket[]> {
  const topic = context.name('denied');
  peer.send(publish({ topic, qos: 1, id: 1 }));
  const answers = [await peer.expect('PUBACK 1 0x87')];
  peer.send(publish({ topic, qos: 2, id: 2 }));
  answers.push(await peer.expect('PUBREC 2 0x87'));
  peer.send(subscribe(3, [topic, 1]));
  answers.push(await peer.expectOneOf('SUBACK 3 [0x87]', 'SUBACK 3 [1]'));
  peer.send(publish({ topic: DEEP, qos: 1, id: 4 }));
  answers.push(await peer.expectOneOf('PUBACK 4 0x90', 'PUBACK 4'));
  peer.send(publish({ topic: DEEP, qos: 2, id: 5 }));
  answers.push(await peer.expectOneOf('PUBREC 5 0x90', 'PUBREC 5'));
  return answers;
}

export const REASON_CODE_CASES: readonly ConformanceCase[] = [
  {
    title: 'a PUBLISH that is not permitted gets 0x87, is not delivered, and its connection stays',
    shows: { 5: '3.4.2-1 3.5.2-1 3.3.4-1' },
    run: async (context) => {
      const topic = context.name('t');
      const watcher = await context.asBob();
      watcher.send(subscribe(1, [topic, 2], [`own/${topic}`, 2]));
      await watcher.expect('SUBACK 1 [2 2]');
      const peer = await asAlice(context);
      peer.send(publish({ topic }), publish({ topic, qos: 1, id: 2 }));
      await peer.expect('PUBACK 2 0x87');
      peer.send(publish({ topic, qos: 2, id: 3 }), publish({ topic: `own/${topic}`, qos: 1, id: 4 }));
      await peer.expectInAnyOrder('PUBREC 3 0x87', 'PUBACK 4');
      await watcher.expect(`PUBLISH q1 own/${topic} = x`);
      await watcher.expectNothing();
    },
  },
  {
    title: 'after a PUBREC that rejects a message, its packet id is a new message',
    shows: { 5: '4.3.3-9' },
    run: async (context) => {
      const topic = `own/${context.name('t')}`;
      const peer = await asAlice(context);
      peer.send(publish({ topic: context.name('t'), qos: 2, id: 7 }));
      await peer.expect('PUBREC 7 0x87');
      peer.send(publish({ topic, qos: 2, id: 7 }));
      await peer.expect('PUBREC 7');
      peer.send(pubrel(7));
      await peer.expect('PUBCOMP 7');
    },
  },
  {
    title:
      'UNSUBACK has a reason code for each topic filter in its order: 0x00, or 0x11 where there was no subscription',
    shows: { 5: '3.11.3-1 3.11.3-2 3.10.4-5 3.10.4-6' },
    run: async (context) => {
      const topic = context.name('t');
      const peer = await context.connected();
      peer.send(subscribe(1, [`${topic}/a`, 0], [`${topic}/b`, 0]));
      await peer.expect('SUBACK 1 [0 0]');
      peer.send(unsubscribe(2, `${topic}/a`, `${topic}/none`, `${topic}/b`, `${topic}/a`));
      const { codes } = await peer.expect('UNSUBACK 2');
      context.equal(codes.join(' '), '0 17 0 17', 'reason codes');
    },
  },
  {
    title: 'what a client has rejected is not sent again',
    shows: { 5: '4.4.0-2' },
    run: async (context) => {
      const topic = context.name('t');
      const clientId = context.name('id');
      const reader = await context.connected({ clientId, isClean: false });
      reader.send(subscribe(1, [topic, 2]));
      await reader.expect('SUBACK 1 [2]');
      const peer = await context.connected();
      peer.send(publish({ topic, payload: 'one', qos: 1, id: 1 }));
      await peer.expect('PUBACK 1');
      peer.send(publish({ topic, payload: 'two', qos: 2, id: 2 }));
      await peer.expect('PUBREC 2');
      peer.send(pubrel(2));
      await peer.expect('PUBCOMP 2');
      const [one, two] = await reader.expectEach(`PUBLISH q1 ${topic} = one`, `PUBLISH q2 ${topic} = two`);
      reader.send(puback(one?.id ?? 0, 0x83), pubrec(two?.id ?? 0, 0x97));
      await reader.expectNothing();
      reader.cut();
      const again = await context.connected({ clientId, isClean: false }, true);
      await again.expectNothing();
    },
  },
  {
    title:
      'a client that asks for no problem information gets no reason strings but in CONNACK and DISCONNECT',
    shows: { 5: '3.1.2-29' },
    run: async (context) => {
      const peer = await asAlice(context, requestProblemInformation(0));
      for (const { line, properties } of await denied(context, peer)) {
        context.equal(properties.join(), '', `properties of ${line}`);
      }
      peer.send(unsubscribe(6, 'own/none'));
      const { properties } = await peer.expect('UNSUBACK 6');
      context.equal(properties.join(), '', 'properties of UNSUBACK');
    },
  },
  {
    title: 'answers leave out what does not fit into the maximum packet size of the client',
    shows: { 5: '3.1.2-24 3.4.2-2 3.5.2-2 3.9.2-1 3.14.2-3' },
    run: async (context) => {
      const fields = { ...ALICE, clientId: context.name('id') };
      const first = context.open(context.broker.securedPort);
      first.send(connect(fields));
      const { bytes: most } = await first.expect('CONNACK present=0 code=0');
      // The least that a client may take and be accepted.
      const maximum = maximumPacketSize(most);
      const peer = context.open(context.broker.securedPort);
      peer.send(connect({ ...fields, properties: [maximum] }));
      await peer.expect('CONNACK present=0 code=0');
      for (const { line, bytes } of await denied(context, peer)) {
        context.equal(bytes <= most, true, `${line} in ${bytes} bytes fits into ${most}`);
      }
      peer.send(publish({ topic: 'own/#', qos: 1 }));
      const goodbye = await peer.expectClosed(0x81, 0x82, 0x90);
      context.equal((goodbye?.bytes ?? 0) <= most, true, `DISCONNECT fits into ${most}`);
    },
  },
  {
    title: 'DISCONNECT has no session expiry interval, and nothing follows it',
    shows: { 5: '3.14.2-2 3.14.4-1 3.14.4-2' },
    run: async (context) => {
      const clientId = context.name('id');
      const first = await context.connected({ clientId, isClean: false });
      first.send(subscribe(1, [context.name('t'), 1 | NO_LOCAL]));
      await first.expect('SUBACK 1 [1]');
      await context.connected({ clientId, isClean: false }, true);
      // A property that a server may not send would be malformed.
      await first.expectClosed(0x8e);
    },
  },
];
