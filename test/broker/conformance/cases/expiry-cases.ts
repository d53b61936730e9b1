import { puback, pubcomp, publish, pubrec, pubrel, subscribe } from '../bytes-of-packets.js';
import { messageExpiry } from '../bytes-of-properties.js';
import { type CaseContext, type ConformanceCase, pass, propertyOf } from '../conformance-case.js';
import { Deviation } from '../scripted-peer.js';

/** A session whose client is away. */
async function absent(context: CaseContext, qos = 2) {
  const topic = context.name('t');
  const clientId = context.name('id');
  const peer = await context.connected({ clientId, isClean: false });
  peer.send(subscribe(1, [topic, qos]));
  await peer.expect(`SUBACK 1 [${qos}]`);
  peer.cut();
  const back = () => context.connected({ clientId, isClean: false }, true);
  return { topic, back };
}

async function publishExpiring(context: CaseContext, topic: string, qos = 1, isRetained = false) {
  const peer = await context.connected();
  const expiring = (id: number, payload: string, seconds?: number) =>
    publish({
      topic: `${topic}`,
      payload,
      qos,
      id,
      isRetained,
      properties: seconds === undefined ? [] : [messageExpiry(seconds)],
    });
  return { peer, expiring };
}

export const EXPIRY_CASES: readonly ConformanceCase[] = [
  {
    title:
      'a message that has expired is not delivered to a client that comes back, and others are, with what is left',
    shows: { 5: '3.3.2-5 3.3.2-6' },
    waits: true,
    run: async (context) => {
      const { topic, back } = await absent(context);
      const { peer, expiring } = await publishExpiring(context, topic);
      peer.send(expiring(1, 'short', 1), expiring(2, 'long', 3600), expiring(3, 'forever'));
      await peer.expectEach('PUBACK 1', 'PUBACK 2', 'PUBACK 3');
      await pass(2.2);
      const reader = await back();
      const long = await reader.expect(`PUBLISH q1 ${topic} = long`);
      const left = Number(propertyOf(long, 'messageExpiry'));
      if (!(left > 0 && left < 3600)) throw new Deviation(`expected fewer than 3600 s, but got ${left}`);
      await reader.expectWith(`PUBLISH q1 ${topic} = forever`);
      await reader.expectNothing();
    },
  },
  {
    title: 'a message that is delivered at once has its whole expiry interval',
    shows: { 5: '3.3.2-6' },
    run: async (context) => {
      const topic = context.name('t');
      const watcher = await context.watching(topic);
      const peer = await context.connected();
      peer.send(publish({ topic, qos: 1, properties: [messageExpiry(86_400)] }));
      const left = Number(propertyOf(await watcher.expect(`PUBLISH q1 ${topic} = x`), 'messageExpiry'));
      // A second may begin in between.
      context.equal(left > 86_300 && left <= 86_400, true, `${left} is near 86400`);
    },
  },
  {
    title: 'a retained message that has expired is not sent, and one that has not has what is left',
    shows: { 5: '3.3.2-5 3.3.2-6' },
    waits: true,
    run: async (context) => {
      const topic = context.name('t');
      const short = await publishExpiring(context, `${topic}/short`, 1, true);
      const long = await publishExpiring(context, `${topic}/long`, 1, true);
      short.peer.send(short.expiring(1, 'short', 1));
      long.peer.send(long.expiring(1, 'long', 3600));
      await short.peer.expect('PUBACK 1');
      await long.peer.expect('PUBACK 1');
      await pass(2.2);
      const reader = await context.connected();
      reader.send(subscribe(1, [`${topic}/+`, 0]));
      await reader.expect('SUBACK 1 [0]');
      const packet = await reader.expect(`PUBLISH q0 retain ${topic}/long = long`);
      context.equal(Number(propertyOf(packet, 'messageExpiry')) < 3600, true, 'less is left');
      await reader.expectNothing();
    },
  },
  {
    title: 'a message that was sent does not expire: it is sent again after a reconnect, at QoS 1 and 2',
    shows: { 5: '4.3.3-7 4.4.0-1' },
    waits: true,
    run: async (context) => {
      const { topic, back } = await absent(context);
      const reader = await back();
      const peer = await context.connected();
      const properties = [messageExpiry(1)];
      peer.send(publish({ topic, payload: 'one', qos: 1, properties }));
      await peer.expect('PUBACK 1');
      peer.send(publish({ topic, payload: 'two', qos: 2, id: 2, properties }));
      await peer.expect('PUBREC 2');
      peer.send(pubrel(2));
      await peer.expect('PUBCOMP 2');
      await reader.expectEach(`PUBLISH q1 ${topic} = one`, `PUBLISH q2 ${topic} = two`);
      await pass(2.2);
      reader.cut();
      const again = await back();
      const [one, two] = await again.expectEach(
        `PUBLISH q1 dup ${topic} = one`,
        `PUBLISH q2 dup ${topic} = two`,
      );
      again.send(puback(one?.id ?? 0), pubrec(two?.id ?? 0));
      await again.expect(`PUBREL ${two?.id}`);
      again.send(pubcomp(two?.id ?? 0));
      await again.expectNothing();
    },
  },
  {
    title: 'a QoS 2 handshake is completed after its message has expired',
    shows: { 5: '4.3.3-13' },
    waits: true,
    run: async (context) => {
      const peer = await context.connected();
      const expiring = publish({ topic: context.name('t'), qos: 2, properties: [messageExpiry(1)] });
      peer.send(expiring);
      await peer.expect('PUBREC 1');
      await pass(2.2);
      peer.send(expiring);
      await peer.expectOneOf('PUBREC 1', 'DISCONNECT 0x82');
      peer.send(pubrel(1));
      await peer.expect('PUBCOMP 1');
    },
  },
];
