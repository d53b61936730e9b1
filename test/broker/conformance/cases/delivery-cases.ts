import { connect, puback, pubcomp, publish, pubrec, pubrel, subscribe } from '../bytes-of-packets.js';
import { ALICE, type ConformanceCase } from '../conformance-case.js';

const TWENTY = Array.from({ length: 20 }, (_, n) => n + 1);

/** The answers to a PUBREL whose packet id is not in use: in MQTT 5 it may say so, which is no error (section 3.7.2.1). */
const pubcomps = (id: number) => [`PUBCOMP ${id}`, `PUBCOMP ${id} 0x92`];

export const DELIVERY_CASES: readonly ConformanceCase[] = [
  {
    title: 'QoS 0 gets no answer, and is delivered without DUP and packet id',
    shows: { 4: '3.3.4-1 4.3.1-1 2.3.1-5 3.3.1-2', 5: '3.3.4-1 4.3.1-1 2.2.1-2 3.3.1-2' },
    run: async (context) => {
      const topic = context.name('t');
      const watcher = await context.watching(topic);
      const peer = await context.connected();
      peer.send(publish({ topic, payload: 'zero' }));
      await peer.expectNothing();
      await watcher.expect(`PUBLISH q0 ${topic} = zero`);
    },
  },
  {
    title: 'QoS 1 gets a PUBACK with its packet id',
    shows: { 4: '3.3.4-1 4.3.2-2 2.3.1-6', 5: '3.3.4-1 4.3.2-4 4.3.2-5 2.2.1-5 3.4.2-1' },
    run: async (context) => {
      const peer = await context.connected();
      for (const id of [1, 256, 65_535]) {
        peer.send(publish({ topic: context.name('t'), qos: 1, id }));
        await peer.expect(`PUBACK ${id}`);
      }
    },
  },
  {
    title: 'after its PUBACK the same packet id is a new message, with DUP and without',
    shows: { 4: '4.3.2-2', 5: '4.3.2-4 4.3.2-5' },
    run: async (context) => {
      const topic = context.name('t');
      const watcher = await context.watching(topic);
      const peer = await context.connected();
      for (const isDuplicate of [false, false, true]) {
        peer.send(publish({ topic, qos: 1, id: 7, isDuplicate }));
        await peer.expect('PUBACK 7');
        await watcher.expect(`PUBLISH q1 ${topic} = x`);
      }
    },
  },
  {
    title: 'DUP of a received PUBLISH is not passed on',
    shows: { 4: '3.3.1-3', 5: '3.3.1-3' },
    run: async (context) => {
      const topic = context.name('t');
      const watcher = await context.watching(topic);
      const peer = await context.connected();
      peer.send(publish({ topic, qos: 1, id: 7, isDuplicate: true }));
      await watcher.expect(`PUBLISH q1 ${topic} = x`);
    },
  },
  {
    title: 'QoS 2 gets PUBREC, and PUBCOMP for its PUBREL',
    shows: { 4: '3.3.4-1 4.3.3-2 2.3.1-6', 5: '3.3.4-1 4.3.3-8 4.3.3-10 4.3.3-11 2.2.1-5 3.5.2-1 3.7.2-1' },
    run: async (context) => {
      const topic = context.name('t');
      const watcher = await context.watching(topic);
      const peer = await context.connected();
      peer.send(publish({ topic, qos: 2, id: 700 }));
      await peer.expect('PUBREC 700');
      peer.send(pubrel(700));
      await peer.expect('PUBCOMP 700');
      await watcher.expect(`PUBLISH q2 ${topic} = x`);
    },
  },
  {
    title: 'the same packet id before PUBREL is the same message, with DUP and without; it is delivered once',
    shows: { 4: '4.3.3-2', 5: '4.3.3-8 4.3.3-10 4.3.3-11 4.3.3-12' },
    run: async (context) => {
      const topic = context.name('t');
      const watcher = await context.watching(topic);
      const peer = await context.connected();
      peer.send(publish({ topic, qos: 2, id: 7 }));
      await peer.expect('PUBREC 7');
      peer.send(publish({ topic, qos: 2, id: 7 }));
      await peer.expect('PUBREC 7');
      peer.send(publish({ topic, qos: 2, id: 7, isDuplicate: true }));
      await peer.expect('PUBREC 7');
      peer.send(pubrel(7));
      await peer.expect('PUBCOMP 7');
      await watcher.expect(`PUBLISH q2 ${topic} = x`);
      await watcher.expectNothing();
      peer.send(publish({ topic, payload: 'new', qos: 2, id: 7 }));
      await peer.expect('PUBREC 7');
      peer.send(pubrel(7));
      await peer.expect('PUBCOMP 7');
      await watcher.expect(`PUBLISH q2 ${topic} = new`);
    },
  },
  {
    title: 'three times the same packet id in one write, before PUBREC, is one message',
    shows: { 4: '4.3.3-2', 5: '4.3.3-8 4.3.3-10 4.3.3-11' },
    run: async (context) => {
      const topic = context.name('t');
      const watcher = await context.watching(topic);
      const peer = await context.connected();
      const one = publish({ topic, qos: 2, id: 7 });
      peer.send(one, one, one);
      await peer.expectEach('PUBREC 7', 'PUBREC 7', 'PUBREC 7');
      peer.send(pubrel(7));
      await peer.expect('PUBCOMP 7');
      await watcher.expect(`PUBLISH q2 ${topic} = x`);
      await watcher.expectNothing();
    },
  },
  {
    title: 'a QoS 2 message that is sent again after a reconnect is delivered once',
    shows: { 4: '4.3.3-2 4.4.0-1', 5: '4.3.3-8 4.3.3-10 4.3.3-11 4.4.0-1' },
    run: async (context) => {
      const topic = context.name('t');
      const clientId = context.name('id');
      const watcher = await context.watching(topic);
      const first = await context.connected({ clientId, isClean: false });
      first.send(publish({ topic, qos: 2, id: 7 }));
      await first.expect('PUBREC 7');
      first.cut();
      const second = await context.connected({ clientId, isClean: false }, true);
      second.send(publish({ topic, qos: 2, id: 7, isDuplicate: true }));
      await second.expect('PUBREC 7');
      second.send(pubrel(7));
      await second.expect('PUBCOMP 7');
      await watcher.expect(`PUBLISH q2 ${topic} = x`);
      await watcher.expectNothing();
    },
  },
  {
    title: 'a PUBREL that is sent again after a reconnect is answered',
    shows: { 4: '4.3.3-2 4.4.0-1', 5: '4.3.3-8 4.3.3-10 4.3.3-11 4.4.0-1' },
    run: async (context) => {
      const clientId = context.name('id');
      const first = await context.connected({ clientId, isClean: false });
      first.send(publish({ topic: context.name('t'), qos: 2, id: 7 }));
      await first.expect('PUBREC 7');
      first.send(pubrel(7));
      await first.expect('PUBCOMP 7');
      first.cut();
      const second = await context.connected({ clientId, isClean: false }, true);
      second.send(pubrel(7));
      await second.expectOneOf(...pubcomps(7));
    },
  },
  {
    title: 'a PUBREL for an unknown packet id is answered with PUBCOMP',
    shows: { 4: '4.3.3-2', 5: '4.3.3-8 4.3.3-10 4.3.3-11' },
    run: async (context) => {
      const peer = await context.connected();
      peer.send(pubrel(99));
      await peer.expectOneOf(...pubcomps(99));
    },
  },
  {
    title: 'the broker sends PUBREL for PUBREC, with the packet id of its PUBLISH, and ends with PUBCOMP',
    shows: { 4: '4.3.3-1 2.3.1-6', 5: '4.3.3-3 4.3.3-4 4.3.3-5 2.2.1-5 3.6.2-1 4.3.3-2' },
    run: async (context) => {
      const topic = context.name('t');
      const watcher = await context.watching(topic);
      const peer = await context.connected();
      peer.send(publish({ topic, qos: 2, id: 1 }));
      await peer.expect('PUBREC 1');
      peer.send(pubrel(1));
      await peer.expect('PUBCOMP 1');
      const { id } = await watcher.expect(`PUBLISH q2 ${topic} = x`);
      watcher.send(pubrec(id));
      await watcher.expect(`PUBREL ${id}`);
      watcher.send(pubcomp(id));
      await watcher.expectNothing();
    },
  },
  {
    title: 'the packet ids of what the broker sends are not 0, and none is used twice at a time',
    shows: {
      4: '2.3.1-1 2.3.1-4 4.3.2-1 4.3.3-1',
      5: '2.2.1-3 2.2.1-4 4.3.2-3 4.3.3-3 4.3.3-4 4.3.3-5 4.3.2-1 4.3.2-2 4.3.3-1',
    },
    run: async (context) => {
      const topic = context.name('t');
      const watcher = await context.watching(topic);
      const peer = await context.connected();
      for (const n of TWENTY.slice(0, 10)) {
        peer.send(publish({ topic, payload: `${n}`, qos: 1, id: n }));
        await peer.expect(`PUBACK ${n}`);
      }
      const sent = await watcher.expectEach(...TWENTY.slice(0, 10).map((n) => `PUBLISH q1 ${topic} = ${n}`));
      context.equal(new Set(sent.map(({ id }) => id)).size, 10, 'number of packet ids');
      context.equal(Math.min(...sent.map(({ id }) => id)) > 0, true, 'packet ids are not 0');
      for (const { id } of sent) watcher.send(puback(id));
      await watcher.expectNothing();
    },
  },
  {
    title: 'more messages than a window holds are all delivered, when each is acknowledged',
    shows: { 4: '2.3.1-4', 5: '2.2.1-4' },
    run: async (context) => {
      const topic = context.name('t');
      const watcher = await context.watching(topic);
      const peer = await context.connected();
      for (let n = 1; n <= 200; n += 1) {
        peer.send(publish({ topic, payload: `${n}`, qos: 1, id: n }));
        await peer.expect(`PUBACK ${n}`);
        const { id } = await watcher.expect(`PUBLISH q1 ${topic} = ${n}`);
        watcher.send(puback(id));
      }
      await watcher.expectNothing();
    },
  },
  {
    title: 'a message reaches every client with a subscription that matches, and its publisher too',
    shows: { 4: '4.5.0-1 3.3.2-3', 5: '4.5.0-1 3.3.2-3' },
    run: async (context) => {
      const topic = context.name('t');
      const watchers = [await context.watching(topic), await context.watching(`${topic}/#`)];
      const other = await context.watching(`${topic}/b`);
      const peer = await context.connected();
      peer.send(subscribe(1, [topic, 1]));
      await peer.expect('SUBACK 1 [1]');
      peer.send(publish({ topic, qos: 1, id: 2 }));
      await peer.expectInAnyOrder('PUBACK 2', `PUBLISH q1 ${topic} = x`);
      for (const watcher of watchers) await watcher.expect(`PUBLISH q1 ${topic} = x`);
      await other.expectNothing();
    },
  },
  {
    title: 'a message may be empty, and as large as 200 KB',
    shows: { 4: '3.3.4-1', 5: '3.3.4-1' },
    run: async (context) => {
      const topic = context.name('t');
      const watcher = await context.watching(topic);
      const peer = await context.connected();
      const large = 'y'.repeat(200_000);
      peer.send(
        publish({ topic, payload: '', qos: 1, id: 1 }),
        publish({ topic, payload: large, qos: 1, id: 2 }),
      );
      await peer.expectEach('PUBACK 1', 'PUBACK 2');
      await watcher.expectEach(`PUBLISH q1 ${topic} = `, `PUBLISH q1 ${topic} = ${large}`);
    },
  },
  {
    title: 'a PUBLISH that is not permitted is not delivered; its connection ends',
    shows: { 4: '3.3.5-2' },
    run: async (context) => {
      const topic = context.name('t');
      const watcher = context.open(context.broker.securedPort);
      watcher.send(connect(ALICE), subscribe(1, [`own/${topic}`, 1]));
      await watcher.expectEach('CONNACK present=0 code=0', 'SUBACK 1 [1]');
      const peer = context.open(context.broker.securedPort);
      peer.send(connect(ALICE), publish({ topic: `own/${topic}`, qos: 1, id: 1 }));
      await peer.expectEach('CONNACK present=0 code=0', 'PUBACK 1');
      await watcher.expect(`PUBLISH q1 own/${topic} = x`);
      peer.send(publish({ topic, qos: 1, id: 2 }));
      await peer.expectClosed();
      await watcher.expectNothing();
    },
  },
  {
    title: 'an acknowledgement of something that was not sent changes nothing',
    shows: { 4: '4.5.0-2', 5: '4.5.0-2' },
    run: async (context) => {
      const peer = await context.connected();
      peer.send(puback(9), pubcomp(9));
      await peer.expectNothing();
    },
  },
];
