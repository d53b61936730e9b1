import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hiddenRules, takesAllOf } from '../../src/rules/hidden-rules.js';
import { compileTopicPattern } from '../../src/rules/topic-pattern.js';

describe('a filter takes all topics of another', () => {
  test.each([
    ['#', 'a/b'],
    ['#', '+/#'],
    ['+/#', '#'],
    ['#rest', '+site/x'],
    ['a/#', 'a'],
    ['a/#', 'a/#'],
    ['a/+', 'a/+device'],
    ['+/b/#', 'a/b/c/d'],
    ['$SYS/#', '$SYS/broker'],
  ])('%s takes all of %s', (wider, narrower) => expect(takesAllOf(wider, narrower)).toBe(true));

  test.each([
    ['a/b', '#'],
    ['a/+', 'a/#'],
    ['a/+', 'a'],
    ['a/+/#', 'a/#'],
    ['+', 'a/b'],
    ['a/#', '+/b'],
    ['#', '$SYS/broker'],
    ['+/broker', '$SYS/broker'],
  ])('%s does not take all of %s', (wider, narrower) => expect(takesAllOf(wider, narrower)).toBe(false));
});

test('no topic of a filter that is taken in all escapes the wider one', () => {
  const level = fc.constantFrom('a', 'b', '+', '+x', '$c', '');
  const filter = fc
    .tuple(fc.array(level, { minLength: 1, maxLength: 3 }), fc.constantFrom('', '/#', '/#rest'))
    .map(([levels, rest]) => levels.join('/') + rest)
    .filter((text) => compileTopicPattern(text).ok);
  const topic = fc
    .array(fc.constantFrom('a', 'b', '$c', ''), { minLength: 1, maxLength: 4 })
    .map((all) => all.join('/'))
    .filter((text) => text !== '');
  const matches = (text: string, of: string) => {
    const compiled = compileTopicPattern(text);
    return compiled.ok && compiled.pattern.match(of) !== undefined;
  };
  fc.assert(
    fc.property(filter, filter, topic, (wider, narrower, name) => {
      if (takesAllOf(wider, narrower) && matches(narrower, name)) expect(matches(wider, name)).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});

test('a rule with continue hides none behind it', () => {
  expect(hiddenRules([{ topic: '#', continue: true }, { topic: 'a/b' }])).toEqual([]);
  expect(hiddenRules([{ topic: '#', continue: true }, { topic: 'a/#' }, { topic: 'a/b' }])).toEqual([
    { index: 2, by: 1 },
  ]);
});

test('a rule is hidden by the first earlier rule that takes all its topics', () => {
  const topics = ['sensors/+/x', 'sensors/#', 'sensors/1/y', '#', 'other'];
  expect(hiddenRules(topics.map((topic) => ({ topic })))).toEqual([
    { index: 2, by: 1 },
    { index: 4, by: 3 },
  ]);
});
