import { publish, subscribe } from '../bytes-of-packets.js';
import type { CaseContext, ConformanceCase } from '../conformance-case.js';

/** Topic filter → topic names that it matches, and topic names that it does not. All begin below a topic of the case. */
const MATCHING: readonly (readonly [filter: string, yes: readonly string[], no: readonly string[]])[] = [
  ['/#', ['', '/', '/a', '/a/b', '//'], ['x', 'x/a']],
  ['/a/#', ['/a', '/a/', '/a/b', '/a/b/c'], ['', '/ab', '/b/a']],
  ['/+', ['/a', '/'], ['', '/a/b', '//']],
  ['/+/b', ['/a/b', '//b'], ['/b', '/a/b/', '/a/c']],
  ['/a/+/+', ['/a/b/c', '/a//'], ['/a/b', '/a/b/c/d']],
  ['/+/+/#', ['/a/b', '/a/b/c', '//'], ['/a']],
  ['/a', ['/a'], ['/a/', '//a', '/A', '/a ']],
];

function matchingCase(filter: string, yes: readonly string[], no: readonly string[]): ConformanceCase {
  return {
    title: `the topic filter t${filter} matches what it should`,
    shows: { 4: '3.8.3-2 4.7.1-2 4.7.1-3 4.7.3-4 3.3.2-3', 5: '4.7.1-1 4.7.1-2 4.7.3-4 3.3.2-3' },
    run: async (context) => {
      const topic = context.name('t');
      const watcher = await context.watching(topic + filter);
      const publisher = await context.connected();
      for (const one of [...no, ...yes]) {
        publisher.send(publish({ topic: topic + one, qos: 0 }));
        await publisher.expectNothing();
      }
      await watcher.expectEach(...yes.map((one) => `PUBLISH q0 ${topic}${one} = x`));
      await watcher.expectNothing();
    },
  };
}

/** Topic names that look alike. */
const ALIKE = ['\u00c5', 'A\u030a', '\u212b', 'a', 'A', '\ufeffA', 'a b', '\u{1f600}'];

export const TOPIC_CASES: readonly ConformanceCase[] = [
  ...MATCHING.map(([filter, yes, no]) => matchingCase(filter, yes, no)),
  {
    title: 'topic names that look alike are different, and U+FEFF is kept',
    shows: { 4: '4.7.3-4 1.5.3-3', 5: '4.7.3-4 1.5.4-3' },
    run: async (context) => {
      const topic = context.name('t');
      const watchers = [];
      for (const name of ALIKE) watchers.push(await context.watching(`${topic}/${name}`));
      const publisher = await context.connected();
      for (const name of ALIKE) {
        publisher.send(publish({ topic: `${topic}/${name}` }));
        await publisher.expectNothing();
      }
      for (const [n, watcher] of watchers.entries()) {
        await watcher.expect(`PUBLISH q0 ${topic}/${ALIKE[n]} = x`);
        await watcher.expectNothing();
      }
    },
  },
  {
    title: 'U+FEFF at the beginning of a topic name is kept',
    shows: { 4: '1.5.3-3', 5: '1.5.4-3' },
    run: async (context) => {
      const topic = `\ufeff${context.name('t')}`;
      const watchers = [await context.watching(topic), await context.watching(topic.slice(1))];
      const publisher = await context.connected();
      publisher.send(publish({ topic }));
      await publisher.expectNothing();
      await watchers[0]?.expect(`PUBLISH q0 ${topic} = x`);
      await watchers[1]?.expectNothing();
    },
  },
  ...['#', '+/+'].map((filter) => ({
    title: `the topic filter ${filter} does not match a topic name with $, and one that begins with $ does`,
    shows: { 4: '4.7.2-1', 5: '4.7.2-1' },
    run: async (context: CaseContext) => {
      const name = context.name('t');
      const watcher = await context.asBob();
      watcher.send(subscribe(1, [filter, 0]));
      await watcher.expectRetainedUntil('SUBACK 1 [0]');
      const named = await context.asBob();
      named.send(subscribe(1, [`$own/${name}`, 2]));
      await named.expect('SUBACK 1 [2]');
      const publisher = await context.asBob();
      publisher.send(publish({ topic: `$own/${name}`, qos: 1 }));
      await publisher.expect('PUBACK 1');
      publisher.send(publish({ topic: `own/${name}`, qos: 1, id: 2 }));
      await publisher.expect('PUBACK 2');
      await watcher.expect(`PUBLISH q0 own/${name} = x`);
      await named.expect(`PUBLISH q1 $own/${name} = x`);
      await named.expectNothing();
    },
  })),
  {
    title: 'topic names and topic filters of one character work, also a single /',
    shows: { 4: '4.7.3-1', 5: '4.7.3-1' },
    run: async (context) => {
      const peer = await context.connected();
      peer.send(subscribe(1, ['/', 0], ['~', 0]), publish({ topic: '/' }), publish({ topic: '~' }));
      await peer.expectEach('SUBACK 1 [0 0]', 'PUBLISH q0 / = x', 'PUBLISH q0 ~ = x');
    },
  },
  {
    title: 'a topic name of 60,000 bytes is read past and acknowledged, and the connection goes on',
    shows: { 4: '4.7.3-3', 5: '4.7.3-3' },
    run: async (context) => {
      const peer = await context.connected();
      const topic = context.name('t');
      peer.send(
        publish({ topic: topic.padEnd(60_000, 'x'), qos: 1, id: 1 }),
        publish({ topic, qos: 1, id: 2 }),
      );
      // MQTT 5 has a reason code for one that is not taken.
      await peer.expectOneOf('PUBACK 1', 'PUBACK 1 0x90');
      await peer.expect('PUBACK 2');
    },
  },
];
