import {
  DISCONNECT,
  puback,
  pubcomp,
  publish,
  pubrec,
  pubrel,
  subscribe,
  unsubscribe,
} from '../bytes-of-packets.js';
import type { CaseContext, ConformanceCase } from '../conformance-case.js';
import type { ScriptedPeer } from '../scripted-peer.js';

/** A session with a subscription at QoS 2, whose client has disconnected. */
async function absentSession(context: CaseContext) {
  const topic = context.name('t');
  const clientId = context.name('id');
  const peer = await context.connected({ clientId, isClean: false });
  peer.send(subscribe(1, [topic, 2]));
  await peer.expect('SUBACK 1 [2]');
  await leave(peer);
  const back = () => context.connected({ clientId, isClean: false }, true);
  return { topic, clientId, back };
}

async function leave(peer: ScriptedPeer): Promise<void> {
  peer.send(DISCONNECT);
  await peer.expectClosed();
}

/** Publishes with QoS 1, and returns when all is acknowledged. */
async function publishAll(
  context: CaseContext,
  topic: string,
  ...payloads: readonly string[]
): Promise<void> {
  const publisher = await context.connected();
  publisher.send(...payloads.map((payload, n) => publish({ topic, payload, qos: 1, id: n + 1 })));
  await publisher.expectEach(...payloads.map((_, n) => `PUBACK ${n + 1}`));
}

