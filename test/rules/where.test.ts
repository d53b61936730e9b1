import { describe, expect, test } from 'vitest';
import { MappingFailure } from '../../src/rules/mapped.js';
import { compileWhere } from '../../src/rules/where.js';
import { sampleReading } from './sample-record.js';

function evaluate(expression: string, payload: string): boolean | MappingFailure {
  const compiled = compileWhere(expression, { captureNames: ['city', 'device'] });
  if (!compiled.ok) throw new Error(compiled.problem);
  return compiled.where(sampleReading(payload));
}

test.each([
  ['payload.count > 5', '{"count":6}', true, 'a JSON number against a CEL int'],
  ['payload.count > 5', '{"count":5}', false, 'equal is not greater'],
  ['payload.count == 6', '{"count":6}', true, 'equality across double and int'],
  ['payload.t > -60.0 && payload.t < 60', '{"t":21.5}', true, 'a range'],
  ['payload.big == 9007199254740993', '{"big":9007199254740993}', true, '2^53 + 1 is not rounded'],
  ['payload.big == 9007199254740992', '{"big":9007199254740993}', false, 'nor equal to its neighbour'],
  ['payload.big > 5 && payload.big > 5.5', '{"big":9007199254740993}', true, 'against int and double'],
  ['payload.big > 1e19', '{"big":18446744073709551615}', true, 'beyond int64 it is a double'],
  ['payload.x > 0.3', '{"x":0.30000000000000004}', true, 'a long decimal is a double'],
  ['payload.a.list[0] > 5', '{"a":{"list":[9007199254740993]}}', true, 'exact numbers inside'],
  ['has(payload.t) && payload.t > 0', '{"u":1}', false, 'has() guards a missing key'],
  ['payload.state in ["on", "off"]', '{"state":"on"}', true, 'text'],
  ['payload.v == null', '{"v":null}', true, 'null'],
  ['topic.city == "Mumbai" && device == "CITIMUM"', '{}', true, 'captures and device'],
  ['clientId == "client-1" && qos == 1', '{}', true, 'client id and QoS'],
  ['payload.list.exists(topic_, topic_ > 2)', '{"list":[1,2,3]}', true, 'macros'],
] as const)('%s on %s is %s', (expression, payload, expected, _why) => {
  expect(evaluate(expression, payload)).toBe(expected);
});

describe('what fails on a record parks it in one line', () => {
  test.each([
    ['payload.temp > 5', '{"t":1}', 'where `payload.temp > 5` failed: payload.temp: no such key'],
    ['payload.a.b > 5', '{"a":{}}', 'payload.a.b: no such key'],
    ['payload.t > 5', '{"t":"hot"}', 'payload.t > 5: cannot compare a string with an int'],
    ['payload.t > 5', '{"t":null}', 'payload.t > 5: cannot compare null with an int'],
    ['payload.t', '{"t":1}', 'it gave a number, not true or false'],
    ['payload.t', '{"t":null}', 'it gave null, not true or false'],
    ['payload.t', '{"t":"true"}', 'it gave a string, not true or false'],
    ['payload.list[3] > 1', '{"list":[1]}', 'payload.list[3]: no element "3" in a list of 1'],
    ['payload.toString == 1', '{"t":1}', 'payload.toString: no such key'],
    ['payload[payload.k] > 1', '{"k":"a\\nFORGED"}', 'payload[payload.k]: no such key "a\\nFORGED"'],
  ])('%s on %s', (expression, payload, words) => {
    const result = evaluate(expression, payload);
    expect(result).toMatchObject({ code: 'rule-where-failed' });
    const reason = result instanceof MappingFailure ? result.reason : '';
    expect(reason).toContain(words);
    expect(reason).not.toMatch(/\n/);
  });

  test('an operand that fails does not matter where the other one decides', () => {
    expect(evaluate('payload.missing > 1 || true', '{}')).toBe(true);
  });
});

test.each([
  ['payload.t >', 'a value is missing at the end'],
  ['payload.t > 5 )', 'there is a ) too many'],
  ['', 'the expression is empty'],
  ['temperature > 5', 'there is no variable "temperature"'],
  ['device + 1', 'cannot add an int to a string'],
  ['"on"', 'it gives a string, not true or false'],
  ['qos', 'it gives an int, not true or false'],
  ['topic.town == "x"', 'topic.town is not named by the topic filter (named there: city, device)'],
  ['!(payload.a.exists(x, x == topic.town))', 'topic.town is not named by the topic filter'],
  ['nope(payload.t)', 'there is no function "nope"'],
])('the expression %j is rejected when the rule is compiled', (expression, words) => {
  const compiled = compileWhere(expression, { captureNames: ['city', 'device'] });
  expect(compiled.ok ? 'compiled' : compiled.problem).toContain(words);
});

test('a condition that takes too many steps parks the record under a reason of its own', () => {
  const list = JSON.stringify({ l: new Array(400).fill(1) });
  expect(evaluate('payload.l.all(x, payload.l.all(y, x == y))', list)).toMatchObject({
    code: 'rule-over-budget',
    reason: 'where `payload.l.all(x, payload.l.all(y, x == y))` failed: it takes more than 100000 steps',
  });
});

test.each([
  ['payload.t > 5', true],
  ['element.t > 5', true],
  ['topic.city == "payload" && qos == 1', false],
  ['"false" == device', false],
])('%s needs the payload: %s', (expression, readsPayload) => {
  const compiled = compileWhere(expression, { captureNames: ['city'], variables: ['element'] });
  expect(compiled).toMatchObject({ ok: true, readsPayload });
});

test('a problem has its place and the nearest fix', () => {
  const names = { captureNames: ['city'] };
  expect(compileWhere('qos == 1 && paylod.t > 5', names)).toMatchObject({
    ok: false,
    at: 12,
    hint: 'did you mean payload?',
  });
  expect(compileWhere('qos', names)).toMatchObject({
    ok: false,
    at: 0,
    hint: expect.stringContaining('compare it'),
  });
});
