import { publish, subscribe } from '../bytes-of-packets.js';
import type { CaseContext, ConformanceCase } from '../conformance-case.js';

async function retain(context: CaseContext, topic: string, payload: string, qos = 1): Promise<void> {
  const publisher = await context.connected();
  publisher.send(publish({ topic, payload, qos, isRetained: true }));
  if (qos === 1) await publisher.expect('PUBACK 1');
  else await publisher.expectNothing();
}

/** What a new subscription at QoS 2 is sent. */
async function expectRetained(context: CaseContext, filter: string, ...lines: readonly string[]) {
  const peer = await context.connected();
  peer.send(subscribe(1, [filter, 2]));
  await peer.expectInAnyOrder('SUBACK 1 [2]', ...lines);
  await peer.expectNothing();
  return peer;
}

export const RETAINED_CASES: readonly ConformanceCase[] = [
  {
    title:
      'a new subscription gets the last retained message of each topic that matches, with its QoS and RETAIN',
    shows: { 4: '3.3.1-5 3.3.1-6 3.3.1-8', 5: '3.3.1-5 3.3.1-9' },
    run: async (context) => {
      const topic = context.name('t');
      await retain(context, `${topic}/a`, 'old');
      await retain(context, `${topic}/a`, 'new');
      await retain(context, `${topic}/b`, 'zero', 0);
      await retain(context, `${topic}x`, 'another level');
      await expectRetained(
        context,
        `${topic}/+`,
        `PUBLISH q1 retain ${topic}/a = new`,
        `PUBLISH q0 retain ${topic}/b = zero`,
      );
    },
  },
  {
    title: 'a retained message is sent with the lower of its QoS and the granted QoS',
    shows: { 4: '3.3.1-5 3.8.4-6', 5: '3.3.1-5 3.8.4-8' },
    run: async (context) => {
      const topic = context.name('t');
      await retain(context, topic, 'one', 1);
      for (const qos of [0, 1, 2]) {
        const peer = await context.connected();
        peer.send(subscribe(1, [topic, qos]));
        await peer.expectInAnyOrder(
          `SUBACK 1 [${qos}]`,
          `PUBLISH q${Math.min(qos, 1)} retain ${topic} = one`,
        );
      }
    },
  },
  {
    title: 'a retained message of QoS 0 replaces the one before it',
    shows: { 4: '3.3.1-7', 5: '3.3.1-5' },
    run: async (context) => {
      const topic = context.name('t');
      await retain(context, topic, 'one', 1);
      await retain(context, topic, 'zero', 0);
      await expectRetained(context, topic, `PUBLISH q0 retain ${topic} = zero`);
    },
  },
  {
    title: 'an established subscription gets a retained message without RETAIN',
    shows: { 4: '3.3.1-9', 5: '3.3.1-12' },
    run: async (context) => {
      const topic = context.name('t');
      const watcher = await context.watching(topic);
      await retain(context, topic, 'x');
      await watcher.expect(`PUBLISH q1 ${topic} = x`);
    },
  },
  {
    title: 'an empty retained message is delivered, removes the one before it, and is not kept',
    shows: { 4: '3.3.1-10 3.3.1-11', 5: '3.3.1-6 3.3.1-7' },
    run: async (context) => {
      const topic = context.name('t');
      await retain(context, topic, 'x');
      const watcher = await expectRetained(context, topic, `PUBLISH q1 retain ${topic} = x`);
      await retain(context, topic, '');
      await watcher.expect(`PUBLISH q1 ${topic} = `);
      await expectRetained(context, topic);
    },
  },
  {
    title: 'a message without RETAIN is not kept, and leaves the retained one, also when it is empty',
    shows: { 4: '3.3.1-12', 5: '3.3.1-8' },
    run: async (context) => {
      const topic = context.name('t');
      const peer = await context.connected();
      peer.send(publish({ topic, qos: 1, id: 1 }));
      await peer.expect('PUBACK 1');
      await expectRetained(context, topic);
      await retain(context, topic, 'kept');
      peer.send(publish({ topic, payload: '', qos: 1, id: 2 }), publish({ topic, qos: 1, id: 3 }));
      await peer.expectEach('PUBACK 2', 'PUBACK 3');
      await expectRetained(context, topic, `PUBLISH q1 retain ${topic} = kept`);
    },
  },
  {
    title: 'the same subscription made again gets the retained message again',
    shows: { 4: '3.8.4-3 3.3.1-6', 5: '3.8.4-3 3.3.1-9 3.8.4-4' },
    run: async (context) => {
      const topic = context.name('t');
      await retain(context, topic, 'x');
      const peer = await expectRetained(context, topic, `PUBLISH q1 retain ${topic} = x`);
      peer.send(subscribe(2, [topic, 0]));
      await peer.expectInAnyOrder('SUBACK 2 [0]', `PUBLISH q0 retain ${topic} = x`);
    },
  },
  {
    title: 'a subscription that begins with a wildcard gets no retained message of a topic with $',
    shows: { 4: '4.7.2-1', 5: '4.7.2-1' },
    run: async (context) => {
      const name = context.name('t');
      const topic = `$own/${name}`;
      const peer = await context.asBob();
      peer.send(publish({ topic, qos: 1, isRetained: true }));
      await peer.expect('PUBACK 1');
      peer.send(subscribe(2, [`+/${name}`, 2]));
      await peer.expect('SUBACK 2 [2]');
      await peer.expectNothing();
      peer.send(subscribe(3, [`${topic}/#`, 2]));
      await peer.expectInAnyOrder('SUBACK 3 [2]', `PUBLISH q1 retain ${topic} = x`);
    },
  },
];
