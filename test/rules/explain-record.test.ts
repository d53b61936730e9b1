import { expect, test } from 'vitest';
import { explainRecord, formatExplanation } from '../../src/rules/explain-record.js';
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
  return formatExplanation(explainRecord(rules, sampleRecord(payload, { topic }), encode));
}

test('a record that becomes a point: the rules that were tried, the captures, the line, the warnings', () => {
  expect(explain('strict/probe', '{"temperature":21.5,"count":3}')).toBe(
    [
      'topic    strict/probe',
      'rule     strict (strict/+device): takes it',
      '         topic.device = probe',
      '         device = strict',
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
      'line     telemetry t=1 1732155786000000000',
      'warning  field-not-numeric (2 times)',
    ].join('\n'),
  );
});

test('a filtered record names its rule', () => {
  expect(explain('warm/x/y', '{"temperature":19}')).toContain('filtered by the where of rule warm');
});

test('a parked record has its code and reason', () => {
  expect(explain('strict/probe', '{"temperature":99}')).toContain(
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
