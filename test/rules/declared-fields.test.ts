import { describe, expect, test } from 'vitest';
import { DeclaredFields, type HasNamed } from '../../src/rules/declared-fields.js';
import type { FieldOptions, RuleOptions } from '../../src/rules/rule-options.js';

type Fields = Readonly<Record<string, Partial<FieldOptions>>>;

const rule = (name: string, measurement: RuleOptions['measurement'], fields: Fields): RuleOptions => ({
  name,
  topic: '#',
  measurement,
  tags: {},
  fields: Object.fromEntries(
    Object.entries(fields).map(([field, one]) => [field, { path: 'payload.v', ...one }]),
  ),
});
const declared = (rules: readonly RuleOptions[], hasNamed?: HasNamed) => new DeclaredFields(rules, hasNamed);

const CELSIUS = { unit: 'celsius' };

describe('what the rules state about a field', () => {
  test('is found by measurement and name', () => {
    const fields = declared([
      rule('a', 'room', { t: { unit: 'celsius', expected: [2, 8] }, plain: {} }),
      { ...rule('b', 'other', {}), fields: 'auto' },
    ]);
    expect(fields.of('room', 't')).toEqual({ unit: 'celsius', expected: [2, 8] });
    for (const [measurement, field] of [
      ['room', 'plain'],
      ['room', 'T'],
      ['other', 't'],
      ['room', 'constructor'],
    ]) {
      expect(fields.of(measurement!, field!)).toEqual({});
    }
  });

  test('keeps the order in which rules name fields', () => {
    const fields = declared([
      rule('a', 'room', { t: {}, door: { unit: 'x' } }),
      rule('b', 'room', { a: {} }),
      { ...rule('c', 'room', {}), fields: 'auto' },
      rule('d', { template: '{topic.x}' }, { other: {} }),
    ]);
    expect(fields.named('room')).toEqual(['t', 'door', 'a']);
    expect(fields.named('constructor')).toEqual([]);
  });

  test('is completed by a second rule, and none where two contradict one another', () => {
    const rules = [
      rule('a', 'm', { t: CELSIUS, u: CELSIUS, v: { expected: [1, 2] } }),
      rule(
        'b',
        { value: 'm' },
        { t: { unit: 'kelvin' }, u: { expected: [2, 8] }, v: { expected: [1, 2], unit: 'V' } },
      ),
    ];
    const fields = declared(rules);
    expect(fields.of('m', 't')).toEqual({});
    expect(fields.of('m', 'u')).toEqual({ unit: 'celsius', expected: [2, 8] });
    expect(fields.of('m', 'v')).toEqual({ unit: 'V', expected: [1, 2] });
  });

  test.each<[RuleOptions['measurement'], readonly string[], readonly string[]]>([
    [
      { template: 'log_{topic.kind}_x' },
      ['log_pump_x', 'log__x_x'],
      ['log_x', 'log__x', 'pump_x', 'log_pump'],
    ],
    [{ template: '{topic.a}-{topic.b}' }, ['x-y', 'a-b-c'], ['-y', 'x-', 'xy']],
    [{ template: '{{{topic.a}}}' }, ['{x}'], ['x', '{}']],
    [{ path: 'topic.kind' }, ['anything'], []],
  ])('of a measurement that messages name as %j', (measurement, fitting, others) => {
    const fields = declared([rule('a', measurement, { t: CELSIUS })]);
    for (const name of fitting) expect(fields.of(name, 't'), name).toEqual(CELSIUS);
    for (const name of others) expect(fields.of(name, 't'), name).toEqual({});
  });

  test('of rules whose measurements messages name is that of the rules that have named it', () => {
    const rules = [
      rule('a', { path: 'topic.kind' }, { t: CELSIUS }),
      rule('b', { path: 'topic.kind' }, { t: { unit: 'kelvin' } }),
      rule('c', 'fixed', { t: { unit: 'fahrenheit' } }),
    ];
    expect(declared(rules).of('m', 't')).toEqual({});
    expect(declared(rules).of('fixed', 't')).toEqual({ unit: 'fahrenheit' });
    const seen = declared(rules, (name, measurement) => name === 'b' && measurement !== 'z');
    expect(seen.of('m', 't')).toEqual({ unit: 'kelvin' });
    expect(seen.of('fixed', 't')).toEqual({});
    expect(seen.of('z', 't')).toEqual({});
  });

  test('of a field that messages name is that of its template, unless the rule names the field', () => {
    const fields = declared([
      rule('a', 'm', { 'temp_{key}': CELSIUS, temp_cpu: { unit: 'kelvin' }, '{key}': { expected: [0, 1] } }),
    ]);
    expect(fields.of('m', 'temp_1')).toEqual({ unit: 'celsius', expected: [0, 1] });
    expect(fields.of('m', 'temp_cpu')).toEqual({ unit: 'kelvin' });
    expect(fields.of('m', 'x')).toEqual({ expected: [0, 1] });
  });
});
