import { describe, expect, test } from 'vitest';
import { ExactNumber } from '../../src/formats/json/json-value.js';
import { AutoFields, type AutoFieldsParts, type Omitted } from '../../src/rules/auto-fields.js';
import {
  createMappingWarningCounts,
  MappingFailure,
  type MappingWarningCode,
  type MappingWarningCounts,
} from '../../src/rules/mapped.js';
import { NameBudget } from '../../src/rules/name-budget.js';
import { keyProblem } from '../../src/rules/point-names.js';
import { sampleReading } from './sample-record.js';

function autoFields(parts: Partial<AutoFieldsParts> = {}): AutoFields {
  return new AutoFields({
    get: ({ payload }) => payload,
    origin: () => 'payload',
    omitted: new Map(),
    takenNames: new Set(),
    omitsTime: false,
    bareName: () => 'value',
    bareNames: new NameBudget('field', 10, keyProblem),
    ...parts,
  });
}

function read(payload: string, auto = autoFields({ takenNames: new Set(['device']), omitsTime: true })) {
  const warnings = createMappingWarningCounts();
  const fields = auto.read(sampleReading(payload), warnings);
  const values =
    fields instanceof MappingFailure
      ? fields.code
      : fields === 'no-value'
        ? fields
        : Object.fromEntries(fields.map((field) => [field.name, field.value]));
  const noted = Object.entries(warnings).filter(([, count]) => count > 0);
  return { values, noted: Object.fromEntries(noted) as Partial<MappingWarningCounts>, fields };
}

describe('what becomes a field', () => {
  const cases: readonly [
    payload: string,
    values: object,
    noted: Partial<MappingWarningCounts>,
    why: string,
  ][] = [
    [
      '{"id":"CITIMUM","temperature":31.2,"humidity":64.5,"timestamp":1732155786,"city":"Mumbai"}',
      { temperature: 31.2, humidity: 64.5 },
      { 'field-not-numeric': 2 },
      'the classic reading; its time is no field',
    ],
    ['{"on":true,"n":1}', { on: true, n: 1 }, {}, 'booleans and numbers'],
    ['{"a":{"b":{"c":1}},"d":2}', { a_b_c: 1, d: 2 }, {}, 'nested keys joined by _'],
    ['{"a":null,"b":{"c":null},"d":1}', { d: 1 }, { 'field-null': 2 }, 'nulls at any depth'],
    ['{"a":[1,2],"b":"x","d":1}', { d: 1 }, { 'field-not-numeric': 2 }, 'arrays and text'],
    ['{"a":{},"d":1}', { d: 1 }, {}, 'an empty object holds nothing to leave out'],
    ['{"_a":1,"d":1}', { d: 1 }, { 'field-name-skipped': 1 }, 'a leading _ is reserved'],
    ['{"a":{"_b":1}}', { a__b: 1 }, {}, '_ inside the joined name is fine'],
    ['{"_a":{"b":1},"d":1}', { d: 1 }, { 'field-name-skipped': 1 }, 'a leading _ of the joined name'],
    ['{"device":7,"d":1}', { d: 1 }, { 'field-name-skipped': 1 }, 'a tag of the rule has this name'],
    ['{"time":true,"d":1}', { d: 1 }, { 'field-name-skipped': 1 }, 'time is reserved'],
    ['{"ts":1,"Time":"x","timestamp":null,"d":1}', { d: 1 }, {}, 'all obvious time keys, noted nowhere'],
    ['{"time":{"zone":5},"d":1}', { time_zone: 5, d: 1 }, {}, 'an object under such a key is no time'],
    ['{"a":{"ts":5}}', { a_ts: 5 }, {}, 'time keys count at the top level only'],
    ['{"n":9007199254740993}', { n: 9_007_199_254_740_992 }, { 'number-rounded': 1 }, 'beyond 2^53'],
    ['{"n":9007199254740992}', { n: 9_007_199_254_740_992 }, {}, '2^53 is still exact'],
    ['{"n":0.30000000000000004}', { n: 0.30000000000000004 }, {}, '17 digits of a double come back'],
    ['{"Temp":1,"temp":2}', { Temp: 1, temp: 2 }, {}, 'case is not folded'],
    ['{"é":1,"e\\u0301":2}', { é: 1, 'e\u0301': 2 }, {}, 'Unicode forms are not folded'],
    ['{"a b,c=d":1}', { 'a b,c=d': 1 }, {}, 'the line encoder escapes these'],
    ['{"toString":1}', { toString: 1 } as unknown as object, {}, 'an ordinary name'],
    ['{"s":"_","_":"x"}', {}, { 'field-not-numeric': 2 }, 'no number: the record is parked one level up'],
  ];
  test.each(cases)('%s', (payload, values, noted, _why) => {
    expect(read(payload)).toMatchObject({ values, noted });
    expect(Object.keys(read(payload).values)).toEqual(Object.keys(values));
    expect(Object.keys(read(payload).noted)).toEqual(Object.keys(noted) as MappingWarningCode[]);
  });
});

