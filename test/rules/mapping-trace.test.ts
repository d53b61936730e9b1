import { expect, test } from 'vitest';
import type { JsonValue } from '../../src/formats/json/json-value.js';
import { MappingWarnings } from '../../src/rules/mapped.js';
import type { MappingTrace, TracedCondition, TracedValue } from '../../src/rules/mapping-trace.js';
import type { FieldOptions, RuleOptions } from '../../src/rules/rule-options.js';
import { compileOrThrow } from '../../src/rules/rule-set.js';
import { sampleRecord } from './sample-record.js';

const RULE: RuleOptions = {
  name: 'rule',
  topic: 'home/+room',
  measurement: 'm',
  time: undefined,
  tags: {},
  fields: { t: { path: 'payload.t', type: 'float', range: undefined } },
};

/** Keeps what the rules report, in its order. */
class Reports implements MappingTrace {
  readonly payloads: JsonValue[] = [];
  readonly rules: string[] = [];
  readonly conditions: TracedCondition[] = [];
  readonly values: TracedValue[] = [];

  payload(value: JsonValue): void {
    this.payloads.push(value);
  }

  rule(name: string, outcome: string): void {
    this.rules.push(`${name}: ${outcome}`);
  }

  condition(condition: TracedCondition): void {
    this.conditions.push(condition);
  }

  value(value: TracedValue): void {
    this.values.push(value);
  }

  element(): void {
    throw new Error('no rule here has elements');
  }
}

function trace(options: Partial<RuleOptions>, payload: string, topic = 'home/attic'): Reports {
  const reports = new Reports();
  const record = sampleRecord(payload, { topic });
  const rules = compileOrThrow([{ ...RULE, ...options }]);
  // Twice: what is kept from the record before must not hide anything.
  rules.apply(record, new MappingWarnings());
  rules.apply(record, new MappingWarnings(), { trace: reports });
  return reports;
}

function fieldOf(field: Partial<FieldOptions>, payload: string): TracedValue | undefined {
  const t: FieldOptions = { path: 'payload.t', type: 'float', range: undefined, ...field };
  return trace({ fields: { t } }, payload).values.find(({ target }) => target === 'field');
}

test('the decoded payload, and the rule that takes the record', () => {
  expect(trace({}, '{"t":1}')).toMatchObject({ payloads: [{ t: 1 }], rules: ['rule: takes it'] });
});

test('a field: the reference, what was found and what is stored', () => {
  expect(fieldOf({ decimalComma: true }, '{"t":"21,5"}')).toEqual({
    target: 'field',
    name: 't',
    from: 'payload.t',
    found: '21,5',
    became: '21.5',
  });
});

test('of several references the one that counted', () => {
  const path = ['payload.a', 'payload["b c"]', 'payload.d'];
  expect(fieldOf({ path }, '{"a":null,"b c":2,"d":3}')).toMatchObject({
    from: 'payload["b c"]',
    became: '2',
  });
  expect(fieldOf({ path }, '{"a":null}')).toMatchObject({ from: 'payload.a', omitted: 'it has no value' });
  expect(fieldOf({ path }, '{}')).toMatchObject({ from: 'payload.a, payload["b c"], payload.d' });
});

test.each<[Partial<FieldOptions>, string, Partial<TracedValue>]>([
  [{}, '{}', { omitted: 'it is not there' }],
  [{}, '{"t":null}', { omitted: 'it has no value' }],
  [{}, '{"t":""}', { omitted: 'it has no value' }],
  [{ noValue: [-127] }, '{"t":-127}', { omitted: 'it means "no value"' }],
  [{ otherwise: 'omit' }, '{"t":"x"}', { omitted: expect.stringContaining('expected a number') }],
  [{}, '{"t":"x"}', { omitted: expect.stringContaining('expected a number') }],
  [{ expected: [2, 8] }, '{"t":8}', { became: '8' }],
  [{ expected: [2, 8] }, '{"t":8.5}', { became: '8.5', note: 'outside expected 2..8' }],
  [{ type: 'int', expected: [2, 8] }, '{"t":1}', { became: '1', note: 'outside expected 2..8' }],
  [{ default: 7 }, '{}', { became: '7', instead: 'it is not there; the default is used' }],
  [
    { otherwise: 'clamp', range: [0, 10] },
    '{"t":12}',
    {
      became: '10',
      instead: expect.stringMatching(/outside the range 0 to 10; the nearer end of the range is used$/),
    },
  ],
])('a field %j of %s', (field, payload, expected) => {
  const { target, name, from, found, ...outcome } = fieldOf(field, payload)!;
  expect(outcome).toEqual(expected);
});

