import {
  NO_LOCAL,
  publish,
  RETAIN_AS_PUBLISHED,
  RETAIN_IF_NEW,
  RETAIN_NEVER,
  subscribe,
  subscribeWith,
  unsubscribe,
} from '../bytes-of-packets.js';
import { subscriptionIdentifier } from '../bytes-of-properties.js';
import { type CaseContext, type ConformanceCase, propertyOf } from '../conformance-case.js';

/** A client, and a topic that has a retained message. */
async function withRetained(context: CaseContext) {
  const topic = context.name('t');
  const peer = await context.connected();
  peer.send(publish({ topic, payload: 'kept', qos: 1, isRetained: true }));
  await peer.expect('PUBACK 1');
  return { topic, peer };
}

export const SUBSCRIPTION_OPTION_CASES: readonly ConformanceCase[] = [
  {
    title: 'with no local a client does not get what it has published, and gets what others have',
    shows: { 5: '3.8.3-3' },
    run: async (context) => {
      const topic = context.name('t');
      const peer = await context.connected();
      const other = await context.connected();
      peer.send(subscribe(1, [topic, 1 | NO_LOCAL]));
      await peer.expect('SUBACK 1 [1]');
      for (const qos of [0, 1]) peer.send(publish({ topic, payload: 'own', qos }));
      await peer.expect('PUBACK 1');
      await peer.expectNothing();
      other.send(publish({ topic, qos: 1 }));
      await peer.expect(`PUBLISH q1 ${topic} = x`);
    },
  },
  {
    title:
      'no local is of one subscription: another one that matches delivers, and the same one made again without',
    shows: { 5: '3.8.3-3 3.8.4-3' },
    run: async (context) => {
      const topic = context.name('t');
      const peer = await context.connected();
      peer.send(subscribe(1, [`${topic}/a`, NO_LOCAL], [`${topic}/b`, 0]));
      await peer.expect('SUBACK 1 [0 0]');
      peer.send(publish({ topic: `${topic}/a` }), publish({ topic: `${topic}/b` }));
      await peer.expect(`PUBLISH q0 ${topic}/b = x`);
      peer.send(subscribe(2, [`${topic}/a`, 0]), publish({ topic: `${topic}/a`, payload: 'again' }));
      await peer.expectEach('SUBACK 2 [0]', `PUBLISH q0 ${topic}/a = again`);
    },
  },
  {
    title: 'retain as published keeps RETAIN as it was, and without it RETAIN is cleared',
    shows: { 5: '3.3.1-12 3.3.1-13' },
    run: async (context) => {
      const topic = context.name('t');
      const keeping = await context.connected();
      keeping.send(subscribe(1, [topic, 1 | RETAIN_AS_PUBLISHED]));
      await keeping.expect('SUBACK 1 [1]');
      const clearing = await context.watching(topic);
      const peer = await context.connected();
      peer.send(
        publish({ topic, qos: 1, isRetained: true }),
        publish({ topic, payload: 'not', qos: 1, id: 2 }),
      );
      await keeping.expectEach(`PUBLISH q1 retain ${topic} = x`, `PUBLISH q1 ${topic} = not`);
      await clearing.expectEach(`PUBLISH q1 ${topic} = x`, `PUBLISH q1 ${topic} = not`);
    },
  },
  {
    title: 'retain handling 0 sends the retained message at each SUBSCRIBE',
    shows: { 5: '3.3.1-9 3.8.4-4' },
    run: async (context) => {
      const { topic, peer } = await withRetained(context);
      for (const id of [1, 2]) {
        peer.send(subscribe(id, [topic, 0]));
        await peer.expectInAnyOrder(`SUBACK ${id} [0]`, `PUBLISH q0 retain ${topic} = kept`);
      }
    },
  },
  {
    title:
      'retain handling 1 sends the retained message to a new subscription, and not to the same one made again',
    shows: { 5: '3.3.1-10' },
    run: async (context) => {
      const { topic, peer } = await withRetained(context);
      peer.send(subscribe(1, [topic, RETAIN_IF_NEW]));
      await peer.expectInAnyOrder('SUBACK 1 [0]', `PUBLISH q0 retain ${topic} = kept`);
      peer.send(subscribe(2, [topic, 1 | RETAIN_IF_NEW]));
      await peer.expect('SUBACK 2 [1]');
      await peer.expectNothing();
      peer.send(unsubscribe(3, topic), subscribe(4, [topic, RETAIN_IF_NEW]));
      await peer.expect('UNSUBACK 3');
      await peer.expectInAnyOrder('SUBACK 4 [0]', `PUBLISH q0 retain ${topic} = kept`);
    },
  },
  {
    title: 'retain handling 1 sends no retained message to a subscription that a session kept',
    shows: { 5: '3.3.1-10' },
    run: async (context) => {
      const { topic } = await withRetained(context);
      const clientId = context.name('id');
      const first = await context.connected({ clientId, isClean: false });
      first.send(subscribe(1, [topic, RETAIN_NEVER]));
      await first.expect('SUBACK 1 [0]');
      first.cut();
      const second = await context.connected({ clientId, isClean: false }, true);
      second.send(subscribe(1, [topic, RETAIN_IF_NEW]));
      await second.expect('SUBACK 1 [0]');
      await second.expectNothing();
    },
  },
  {
    title: 'retain handling 2 sends no retained message',
    shows: { 5: '3.3.1-11' },
    run: async (context) => {
      const { topic, peer } = await withRetained(context);
      peer.send(subscribe(1, [topic, RETAIN_NEVER]));
      await peer.expect('SUBACK 1 [0]');
      await peer.expectNothing();
      peer.send(publish({ topic }));
      await peer.expect(`PUBLISH q0 ${topic} = x`);
    },
  },
  {
    title: 'a message has the identifier of its subscription, also a retained one, and none without',
    shows: { 5: '3.3.4-3' },
    run: async (context) => {
      const { topic, peer } = await withRetained(context);
      const identifier = 268_435_455;
      peer.send(subscribeWith([subscriptionIdentifier(identifier)], 1, [topic, 1]));
      await peer.expect('SUBACK 1 [1]');
      await peer.expectWith(`PUBLISH q1 retain ${topic} = kept`, `subscriptionIdentifier=${identifier}`);
      peer.send(publish({ topic }));
      await peer.expectWith(`PUBLISH q0 ${topic} = x`, `subscriptionIdentifier=${identifier}`);
      peer.send(subscribe(2, [topic, RETAIN_NEVER]), publish({ topic }));
      await peer.expect('SUBACK 2 [0]');
      await peer.expectWith(`PUBLISH q0 ${topic} = x`);
    },
  },
  {
    title: 'a message has the identifiers of all subscriptions that match',
    shows: { 5: '3.3.4-3 3.3.4-4' },
    run: async (context) => {
      const topic = context.name('t');
      const peer = await context.connected();
      peer.send(
        subscribeWith([subscriptionIdentifier(7)], 1, [`${topic}/#`, 1]),
        subscribeWith([subscriptionIdentifier(300)], 2, [`${topic}/+`, 0], [`${topic}/b`, 0]),
        subscribe(3, [`+/${topic}`, 0], [`${topic}/a`, 0]),
      );
      await peer.expectEach('SUBACK 1 [1]', 'SUBACK 2 [0 0]', 'SUBACK 3 [0 0]');
      peer.send(publish({ topic: `${topic}/a`, qos: 1 }));
      const [packet] = await peer.expectInAnyOrder(`PUBLISH q1 ${topic}/a = x`, 'PUBACK 1');
      const identifiers = packet?.properties.toSorted().join();
      context.equal(identifiers, 'subscriptionIdentifier=300,subscriptionIdentifier=7', 'identifiers');
    },
  },
  {
    title: 'a session keeps the options and identifiers of its subscriptions',
    shows: { 5: '3.1.2-5 3.3.4-3 3.3.1-13 3.8.3-3' },
    run: async (context) => {
      const topic = context.name('t');
      const clientId = context.name('id');
      const first = await context.connected({ clientId, isClean: false });
      const options = 1 | NO_LOCAL | RETAIN_AS_PUBLISHED;
      first.send(subscribeWith([subscriptionIdentifier(17)], 1, [topic, options]));
      await first.expect('SUBACK 1 [1]');
      first.cut();
      const peer = await context.connected();
      peer.send(publish({ topic, payload: 'waits', qos: 1, isRetained: true }));
      await peer.expect('PUBACK 1');
      const second = await context.connected({ clientId, isClean: false }, true);
      await second.expectWith(`PUBLISH q1 retain ${topic} = waits`, 'subscriptionIdentifier=17');
      second.send(publish({ topic, payload: 'own' }));
      await second.expectNothing();
      peer.send(publish({ topic, isRetained: true }));
      await second.expectWith(`PUBLISH q0 retain ${topic} = x`, 'subscriptionIdentifier=17');
    },
  },
  {
    title: 'a client gets its own message through the subscriptions without no local alone',
    shows: { 5: '3.8.3-3 3.3.4-3' },
    run: async (context) => {
      const topic = context.name('t');
      const peer = await context.connected();
      peer.send(
        subscribeWith([subscriptionIdentifier(1)], 1, [`${topic}/#`, 2 | NO_LOCAL]),
        subscribeWith([subscriptionIdentifier(2)], 2, [`${topic}/a`, 0]),
      );
      await peer.expectEach('SUBACK 1 [2]', 'SUBACK 2 [0]');
      peer.send(publish({ topic: `${topic}/a`, qos: 1 }));
      const [packet] = await peer.expectInAnyOrder(`PUBLISH q0 ${topic}/a = x`, 'PUBACK 1');
      context.equal(packet?.properties.join(), 'subscriptionIdentifier=2', 'identifiers');
      await peer.expectNothing();
    },
  },
  {
    title: 'a shared subscription is granted, or refused with 0x9E where CONNACK says that there are none',
    shows: { 5: '4.8.2-1 4.8.2-2 3.8.4-7' },
    run: async (context) => {
      const peer = context.open();
      const isAvailable = propertyOf(await context.accepted(peer), 'sharedAvailable') !== '0';
      peer.send(subscribe(1, [`$share/group/${context.name('t')}`, 1], [context.name('u'), 1]));
      await peer.expect(`SUBACK 1 [${isAvailable ? 1 : '0x9e'} 1]`);
    },
  },
  ...['$share/', '$share//t', '$share/group', '$share/+/t', '$share/g#/t'].map((filter) => ({
    title: `the shared subscription ${filter} is not granted`,
    shows: { 5: '4.8.2-1 4.8.2-2' },
    run: async (context: CaseContext) => {
      const peer = await context.connected();
      peer.send(subscribe(1, [filter, 1]));
      const { line } = await peer.expectOneOf(
        'SUBACK 1 [0x8f]',
        'SUBACK 1 [0x9e]',
        'DISCONNECT 0x81',
        'DISCONNECT 0x82',
        'DISCONNECT 0x8f',
      );
      if (line.startsWith('DISCONNECT')) await peer.expectClosed();
    },
  })),
  {
    title: 'no local on a shared subscription ends the connection with its reason',
    shows: { 5: '3.8.3-4' },
    run: async (context) => {
      const peer = await context.connected();
      await peer.expectFatal(subscribe(1, [`$share/group/${context.name('t')}`, 1 | NO_LOCAL]), 0x82);
    },
  },
];
