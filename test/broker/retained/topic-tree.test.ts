import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TopicTree } from '../../../src/broker/retained/topic-tree.js';

const level = fc.constantFrom('', 'a', 'b', 'c', '$s', 'long-name');
const topics = fc.array(level, { minLength: 1, maxLength: 4 }).map((levels) => levels.join('/'));
const filters = fc
  .tuple(fc.array(fc.oneof(level, fc.constant('+')), { minLength: 0, maxLength: 4 }), fc.boolean())
  .map(([levels, hasHash]) => (hasHash || levels.length === 0 ? [...levels, '#'] : levels).join('/'));

/** What MQTT 3.1.1 says in section 4.7, read level by level. */
function matches(filter: string, topic: string): boolean {
  if (topic.startsWith('$') && /^[+#]/.test(filter)) return false;
  const levels = topic.split('/');
  const parts = filter.split('/');
  for (const [at, part] of parts.entries()) {
    if (part === '#') return levels.length >= at;
    if (at >= levels.length || (part !== '+' && part !== levels[at])) return false;
  }
  return levels.length === parts.length;
}

describe('TopicTree', () => {
  it('finds what a filter matches, and nothing else, whatever was set and deleted before', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(topics, fc.boolean()), { maxLength: 60 }),
        fc.array(filters, { minLength: 1, maxLength: 8 }),
        (changes, asked) => {
          const tree = new TopicTree<string>();
          const all = new Map<string, string>();
          for (const [topic, isDeleted] of changes) {
            if (isDeleted) {
              tree.delete(topic);
              all.delete(topic);
            } else {
              tree.set(topic, `value of ${topic}`);
              all.set(topic, `value of ${topic}`);
            }
          }
          expect([...tree.values()].sort()).toEqual([...all.values()].sort());
          for (const [topic] of changes) expect(tree.get(topic)).toBe(all.get(topic));
          for (const filter of asked) {
            const expected = [...all].filter(([topic]) => matches(filter, topic)).map(([, value]) => value);
            expect([...tree.matching(filter)].sort(), filter).toEqual(expected.sort());
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('matches the examples of the specification', () => {
    const tree = new TopicTree<string>();
    for (const topic of ['sport', 'sport/tennis/player1', '/finance', '$SYS/monitor/Clients'])
      tree.set(topic, topic);
    const found = (filter: string) => [...tree.matching(filter)];
    expect(found('sport/#')).toEqual(['sport', 'sport/tennis/player1']);
    expect(found('+/+')).toEqual(['/finance']);
    expect(found('/+')).toEqual(['/finance']);
    expect(found('+')).toEqual(['sport']);
    expect(found('#')).toEqual(['sport', 'sport/tennis/player1', '/finance']);
    expect(found('+/monitor/Clients')).toEqual([]);
    expect(found('$SYS/#')).toEqual(['$SYS/monitor/Clients']);
    expect(found('$SYS/monitor/+')).toEqual(['$SYS/monitor/Clients']);
  });

  it('is read slowly while topics come and go', () => {
    const tree = new TopicTree<number>();
    for (let n = 0; n < 1000; n += 1) tree.set(`home/${n}/state`, n);
    const seen: number[] = [];
    for (const value of tree.matching('home/#')) {
      seen.push(value);
      tree.delete(`home/${value}/state`);
      if (value < 999) tree.delete(`home/${value + 1}/state`);
      if (value < 100) tree.set(`home/${value}/new`, 5000 + value);
      if (seen.length > 3000) break;
    }
    expect(seen.filter((value) => value < 1000)).toEqual(Array.from({ length: 500 }, (_, n) => 2 * n));
  });
});
