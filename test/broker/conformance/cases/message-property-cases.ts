import { publish, subscribe } from '../bytes-of-packets.js';
import {
  contentType,
  correlationData,
  payloadFormat,
  responseTopic,
  userProperty,
} from '../bytes-of-properties.js';
import type { ConformanceCase } from '../conformance-case.js';

/** All that a publisher may say of a message, but an expiry, and how it is received. */
const ALL = [
  payloadFormat(1),
  contentType('text/plain; charset=utf-8'),
  responseTopic('answers/17'),
  correlationData(Buffer.from([0, 255, 1])),
  userProperty('unit', '°C'),
  userProperty('unit', ''),
  userProperty('a', 'b'),
];
const RECEIVED = [
  'contentType=text/plain; charset=utf-8',
  'correlationData=00ff01',
  'payloadFormat=1',
  'responseTopic=answers/17',
  'userProperty=unit:°C',
  'userProperty=unit:',
  'userProperty=a:b',
];
const FORWARDING = '3.3.2-4 3.3.2-15 3.3.2-16 3.3.2-17 3.3.2-18 3.3.2-20';

export const MESSAGE_PROPERTY_CASES: readonly ConformanceCase[] = [
  {
    title: 'the properties of a message are passed on as they are, at each QoS',
    shows: { 5: FORWARDING },
    run: async (context) => {
      const topic = context.name('t');
      const watcher = await context.watching(topic);
      const peer = await context.connected();
      peer.send(
        publish({ topic, properties: ALL }),
        publish({ topic, qos: 1, properties: ALL }),
        publish({ topic, qos: 2, id: 2, properties: ALL }),
      );
      // Brokers that deliver a QoS 2 message with its PUBREL are not asked to here.
      await peer.expectEach('PUBACK 1', 'PUBREC 2');
      await watcher.expectWith(`PUBLISH q0 ${topic} = x`, ...RECEIVED);
      await watcher.expectWith(`PUBLISH q1 ${topic} = x`, ...RECEIVED);
    },
  },
  {
    title: 'a payload format indicator of 0 is passed on, and one that is absent is not added',
    shows: { 5: '3.3.2-4 2.2.2-1' },
    run: async (context) => {
      const topic = context.name('t');
      const watcher = await context.watching(topic);
      const peer = await context.connected();
      peer.send(publish({ topic, properties: [payloadFormat(0)] }), publish({ topic, payload: 'none' }));
      const { properties } = await watcher.expect(`PUBLISH q0 ${topic} = x`);
      // 0 is what an absent one means.
      const said = properties.join();
      context.equal(said === '' || said === 'payloadFormat=0', true, `${said} is payloadFormat=0 or none`);
      await watcher.expectWith(`PUBLISH q0 ${topic} = none`);
    },
  },
  {
    title: 'a retained message keeps its properties',
    shows: { 5: `3.3.1-5 ${FORWARDING}` },
    run: async (context) => {
      const topic = context.name('t');
      const peer = await context.connected();
      peer.send(publish({ topic, qos: 1, isRetained: true, properties: ALL }));
      await peer.expect('PUBACK 1');
      const later = await context.connected();
      later.send(subscribe(1, [topic, 1]));
      await later.expect('SUBACK 1 [1]');
      await later.expectWith(`PUBLISH q1 retain ${topic} = x`, ...RECEIVED);
    },
  },
  {
    title: 'a message that waits in a session keeps its properties',
    shows: { 5: `3.1.2-23 ${FORWARDING}` },
    run: async (context) => {
      const topic = context.name('t');
      const clientId = context.name('id');
      const reader = await context.connected({ clientId, isClean: false });
      reader.send(subscribe(1, [topic, 1]));
      await reader.expect('SUBACK 1 [1]');
      reader.cut();
      const peer = await context.connected();
      peer.send(publish({ topic, qos: 1, properties: ALL }));
      await peer.expect('PUBACK 1');
      const again = await context.connected({ clientId, isClean: false }, true);
      await again.expectWith(`PUBLISH q1 ${topic} = x`, ...RECEIVED);
      again.cut();
      const third = await context.connected({ clientId, isClean: false }, true);
      await third.expectWith(`PUBLISH q1 dup ${topic} = x`, ...RECEIVED);
    },
  },
  {
    title: 'a will is published with its properties, and the order of its user properties',
    shows: { 5: '3.1.3-10 3.1.2-9 3.3.2-17 3.3.2-18' },
    run: async (context) => {
      const topic = context.name('will');
      const watcher = await context.watching(topic);
      const peer = await context.connected({ will: { topic, qos: 1, properties: ALL } });
      peer.cut();
      await watcher.expectWith(`PUBLISH q1 ${topic} = gone`, ...RECEIVED);
    },
  },
  {
    title:
      'a subscriber of MQTT 3.1.1 gets a message without its properties, and one of MQTT 5 what 3.1.1 sent',
    shows: { 5: '2.2.2-1 4.5.0-1' },
    run: async (context) => {
      const topic = context.name('t');
      const old = context.open(undefined, 4);
      await context.accepted(old);
      old.send(subscribe(1, [topic, 1]));
      await old.expect('SUBACK 1 [1]');
      const watcher = await context.watching(topic);
      const peer = await context.connected();
      peer.send(publish({ topic, qos: 1, properties: ALL }));
      await old.expect(`PUBLISH q1 ${topic} = x`);
      await watcher.expectWith(`PUBLISH q1 ${topic} = x`, ...RECEIVED);
      old.send(publish({ topic, payload: 'old' }));
      await old.expect(`PUBLISH q0 ${topic} = old`);
      await watcher.expectWith(`PUBLISH q0 ${topic} = old`);
    },
  },
  {
    title: 'a request and its answer travel with response topic and correlation data',
    shows: { 5: '3.3.2-15 3.3.2-16' },
    run: async (context) => {
      const topic = context.name('requests');
      const asking = await context.watching(`${topic}/answers`);
      const answering = await context.watching(topic);
      const about = correlationData('17');
      asking.send(publish({ topic, properties: [responseTopic(`${topic}/answers`), about] }));
      await answering.expectWith(
        `PUBLISH q0 ${topic} = x`,
        'correlationData=3137',
        `responseTopic=${topic}/answers`,
      );
      answering.send(publish({ topic: `${topic}/answers`, payload: 'answer', properties: [about] }));
      await asking.expectWith(`PUBLISH q0 ${topic}/answers = answer`, 'correlationData=3137');
    },
  },
];
