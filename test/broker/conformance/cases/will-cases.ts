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
    title: `a will of QoS ${qos} is published when the connection is cut, and is not retained`,
    shows: { 4: '3.1.2-8 3.1.2-9 3.1.2-14 3.1.2-16', 5: '3.1.2-8 3.1.2-9 3.1.2-12 3.1.2-14 3.1.2-7' },
    run: async (context: CaseContext) => {
      const { topic, watcher, peer } = await withWill(context, qos);
      peer.cut();
      await watcher.expect(`PUBLISH q${qos} ${topic} = gone`);
      const later = await context.watching(topic);
      await later.expectNothing();
    },
  })),
  {
    title: 'a retained will is there for a later subscription',
    shows: { 4: '3.1.2-9 3.1.2-17', 5: '3.1.2-9 3.1.2-15' },
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
    title: 'a will is published when a malformed packet ends the connection',
    shows: { 4: '3.1.2-8 4.8.0-1', 5: '3.1.2-8 4.13.1-1' },
    run: async (context) => {
      const { topic, watcher, peer } = await withWill(context);
      await peer.expectFatal(publish({ topic: 'a', qos: 3 }));
      await watcher.expect(`PUBLISH q0 ${topic} = gone`);
    },
  },
  {
    title: 'a will is published when another connection takes the client id',
    shows: { 4: '3.1.2-8 3.1.4-2', 5: '3.1.2-8 3.1.4-3' },
    run: async (context) => {
      const { topic, clientId, watcher, peer } = await withWill(context);
      await context.connected({ clientId });
      await peer.expectClosed(0x8e);
      await watcher.expect(`PUBLISH q0 ${topic} = gone`);
    },
  },
  {
    title: 'a DISCONNECT removes the will',
    shows: { 4: '3.1.2-10 3.14.4-3', 5: '3.1.2-10 3.14.4-3' },
    run: async (context) => {
      const { watcher, peer } = await withWill(context);
      peer.send(DISCONNECT);
      await peer.expectClosed();
      await watcher.expectNothing();
    },
  },
  {
    title: 'a will is published once, also when its client comes again without one',
    shows: { 4: '3.1.2-10', 5: '3.1.2-10' },
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
    title: 'a will message may be empty',
    shows: { 4: '3.1.2-9', 5: '3.1.2-9' },
    run: async (context) => {
      const topic = context.name('will');
      const watcher = await context.watching(topic);
      const peer = await context.connected({ will: { topic, payload: '', qos: 1 } });
      peer.cut();
      await watcher.expect(`PUBLISH q1 ${topic} = `);
    },
  },
  {
    title: 'a will joins the session of an absent client',
    shows: { 4: '3.1.2-5 4.5.0-1', 5: '3.1.2-23 4.5.0-1' },
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
    title: 'nothing is published for a client without a will',
    shows: { 4: '3.1.2-12', 5: '3.1.2-8' },
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
    title: 'the will of a rejected CONNECT is not published',
    shows: { 4: '3.1.2-8', 5: '3.1.2-8' },
    run: async (context) => {
      const topic = context.name('will');
      const watcher = await context.watching(topic);
      const peer = context.open();
      peer.send(connect({ clientId: 'a', level: 6, will: { topic } }));
      await peer.expectOneOf('CONNACK present=0 code=1', 'CONNACK present=0 code=0x84');
      await peer.expectClosed();
      await watcher.expectNothing();
    },
  },
];