test('a number that the format declares an integer is an int field', () => {
  const reading = {
    ...sampleReading('{}'),
    payload: { a: ExactNumber.int(5n), b: { c: ExactNumber.int(-1n) } },
  };
  const fields = autoFields().read(reading, createMappingWarningCounts());
  expect(fields).toEqual([
    { name: 'a', type: 'int', value: 5n },
    { name: 'b_c', type: 'int', value: -1n },
  ]);
});

describe('[security 37] [security 38] what parks the record', () => {
  test.each([
    ['{"a_b":1,"a":{"b":2}}', 'field-collision', 'two values of the payload both give the field "a_b"'],
    ['{"a":{"b_c":1},"a_b":{"c":true}}', 'field-collision', '"a_b_c"'],
    ['{"a\\nevil v=1":1}', 'field-name-invalid', 'the field name "a\\nevil v=1" holds a control character'],
    ['{"a\\\\":1}', 'field-name-invalid', 'ends in a backslash'],
    ['{"":1}', 'field-name-invalid', 'is empty'],
    ['{"x":{"a\\u0000":1}}', 'field-name-invalid', 'holds a control character'],
  ])('%s', (payload, code, words) => {
    const { fields } = read(payload);
    expect(fields).toMatchObject({ code });
    expect(fields instanceof MappingFailure ? fields.reason : '').toContain(words);
  });

  test('a bad name of an omitted value does no harm', () => {
    expect(read('{"a\\n":"text","d":1}').values).toEqual({ d: 1 });
  });

  test('the verdict on a name is the same when it comes again', () => {
    const auto = autoFields();
    for (const _round of [1, 2]) {
      expect(read('{"a\\n":1}', auto).values).toBe('field-name-invalid');
      expect(read('{"_a":1,"b":2}', auto).noted).toEqual({ 'field-name-skipped': 1 });
    }
  });
});

describe('what the rule uses elsewhere is omitted', () => {
  test('by path, so that a namesake elsewhere stays', () => {
    const omitted: Omitted = new Map<string, Omitted | true>([
      ['id', true],
      ['meta', new Map<string, Omitted | true>([['serial', true]])],
    ]);
    const auto = autoFields({ omitted });
    const payload = '{"id":5,"meta":{"serial":6,"id":7},"serial":8,"other":{"meta":{"serial":9}}}';
    expect(read(payload, auto)).toMatchObject({
      values: { meta_id: 7, serial: 8, other_meta_serial: 9 },
      noted: {},
    });
  });

  test('time keys are ordinary where the rule does not use time: auto', () => {
    const auto = autoFields();
    expect(read('{"ts":1,"timestamp":2,"time":3}', auto)).toMatchObject({
      values: { ts: 1, timestamp: 2 },
      noted: { 'field-name-skipped': 1 },
    });
  });
});
