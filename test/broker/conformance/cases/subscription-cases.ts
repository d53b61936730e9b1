import { connect, DISCONNECT, puback, publish, pubrel, subscribe, unsubscribe } from '../bytes-of-packets.js';
import { ALICE, type ConformanceCase } from '../conformance-case.js';

export const SUBSCRIPTION_CASES: readonly ConformanceCase[] = [
  {
    title: 'one SUBACK has the packet id, and a return code for each topic filter in its order',
    shows: {
      4: '3.8.4-1 3.8.4-2 3.8.4-4 3.8.4-5 3.9.3-1 3.9.3-2 2.3.1-7',
      5: '3.8.4-1 3.8.4-2 3.8.4-5 3.8.4-6 3.8.4-7 3.9.3-1 3.9.3-2 2.2.1-6',
    },
    run: async (context) => {
      const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => context.name(name));
      const peer = await context.connected();
      peer.send(subscribe(65_535, [`${a}`, 2], [`${b}`, 0], [`${c}`, 1], [`${d}/#`, 2]));
      await peer.expect('SUBACK 65535 [2 0 1 2]');
      peer.send(publish({ topic: `${d}/e` }), publish({ topic: `${b}` }));
      await peer.expectEach(`PUBLISH q0 ${d}/e = x`, `PUBLISH q0 ${b} = x`);
    },
  },
  {
    title: 'a topic filter that is not permitted is denied in its position, and the others are granted',
    shows: { 4: '3.8.4-5 3.9.3-1', 5: '3.8.4-6 3.8.4-7 3.9.3-1' },
    run: async (context) => {
      const peer = context.open(context.broker.securedPort);
      const topic = context.name('t');
      peer.send(
        connect(ALICE),
        subscribe(1, [`own/${topic}`, 1], [`other/${topic}`, 1], [`own/${topic}/b`, 2]),
      );
      await peer.expectEach(
        'CONNACK present=0 code=0',
        `SUBACK 1 [1 ${context.level === 4 ? '0x80' : '0x87'} 2]`,
      );
    },
  },
  {
    title: 'a subscription with the same topic filter replaces the one before it',
    shows: { 4: '3.8.4-3', 5: '3.8.4-3' },
    run: async (context) => {
      const topic = context.name('t');
      const peer = await context.connected();
      peer.send(subscribe(1, [topic, 2]), subscribe(2, [topic, 0]));
      await peer.expectEach('SUBACK 1 [2]', 'SUBACK 2 [0]');
      const publisher = await context.connected();
      publisher.send(publish({ topic, qos: 1, id: 1 }));
      await publisher.expect('PUBACK 1');
      await peer.expect(`PUBLISH q0 ${topic} = x`);
      await peer.expectNothing();
    },
  },
  {
    title: 'the same topic filter twice in one SUBSCRIBE leaves the second',
    shows: { 4: '3.8.4-4', 5: '3.8.4-5' },
    run: async (context) => {
      const topic = context.name('t');
      const peer = await context.connected();
      peer.send(subscribe(1, [topic, 0], [topic, 1]));
      await peer.expect('SUBACK 1 [0 1]');
      const publisher = await context.connected();
      publisher.send(publish({ topic, qos: 1, id: 1 }));
      await peer.expect(`PUBLISH q1 ${topic} = x`);
      await peer.expectNothing();
    },
  },
  {
    title: 'a message is delivered with the lower of its QoS and the granted QoS',
    shows: { 4: '3.8.4-6', 5: '3.8.4-8' },
    run: async (context) => {
      const topic = context.name('t');
      const peer = await context.connected();
      peer.send(subscribe(1, [`${topic}/0`, 0], [`${topic}/1`, 1], [`${topic}/2`, 2]));
      await peer.expect('SUBACK 1 [0 1 2]');
      const publisher = await context.connected();
      for (const qos of [0, 1, 2]) {
        for (const granted of [0, 1, 2]) {
          publisher.send(publish({ topic: `${topic}/${granted}`, payload: `${qos}`, qos }));
          if (qos === 2) {
            await publisher.expect('PUBREC 1');
            publisher.send(pubrel(1));
            await publisher.expect('PUBCOMP 1');
          } else if (qos === 1) await publisher.expect('PUBACK 1');
          await peer.expect(`PUBLISH q${Math.min(qos, granted)} ${topic}/${granted} = ${qos}`);
        }
      }
    },
  },
  {
    title: 'overlapping subscriptions deliver with the highest QoS of those that match, once',
    shows: { 4: '3.3.5-1', 5: '3.3.4-2' },
    run: async (context) => {
      const topic = context.name('t');
      const peer = await context.connected();
      peer.send(subscribe(1, [`${topic}/#`, 1], [`${topic}/+`, 2], [`${topic}/a`, 0]));
      await peer.expect('SUBACK 1 [1 2 0]');
      const publisher = await context.connected();
      publisher.send(publish({ topic: `${topic}/a`, qos: 2 }));
      await publisher.expect('PUBREC 1');
      publisher.send(pubrel(1));
      await publisher.expect('PUBCOMP 1');
      await peer.expect(`PUBLISH q2 ${topic}/a = x`);
      await peer.expectNothing();
    },
  },
  {
    title:
      'SUBSCRIBE, UNSUBSCRIBE and DISCONNECT in one write get their answers, with a clean session and without',
    shows: { 4: '3.8.4-1 3.10.4-4', 5: '3.8.4-1 3.10.4-4' },
    run: async (context) => {
      for (const isClean of [true, false]) {
        const topic = context.name('t');
        const peer = await context.connected({ clientId: context.name(`${isClean}`), isClean });
        peer.send(subscribe(1, [topic, 1]), unsubscribe(2, topic), DISCONNECT);
        await peer.expectEach('SUBACK 1 [1]', 'UNSUBACK 2');
        await peer.expectClosed();
      }
    },
  },
  {
    title:
      'UNSUBSCRIBE of several topic filters gets one UNSUBACK with its packet id, and each subscription ends',
    shows: { 4: '3.10.4-4 3.10.4-6 2.3.1-7', 5: '3.10.4-4 3.10.4-6 2.2.1-6' },
    run: async (context) => {
      const [a, b, c] = ['a', 'b', 'c'].map((name) => context.name(name));
      const peer = await context.connected();
      peer.send(subscribe(1, [`${a}`, 0], [`${b}/+`, 0], [`${c}`, 0]), unsubscribe(256, `${a}`, `${b}/+`));
      await peer.expectEach('SUBACK 1 [0 0 0]', 'UNSUBACK 256');
      peer.send(publish({ topic: `${a}` }), publish({ topic: `${b}/x` }), publish({ topic: `${c}` }));
      await peer.expect(`PUBLISH q0 ${c} = x`);
      await peer.expectNothing();
    },
  },
  {
    title: 'UNSUBSCRIBE of what was not subscribed gets an UNSUBACK',
    shows: { 4: '3.10.4-5', 5: '3.10.4-5' },
    run: async (context) => {
      const peer = await context.connected();
      peer.send(unsubscribe(9, context.name('t')));
      await peer.expect('UNSUBACK 9');
    },
  },
  {
    title: 'UNSUBSCRIBE compares topic filters character by character, wildcards too',
    shows: { 4: '3.10.4-1', 5: '3.10.4-1' },
    run: async (context) => {
      const topic = context.name('t');
      const peer = await context.connected();
      peer.send(
        subscribe(1, [`${topic}/a`, 0]),
        unsubscribe(2, `${topic}/+`, `${topic}/#`, `${topic}/A`, `${topic}/a/`),
      );
      await peer.expectEach('SUBACK 1 [0]', 'UNSUBACK 2');
      peer.send(publish({ topic: `${topic}/a` }));
      await peer.expect(`PUBLISH q0 ${topic}/a = x`);
    },
  },
  {
    title: 'after UNSUBSCRIBE nothing new is delivered, and what was sent can be completed',
    shows: { 4: '3.10.4-2 3.10.4-3', 5: '3.10.4-2 3.10.4-3' },
    run: async (context) => {
      const topic = context.name('t');
      const clientId = context.name('id');
      const peer = await context.connected({ clientId, isClean: false });
      peer.send(subscribe(1, [topic, 1]));
      await peer.expect('SUBACK 1 [1]');
      const publisher = await context.connected();
      publisher.send(publish({ topic, payload: 'started', qos: 1, id: 1 }));
      await publisher.expect('PUBACK 1');
      const { id } = await peer.expect(`PUBLISH q1 ${topic} = started`);
      peer.send(unsubscribe(2, topic));
      await peer.expect('UNSUBACK 2');
      publisher.send(publish({ topic, payload: 'late', qos: 1, id: 2 }));
      await publisher.expect('PUBACK 2');
      await peer.expectNothing();
      peer.cut();
      const again = await context.connected({ clientId, isClean: false }, true);
      const repeated = await again.expect(`PUBLISH q1 dup ${topic} = started`);
      context.equal(repeated.id, id, 'packet id');
      again.send(puback(id));
      await again.expectNothing();
    },
  },
];
