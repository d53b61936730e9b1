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
    title: '[MQTT-3.2.2-1] [MQTT-3.2.2-3] a first session is not present, with and without a clean session',
    run: async (context) => {
      await context.connected({ clientId: context.name('one'), isClean: true });
      await context.connected({ clientId: context.name('two'), isClean: false });
    },
  },
  {
    title:
      '[MQTT-3.1.2-4] [MQTT-3.1.2-5] [MQTT-3.2.2-2] [MQTT-3.1.3-2] [MQTT-4.5.0-1] a session that is continued is present, keeps its subscriptions, and gets what came in between',
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
    title: '[MQTT-4.1.0-1] [MQTT-4.1.0-2] [MQTT-3.1.2-5] a session survives a connection that is cut',
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
    title: '[MQTT-3.1.2-4] [MQTT-3.1.4-2] a session survives being taken over by another connection',
    run: async (context) => {
      const topic = context.name('t');
      const clientId = context.name('id');
      const first = await context.connected({ clientId, isClean: false });
      first.send(subscribe(1, [topic, 1]));
      await first.expect('SUBACK 1 [1]');
      const second = await context.connected({ clientId, isClean: false }, true);
      await first.expectClosed();
      await publishAll(context, topic, 'x');
      await second.expect(`PUBLISH q1 ${topic} = x`);
    },
  },
  {
    title:
      '[MQTT-3.1.2-6] [MQTT-3.1.4-3] [MQTT-3.2.2-1] a clean session discards the session before it, and leaves none behind',
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
    title: '[MQTT-3.1.2-6] a clean session forgets the open QoS 2 messages of the one before it',
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
    title:
      '[MQTT-3.1.2-6] [MQTT-3.1.4-2] [MQTT-3.2.2-1] a clean session that takes the client id discards the session, too',
    run: async (context) => {
      const topic = context.name('t');
      const clientId = context.name('id');
      const first = await context.connected({ clientId, isClean: false });
      first.send(subscribe(1, [topic, 1]));
      await first.expect('SUBACK 1 [1]');
      const second = await context.connected({ clientId, isClean: true }, false);
      await first.expectClosed();
      await publishAll(context, topic, 'not subscribed');
      await second.expectNothing();
    },
  },
  {
    title:
      '[MQTT-3.1.2-4] [MQTT-3.10.4-1] [MQTT-3.8.4-3] UNSUBSCRIBE and a replaced subscription are part of the session',
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
    title: '[MQTT-3.1.2-7] a retained message stays when the session of its publisher ends',
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
      '[MQTT-4.4.0-1] [MQTT-3.3.1-1] [MQTT-4.3.2-1] [MQTT-2.3.1-4] a PUBLISH of QoS 1 without its PUBACK is sent again after a reconnect, with DUP and its packet id',
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
      '[MQTT-4.4.0-1] [MQTT-3.3.1-1] [MQTT-4.3.3-1] [MQTT-2.3.1-4] a PUBLISH of QoS 2 without its PUBREC is sent again after a reconnect, with DUP and its packet id',
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
    title:
      '[MQTT-4.4.0-1] [MQTT-4.3.3-1] [MQTT-2.3.1-6] a PUBREL without its PUBCOMP is sent again after a reconnect, and the PUBLISH is not',
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
    title:
      '[MQTT-4.6.0-1] [MQTT-4.6.0-6] what is sent again keeps its order, and new messages come behind it',
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
    title:
      '[MQTT-4.4.0-1] [MQTT-3.1.4-2] what the first connection did not acknowledge is sent again to the one that takes its client id',
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
      await first.expectClosed();
      await second.expect(`PUBLISH q1 dup ${topic} = two`);
      await second.expectNothing();
    },
  },
  {
    title: '[MQTT-3.2.0-1] CONNACK comes before what waits in the session',
    run: async (context) => {
      const { topic, back } = await absentSession(context);
      await publishAll(context, topic, 'waits');
      // `back` expects the CONNACK first.
      await (await back()).expect(`PUBLISH q1 ${topic} = waits`);
    },
  },
];
