import { describe, expect, it } from 'vitest';
import { outcomeIn, ruleOf, ruleSetOf } from './rule-outcome.js';

const AT = '1773000312500000000';
const TABLES = `consumer: { tables: { devices: { rows: { d1: { site: north, floor: 2 }, d2: { floor: 3 } } } } }
`;

function ruleWithTables(keys: string) {
  return ruleSetOf(`${TABLES}rules: [{ name: r, topic: "+kind/+device/#", measurement: m, ${keys} }]`);
}

describe('where a value comes from', () => {
  it.each<[what: string, rule: string, payload: string, line: string]>([
    ['a path', 'fields: { v: payload.a.b }', '{"a":{"b":1}}', 'm v=1'],
    ['several paths', 'fields: { v: [payload.x, payload.y] }', '{"x":null,"y":2}', 'm v=2'],
    ['the payload as a whole', 'fields: { v: payload }', '21.5', 'm v=21.5'],
    [
      'a constant',
      'fields: { v: payload.v, version: { value: 2, type: int } }',
      '{"v":1}',
      'm v=1,version=2i',
    ],
    [
      'a template',
      'tags: { id: "{topic.kind}-{payload.id}" }, fields: { v: payload.v }',
      '{"id":7,"v":1}',
      'm,id=plant-7 v=1',
    ],
    [
      'braces in a template',
      'tags: { id: { template: "{{{device}}}" } }, fields: { v: payload.v }',
      '{"v":1}',
      'm,id={d1} v=1',
    ],
    [
      'a template without a value is no tag',
      'tags: { id: "{payload.id}" }, fields: { v: payload.v }',
      '{"v":1}',
      'm v=1',
    ],
    ['the topic', 'tags: { t: topic }, fields: { v: payload.v }', '{"v":1}', 'm,t=plant/d1/x v=1'],
    [
      'a cell of a table',
      'tags: { site: { lookup: { table: devices, key: topic.device, column: site } } }, fields: { v: payload.v }',
      '{"v":1}',
      'm,site=north v=1',
    ],
    [
      'a cell as a number',
      'fields: { floor: { lookup: { table: devices, key: "d{payload.n}", column: floor }, type: int } }',
      '{"n":2}',
      'm floor=3i',
    ],
    [
      'an empty cell is no value',
      'tags: { site: { lookup: { table: devices, key: "d{payload.n}", column: site }, default: unknown } }, fields: { v: payload.v }',
      '{"n":2,"v":1}',
      'm,site=unknown v=1',
    ],
    [
      'a key that is not in the table',
      'tags: { site: { lookup: { table: devices, key: payload.d, column: site } } }, fields: { v: payload.v }',
      '{"d":"constructor","v":1}',
      'm v=1',
    ],
    ['an expression', 'fields: { f: { cel: payload.c * 1.8 + 32 } }', '{"c":20}', 'm f=68'],
    [
      'an expression without its key is no value',
      'fields: { v: payload.v, f: { cel: payload.c * 1.8 } }',
      '{"v":1}',
      'm v=1',
    ],
    [
      'an expression with a default',
      'fields: { v: payload.v, f: { cel: payload.c * 1.8, default: 0 } }',
      '{"v":1}',
      'm v=1,f=0',
    ],
    [
      'an expression that gives an integer',
      'fields: { f: { cel: "int(payload.c) / 2", type: int } }',
      '{"c":7}',
      'm f=3i',
    ],
    [
      'a tag by an expression',
      `tags: { s: { cel: 'payload.v > 0 ? "on" : "off"' } }, fields: { v: payload.v }`,
      '{"v":1}',
      'm,s=on v=1',
    ],
    [
      'words of a tag',
      'tags: { s: { path: payload.s, noValue: [none], map: { 1: on } } }, fields: { v: payload.v }',
      '{"s":1,"v":1}',
      'm,s=on v=1',
    ],
    [
      'a word of a tag that means no value',
      'tags: { s: { path: payload.s, noValue: [none] } }, fields: { v: payload.v }',
      '{"s":"None","v":1}',
      'm v=1',
    ],
    [
      'a tag that cannot be one, left out',
      'tags: { s: { path: payload.s, otherwise: omit } }, fields: { v: payload.v }',
      '{"s":[1],"v":1}',
      'm v=1',
    ],
    [
      'a time by a template',
      'time: { template: "{payload.d}T{payload.t}", zone: UTC }, fields: { v: payload.v }',
      '{"d":"2026-03-08","t":"20:05:11","v":1}',
      'm v=1 1773000311000000000',
    ],
    [
      'a time by an expression',
      'time: { cel: payload.minutes * 60, unit: s }, fields: { v: payload.v }',
      '{"minutes":29550005,"v":1}',
      'm v=1 1773000300000000000',
    ],
  ])('%s', (_what, rule, payload, line) => {
    const { lines } = outcomeIn(ruleWithTables(rule), payload, { topic: 'plant/d1/x' });
    expect(lines).toEqual([/ \d{19}$/.test(line) ? line : `${line} ${AT}`]);
  });

  it.each<[what: string, rule: string, payload: string, outcome: string]>([
    [
      'an expression that fails',
      'fields: { f: { cel: payload.c * 1.8 } }',
      '{"c":"x"}',
      'parked as rule-value-failed',
    ],
    [
      'unless the field is omitted',
      'fields: { v: payload.v, f: { cel: payload.c * 1.8, otherwise: omit } }',
      '{"c":"x","v":1}',
      'written',
    ],
    [
      'a tag that is required',
      'tags: { s: { path: payload.s, required: true } }, fields: { v: payload.v }',
      '{"v":1}',
      'parked as tag-required',
    ],
    ['a list where an object is due', 'fields: { v: payload.v }', '[1]', 'parked as payload-not-object'],
    ['a text alone', 'fields: auto', '"on"', 'parked as payload-not-object'],
    ['a list alone', 'fields: auto', '[1]', 'parked as payload-not-object'],
    ['null alone says nothing now', 'fields: auto', 'null', 'filtered by r: no value'],
  ])('%s', (_what, rule, payload, outcome) => {
    expect(outcomeIn(ruleWithTables(rule), payload, { topic: 'plant/d1/x' }).outcome).toBe(outcome);
  });
});

