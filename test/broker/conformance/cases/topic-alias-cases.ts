import { type PublishFields, publish, subscribe } from '../bytes-of-packets.js';
import { topicAlias, topicAliasMaximum } from '../bytes-of-properties.js';
import { type ConformanceCase, propertyOf } from '../conformance-case.js';

function aliased(topic: string, alias: number, fields: Partial<PublishFields> = {}) {
  return publish({ topic, properties: [topicAlias(alias)], ...fields });
}

const ALIAS_INVALID = 0x94;

export const TOPIC_ALIAS_CASES: readonly ConformanceCase[] = [
  {
    title: 'all topic aliases up to the maximum of CONNACK work, and one may be given to another topic',
    shows: { 5: '3.3.2-12' },
    run: async (context) => {
      const topic = context.name('t');
      const watcher = await context.watching(`${topic}/#`);
      const peer = context.open();
      const maximum = Number(propertyOf(await context.accepted(peer), 'topicAliasMaximum'));
      context.equal(maximum > 0, true, 'there is a topic alias maximum');
      for (let alias = 1; alias <= maximum; alias += 1) peer.send(aliased(`${topic}/${alias}`, alias));
      for (let alias = 1; alias <= maximum; alias += 1) {
        await watcher.expectWith(`PUBLISH q0 ${topic}/${alias} = x`);
      }
      peer.send(aliased('', maximum, { payload: 'short' }), aliased('', 1, { payload: 'short', qos: 1 }));
      await watcher.expectWith(`PUBLISH q0 ${topic}/${maximum} = short`);
      await watcher.expectWith(`PUBLISH q1 ${topic}/1 = short`);
      peer.send(aliased(`${topic}/new`, 1), aliased('', 1, { payload: 'short' }));
      await watcher.expectEach(`PUBLISH q0 ${topic}/new = x`, `PUBLISH q0 ${topic}/new = short`);
    },
  },
  {
    title: 'a retained message with a topic alias is retained at its topic',
    shows: { 5: '3.3.2-12 3.3.1-5' },
    run: async (context) => {
      const topic = context.name('t');
      const peer = await context.connected();
      peer.send(aliased(topic, 1), aliased('', 1, { payload: 'kept', qos: 1, isRetained: true }));
      await peer.expect('PUBACK 1');
      peer.send(subscribe(2, [topic, 1]));
      await peer.expect('SUBACK 2 [1]');
      await peer.expectWith(`PUBLISH q1 retain ${topic} = kept`);
    },
  },
  {
    title: 'a topic alias above the maximum of CONNACK ends the connection with its reason',
    shows: { 5: '3.2.2-17 3.3.2-9' },
    run: async (context) => {
      const peer = context.open();
      const maximum = Number(propertyOf(await context.accepted(peer), 'topicAliasMaximum') ?? 0);
      await peer.expectFatal(aliased('a', maximum + 1), ALIAS_INVALID);
    },
  },
  {
    title: 'the topic alias 0 ends the connection with its reason',
    shows: { 5: '3.3.2-8' },
    run: async (context) =>
      (await context.connected()).expectFatal(aliased('a', 0), 0x81, 0x82, ALIAS_INVALID),
  },
  {
    title: 'an empty topic name with a topic alias that has no topic ends the connection with its reason',
    shows: { 5: '3.3.2-12' },
    run: async (context) => (await context.connected()).expectFatal(aliased('', 2), 0x82, ALIAS_INVALID),
  },
  {
    title: 'topic aliases end with their connection, also where the session goes on',
    shows: { 5: '3.3.2-7' },
    run: async (context) => {
      const clientId = context.name('id');
      const first = await context.connected({ clientId, isClean: false });
      first.send(aliased(context.name('t'), 1, { qos: 1 }));
      await first.expect('PUBACK 1');
      first.cut();
      const second = await context.connected({ clientId, isClean: false }, true);
      await second.expectFatal(aliased('', 1), 0x82, ALIAS_INVALID);
    },
  },
  {
    title: 'a client without a topic alias maximum, or with 0, is sent no topic alias',
    shows: { 5: '3.1.2-27' },
    run: async (context) => {
      const topic = context.name('t');
      for (const properties of [[], [topicAliasMaximum(0)]]) {
        const reader = await context.connected({ properties });
        reader.send(subscribe(1, [topic, 0]));
        await reader.expect('SUBACK 1 [0]');
        reader.send(publish({ topic }), aliased(topic, 1));
        await reader.expectWith(`PUBLISH q0 ${topic} = x`);
        await reader.expectWith(`PUBLISH q0 ${topic} = x`);
      }
    },
  },
  {
    title: 'a client is sent no topic alias above its maximum',
    shows: { 5: '3.1.2-26 3.3.2-11' },
    run: async (context) => {
      const topic = context.name('t');
      const reader = await context.connected({ properties: [topicAliasMaximum(1)] });
      reader.send(subscribe(1, [`${topic}/+`, 0]));
      await reader.expect('SUBACK 1 [0]');
      reader.send(...['1', '2', '3'].map((level) => publish({ topic: `${topic}/${level}` })));
      for (const level of ['1', '2', '3']) {
        const packet = await reader.expect(`PUBLISH q0 ${topic}/${level} = x`);
        context.equal(Number(propertyOf(packet, 'topicAlias') ?? 1), 1, 'topic alias');
      }
    },
  },
];
