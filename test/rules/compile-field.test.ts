import { describe, expect, it } from 'vitest';
import { compileField } from '../../src/rules/compile-field.js';
import { readFields } from '../../src/rules/fields.js';
import {
  createMappingWarningCounts,
  MappingFailure,
  type MappingWarningCode,
} from '../../src/rules/mapped.js';
import { NameBudget } from '../../src/rules/name-budget.js';
import { keyProblem } from '../../src/rules/point-names.js';
import type { FieldOptions } from '../../src/rules/rule-options.js';
import { ProblemList } from '../../src/rules/rule-problem.js';
import { sampleReading } from './sample-record.js';

const CONTEXT = {
  tagNames: new Set(['device']),
  names: { captureNames: ['city'], variables: [], tables: {} },
  budget: new NameBudget('field', 10, keyProblem),
};

function problemsOf(options: Partial<FieldOptions>): string[] {
  const list = new ProblemList('r', 0);
  compileField('f', { path: 'payload.v', ...options }, CONTEXT, list);
  return list.problems.map(({ path, got, expected }) => `${path.join('.')}: ${got} | ${expected}`);
}

/** What a field of these options stores for a JSON value, and what is noted. */
function stored(options: Partial<FieldOptions>, json: string) {
  const list = new ProblemList('r', 0);
  const compiled = compileField('f', { path: 'payload.v', ...options }, CONTEXT, list);
  expect(list.problems).toEqual([]);
  const warnings = createMappingWarningCounts();
  const payload = json === '' ? '{"other":1}' : json.startsWith('{') ? json : `{"v":${json}}`;
  const fields = readFields([compiled!.reader], sampleReading(payload), warnings);
  const notes = Object.entries(warnings).flatMap(([code, n]) => (n > 0 ? [code as MappingWarningCode] : []));
  if (fields instanceof MappingFailure) return { parked: fields.code, reason: fields.reason, notes };
  return { value: fields === 'no-value' ? fields : fields[0]?.value, notes };
}

describe('the value of a field', () => {
  it.each<[string, Partial<FieldOptions>, string, unknown]>([
    ['text with leading zeros', { type: 'float' }, '"0007.50"', 7.5],
    ['text with blanks and a plus', { type: 'int' }, '" +0512 "', 512n],
    ['a decimal comma', { type: 'float', decimalComma: true }, '"7,30"', 7.3],
    ['a unit behind it', { type: 'float', suffix: ['°C', 'C'] }, '"23.5 C"', 23.5],
    ['words for true and false', { type: 'boolean', map: { ON: true, OFF: false } }, '"off"', false],
    ['a number for true', { type: 'boolean', map: { 1: true, 0: false } }, '1', true],
    ['words for numbers', { type: 'int', map: { low: 1, high: 3 } }, '"HIGH"', 3n],
    ['a scale of a tenth', { scale: 0.1 }, '3', 0.3],
    ['a scale and an offset', { type: 'float', scale: 2, offset: -1 }, '"10"', 19],
    ['an integer that is scaled', { type: 'int', scale: 0.1 }, '127', 13n],
    ['fahrenheit', { from: 'fahrenheit', unit: 'celsius' }, '212', 100],
    ['psi, rounded', { from: 'psi', unit: 'hPa', round: 1 }, '14.7', 1013.5],
    ['rounding alone', { round: 2 }, '3.14159', 3.14],
    ['the range of what is stored', { type: 'float', scale: 100, range: [0, 100] }, '0.55', 55],
    ['one of the allowed texts', { oneOf: ['auto', 'eco'] }, '"eco"', 'eco'],
    ['one of the allowed integers', { type: 'int', oneOf: [1, 2] }, '2', 2n],
    ['a text that is cut', { type: 'string', truncate: 3 }, '"abcdef"', 'abc'],
    ['a text that is not cut inside a character', { type: 'string', truncate: 2 }, '"a😀"', 'a'],
  ])('%s', (_what, options, json, value) => {
    expect(stored(options, json).value).toBe(value);
  });

  it.each<[string, unknown]>([
    ['{"a":1,"b":2}', 1],
    ['{"b":2}', 2],
    ['{"a":null,"b":2}', 2],
    ['{"a":null}', 'no-value'],
    ['{"c":1}', undefined],
  ])('is the first of several paths that is there and not null: %s', (json, value) => {
    expect(stored({ path: ['payload.a', 'payload.b'] }, json).value).toBe(value);
  });
});

