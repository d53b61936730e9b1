import { expect, test } from 'vitest';
import { ExactNumber, type JsonValue } from '../../src/formats/json/json-value.js';
import { createMappingWarningCounts, MappingFailure } from '../../src/rules/mapped.js';
import { type FieldShape, toField } from '../../src/rules/typed-field.js';

function field(value: JsonValue, shape: Partial<FieldShape> = {}) {
  const made = toField(
    { name: 'f', type: undefined, range: undefined, ...shape },
    value,
    createMappingWarningCounts(),
  );
  return made instanceof MappingFailure ? made.code : [made.type, made.value];
}

const FIVE = ExactNumber.int(5n);

test('a number that the format declares an integer is an int field when the rule names no type', () => {
  expect(field(FIVE)).toEqual(['int', 5n]);
  expect(field(ExactNumber.int(2n ** 63n - 1n))).toEqual(['int', 2n ** 63n - 1n]);
  expect(field(ExactNumber.int(-(2n ** 63n)))).toEqual(['int', -(2n ** 63n)]);
});

test('a type of the rule counts more, and a calculation gives a float', () => {
  expect(field(FIVE, { type: 'float' })).toEqual(['float', 5]);
  expect(field(FIVE, { calculate: (number) => number / 2 })).toEqual(['float', 2.5]);
});

test('the allowed numbers of a rule without a type are those of an int, too', () => {
  expect(field(FIVE, { oneOf: new Set([4, 5]) })).toEqual(['int', 5n]);
  expect(field(FIVE, { oneOf: new Set([4, 6]) })).toBe('field-out-of-range');
});

test('an exact number that nothing is declared of stays a float', () => {
  expect(field(new ExactNumber('9007199254740992'))).toEqual(['float', 9_007_199_254_740_992]);
});
