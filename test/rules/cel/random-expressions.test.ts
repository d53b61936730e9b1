import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ExactNumber, type JsonValue } from '../../../src/formats/json/json-value.js';
import { CelFailure, compileCel } from '../../../src/rules/cel/compile-cel.js';
import { sampleReading } from '../sample-record.js';
import { NAMES } from './sample-cel.js';

const known = fc.constantFrom(
  ...[
    'payload',
    'payload.a',
    'payload.b',
    'payload.a.b',
    'payload.s',
    'payload.l',
    'payload["k"]',
    'payload.l[0]',
  ],
  ...['topic', 'topic.city', 'device', 'clientId', 'qos', 'element', 'element.v', 'index'],
  ...[
    'true',
    'false',
    'null',
    '0',
    '1',
    '-1',
    '9223372036854775807',
    '2.5',
    '1e308',
    '""',
    '"a"',
    '"21.5"',
    'b"a"',
  ],
  ...['[]', '{}', '{"a": 1}', 'int', 'timestamp(0)', 'duration("1h")', 'dyn(1)', 'dyn("a")', 'dyn(payload)'],
);
const unknown = fc.constantFrom('topic.town', 'x', 'y', 'nothing', '5u');
const atom = fc.oneof({ weight: 24, arbitrary: known }, { weight: 1, arbitrary: unknown });

const { expression } = fc.letrec<{ expression: string }>((tie) => {
  // dyn() hides the static type, so that more goes wrong only when it runs.
  const one = fc
    .tuple(fc.integer({ max: 3, min: 0 }), tie('expression'))
    .map(([hidden, text]) => (hidden > 0 ? `dyn(${text})` : text));
  return {
    expression: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      atom,
      fc
        .tuple(
          one,
          fc.constantFrom('+', '-', '*', '/', '%', '==', '!=', '<', '<=', '>', '>=', 'in', '&&', '||'),
          one,
        )
        .map(([left, operator, right]) => `(${left} ${operator} ${right})`),
      fc.tuple(fc.constantFrom('!', '-'), one).map(([sign, operand]) => `${sign}(${operand})`),
      fc.tuple(one, one, one).map(([test, left, right]) => `(${test} ? ${left} : ${right})`),
      fc
        .tuple(
          one,
          fc.constantFrom('all', 'exists', 'exists_one', 'filter', 'map'),
          fc.constantFrom('x', 'y'),
          one,
        )
        .map(([range, macro, name, body]) => `(${range}).${macro}(${name}, ${body})`),
      fc.tuple(one, one, one).map(([range, filter, body]) => `(${range}).map(x, ${filter}, ${body})`),
      fc.tuple(one, one).map(([value, body]) => `cel.bind(x, ${value}, ${body})`),
      fc
        .tuple(
          fc.constantFrom(
            'size',
            'int',
            'double',
            'string',
            'bool',
            'bytes',
            'type',
            'dyn',
            'timestamp',
            'duration',
            'has',
            'nope',
          ),
          one,
        )
        .map(([name, parameter]) => `${name}(${parameter})`),
      fc
        .tuple(
          one,
          fc.constantFrom(
            'size',
            'trim',
            'lowerAscii',
            'join',
            'hex',
            'base64',
            'json',
            'getHours',
            'getSeconds',
            'string',
          ),
        )
        .map(([receiver, name]) => `(${receiver}).${name}()`),
      fc
        .tuple(
          one,
          fc.constantFrom(
            'contains',
            'startsWith',
            'indexOf',
            'split',
            'join',
            'substring',
            'matches',
            'at',
            'getHours',
          ),
          one,
        )
        .map(([receiver, name, parameter]) => `(${receiver}).${name}(${parameter})`),
      fc.tuple(one, one).map(([container, index]) => `(${container})[${index}]`),
      fc.array(one, { maxLength: 3 }).map((elements) => `[${elements.join(', ')}]`),
    ),
  };
});

const payloads = fc.record(
  {
    a: fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.record({ b: fc.double({ noNaN: true, noDefaultInfinity: true }) }),
    ),
    b: fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.maxSafeInteger()),
    s: fc.string(),
    l: fc.array(fc.oneof(fc.integer(), fc.string(), fc.constant(null)), { maxLength: 5 }),
    k: fc.boolean(),
  },
  { requiredKeys: [] },
);

/** Whether a value is one that rules know. */
function isJson(value: JsonValue): boolean {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (value instanceof ExactNumber) return /^-?\d/.test(value.text);
  return typeof value === 'object' && Object.values(value).every((member) => isJson(member as JsonValue));
}

test('no expression throws, and the same reading gives the same result', () => {
  let [compiledCount, valueCount] = [0, 0];
  fc.assert(
    fc.property(expression, payloads, (text, payload) => {
      const result = compileCel(text, NAMES);
      if (!result.ok) {
        expect(result.problem).toMatch(/^\S[^\n]*$/);
        expect(result.at ?? 0).toBeGreaterThanOrEqual(0);
        expect(result.at ?? 0).toBeLessThanOrEqual(text.length);
        return;
      }
      compiledCount += 1;
      const json = JSON.stringify(payload).replace('"b":', '"big":9007199254740993,"b":');
      let reading: ReturnType<typeof sampleReading>;
      try {
        reading = sampleReading(json, { variables: { element: { v: 1 } } });
      } catch {
        // The strict decoder refuses this payload; no rule sees it.
        return;
      }
      const before = JSON.stringify(reading.payload);
      const value = result.cel.evaluate(reading);
      expect(result.cel.evaluate(reading)).toEqual(value);
      expect(JSON.stringify(reading.payload)).toBe(before);
      if (value instanceof CelFailure) {
        expect(value.cause).toMatch(/^\S[^\n]*$/);
        return;
      }
      valueCount += 1;
      expect(isJson(value)).toBe(true);
    }),
    { numRuns: 2_500 },
  );
  // The generator makes enough that compiles and enough that gives a value.
  expect(compiledCount).toBeGreaterThan(600);
  expect(valueCount).toBeGreaterThan(150);
});

test('no text throws when it is compiled', () => {
  const pieces = fc.array(
    fc.oneof(
      atom,
      fc.constantFrom(
        '(',
        ')',
        '[',
        ']',
        '{',
        '}',
        '.',
        ',',
        '"',
        "'",
        '=',
        '&',
        '!',
        '?',
        ':',
        '<',
        '-',
        '\\',
        ' ',
        ' and ',
        'é',
        '0x',
        '1e',
      ),
    ),
    { maxLength: 12 },
  );
  fc.assert(
    fc.property(
      fc.oneof(
        pieces.map((list) => list.join('')),
        fc.string({ unit: 'binary' }),
      ),
      (text) => {
        const result = compileCel(text, NAMES);
        if (result.ok) return;
        expect(result.problem).toMatch(/^\S[^\n]*$/);
        expect(result.at ?? 0).toBeLessThanOrEqual(text.length);
      },
    ),
    { numRuns: 2_000 },
  );
});