describe('a tag without a value', () => {
  it.each([
    ['', { 'tag-missing': 1 }],
    [', required: false', {}],
  ])('is a mapping warning unless it is not required%s', (required, notes) => {
    const rules = ruleOf(`tags: { s: { path: payload.s${required} } }, fields: { v: payload.v }`);
    expect(outcomeIn(rules, '{"v":1}')).toMatchObject({ lines: [`m v=1 ${AT}`], notes });
  });
});

describe('fields that are found', () => {
  it.each<[what: string, rule: string, payload: string, line: string]>([
    [
      'beside those that are named',
      'fields: { t: { path: payload.temp, type: float, scale: 0.1 } }, autoFields: {}',
      '{"temp":215,"hum":40,"x":{"y":1}}',
      'm t=21.5,hum=40,x_y=1',
    ],
    ['from one object', 'autoFields: { from: payload.data }', '{"id":1,"data":{"t":2}}', 'm t=2'],
    ['only some', 'autoFields: { include: ["t*", hum] }', '{"temp":1,"hum":2,"rssi":3}', 'm temp=1,hum=2'],
    ['all but some', 'autoFields: { exclude: ["*_raw"] }', '{"t":1,"t_raw":2}', 'm t=1'],
    [
      'with other names',
      'autoFields: { rename: { "sensor_*_value": "*", "*_c": "*" } }',
      '{"sensor":{"t":{"value":1}},"h_c":2}',
      'm t=1,h=2',
    ],
    ['with texts', 'autoFields: { texts: true }', '{"mode":"eco","t":1}', 'm mode="eco",t=1'],
    [
      'without times and identities as names',
      'fields: auto',
      '{"t":1,"7":2,"1773000310":3,"b":{"4711":{"x":1},"9":5}}',
      'm 7=2,t=1,b_9=5',
    ],
    [
      'without what is used as a tag inside of the object',
      'autoFields: { from: payload.d }, tags: { id: payload.d.id }',
      '{"d":{"id":5,"t":1}}',
      'm,id=5 t=1',
    ],
    ['a bare number is named by the topic', 'fields: auto', '21.5', 'm x=21.5'],
    ['a bare boolean', 'fields: auto', 'true', 'm x=T'],
  ])('%s', (_what, rule, payload, line) => {
    expect(outcomeIn(ruleWithTables(rule), payload, { topic: 'plant/d1/x' }).lines).toEqual([
      `${line} ${AT}`,
    ]);
  });

  it('park two values of one name', () => {
    const rules = ruleOf('autoFields: { rename: { "*": v } }');
    expect(outcomeIn(rules, '{"a":1,"b":2}').outcome).toBe('parked as field-collision');
  });

  it('by topics are bounded', () => {
    const rules = ruleOf('fields: auto, maxNames: 2');
    const outcomes = ['a', 'b', 'c'].map((name) => outcomeIn(rules, '1', { topic: `d/${name}` }).outcome);
    expect(outcomes).toEqual(['written', 'written', 'parked as too-many-names']);
  });
});

