import { expect, test } from 'vitest';
import { explainRecord, explanationJson } from '../../src/rules/explain-record.js';
import { formatExplanation } from '../../src/rules/format-explanation.js';
import { DEFAULT_RULES } from '../../src/rules/rule-options.js';
import { compileRules } from '../../src/rules/rule-set.js';
import type { Point } from '../../src/sink/point.js';
import { STRICT_RULE } from '../fixtures/bad-payloads.js';
import { sampleRecord } from './sample-record.js';

const compiled = compileRules([
  STRICT_RULE,
  { ...STRICT_RULE, name: 'warm', topic: 'warm/#rest', where: 'payload.temperature > 20', tags: {} },
  ...DEFAULT_RULES,
]);
if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
const rules = compiled.ruleSet;

const encode = ({ series, fields, timestampNs }: Point): string =>
  `${series.measurement} ${fields.map(({ name, value }) => `${name}=${value}`).join(',')} ${timestampNs}`;

function explain(topic: string, payload: string): string {
  return formatExplanation(explanationJson(explainRecord(rules, sampleRecord(payload, { topic }), encode)));
}

test('a record that becomes a point: the rules that were tried, the captures, the line, the warnings', () => {
  expect(explain('strict/probe', '{"temperature":21.5,"count":3,"battery":1}')).toBe(
    [
      'topic    strict/probe',
      'rule     strict (strict/+device): takes it',
      '         topic.device = probe',
      '         device = strict',
      'rule     warm (warm/#rest): no: level 1 is "strict", not "warm"',
      'rule     default (#): not tried: an earlier rule took it',
      'time     2024-11-21T02:23:06Z  from payload.ts: it is not there; the receive time is used',
      'tag      device = probe        from topic.device',
      'field    temperature = 21.5    from payload.temperature',
      'field    count = 3             from payload.count',
      'unused   payload.battery',
      'line     strict temperature=21.5,count=3 1732155786000000000',
      'warning  time-missing',
    ].join('\n'),
  );
});

test('each rule before the one that takes the record has its mismatch; warnings are counted', () => {
  expect(explain('home/x/state', '{"a":"on","b":"off","t":1,"ts":1732155786}')).toBe(
    [
      'topic    home/x/state',
      'rule     strict (strict/+device): no: level 1 is "home", not "strict"',
      'rule     warm (warm/#rest): no: level 1 is "home", not "warm"',
      'rule     default (#): takes it',
      '         device = x',
      'time     2024-11-21T02:23:06Z  from payload.ts (1732155786)',
      'tag      device = x            from device',
      'tag      topic = home/x/state  from topic',
      'field    a = (none)            from payload.a ("on"): it is a string',
      'field    b = (none)            from payload.b ("off"): it is a string',
      'field    t = 1                 from payload.t',
      'line     telemetry t=1 1732155786000000000',
      'warning  field-not-numeric (2 times)',
    ].join('\n'),
  );
});

test('a filtered record names its rule', () => {
  expect(explain('warm/x/y', '{"temperature":19}').split('\n').slice(-2)).toEqual([
    'where    payload.temperature > 20 is false: payload.temperature = 19',
    'filtered by the where of rule warm',
  ]);
});

test('a message without a value is not filtered by a condition', () => {
  expect(explain('strict/probe', '').split('\n').at(-1)).toBe('filtered as strict: no value');
});

test('a parked record has its code and reason', () => {
  const text = explain('strict/probe', '{"temperature":99}');
  expect(text).toContain('from payload.temperature (99): the record is parked for it');
  expect(text).toContain(
    'parked   field-out-of-range: the field "temperature" is the number 99, outside the range -60 to 60',
  );
});

test('a topic without a rule: all rules were tried', () => {
  const explanation = explainRecord(rules, sampleRecord('{}', { topic: '$SYS/x' }), encode);
  expect(explanation.tried.map(({ rule, mismatch }) => [rule, mismatch !== undefined])).toEqual([
    ['strict', true],
    ['warm', true],
    ['default', true],
  ]);
  expect(explanation).toMatchObject({ captures: {}, lines: [], mapped: { code: 'rule-none' } });
  expect(explanation.device).toBeUndefined();
});

test('a topic cannot forge a line of the explanation', () => {
  expect(explain('x\nline     forged', '{"t":1}').split('\n')[0]).toBe('topic    x line forged');
});

test('where no field is found, the keys that are there are named', () => {
  expect(explain('strict/probe', '{"temp":1}')).toContain('unused   payload.temp\nparked   no-fields');
  expect(explain('warm/x', '{"temp":1}')).not.toContain('unused');
});

test('a condition that fails is named with what it read', () => {
  expect(explain('warm/x', '{"t":1}')).toContain(
    'where    payload.temperature > 20 failed: payload.temperature is not there',
  );
});

test('as JSON it has the same, and big numbers as they were written', () => {
  const json = explanationJson(
    explainRecord(
      rules,
      sampleRecord('{"temperature":1.0000000000000000001,"list":[1]}', { topic: 'strict/p' }),
      encode,
    ),
  );
  expect(JSON.parse(JSON.stringify(json))).toMatchObject({
    outcome: 'written',
    tried: [
      { rule: 'strict', filter: 'strict/+device' },
      { rule: 'warm', mismatch: 'level 1 is "strict", not "warm"' },
      { rule: 'default', mismatch: 'not tried: an earlier rule took it' },
    ],
    values: expect.arrayContaining([
      { target: 'tag', name: 'device', from: 'topic.device', found: '"p"', became: 'p' },
      {
        target: 'field',
        name: 'temperature',
        from: 'payload.temperature',
        found: '1.0000000000000000001',
        became: '1',
      },
    ]),
    unused: ['payload.list'],
    conditions: [],
  });
});

test('a lenient format names what it has repaired', () => {
  const lenient = compileRules([
    { ...STRICT_RULE, topic: 'x', tags: {}, format: { type: 'json', lenient: ['bom', 'nul'] } },
  ]);
  if (!lenient.ok) throw new Error(JSON.stringify(lenient.problems));
  const record = sampleRecord('{"temperature":21.5}\0', { topic: 'x' });
  const explanation = explanationJson(explainRecord(lenient.ruleSet, record, encode));
  expect(explanation).toMatchObject({ format: 'json (lenient)', repaired: ['nul'] });
  expect(formatExplanation(explanation)).toContain('format   json (lenient)\nrepaired nul\n');
  expect(formatExplanation(explanation)).toContain('warning  payload-repaired');
});
