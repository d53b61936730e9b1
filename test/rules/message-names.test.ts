import { describe, expect, it } from 'vitest';
import { outcomeIn, ruleOf, ruleSetOf } from './rule-outcome.js';

const AT = '1773000312500000000';

describe('names out of messages', () => {
  it.each<[what: string, rule: string, payload: string, line: string]>([
    ['a measurement by path', 'measurement: { path: payload.kind }', '{"kind":"air","v":1}', `air v=1 ${AT}`],
    [
      'of several paths the first that is there',
      'measurement: { path: [payload.k, payload.kind] }',
      '{"kind":"air","v":1}',
      `air v=1 ${AT}`,
    ],
    [
      'a measurement by template',
      'measurement: { template: "{topic.a}_{payload.kind}" }, topic: "+a/#"',
      '{"kind":1,"v":1}',
      `plant_1 v=1 ${AT}`,
    ],
    [
      'a measurement by expression',
      `measurement: { cel: 'payload.v > 0 ? "up" : "down"' }`,
      '{"v":1}',
      `up v=1 ${AT}`,
    ],
    [
      'a constant that looks like a reference',
      'measurement: { value: topic.kind }',
      '{"v":1}',
      `topic.kind v=1 ${AT}`,
    ],
    [
      'a field named by the topic',
      'fields: { "{topic.b}": payload.v }, topic: "+a/+b/#"',
      '{"v":1}',
      `m x=1 ${AT}`,
    ],
    [
      'a field named by the payload',
      'fields: { "{payload.n}_max": payload.v }',
      '{"n":"t","v":1}',
      `m t_max=1 ${AT}`,
    ],
  ])('%s', (_what, rule, payload, line) => {
    const rules = ruleOf(rule.includes('fields') ? rule : `${rule}, fields: { v: payload.v }`);
    expect(outcomeIn(rules, payload, { topic: 'plant/x/y' }).lines).toEqual([line]);
  });

  it.each<[what: string, rule: string, payload: string, outcome: string]>([
    [
      'no measurement',
      'measurement: { path: payload.kind }',
      '{"v":1}',
      'parked as measurement-name-invalid',
    ],
    [
      'a measurement that no store takes',
      'measurement: { path: payload.kind }',
      '{"kind":"a\\n","v":1}',
      'parked as measurement-name-invalid',
    ],
    [
      'a reserved measurement',
      'measurement: { path: payload.kind }',
      '{"kind":"_x","v":1}',
      'parked as measurement-name-invalid',
    ],
    ['no field name', 'fields: { "{payload.n}": payload.v }', '{"v":1}', 'parked as field-name-invalid'],
    [
      'a reserved field name',
      'fields: { "{payload.n}": payload.v }',
      '{"n":"time","v":1}',
      'parked as field-name-invalid',
    ],
    [
      'the name of a tag',
      'tags: { d: device }, fields: { "{payload.n}": payload.v }',
      '{"n":"d","v":1}',
      'parked as field-name-invalid',
    ],
    [
      'the name of another field',
      'fields: { v: payload.v, "{payload.n}": payload.v }',
      '{"n":"v","v":1}',
      'parked as field-collision',
    ],
    [
      'a list in a template',
      'measurement: { template: "{payload.n}" }',
      '{"n":[1],"v":1}',
      'parked as rule-value-failed',
    ],
  ])('%s is parked', (_what, rule, payload, outcome) => {
    const rules = ruleOf(rule.includes('fields') ? rule : `${rule}, fields: { v: payload.v }`);
    expect(outcomeIn(rules, payload)).toMatchObject({ lines: [], outcome });
  });

  it('are bounded: one measurement or field too many is parked, and those that are known are not', () => {
    for (const rule of [
      'measurement: { path: payload.n }, maxNames: 2, fields: { v: payload.v }',
      'maxNames: 2, fields: { "{payload.n}": payload.v }',
    ]) {
      const rules = ruleOf(rule);
      const outcomes = ['a', 'b', 'c', 'a', 'd'].map((n) => outcomeIn(rules, `{"n":"${n}","v":1}`).outcome);
      const parked = 'parked as too-many-names';
      expect(outcomes).toEqual(['written', 'written', parked, 'written', parked]);
    }
  });

  it('are not those that the gateway writes its own metrics into', () => {
    const rules = (enabled: boolean) =>
      ruleSetOf(
        `metrics: { store: { enabled: ${enabled}, measurement: own } }\nrules: [{ name: r, topic: "#", measurement: { path: payload.m }, fields: { v: payload.v } }]`,
      );
    const outcome = (m: string, enabled = true) => outcomeIn(rules(enabled), `{"m":"${m}","v":1}`).outcome;
    expect([outcome('own'), outcome('own_events')]).toEqual(
      Array(2).fill('parked as measurement-name-invalid'),
    );
    expect([outcome('owner'), outcome('own', false)]).toEqual(['written', 'written']);
  });

  it('are not those of the rows of windows', () => {
    const rules = ruleSetOf(
      'windows: { aggregates: [{ name: climate, from: climate, every: 5min, fields: { t: mean } }] }\n' +
        'rules: [{ name: r, topic: "#", measurement: { path: payload.m }, fields: { v: payload.v } }]',
    );
    const outcome = (m: string) => outcomeIn(rules, `{"m":"${m}","v":1}`).outcome;
    expect(outcome('climate_5min')).toBe('parked as measurement-name-invalid');
    expect(outcome('climate')).toBe('written');
  });

  it('a field name with a brace before a reference and none behind it is no constant name', () => {
    expect(() => ruleOf('fields: { "{payload.n": payload.v }')).toThrow('the brace { has no partner');
    expect(() => ruleOf('fields: { "v_{key": payload.v }')).toThrow('the brace { has no partner');
    expect(outcomeIn(ruleOf('fields: { "v{1": payload.v }'), '{"v":2}').lines).toEqual([
      'm v{1=2 1773000312500000000',
    ]);
  });

  it('a measurement that looks like a reference or a template must say what it is', () => {
    for (const name of ['topic.kind', 'payload.kind', 'm_{topic.kind}', 'm_{topic.kind']) {
      expect(() => ruleSetOf(`rules: [{ name: r, topic: "#", measurement: "${name}" }]`)).toThrow(
        /for a name out of the message write/,
      );
    }
  });
});
