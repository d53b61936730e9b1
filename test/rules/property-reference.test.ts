import { describe, expect, test } from 'vitest';
import type { MessageProperties } from '../../src/lib/message-properties.js';
import { compileReference } from '../../src/rules/reference.js';
import { outcomeIn, ruleOf, ruleSetOf } from './rule-outcome.js';
import { sampleReading, sampleRecord } from './sample-record.js';

const PAYLOAD = '{"v":1}';
const all: MessageProperties = {
  isText: true,
  expirySeconds: 60,
  contentType: 'application/json',
  responseTopic: 'answers/d1',
  correlationData: Buffer.from([0, 0xff]),
  userProperties: [
    ['site', 'pune'],
    ['a key', 'v'],
    ['site', 'second'],
    ['__proto__x', 'p'],
  ],
};

function propertyOf(text: string, properties?: MessageProperties): unknown {
  const compiled = compileReference(text, { captureNames: [], variables: [] });
  if (!compiled.ok) expect.fail(compiled.problem);
  expect(compiled.reference.root).toBe('properties');
  return compiled.reference.get(sampleReading('{}', { record: sampleRecord('{}', { properties }) }));
}

describe('a reference to a message property', () => {
  test.each([
    ['properties.contentType', 'application/json'],
    ['properties["contentType"]', 'application/json'],
    ['properties.responseTopic', 'answers/d1'],
    ['properties.correlationData', 'AP8='],
    ['properties.payloadFormatIndicator', 1],
    ['properties.messageExpiryInterval', 60],
    ['properties.user.site', 'pune'],
    ['properties.user["a key"]', 'v'],
    ['properties.user.__proto__x', 'p'],
    ['properties.user.toString', undefined],
    ['properties.user.missing', undefined],
  ])('%s is %j, and nothing without', (text, value) => {
    expect(propertyOf(text, all)).toEqual(value);
    expect(propertyOf(text, {})).toBeUndefined();
    expect(propertyOf(text)).toBeUndefined();
  });

  test.each([
    ['properties', 'it names no property', 'write properties.contentType, or properties.user.NAME'],
    ['properties.user', 'it names no user property', 'write properties.user.NAME'],
    [
      'properties.contenttype',
      'there is no property "contenttype" (there are contentType, responseTopic, correlationData, payloadFormatIndicator, messageExpiryInterval, user.NAME)',
      'did you mean properties.contentType?',
    ],
    ['properties.users', 'there is no property "users"', 'did you mean properties.user.NAME?'],
    [
      'properties.site',
      'there is no property "site"',
      'one that the publisher has named is written properties.user.site',
    ],
    ['properties.contentType.x', 'contentType is one value and has nothing in it', undefined],
    ['properties.user.a.b', 'a property is a text and has nothing in it', undefined],
    ['properties.user[0]', 'it names no user property', 'write properties.user.NAME'],
    ['propertys.user.a', 'starts with none of', 'did you mean properties.user.a?'],
  ])('%s is refused: %s', (text, problem, hint) => {
    const compiled = compileReference(text, { captureNames: [], variables: [] });
    if (compiled.ok) expect.fail('it compiles');
    expect(compiled.problem).toContain(problem);
    expect(compiled.hint).toBe(hint);
  });
});

