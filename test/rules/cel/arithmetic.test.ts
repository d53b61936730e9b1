import fc from 'fast-check';
import { expect, test } from 'vitest';
import { evaluated } from './sample-cel.js';

/** An independent model of CEL's numbers: undefined where a calculation fails. */
type Model = { readonly int: bigint } | { readonly double: number } | undefined;

interface Formula {
  readonly text: string;
  readonly model: Model;
}

const LIMIT = 2n ** 63n;

function asDouble(value: NonNullable<Model>): number {
  return 'int' in value ? Number(value.int) : value.double;
}

function combined(operator: string, left: Formula, right: Formula): Formula {
  return {
    text: `(${left.text} ${operator} ${right.text})`,
    model: calculated(operator, left.model, right.model),
  };
}

function calculated(operator: string, left: Model, right: Model): Model {
  if (left === undefined || right === undefined) return undefined;
  if (!('int' in left && 'int' in right)) {
    const [a, b] = [asDouble(left), asDouble(right)];
    return { double: { '+': a + b, '-': a - b, '*': a * b, '/': a / b, '%': a % b }[operator] as number };
  }
  const [a, b] = [left.int, right.int];
  if (b === 0n && (operator === '/' || operator === '%')) return undefined;
  const divisor = b === 0n ? 1n : b;
  const int = { '+': a + b, '-': a - b, '*': a * b, '/': a / divisor, '%': a % divisor }[operator] as bigint;
  return int < -LIMIT || int >= LIMIT ? undefined : { int };
}

/** Numbers as they come: of the payload (doubles, and exact ints), and written as int or double. */
const number: fc.Arbitrary<Formula> = fc.oneof(
  fc.constantFrom<Formula>(
    { text: 'payload.d', model: { double: 21.5 } },
    { text: 'payload.w', model: { double: 7 } },
    { text: 'payload.z', model: { double: 0 } },
    { text: 'payload.big', model: { int: 9007199254740993n } },
    { text: 'payload.max', model: { int: LIMIT - 1n } },
    { text: 'payload.min', model: { int: -LIMIT } },
    { text: 'size(payload.list)', model: { int: 3n } },
    { text: 'int(payload.d)', model: { int: 21n } },
    { text: 'qos', model: { int: 1n } },
  ),
  fc.integer({ min: -1_000, max: 1_000 }).map((int) => ({ text: String(int), model: { int: BigInt(int) } })),
  fc.integer({ min: -1_000, max: 1_000 }).map((int) => ({
    text: `${int / 8}`.includes('.') ? String(int / 8) : `${int / 8}.0`,
    model: { double: int / 8 },
  })),
);

const { formula } = fc.letrec<{ formula: Formula }>((tie) => ({
  formula: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    number,
    fc
      .tuple(fc.constantFrom('+', '-', '*', '/', '%'), tie('formula'), tie('formula'))
      .map(([operator, left, right]) => combined(operator, left, right)),
    tie('formula').map(({ text, model }) => ({
      text: `-(${text})`,
      model:
        model === undefined
          ? undefined
          : 'int' in model
            ? calculated('-', { int: 0n }, model)
            : { double: -model.double },
    })),
    fc.tuple(fc.boolean(), tie('formula'), tie('formula')).map(([first, one, other]) => ({
      text: `(payload.on == ${first} ? ${one.text} : ${other.text})`,
      model: first ? one.model : other.model,
    })),
    tie('formula').map(({ text, model }) => ({ text: `[${text}].map(x, x)[0]`, model })),
    tie('formula').map(({ text, model }) => ({ text: `cel.bind(y, ${text}, y)`, model })),
  ),
}));

const PAYLOAD =
  '{"d":21.5,"w":7,"z":0,"on":true,"list":[1,2,3],"big":9007199254740993,"max":9223372036854775807,"min":-9223372036854775808}';

test('formulas of ints and doubles give what an independent model gives', () => {
  fc.assert(
    fc.property(formula, ({ text, model }) => {
      const result = evaluated(text, PAYLOAD);
      if (model === undefined || ('double' in model && !Number.isFinite(model.double))) {
        expect(result).toMatch(/^failed: /);
        return;
      }
      if ('double' in model) expect(result).toBe(model.double);
      else expect(String(result)).toBe(String(model.int));
    }),
    { numRuns: 3_000 },
  );
});

test('formulas compare by value', () => {
  fc.assert(
    fc.property(number, number, (left, right) => {
      const [a, b] = [left.model!, right.model!].map((model) => ('int' in model ? model.int : model.double));
      // JavaScript compares a bigint with a number exactly.
      const expected = [a! < b!, a! <= b!, a! > b!, a! >= b!, !(a! < b!) && !(a! > b!)];
      const found = ['<', '<=', '>', '>=', '=='].map((operator) =>
        evaluated(`${left.text} ${operator} ${right.text}`, PAYLOAD),
      );
      expect(found).toEqual(expected);
      expect(evaluated(`${left.text} in [${right.text}]`, PAYLOAD)).toBe(expected[4]);
      expect(evaluated(`${left.text} != ${right.text}`, PAYLOAD)).toBe(!expected[4]);
    }),
    { numRuns: 1_000 },
  );
});
