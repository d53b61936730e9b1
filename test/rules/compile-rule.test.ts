import { describe, expect, test } from 'vitest';
import { compileRule } from '../../src/rules/compile-rule.js';
import { DEFAULT_RULES, type RuleOptions } from '../../src/rules/rule-options.js';
import { STRICT_RULE } from '../fixtures/bad-payloads.js';

const RULE: RuleOptions = {
  name: 'climate',
  topic: 'sensors/+city/+device/telemetry',
  where: 'payload.temperature > -60.0',
  measurement: 'sensordata',
  time: { path: 'timestamp', unit: 'auto', maxPastMs: 1, maxFutureMs: 1 },
  tags: { city: { path: 'topic.city' }, plant: { value: 'north' } },
  fields: { temperature: { path: 'payload.temperature', type: 'float', range: [-60, 60] } },
};

function problemsOf(change: Partial<RuleOptions>): string[] {
  const compiled = compileRule({ ...RULE, ...change }, 3);
  if (compiled.ok) return [];
  return compiled.problems.map(({ path, got, expected }) => `${path.join('.')}: ${got} | ${expected}`);
}

test.each([
  ['the example', RULE],
  ['the strict fixture', STRICT_RULE],
  ['the default rule', DEFAULT_RULES[0] as RuleOptions],
])('%s compiles', (_name, rule) => {
  expect(compileRule(rule, 0)).toMatchObject({ ok: true });
});

describe('each problem has its path, what was found and what is expected', () => {
  const cases: readonly [change: Partial<RuleOptions>, problem: RegExp][] = [
    [{ name: '' }, /^name: "" \| a name/],
    [{ name: 'a\nb' }, /^name: "a\\nb" \|/],
    [{ topic: 'a/#/b' }, /^topic: "a\/#\/b" \| an MQTT topic filter: .*# must be the last level/],
    [{ measurement: '' }, /^measurement: "" \| .*is empty/],
    [{ measurement: '#m' }, /^measurement: "#m" \| .*comment/],
    [{ measurement: '_m' }, /^measurement: "_m" \| .*reserved/],
    [{ measurement: 'm\\' }, /^measurement: .*backslash/],
    [{ where: 'payload.t >' }, /^where: "payload.t >" \| a CEL condition: a value is missing at the end/],
    [{ where: 'topic.town == "x"' }, /^where: .*topic.town is not named/],
    [{ tags: { _t: { path: 'device' } } }, /^tags._t: "_t" \| .*reserved/],
    [{ tags: { time: { path: 'device' } } }, /^tags.time: .*reserved/],
    [{ tags: { t: { path: 'topic.town' } } }, /^tags.t.path: "topic.town" \| a reference: .*no \+town/],
    [{ tags: { t: { path: 'city' } } }, /^tags.t.path: "city" \| .*starts with none of/],
    [{ tags: { t: { value: '' } } }, /^tags.t.value: "" \| .*is empty/],
    [{ tags: { t: { value: 'a\nb' } } }, /^tags.t.value: .*control character/],
    [{ tags: { t: { value: 'a\\' } } }, /^tags.t.value: .*backslash/],
    [{ fields: {} }, /^fields: no field \| at least one field, or auto/],
    [{ fields: { _f: { path: 'payload.f' } } }, /^fields._f: .*reserved/],
    [{ fields: { 'f\\': { path: 'payload.f' } } }, /^fields.f\\: .*backslash/],
    [{ fields: { city: { path: 'payload.f' } } }, /^fields.city: "city" \| .*not also the name of a tag/],
    [{ fields: { f: { path: 'f' } } }, /^fields.f.path: "f" \| a reference/],
    [{ fields: { f: { path: 'payload.f', type: 'int', range: [2, 1] } } }, /^fields.f.range: \[2, 1\]/],
    [{ fields: { f: { path: 'payload.f', type: 'int', range: [Number.NaN, 1] } } }, /^fields.f.range:/],
    [{ fields: { f: { path: 'payload.f', type: 'string', range: [1, 2] } } }, /^fields.f.range: .*string/],
    [{ fields: { f: { path: 'payload.f', range: [1, 2] } } }, /^fields.f.range: a range with no type/],
    [{ time: { path: 'a..b', unit: 's', maxPastMs: 1, maxFutureMs: 1 } }, /^time.path: "a\.\.b" \|/],
    [{ time: { path: 'a', unit: 's', maxPastMs: -1, maxFutureMs: 1 } }, /^time.maxPastMs: -1 \|/],
    [
      { time: { path: 'a', unit: 's', maxPastMs: 1, maxFutureMs: Number.POSITIVE_INFINITY } },
      /^time.maxFutureMs:/,
    ],
  ];
  test.each(cases)('%j', (change, problem) => {
    expect(problemsOf(change)).toEqual([expect.stringMatching(problem)]);
  });

  test('all are reported at once, with the rule and its index', () => {
    const compiled = compileRule({ ...RULE, measurement: '', where: ')', tags: { _a: { path: 'x' } } }, 3);
    expect(compiled.ok ? [] : compiled.problems.map(({ path }) => path.join('.'))).toEqual([
      'where',
      'measurement',
      'tags._a',
      'tags._a.path',
    ]);
    expect(compiled.ok ? undefined : compiled.problems[0]).toMatchObject({ rule: 'climate', index: 3 });
  });
});