describe('message properties in a rule', () => {
  const rules = ruleOf(
    'tags: { site: properties.user.site, id: { template: "{properties.contentType}@{clientId}" } }, fields: { v: payload.v, by: { cel: properties.user.site }, left: properties.messageExpiryInterval }',
  );

  test('are tags, parts of a template, fields and values of CEL', () => {
    const { lines } = outcomeIn(rules, PAYLOAD, { properties: all, clientId: 'c' });
    expect(lines[0]).toContain('m,id=application/json@c,site=pune v=1,by="pune",left=60 ');
  });

  test('are absent with MQTT 3.1.1, as the user is', () => {
    const { outcome, lines, notes } = outcomeIn(rules, PAYLOAD);
    expect(outcome).toBe('written');
    expect(lines[0]).toContain('m v=1 ');
    expect(notes).toMatchObject({ 'tag-missing': 2, 'field-missing': 1 });
  });

  test('cannot break out of their tag', () => {
    const hostile = (value: string) => ({ properties: { userProperties: [['site', value] as const] } });
    const { lines } = outcomeIn(rules, PAYLOAD, hostile('x,owner=root v=9'));
    expect(lines[0]).toContain('site=x\\,owner\\=root\\ v\\=9 v=1');
    const parked = outcomeIn(rules, PAYLOAD, hostile('a\n\u001b[2J'));
    expect(parked).toMatchObject({ outcome: 'parked as tag-invalid', lines: [] });
    expect(parked.reason).not.toMatch(/\p{Cc}/u);
  });

  test('give each message its own series: they change from message to message of one topic', () => {
    const line = (site: string) =>
      outcomeIn(rules, PAYLOAD, { properties: { userProperties: [['site', site]] } }).lines[0];
    expect([line('a'), line('b'), line('a')].map((one) => one?.split(' ')[0])).toEqual([
      'm,site=a',
      'm,site=b',
      'm,site=a',
    ]);
  });

  test('are not known of a topic alone', () => {
    const set = ruleSetOf(
      'rules: [{ name: r, topic: t, measurement: m, tags: { site: properties.user.site, topic: topic } }]',
    );
    expect(set.knownSeries({ topic: 't', clientId: 'c' })).toEqual({
      measurement: 'm',
      tags: [{ name: 'topic', value: 't' }],
    });
  });

  test('may tell messages that come twice', () => {
    const set = ruleOf('policies: { duplicates: { key: properties.user.id, within: 1h } }');
    const { outcome } = outcomeIn(set, PAYLOAD, { properties: { userProperties: [['id', '7']] } });
    expect(outcome).toBe('written');
  });

  test('leave a variable of that name alone', () => {
    const set = ruleSetOf(
      'rules: [{ name: r, topic: t, measurement: m, each: { path: payload.list, as: properties }, fields: { v: properties.v } }]',
    );
    const { lines } = outcomeIn(set, '{"list":[{"v":5}]}', { topic: 't', properties: all });
    expect(lines[0]).toContain('m v=5 ');
  });
});

describe('a condition over message properties', () => {
  const outcomeOf = (where: string, properties?: MessageProperties, payload = 'no JSON') =>
    outcomeIn(ruleOf(`where: ${JSON.stringify(where)}`), payload, { properties }).outcome;

  test('is decided before the payload is decoded', () => {
    expect(outcomeOf('properties.user.site == "oslo"', all)).toBe('filtered by r');
    expect(outcomeOf('properties.user.site == "pune"', all, PAYLOAD)).toBe('written');
  });

  test.each([
    ['properties.contentType == null', true],
    ['properties.user.site != null', false],
    ['properties.user["site"] == "pune"', false],
    ['has(properties.user.site)', false],
    ['has(properties.contentType)', false],
    ['"site" in properties.user', false],
    ['properties.messageExpiryInterval == null || properties.messageExpiryInterval > 5', true],
    ['size(properties.user) == 0', true],
  ])('is true or false, and no failure, for a message without any: %s', (where, isTrue) => {
    expect(outcomeOf(where, undefined, PAYLOAD)).toBe(isTrue ? 'written' : 'filtered by r');
  });

  test.each([
    ['has(properties.user.site) && properties.user["a key"].startsWith("v")'],
    ['"site" in properties.user'],
    ['properties.messageExpiryInterval / 7 == 8'],
    ['properties.payloadFormatIndicator == 1'],
    ['properties.user.exists(name, name == "a key")'],
    ['properties.correlationData == "AP8="'],
    ['properties["user"].site == "pune"'],
  ])('holds for a message with them: %s', (where) => {
    expect(outcomeOf(where, all, PAYLOAD)).toBe('written');
  });

  test('that names what MQTT does not have is a problem of the configuration', () => {
    expect(() => ruleOf('where: "properties.contenttype == null"')).toThrow(
      /there is no property "contenttype" \(there are contentType, .*user\.NAME\)/,
    );
    expect(() => ruleOf('where: "has(properties.site)"')).toThrow(/there is no property "site"/);
  });
});