describe('check and sample', () => {
  it('parks with the words of the rule', () => {
    const rules = ruleOf(
      'check: [{ if: payload.t < 60, else: a sensor in the sun }], fields: { t: payload.t }',
    );
    expect(outcomeIn(rules, '{"t":20}').outcome).toBe('written');
    expect(outcomeIn(rules, '{"t":70}')).toMatchObject({
      outcome: 'parked as rule-check-failed',
      reason: 'a sensor in the sun',
    });
    expect(outcomeIn(rules, '{}').outcome).toBe('parked as rule-where-failed');
  });

  it('takes about its share of the messages, and the same ones at every replay', () => {
    const rules = ruleOf('sample: 25%, fields: { v: payload.v }');
    for (const stepNs of [1n, 1_000_003n, 1_000_000_000n]) {
      const outcomes = Array.from({ length: 4_000 }, (_, i) => {
        const receivedAtNs = 1_773_000_312_500_000_000n + BigInt(i) * stepNs;
        return outcomeIn(rules, '{"v":1}', { receivedAtNs }).outcome;
      });
      const taken = outcomes.filter((outcome) => outcome === 'written').length;
      expect(taken).toBeGreaterThan(850);
      expect(taken).toBeLessThan(1_150);
      expect(new Set(outcomes)).toEqual(new Set(['written', 'filtered by r: sample']));
    }
    const first = { receivedAtNs: 5n };
    expect(outcomeIn(rules, '{"v":1}', first)).toEqual(outcomeIn(rules, '{"v":1}', first));
  });

  it('decides the sample before the payload is read', () => {
    const rules = ruleOf('sample: 0.0001%, fields: { v: payload.v }');
    expect(outcomeIn(rules, 'no JSON').outcome).toBe('filtered by r: sample');
  });
});

describe('several rules for one message', () => {
  const all = (rules: string) => ruleSetOf(`consumer: { match: all }\nrules: [${rules}]`);
  const air = '{ name: air, topic: "a/+", measurement: air, fields: { t: payload.t } }';

  it('give the points of each of them', () => {
    const rules = all(`${air}, { name: raw, topic: "#", measurement: raw, fields: auto }`);
    expect(outcomeIn(rules, '{"t":1,"x":2}', { topic: 'a/b' }).lines).toEqual([
      `air t=1 ${AT}`,
      `raw t=1,x=2 ${AT}`,
    ]);
    expect(outcomeIn(rules, '{"t":1}', { topic: 'b/b' }).lines).toEqual([`raw t=1 ${AT}`]);
  });

  it('take it one after the other, as far as each says that the message goes on', () => {
    const rules = ruleSetOf(`rules: [
      { name: air, topic: "a/+", continue: true, measurement: air, fields: { t: payload.t } },
      { name: none, topic: "a/+", continue: true, where: "false", measurement: none, fields: auto },
      { name: more, topic: "a/#", measurement: more, fields: { x: payload.x } },
      { name: raw, topic: "#", measurement: raw, fields: auto } ]`);
    expect(outcomeIn(rules, '{"t":1,"x":2}', { topic: 'a/b' }).lines).toEqual([
      `air t=1 ${AT}`,
      `more x=2 ${AT}`,
    ]);
    expect(outcomeIn(rules, '{"t":1}', { topic: 'b' }).lines).toEqual([`raw t=1 ${AT}`]);
  });

  it('write what is good although another rule parks', () => {
    const rules = all(
      `${air}, { name: strict, topic: "#", measurement: s, fields: { x: { path: payload.x, type: int } } }`,
    );
    expect(outcomeIn(rules, '{"t":1,"x":"no"}', { topic: 'a/b' })).toMatchObject({
      lines: [`air t=1 ${AT}`],
      outcome: 'parked as field-wrong-type',
    });
  });

  it('park a message for which two of them give the same field of one point', () => {
    const twice = (more: string) =>
      all(
        `{ name: a, topic: "#", measurement: m, fields: { t: payload.t } }, { name: b, topic: "#", measurement: m, ${more} }`,
      );
    expect(outcomeIn(twice('fields: auto'), '{"t":1,"x":2}')).toMatchObject({
      lines: [],
      outcome: 'parked as field-collision',
      reason: 'the rules "a" and "b" both give the field "t" of one point',
    });
    expect(outcomeIn(twice('fields: { x: payload.x }'), '{"t":1,"x":2}').outcome).toBe('written');
    expect(outcomeIn(twice('tags: { d: device }, fields: auto'), '{"t":1}').outcome).toBe('written');
  });

  it('filter a message that none of them wants, by the first', () => {
    const rules = all(
      `{ name: one, topic: "#", measurement: m, where: "false" }, { name: two, topic: "#", measurement: m, where: "false" }`,
    );
    expect(outcomeIn(rules, '{}').outcome).toBe('filtered by one');
  });

  it('are not asked when the first takes it, unless the configuration says so', () => {
    const rules = ruleSetOf(`rules: [${air}, { name: raw, topic: "#", measurement: raw }]`);
    expect(outcomeIn(rules, '{"t":1}', { topic: 'a/b' }).lines).toEqual([`air t=1 ${AT}`]);
  });
});
