import { describe, expect, test } from 'vitest';
import { type FieldReader, readFields } from '../../src/rules/fields.js';
import {
  createMappingWarningCounts,
  MappingFailure,
  type MappingWarningCode,
} from '../../src/rules/mapped.js';
import type { Field, FieldType } from '../../src/sink/point.js';
import { memberOfPayload, sampleReading } from './sample-record.js';

function read(literal: string, type?: FieldType, range?: readonly [number, number]) {
  const reader: FieldReader = {
    name: 'f',
    get: memberOfPayload('v'),
    origin: () => 'payload.v',
    type,
    range,
  };
  const warnings = createMappingWarningCounts();
  const fields = readFields([reader], sampleReading(literal === '' ? '{}' : `{"v":${literal}}`), warnings);
  const noted = Object.entries(warnings).flatMap(([code, count]) =>
    count > 0 ? [code as MappingWarningCode] : [],
  );
  return { fields, noted };
}

describe('accepted values', () => {
  const cases: readonly [
    literal: string,
    type: FieldType | undefined,
    value: Field['value'],
    as: FieldType,
    why: string,
  ][] = [
    ['23', undefined, 23, 'float', 'JSON does not distinguish 23 from 23.0, so a number is a float'],
    ['true', undefined, true, 'boolean', 'boolean'],
    ['"on"', undefined, 'on', 'string', 'string'],
    ['"23.5"', undefined, '23.5', 'string', 'numeric text stays text unless the rule declares a type'],
    ['0.30000000000000004', undefined, 0.30000000000000004, 'float', '17 digits of a double come back'],
    ['23.5', 'float', 23.5, 'float', 'float'],
    ['-0', 'float', 0, 'float', '-0 is written as 0'],
    ['"-0"', 'float', 0, 'float', '-0 as text'],
    ['1e21', 'float', 1e21, 'float', 'exponent form'],
    ['"23.5"', 'float', 23.5, 'float', 'numeric text where the rule declares a number'],
    ['"-1.5e3"', 'float', -1500, 'float', 'with exponent'],
    ['"0.0"', 'float', 0, 'float', 'zero as text'],
    ['23', 'int', 23n, 'int', 'integer'],
    ['23.0', 'int', 23n, 'int', 'a zero fraction'],
    ['1e3', 'int', 1000n, 'int', 'exponent'],
    ['9007199254740993', 'int', 9_007_199_254_740_993n, 'int', '2^53 + 1 from its text'],
    ['9223372036854775807', 'int', 9_223_372_036_854_775_807n, 'int', 'the largest int64'],
    ['-9223372036854775808', 'int', -9_223_372_036_854_775_808n, 'int', 'the smallest int64'],
    ['"9223372036854775807"', 'int', 9_223_372_036_854_775_807n, 'int', 'as text'],
    ['123456789012345e4', 'int', 1_234_567_890_123_450_000n, 'int', 'exponent beyond 2^53, exactly'],
    ['false', 'boolean', false, 'boolean', 'boolean'],
    ['""', 'string', '', 'string', 'empty text is text'],
    [
      '"a\\"b\\\\ é"',
      'string',
      'a"b\\ é',
      'string',
      'quotes and backslashes are the line encoder’s business',
    ],
  ];
  test.each(cases)('%s as %s', (literal, type, value, as, _why) => {
    expect(read(literal, type)).toEqual({ fields: [{ name: 'f', type: as, value }], noted: [] });
  });

  test('an integer that no float holds is rounded for a float field, and noted', () => {
    const { fields, noted } = read('9007199254740993', 'float');
    expect(fields).toEqual([{ name: 'f', type: 'float', value: 9_007_199_254_740_992 }]);
    expect(noted).toEqual(['number-rounded']);
  });
});

describe('no value: omitted with a warning', () => {
  test.each([
    ['', undefined, 'field-missing'],
    ['', 'int', 'field-missing'],
  ] as const)('%j as %s is %s, never 0', (literal, type, code) => {
    expect(read(literal, type)).toEqual({ fields: [], noted: [code] });
  });

  test.each([
    ['null', undefined],
    ['null', 'string'],
    ['""', 'float'],
    ['""', 'int'],
    ['""', 'boolean'],
  ] as const)('%j as %s is no value, never 0', (literal, type) => {
    expect(read(literal, type)).toEqual({ fields: 'no-value', noted: ['field-null'] });
  });
});

