import { describe, expect, test } from 'vitest';
import { explainRecord } from '../../src/rules/explain-record.js';
import { newLineText } from '../../src/sink/influx/line.js';
import { outcomeIn, ruleOf } from './rule-outcome.js';
import { sampleRecord } from './sample-record.js';

const RULE = 'tags: { site: { value: roof } }, fields: { v: payload.v }';
const auto = (options: string) => ruleOf(`${RULE}, autoTags: { from: payload.tags${options} }`);
const ALL = auto('');

function tags(rules: ReturnType<typeof ruleOf>, members: string): string {
  const { lines, reason } = outcomeIn(rules, `{"v":1,"tags":${members}}`);
  return lines[0] === undefined ? (reason ?? 'no reason') : /^m,(.*) v=1 /.exec(lines[0])![1]!;
}

describe('tags that are found in a message', () => {
  test('beside those of the rule, by the bytes of their names', () => {
    expect(tags(ALL, '{"z":"1","b":2,"on":true,"Ä":"x","A":9007199254740993}')).toBe(
      'A=9007199254740993,b=2,on=true,site=roof,z=1,Ä=x',
    );
  });

  test('in any order of the message they are one series', () => {
    const rules = ruleOf('each: payload.list, fields: { v: element.v }, autoTags: { from: element.t }');
    const payload = '{"list":[{"v":1,"t":{"a":"1","b":"2"}},{"v":2,"t":{"b":"2","a":"1"}}]}';
    const { lines, notes } = outcomeIn(rules, payload);
    expect(lines).toEqual(['m,a=1,b=2 v=1 1773000312500000000', 'm,a=1,b=2 v=2 1773000312500000001']);
    expect(notes).toEqual({ 'time-shifted': 1 });
  });

  test('names and values are never confused', () => {
    const rules = ruleOf('fields: { v: payload.v }, autoTags: { from: payload.tags }');
    expect(tags(rules, '{"a":"1","b":"2"}')).toBe('a=1,b=2');
    expect(tags(rules, '{"a":"11:b1:2"}')).toBe('a=11:b1:2');
    expect(tags(rules, '{"a":"1","b2":"2"}')).toBe('a=1,b2=2');
  });

  test('excluded, chosen and renamed by patterns', () => {
    expect(tags(auto(', exclude: ["x*"]'), '{"a":"1","xa":"2"}')).toBe('a=1,site=roof');
    expect(tags(auto(', include: ["x*"]'), '{"a":"1","xa":"2"}')).toBe('site=roof,xa=2');
    expect(tags(auto(', rename: { "x*": "*" }'), '{"xa":"2"}')).toBe('a=2,site=roof');
  });

  test.each([
    ['null, and the empty text', '{"a":null,"b":""}', { 'tag-missing': 2 }],
    ['a list and an object', '{"a":[1],"b":{"c":1}}', { 'tag-omitted': 2 }],
    ['reserved names', '{"time":"1","_x":"2"}', { 'tag-omitted': 2 }],
    ['the names of the rule', '{"site":"1","v":"2"}', { 'tag-omitted': 2 }],
    ['no object', 'null', { 'tag-missing': 1 }],
  ])('[security 40] omitted with a warning: %s', (_what, members, notes) => {
    const outcome = outcomeIn(ALL, `{"v":1,"tags":${members}}`);
    expect(outcome).toMatchObject({ lines: ['m,site=roof v=1 1773000312500000000'], notes });
  });

  test.each([
    ['a name with a control character', '{"a\\n":"1"}', 'the tag name "a\\n" holds a control character'],
    ['a value with one', '{"a":"1\\n"}', 'the tag "a": its value "1\\n" holds a control character'],
    ['a value that is too long', `{"a":"${'x'.repeat(1025)}"}`, 'is longer than 1024 bytes'],
    ['a text in the place of the object', '"a=1"', 'the tags of autoTags are a string, not an object'],
  ])('[security 37] parked: %s', (_what, members, reason) => {
    const outcome = outcomeIn(ALL, `{"v":1,"tags":${members}}`);
    expect(outcome.outcome).toBe('parked as tag-invalid');
    expect(outcome.reason).toContain(reason);
  });

  test('parked: two members with the same name', () => {
    expect(tags(auto(', rename: { "x*": "*" }'), '{"xa":"1","a":"2"}')).toBe(
      'two members of autoTags both give the tag "a"',
    );
  });

  test('parked: a field with the name of a tag', () => {
    const rules = ruleOf('autoTags: { from: payload.tags }, autoFields: { from: payload.fields }');
    expect(outcomeIn(rules, '{"tags":{"a":"1"},"fields":{"a":1}}')).toMatchObject({
      outcome: 'parked as field-collision',
      reason: 'the field "a" has the name of a tag',
    });
    expect(outcomeIn(rules, '{"tags":{"a":"1"},"fields":{"b":1}}').outcome).toBe('written');
  });

  test('parked: more names than maxNames, and those that are known stay good', () => {
    const rules = ruleOf(`${RULE}, autoTags: { from: payload.tags }, maxNames: 2`);
    expect(tags(rules, '{"a":"1","b":"1"}')).toBe('a=1,b=1,site=roof');
    expect(outcomeIn(rules, '{"v":1,"tags":{"c":"1"}}')).toMatchObject({
      outcome: 'parked as too-many-names',
      reason: 'the tag "c" is one more than the 2 that the rule may name (maxNames)',
    });
    expect(tags(rules, '{"b":"2"}')).toBe('b=2,site=roof');
  });
});

test('an explanation shows each of them, and why one is omitted', () => {
  const record = sampleRecord('{"v":1,"tags":{"a":"1","x":2,"time":3,"l":[]}}');
  const { values, unused } = explainRecord(auto(', exclude: [x]'), record, newLineText());
  expect(values.filter(({ from }) => from.startsWith('payload.tags'))).toEqual([
    { target: 'tag', name: 'a', from: 'payload.tags.a', found: '"1"', became: '1' },
    { target: 'tag', name: 'x', from: 'payload.tags.x', found: '2', omitted: 'the rule excludes it' },
    { target: 'tag', name: 'time', from: 'payload.tags.time', found: '3', omitted: 'the name is reserved' },
    { target: 'tag', name: 'l', from: 'payload.tags.l', found: '[]', omitted: 'it is an array' },
  ]);
  expect(unused).toEqual([]);
});

test.each([
  [
    'of the topic and of a key',
    'tags: { site: { value: roof }, city: payload.city }, fields: { v: payload.v }',
  ],
  [
    'of the rule alone, where every value becomes a field',
    'tags: { site: { value: roof }, city: payload.city }, fields: auto',
  ],
])('[security 42] only what a rule names becomes a tag: %s', (_what, rule) => {
  const payload =
    '{"v":1,"city":"Pune","rack":"r1","site":"cellar","nested":{"city":"x"},"tags":{"evil":"1"}}';
  const { lines } = outcomeIn(ruleOf(rule), payload);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^m,city=Pune,site=roof v=1 /);
});

test('fields: auto leaves the tags alone', () => {
  const rules = ruleOf('autoTags: { from: payload.meta }, fields: auto');
  expect(outcomeIn(rules, '{"t":1,"meta":{"floor":2}}').lines).toEqual(['m,floor=2 t=1 1773000312500000000']);
});
