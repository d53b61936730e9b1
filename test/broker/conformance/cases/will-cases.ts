import { connect, DISCONNECT, publish, subscribe } from '../bytes-of-packets.js';
import type { CaseContext, ConformanceCase } from '../conformance-case.js';

/** A client with a will, and one that waits for it. */
async function withWill(context: CaseContext, qos = 0, isRetained = false) {
  const topic = context.name('will');
  const clientId = context.name('id');
  const watcher = await context.watching(topic);
  const peer = await context.connected({ clientId, will: { topic, payload: 'gone', qos, isRetained } });
  return { topic, clientId, watcher, peer };
}

export const WILL_CASES: readonly ConformanceCase[] = [
  ...[0, 1, 2].map((qos) => ({
    title: `[MQTT-3.1.2-8] [MQTT-3.1.2-9] [MQTT-3.1.2-14] [MQTT-3.1.2-16] a will of QoS ${qos} is published when the connection is cut, and is not retained`,
    run: async (context: CaseContext) => {
      const { topic, watcher, peer } = await withWill(context, qos);
      peer.cut();
      await watcher.expect(`PUBLISH q${qos} ${topic} = gone`);
      const later = await context.watching(topic);
      await later.expectNothing();
    },
  })),
  {
    title: '[MQTT-3.1.2-9] [MQTT-3.1.2-17] a retained will is there for a later subscription',
    run: async (context) => {
      const { topic, watcher, peer } = await withWill(context, 1, true);
      peer.cut();
      await watcher.expect(`PUBLISH q1 ${topic} = gone`);
      const later = await context.connected();
      later.send(subscribe(1, [topic, 2]));
      await later.expectInAnyOrder('SUBACK 1 [2]', `PUBLISH q1 retain ${topic} = gone`);
    },
  },
  {
    title: '[MQTT-3.1.2-8] [MQTT-4.8.0-1] a will is published when a malformed packet ends the connection',
    run: async (context) => {
      const { topic, watcher, peer } = await withWill(context);
      await peer.expectFatal(publish({ topic: 'a', qos: 3 }));
      await watcher.expect(`PUBLISH q0 ${topic} = gone`);
    },
  },
  {
    title: '[MQTT-3.1.2-8] [MQTT-3.1.4-2] a will is published when another connection takes the client id',
    run: async (context) => {
      const { topic, clientId, watcher, peer } = await withWill(context);
      await context.connected({ clientId });
      await peer.expectClosed();
      await watcher.expect(`PUBLISH q0 ${topic} = gone`);
    },
  },
  {
    title: '[MQTT-3.1.2-10] [MQTT-3.14.4-3] a DISCONNECT removes the will',
    run: async (context) => {
      const { watcher, peer } = await withWill(context);
      peer.send(DISCONNECT);
      await peer.expectClosed();
      await watcher.expectNothing();
    },
  },
  {
    title: '[MQTT-3.1.2-10] a will is published once, also when its client comes again without one',
    run: async (context) => {
      const { topic, clientId, watcher, peer } = await withWill(context);
      peer.cut();
      await watcher.expect(`PUBLISH q0 ${topic} = gone`);
      const again = await context.connected({ clientId });
      again.cut();
      const third = await context.connected({ clientId });
      await third.expectNothing();
      await watcher.expectNothing();
    },
  },
  {
    title: '[MQTT-3.1.2-9] a will message may be empty',
    run: async (context) => {
      const topic = context.name('will');
      const watcher = await context.watching(topic);
      const peer = await context.connected({ will: { topic, payload: '', qos: 1 } });
      peer.cut();
      await watcher.expect(`PUBLISH q1 ${topic} = `);
    },
  },
  {
    title: '[MQTT-3.1.2-5] [MQTT-4.5.0-1] a will joins the session of an absent client',
    run: async (context) => {
      const topic = context.name('will');
      const clientId = context.name('reader');
      const reader = await context.connected({ clientId, isClean: false });
      reader.send(subscribe(1, [topic, 1]), DISCONNECT);
      await reader.expect('SUBACK 1 [1]');
      await reader.expectClosed();
      const watcher = await context.watching(topic);
      const peer = await context.connected({ will: { topic, payload: 'gone', qos: 1 } });
      peer.cut();
      await watcher.expect(`PUBLISH q1 ${topic} = gone`);
      const again = await context.connected({ clientId, isClean: false }, true);
      await again.expect(`PUBLISH q1 ${topic} = gone`);
    },
  },
  {
    title: '[MQTT-3.1.2-12] nothing is published for a client without a will',
    run: async (context) => {
      const watcher = await context.watching(`${context.name('t')}/#`);
      const clientId = context.name('id');
      const peer = await context.connected({ clientId });
      peer.cut();
      await context.connected({ clientId });
      await watcher.expectNothing();
    },
  },
  {
    title: '[MQTT-3.1.2-8] the will of a rejected CONNECT is not published',
    run: async (context) => {
      const topic = context.name('will');
      const watcher = await context.watching(topic);
      const peer = context.open();
      peer.send(connect({ clientId: 'a', level: 6, will: { topic } }));
      await peer.expect('CONNACK present=0 code=1');
      await peer.expectClosed();
      await watcher.expectNothing();
    },
  },
];
