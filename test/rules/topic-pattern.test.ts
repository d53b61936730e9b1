import { describe, expect, test } from 'vitest';
import { compileTopicPattern, type TopicPattern } from '../../src/rules/topic-pattern.js';

function pattern(filter: string): TopicPattern {
  const compiled = compileTopicPattern(filter);
  if (!compiled.ok) throw new Error(compiled.problem);
  return compiled.pattern;
}

describe('matching follows MQTT 3.1.1 section 4.7', () => {
  const cases: readonly [filter: string, topic: string, captures: object | undefined, why: string][] = [
    [
      'sensors/+city/+device/telemetry',
      'sensors/Mumbai/CITIMUM/telemetry',
      { city: 'Mumbai', device: 'CITIMUM' },
      'named levels',
    ],
    ['sensors/+city/+device/telemetry', 'sensors/Mumbai/CITIMUM', undefined, 'a level short'],
    ['sensors/+city', 'sensors/Mumbai/CITIMUM', undefined, '+ is one level'],
    ['sensors/+', 'sensors/Mumbai', {}, 'a bare + captures nothing'],
    ['sensors/#', 'sensors/a/b/c', {}, 'a bare # takes the rest'],
    ['sensors/#rest', 'sensors/a/b/c', { rest: 'a/b/c' }, 'a named # captures the rest'],
    ['sensors/#rest', 'sensors', { rest: '' }, '4.7.1.2: # includes the parent level'],
    ['sensors/+device/#rest', 'sensors', undefined, 'the parent of # is below +'],
    ['sensors/+device/#rest', 'sensors/a', { device: 'a', rest: '' }, 'the parent of # is the + level'],
    ['#', 'a', {}, 'everything'],
    ['#all', 'a/b', { all: 'a/b' }, 'everything, named'],
    ['#', '/', {}, 'two empty levels'],
    ['#', '$SYS/broker/load', undefined, '[MQTT-4.7.2-1]'],
    ['+/monitor/clients', '$SYS/monitor/clients', undefined, '[MQTT-4.7.2-1]'],
    ['$SYS/#', '$SYS/broker', {}, 'a literal $ matches'],
    ['+a/#', 'x/$SYS', { a: 'x' }, '$ inside is an ordinary character'],
    ['+/+', '/finance', {}, 'a leading slash makes an empty level'],
    ['/+name', '/finance', { name: 'finance' }, 'an empty level is a literal too'],
    ['+first', '/finance', undefined, 'that topic has two levels'],
    ['a/+x/b', 'a//b', { x: '' }, '+ takes an empty level'],
    ['Sensors/a', 'sensors/a', undefined, 'case matters'],
    ['a/b', 'a/b/', undefined, 'a trailing slash is a level'],
    ['a/+toString', 'a/b', { toString: 'b' }, 'names of Object.prototype are ordinary'],
  ];
  test.each(cases)('%s on %s', (filter, topic, captures, _why) => {
    expect(pattern(filter).match(topic)).toEqual(captures);
    expect(pattern(filter).mismatch(topic) === undefined).toBe(captures !== undefined);
  });
});

test.each([
  ['a/+x/c', 'a/b/d', 'level 3 is "d", not "c"'],
  ['a/+x/c', 'a/b', 'the topic has 2 levels, the filter wants 3'],
  ['a', 'a/b', 'the topic has 2 levels, the filter wants 1'],
  ['a/+/+/#', 'a', 'the topic has 1 level, the filter wants at least 3'],
  ['#', '$SYS/x', 'topics that start with $'],
])('%s gives the reason why it does not match %s', (filter, topic, words) => {
  const mismatch = pattern(filter).mismatch(topic);
  expect(mismatch).toContain(words);
});

test('names are listed in the order of the filter', () => {
  expect(pattern('a/+city/+/+device/#rest').captureNames).toEqual(['city', 'device', 'rest']);
});

test.each([
  ['', 'is empty'],
  ['a/b+', 'must be the first character of its level'],
  ['a/b#', 'must be the first character of its level'],
  ['a/#/b', '# must be the last level'],
  ['a/#rest/b', '# must be the last level'],
  ['a/+1st', 'a name after + is letters'],
  ['a/+two words', 'a name after + is letters'],
  ['a/++', 'a name after + is letters'],
  ['a/#a-b', 'a name after # is letters'],
  ['+x/+x', 'the name x is used twice'],
  ['+x/#x', 'the name x is used twice'],
  ['+__proto__', 'a name after + is letters'],
  ['a/\0', 'NUL'],
  ['a'.repeat(65_536), 'longer than 65535 bytes'],
])('the filter %j is rejected', (filter, words) => {
  const compiled = compileTopicPattern(filter);
  expect(compiled.ok ? '' : compiled.problem).toContain(words);
});