describe('no value', () => {
  it.each(['null', '"None"', '"nan"', '-127', '"-127.0"', '""'])('is said by %s', (json) => {
    expect(stored({ type: 'float', noValue: ['none', 'NaN', -127] }, json)).toEqual({
      value: 'no-value',
      notes: ['field-null'],
    });
  });

  it.each([
    ['null', 5],
    ['"None"', 5],
    ['', 5],
    ['7', 7],
  ])('becomes the default: %s', (json, value) => {
    expect(stored({ type: 'float', noValue: ['none'], default: 5 }, json).value).toBe(value);
  });

  it.each([
    ['null', 'the field "f" is required and has no value'],
    ['', 'the field "f" is required and is missing'],
  ])('parks where a value is required: %j', (json, reason) => {
    expect(stored({ required: true }, json)).toEqual({ parked: 'field-required', reason, notes: [] });
  });

  it('is expected where the rule says that a value is not required', () => {
    expect(stored({ required: false }, '')).toEqual({ value: undefined, notes: [] });
    expect(stored({ required: false }, 'null')).toEqual({ value: 'no-value', notes: [] });
  });

  it('is not said by a default, which is neither mapped nor calculated', () => {
    const options: Partial<FieldOptions> = { type: 'float', scale: 10, range: [0, 100], default: 7 };
    expect(stored(options, 'null')).toEqual({ value: 7, notes: ['field-default'] });
  });
});

describe('a value that cannot be stored', () => {
  it('parks, and the reason has the value before and after the calculation', () => {
    expect(stored({ type: 'float', scale: 10, range: [0, 100] }, '20')).toEqual({
      parked: 'field-out-of-range',
      reason: 'the field "f" is the number 20, which becomes 200, outside the range 0 to 100',
      notes: [],
    });
  });

  it.each<[Partial<FieldOptions>, string]>([
    [{ type: 'float', range: [-50, 60] }, '-127'],
    [{ type: 'float' }, '"wet"'],
    [{ type: 'boolean' }, '"wet"'],
    [{ oneOf: ['a'] }, '"b"'],
    [{ type: 'string', maxLength: 2 }, '"abc"'],
  ])('is omitted where the rule says so: %j', (options, json) => {
    expect(stored({ ...options, otherwise: 'omit' }, json)).toEqual({
      value: undefined,
      notes: ['field-omitted'],
    });
  });

  it.each<[Partial<FieldOptions>, string, unknown]>([
    [{ type: 'float', range: [0, 100] }, '101.5', 100],
    [{ type: 'float', range: [0, 100] }, '-0.1', 0],
    [{ type: 'int', range: [0, 100] }, '101', 100n],
    [{ type: 'int', range: [0.5, 100.5] }, '0', 1n],
    [{ type: 'int', range: [0.5, 100.5] }, '101', 100n],
    [{ type: 'float', scale: 10, range: [0, 100] }, '20', 100],
  ])('is clamped to the nearer end: %j of %s', (options, json, value) => {
    expect(stored({ ...options, otherwise: 'clamp' }, json)).toEqual({ value, notes: ['field-clamped'] });
  });

  it('is not clamped when it is no number', () => {
    expect(stored({ type: 'float', range: [0, 1], otherwise: 'clamp' }, '"wet"').parked).toBe(
      'field-wrong-type',
    );
  });

  it('becomes the default where the rule says so', () => {
    const options: Partial<FieldOptions> = { type: 'int', otherwise: 'default', default: 9 };
    expect(stored(options, '"wet"')).toEqual({ value: 9n, notes: ['field-default'] });
  });
});

describe('what is wrong with a field', () => {
  it.each<[Partial<FieldOptions>, RegExp]>([
    [{ path: [] }, /^fields.f.path: an empty list \| a reference/],
    [{ path: ['payload.a', 'nowhere'] }, /^fields.f.path: "nowhere" \| a reference/],
    [{ scale: 0 }, /^fields.f.scale: 0 \| a number other than 0/],
    [{ type: 'string', scale: 2 }, /^fields.f.scale: scale with string/],
    [{ type: 'string', expected: [2, 8] }, /^fields.f.expected: expected with string/],
    [{ expected: [8, 8] }, /^fields.f.expected: \[8, 8\]/],
    [{ expected: [6, 8], type: 'float', range: [0, 5] }, /^fields.f.expected: .*\[0, 5\]/],
    [{ type: 'string', round: 2 }, /^fields.f.round: round with string/],
    [{ maxLength: 2 }, /^fields.f.maxLength: maxLength with no type \| type: string/],
    [{ from: 'psi' }, /^fields.f.from: "psi" \| .*needs the unit to convert to/],
    [
      { from: 'psi', unit: 'celsius' },
      /^fields.f.from: "psi" \| .*psi is a pressure and celsius is a temperature/,
    ],
    [{ otherwise: 'clamp' }, /^fields.f.otherwise: clamp without a range/],
    [{ otherwise: 'default' }, /^fields.f.otherwise: default without a default/],
    [{ required: true, default: 1 }, /^fields.f.required: required beside a default/],
    [
      { type: 'int', default: 'x' },
      /^fields.f.default: x \| a value that may be stored: .*expected an integer/,
    ],
    [{ type: 'int', range: [0, 5], default: 9 }, /^fields.f.default: 9 \| .*outside the range 0 to 5/],
    [{ type: 'int', oneOf: [1, 'two'] }, /^fields.f.oneOf: two \| values that may be stored/],
  ])('%j', (options, problem) => {
    const problems = problemsOf(options);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(problem);
  });
});