export const SESSION_CASES: readonly ConformanceCase[] = [
  {
    title: 'a first session is not present, with and without a clean session',
    shows: { 4: '3.2.2-1 3.2.2-3', 5: '3.2.2-2 3.2.2-3 3.1.2-6 3.2.2-1' },
    run: async (context) => {
      await context.connected({ clientId: context.name('one'), isClean: true });
      await context.connected({ clientId: context.name('two'), isClean: false });
    },
  },
  {
    title: 'a session that is continued is present, keeps its subscriptions, and gets what came in between',
    shows: { 4: '3.1.2-4 3.1.2-5 3.2.2-2 3.1.3-2 4.5.0-1', 5: '3.1.2-5 3.1.2-23 3.2.2-3 3.1.3-2 4.5.0-1' },
    run: async (context) => {
      const { topic, back } = await absentSession(context);
      await publishAll(context, topic, 'one', 'two');
      const peer = await back();
      await peer.expectEach(`PUBLISH q1 ${topic} = one`, `PUBLISH q1 ${topic} = two`);
      await publishAll(context, topic, 'three');
      await peer.expect(`PUBLISH q1 ${topic} = three`);
    },
  },
  {
    title: 'a session survives a connection that is cut',
    shows: { 4: '4.1.0-1 4.1.0-2 3.1.2-5', 5: '4.1.0-1 3.1.2-23' },
    run: async (context) => {
      const topic = context.name('t');
      const clientId = context.name('id');
      const first = await context.connected({ clientId, isClean: false });
      first.send(subscribe(1, [topic, 1]));
      await first.expect('SUBACK 1 [1]');
      first.cut();
      const second = await context.connected({ clientId, isClean: false }, true);
      await publishAll(context, topic, 'x');
      await second.expect(`PUBLISH q1 ${topic} = x`);
    },
  },
  {
    title: 'a session survives being taken over by another connection',
    shows: { 4: '3.1.2-4 3.1.4-2', 5: '3.1.2-5 3.1.4-3' },
    run: async (context) => {
      const topic = context.name('t');
      const clientId = context.name('id');
      const first = await context.connected({ clientId, isClean: false });
      first.send(subscribe(1, [topic, 1]));
      await first.expect('SUBACK 1 [1]');
      const second = await context.connected({ clientId, isClean: false }, true);
      await first.expectClosed(0x8e);
      await publishAll(context, topic, 'x');
      await second.expect(`PUBLISH q1 ${topic} = x`);
    },
  },
  {
    title: 'a clean session discards the session before it, and leaves none behind',
    shows: { 4: '3.1.2-6 3.1.4-3 3.2.2-1', 5: '3.1.2-4 3.1.4-4 3.2.2-2' },
    run: async (context) => {
      const { topic, clientId } = await absentSession(context);
      await publishAll(context, topic, 'lost');
      const clean = await context.connected({ clientId, isClean: true }, false);
      await clean.expectNothing();
      await publishAll(context, topic, 'not subscribed');
      await clean.expectNothing();
      clean.send(subscribe(1, [topic, 1]));
      await clean.expect('SUBACK 1 [1]');
      await leave(clean);
      const later = await context.connected({ clientId, isClean: false }, false);
      await publishAll(context, topic, 'not subscribed either');
      await later.expectNothing();
    },
  },
  {
    title: 'a clean session forgets the open QoS 2 messages of the one before it',
    shows: { 4: '3.1.2-6', 5: '3.1.2-4' },
    run: async (context) => {
      const topic = context.name('t');
      const clientId = context.name('id');
      const watcher = await context.watching(topic);
      for (const payload of ['one', 'two']) {
        const peer = await context.connected({ clientId, isClean: true });
        peer.send(publish({ topic, payload, qos: 2, id: 7 }));
        await peer.expect('PUBREC 7');
        peer.send(pubrel(7));
        await peer.expect('PUBCOMP 7');
        // On a topic of its own: a broker may deliver it with the PUBLISH, or with the PUBREL that never comes.
        peer.send(publish({ topic: `${topic}/open`, qos: 2, id: 8 }));
        await peer.expect('PUBREC 8');
        peer.cut();
        await watcher.expect(`PUBLISH q2 ${topic} = ${payload}`);
      }
      const last = await context.connected({ clientId, isClean: true });
      last.send(publish({ topic, payload: 'new', qos: 2, id: 8 }));
      await last.expect('PUBREC 8');
      last.send(pubrel(8));
      await last.expect('PUBCOMP 8');
      await watcher.expect(`PUBLISH q2 ${topic} = new`);
    },
  },
  {
    title: 'a clean session that takes the client id discards the session, too',
    shows: { 4: '3.1.2-6 3.1.4-2 3.2.2-1', 5: '3.1.2-4 3.1.4-3 3.2.2-2' },
    run: async (context) => {
      const topic = context.name('t');
      const clientId = context.name('id');
      const first = await context.connected({ clientId, isClean: false });
      first.send(subscribe(1, [topic, 1]));
      await first.expect('SUBACK 1 [1]');
      const second = await context.connected({ clientId, isClean: true }, false);
      await first.expectClosed(0x8e);
      await publishAll(context, topic, 'not subscribed');
      await second.expectNothing();
    },
  },
  {
    title: 'UNSUBSCRIBE and a replaced subscription are part of the session',
    shows: { 4: '3.1.2-4 3.10.4-1 3.8.4-3', 5: '3.1.2-5 3.10.4-1 3.8.4-3' },
    run: async (context) => {
      const [a, b] = [context.name('a'), context.name('b')];
      const clientId = context.name('id');
      const first = await context.connected({ clientId, isClean: false });
      first.send(subscribe(1, [a, 1], [b, 1]), unsubscribe(2, a), subscribe(3, [b, 0]));
      await first.expectEach('SUBACK 1 [1 1]', 'UNSUBACK 2', 'SUBACK 3 [0]');
      await leave(first);
      const second = await context.connected({ clientId, isClean: false }, true);
      await publishAll(context, a, 'unsubscribed');
      await publishAll(context, b, 'replaced');
      await second.expect(`PUBLISH q0 ${b} = replaced`);
      await second.expectNothing();
    },
  },
  {
    title: 'a retained message stays when the session of its publisher ends',
    shows: { 4: '3.1.2-7', 5: '3.3.1-5' },
    run: async (context) => {
      const topic = context.name('t');
      const publisher = await context.connected({ clientId: context.name('id') });
      publisher.send(publish({ topic, qos: 1, id: 1, isRetained: true }));
      await publisher.expect('PUBACK 1');
      await leave(publisher);
      const later = await context.connected();
      later.send(subscribe(1, [topic, 0]));
      await later.expectInAnyOrder('SUBACK 1 [0]', `PUBLISH q0 retain ${topic} = x`);
    },
  },
  {
    title:
      'a PUBLISH of QoS 1 without its PUBACK is sent again after a reconnect, with DUP and its packet id',
    shows: { 4: '4.4.0-1 3.3.1-1 4.3.2-1 2.3.1-4', 5: '4.4.0-1 3.3.1-1 4.3.2-3 2.2.1-4' },
    run: async (context) => {
      const { topic, back } = await absentSession(context);
      await publishAll(context, topic, 'again');
      const first = await back();
      const { id } = await first.expect(`PUBLISH q1 ${topic} = again`);
      first.cut();
      const second = await back();
      const repeated = await second.expect(`PUBLISH q1 dup ${topic} = again`);
      context.equal(repeated.id, id, 'packet id');
      second.send(puback(id));
      await second.expectNothing();
      second.cut();
      const third = await back();
      await third.expectNothing();
    },
  },
  {
    title:
      'a PUBLISH of QoS 2 without its PUBREC is sent again after a reconnect, with DUP and its packet id',
    shows: { 4: '4.4.0-1 3.3.1-1 4.3.3-1 2.3.1-4', 5: '4.4.0-1 3.3.1-1 4.3.3-3 4.3.3-4 4.3.3-5 2.2.1-4' },
    run: async (context) => {
      const { topic, back } = await absentSession(context);
      const publisher = await context.connected();
      publisher.send(publish({ topic, payload: 'again', qos: 2, id: 1 }));
      await publisher.expect('PUBREC 1');
      publisher.send(pubrel(1));
      await publisher.expect('PUBCOMP 1');
      const first = await back();
      const { id } = await first.expect(`PUBLISH q2 ${topic} = again`);
      first.cut();
      const second = await back();
      const repeated = await second.expect(`PUBLISH q2 dup ${topic} = again`);
      context.equal(repeated.id, id, 'packet id');
    },
  },
  {
    title: 'a PUBREL without its PUBCOMP is sent again after a reconnect, and the PUBLISH is not',
    shows: { 4: '4.4.0-1 4.3.3-1 2.3.1-6', 5: '4.4.0-1 4.3.3-3 4.3.3-4 4.3.3-5 2.2.1-5 4.3.3-6' },
    run: async (context) => {
      const { topic, back } = await absentSession(context);
      const publisher = await context.connected();
      publisher.send(publish({ topic, payload: 'once', qos: 2, id: 1 }));
      await publisher.expect('PUBREC 1');
      publisher.send(pubrel(1));
      await publisher.expect('PUBCOMP 1');
      const first = await back();
      const { id } = await first.expect(`PUBLISH q2 ${topic} = once`);
      first.send(pubrec(id));
      await first.expect(`PUBREL ${id}`);
      first.cut();
      const second = await back();
      await second.expect(`PUBREL ${id}`);
      second.send(pubcomp(id));
      await second.expectNothing();
      second.cut();
      const third = await back();
      await third.expectNothing();
    },
  },
  {
    title: 'what is sent again keeps its order, and new messages come behind it',
    shows: { 4: '4.6.0-1 4.6.0-6', 5: '4.6.0-1 4.6.0-5' },
    run: async (context) => {
      const { topic, back } = await absentSession(context);
      await publishAll(context, topic, '1', '2', '3');
      const first = await back();
      await first.expectEach(...['1', '2', '3'].map((payload) => `PUBLISH q1 ${topic} = ${payload}`));
      await leave(first);
      await publishAll(context, topic, '4');
      const second = await back();
      await second.expectEach(
        ...['1', '2', '3'].map((payload) => `PUBLISH q1 dup ${topic} = ${payload}`),
        `PUBLISH q1 ${topic} = 4`,
      );
    },
  },
  {
    title: 'what the first connection did not acknowledge is sent again to the one that takes its client id',
    shows: { 4: '4.4.0-1 3.1.4-2', 5: '4.4.0-1 3.1.4-3' },
    run: async (context) => {
      const topic = context.name('t');
      const clientId = context.name('id');
      const first = await context.connected({ clientId, isClean: false });
      first.send(subscribe(1, [topic, 1]));
      await first.expect('SUBACK 1 [1]');
      await publishAll(context, topic, 'one', 'two');
      const { id } = await first.expect(`PUBLISH q1 ${topic} = one`);
      await first.expect(`PUBLISH q1 ${topic} = two`);
      first.send(puback(id));
      await first.expectNothing();
      const second = await context.connected({ clientId, isClean: false }, true);
      await first.expectClosed(0x8e);
      await second.expect(`PUBLISH q1 dup ${topic} = two`);
      await second.expectNothing();
    },
  },
  {
    title: 'CONNACK comes before what waits in the session',
    shows: { 4: '3.2.0-1', 5: '3.2.0-1' },
    run: async (context) => {
      const { topic, back } = await absentSession(context);
      await publishAll(context, topic, 'waits');
      // `back` expects the CONNACK first.
      await (await back()).expect(`PUBLISH q1 ${topic} = waits`);
    },
  },
];