test('tags, also of a series that the topic alone decides', () => {
  const tags = { room: { path: 'topic.room' }, site: { value: 'x' }, id: { path: 'payload.id' } };
  expect(trace({ tags }, '{"t":1}').values.filter(({ target }) => target === 'tag')).toEqual([
    { target: 'tag', name: 'id', from: 'payload.id', found: undefined, omitted: 'it is not there' },
    { target: 'tag', name: 'room', from: 'topic.room', found: 'attic', became: 'attic' },
    { target: 'tag', name: 'site', from: 'the rule', found: 'x', became: 'x' },
  ]);
  expect(trace({ tags: { room: { path: 'topic.room' } } }, '{"t":1}').values).toContainEqual(
    expect.objectContaining({ target: 'tag', name: 'room', became: 'attic' }),
  );
});

const AT = { path: 'ts', unit: 's', maxPastMs: 60_000, maxFutureMs: 60_000 } as const;
const timeOf = (time: RuleOptions['time'], payload: string) =>
  trace({ time }, payload).values.filter(({ target }) => target === 'time');

test('a device time', () => {
  expect(timeOf(AT, '{"t":1,"ts":1732155786}')).toEqual([
    { target: 'time', name: 'time', from: 'payload.ts', found: 1732155786, became: '2024-11-21T02:23:06Z' },
  ]);
});

test.each([
  [{}, '{"t":1}', { instead: 'it is not there; the receive time is used' }],
  [{}, '{"t":1,"ts":null}', { instead: 'it is null; the receive time is used' }],
  [{}, '{"t":1,"ts":86400}', { instead: 'the clock of the device was never set; the receive time is used' }],
  [{}, '{"t":1,"ts":1732000000}', { omitted: expect.stringContaining('allowed is') }],
  [
    { otherwise: 'receive' },
    '{"t":1,"ts":"x"}',
    { instead: expect.stringMatching(/; the receive time is used$/) },
  ],
  [
    { otherwise: 'clamp' },
    '{"t":1,"ts":1732000000}',
    {
      became: '2024-11-21T02:22:06Z',
      instead: expect.stringMatching(/; the nearer end of the window is used$/),
    },
  ],
] as const)('a time %j of %s', (more, payload, expected) => {
  expect(timeOf({ ...AT, ...more }, payload)).toMatchObject([expected]);
});

test('time: auto reports each key that it tried, and the receive time at last', () => {
  expect(timeOf('auto', '{"t":1,"ts":5,"time":"noon"}')).toMatchObject([
    { from: 'payload.time', omitted: expect.stringContaining('"noon"') },
    { from: 'payload.ts', omitted: 'the clock of the device was never set' },
    { from: 'the receive time', became: '2024-11-21T02:23:06Z' },
  ]);
});

test('fields: auto reports the path of each key', () => {
  const { values } = trace({ fields: 'auto' }, '{"a":{"b":1},"s":"x","n":null,"time":true}');
  expect(values.filter(({ target }) => target === 'field')).toEqual([
    { target: 'field', name: 'a_b', from: 'payload.a.b', found: 1, became: '1' },
    { target: 'field', name: 's', from: 'payload.s', found: 'x', omitted: 'it is a string' },
    { target: 'field', name: 'n', from: 'payload.n', found: null, omitted: 'it is null' },
    {
      target: 'field',
      name: 'time',
      from: 'payload.time',
      found: true,
      omitted: 'the name is reserved or that of a tag',
    },
  ]);
});

test('a condition: its result, and the values that it names', () => {
  const where =
    'payload.a["b c"] > 1.0 && payload.list.exists(x, x > payload.t) || topic.room == "" || qos == 1';
  expect(trace({ where }, '{"t":1,"a":{"b c":0},"list":[]}').conditions.at(-1)).toEqual({
    expression: where,
    result: true,
    read: [
      { path: 'payload.a["b c"]', found: 0 },
      { path: 'payload.list', found: [] },
      { path: 'payload.t', found: 1 },
      { path: 'topic.room', found: 'attic' },
      { path: 'qos', found: 1 },
    ],
  });
});

test('a condition that fails, and one that the topic alone decides', () => {
  expect(trace({ where: 'payload.x > 1.0' }, '{"t":1}').conditions.at(-1)).toEqual({
    expression: 'payload.x > 1.0',
    read: [{ path: 'payload.x', found: undefined }],
  });
  expect(trace({ where: 'topic.room == "hall"' }, 'no JSON')).toMatchObject({
    payloads: [],
    conditions: [{ result: false, read: [{ path: 'topic.room', found: 'attic' }] }],
  });
});