describe('rejected values', () => {
  const cases: readonly [literal: string, type: FieldType | undefined, reason: string][] = [
    ['[1]', undefined, 'the field "f" is an array; expected a number, a boolean or a string'],
    ['{"a":1}', undefined, 'the field "f" is an object; expected a number, a boolean or a string'],
    ['true', 'float', 'the field "f" is true; expected a number'],
    ['[1]', 'float', 'the field "f" is an array; expected a number'],
    ['"23 C"', 'float', 'the field "f" is the string "23 C"; expected a number'],
    ['"0x1f"', 'float', 'the field "f" is the string "0x1f"; expected a number'],
    ['"1,5"', 'float', 'the field "f" is the string "1,5"; expected a number'],
    ['"Infinity"', 'float', 'the field "f" is the string "Infinity"; expected a number'],
    ['"nan"', 'float', 'the field "f" is the string "nan"; expected a number'],
    ['1.5', 'int', 'the field "f" is the number 1.5; expected an integer'],
    ['1e-3', 'int', 'the field "f" is the number 0.001; expected an integer'],
    ['9007199254740993.5', 'int', 'the field "f" is the number 9007199254740993.5; expected an integer'],
    ['"12abc"', 'int', 'the field "f" is the string "12abc"; expected an integer'],
    ['true', 'int', 'the field "f" is true; expected an integer'],
    ['1', 'boolean', 'the field "f" is the number 1; expected true or false'],
    ['"on"', 'boolean', 'the field "f" is the string "on"; expected true or false'],
    ['"true"', 'boolean', 'the field "f" is the string "true"; expected true or false'],
    ['1', 'string', 'the field "f" is the number 1; expected a string'],
    ['9007199254740993', 'string', 'the field "f" is the number 9007199254740993; expected a string'],
    ['"a\\nb"', 'string', 'without control characters'],
    ['"a\\u007f"', undefined, 'without control characters'],
  ];
  test.each(cases)('%s as %s', (literal, type, reason) => {
    const { fields } = read(literal, type);
    expect(fields).toMatchObject({ code: 'field-wrong-type' });
    expect(fields instanceof MappingFailure ? fields.reason : '').toContain(reason);
  });

  test.each([
    ['61', 'float', [-60, 60], 'the field "f" is the number 61, outside the range -60 to 60'],
    ['-60.01', 'float', [-60, 60], 'outside the range -60 to 60'],
    ['"61"', 'float', [-60, 60], 'is the string "61", outside the range'],
    ['61', 'int', [-60, 60], 'outside the range -60 to 60'],
    ['9223372036854775807', 'int', [0, 1e6], 'is the number 9223372036854775807, outside the range'],
    ['9223372036854775808', 'int', undefined, 'outside the 64-bit integers'],
    ['18446744073709551615', 'int', undefined, 'outside the 64-bit integers'],
    ['1e300', 'int', undefined, 'outside the 64-bit integers'],
    ['"1e400"', 'float', undefined, 'outside what a 64-bit float can hold'],
    ['"-1e400"', 'float', undefined, 'outside what a 64-bit float can hold'],
    ['"1e-400"', 'float', undefined, 'outside what a 64-bit float can hold'],
    [`"${'é'.repeat(32_769)}"`, 'string', undefined, 'the 65536 bytes a string field may have'],
  ] as const)('[security 35] %s as %s in %o is out of range', (literal, type, range, reason) => {
    const { fields } = read(literal, type, range);
    expect(fields).toMatchObject({ code: 'field-out-of-range' });
    expect(fields instanceof MappingFailure ? fields.reason : '').toContain(reason);
  });

  test.each([['-60'], ['60'], ['"60.0"'], ['0']])('%s is inside the inclusive range', (literal) => {
    expect(read(literal, 'float', [-60, 60]).fields).toHaveLength(1);
  });

  test('65,536 bytes of text fit', () => {
    expect(read(`"${'é'.repeat(32_768)}"`, 'string').fields).toHaveLength(1);
  });
});

test('fields keep the order of the rule, and one bad field parks the record', () => {
  const reader = (name: string, type?: FieldType): FieldReader => ({
    name,
    get: memberOfPayload(name),
    origin: () => name,
    type,
    range: undefined,
  });
  const readers = [reader('b'), reader('a', 'int')];
  const names = (payload: string) => {
    const fields = readFields(readers, sampleReading(payload), createMappingWarningCounts());
    if (fields instanceof MappingFailure) return fields.code;
    return fields === 'no-value' ? fields : fields.map((field) => field.name);
  };
  expect(names('{"a":1,"b":2}')).toEqual(['b', 'a']);
  expect(names('{"a":1.5,"b":2}')).toBe('field-wrong-type');
});
