import { describe, expect, test } from 'vitest';
import { outcomeIn, ruleOf, ruleSetOf } from './rule-outcome.js';

const PAYLOAD = '{"v":1}';

describe('the user of a record in a rule', () => {
  const rules = ruleOf(
    "tags: { owner: user, id: { template: \"{user}@{clientId}\" }, ops: { cel: \"user == 'ops' ? 'yes' : 'no'\" } }, fields: { v: payload.v, by: { cel: user } }",
  );

  test('is a tag, a part of a template and a value of CEL [access 11]', () => {
    const { outcome, lines } = outcomeIn(rules, PAYLOAD, { user: 'ops', clientId: 'c' });
    expect(outcome).toBe('written');
    expect(lines[0]).toContain('m,id=ops@c,ops=yes,owner=ops v=1,by="ops" ');
  });

  test.each([undefined, ''])('is absent without access rules: %j [access 11]', (user) => {
    const { outcome, lines, notes } = outcomeIn(rules, PAYLOAD, { user });
    expect(outcome).toBe('written');
    expect(lines[0]).toContain('m,ops=no v=1 ');
    expect(notes).toEqual({ 'tag-missing': 2, 'field-null': 1 });
  });

  test('cannot break out of its tag [security 46]', () => {
    const { lines } = outcomeIn(rules, PAYLOAD, { user: '../../x,owner=root v=9', clientId: 'c' });
    expect(lines[0]).toContain('owner=../../x\\,owner\\=root\\ v\\=9 v=1');
    const parked = outcomeIn(rules, PAYLOAD, { user: 'a\n\u001b[2J', clientId: 'c' });
    expect(parked).toMatchObject({ outcome: 'parked as tag-invalid', lines: [] });
    expect(parked.reason).not.toMatch(/\p{Cc}/u);
  });
});

describe('a condition that asks for the user', () => {
  test('is decided before the payload is decoded [access 11]', () => {
    const rules = ruleOf('where: user == "ops"');
    expect(outcomeIn(rules, 'no JSON', { user: 'other' }).outcome).toBe('filtered by r');
    expect(outcomeIn(rules, 'no JSON').outcome).toBe('filtered by r');
    expect(outcomeIn(rules, PAYLOAD, { user: 'ops' }).outcome).toBe('written');
  });

  test('can ask whether there is one', () => {
    const rules = ruleOf('where: user != null && user.startsWith("meter-")');
    expect(outcomeIn(rules, PAYLOAD, { user: 'meter-17' }).outcome).toBe('written');
    expect(outcomeIn(rules, PAYLOAD).outcome).toBe('filtered by r');
  });
});

test('a device that the topic does not name can be the user, each with a series of its own', () => {
  const rules = ruleSetOf('rules: [{ name: r, topic: "t", measurement: m, tags: { device: user } }]');
  const line = (user: string) => outcomeIn(rules, PAYLOAD, { topic: 't', user }).lines[0];
  expect([line('a'), line('b'), line('a')].map((one) => one?.split(' ')[0])).toEqual([
    'm,device=a',
    'm,device=b',
    'm,device=a',
  ]);
});

test('a variable of each may not have its name', () => {
  expect(() =>
    ruleSetOf('rules: [{ name: r, topic: t, measurement: m, each: { path: payload, as: user } }]'),
  ).toThrow(/has a meaning already/);
});
