import fc from 'fast-check';
import { expect, test } from 'vitest';
import { convertField } from '../../../src/rules/policies/convert-field.js';
import type { Field, FieldType } from '../../../src/sink/point.js';
import { fieldsOf } from '../../support/points.js';

const field = (value: number | bigint | string | boolean) => fieldsOf({ v: value })[0]!;
const TYPES: readonly FieldType[] = ['float', 'int', 'string', 'boolean'];

test.each<[number | bigint | string | boolean, FieldType, number | bigint | undefined]>([
  [5n, 'float', 5],
  [-(2n ** 53n), 'float', -(2 ** 53)],
  [2n ** 53n + 1n, 'float', undefined],
  [2n ** 63n - 1n, 'float', undefined],
  [2n ** 62n, 'float', 2 ** 62],
  [5, 'int', 5n],
  [-0, 'int', 0n],
  [5.5, 'int', undefined],
  [-(2 ** 63), 'int', -(2n ** 63n)],
  [2 ** 63, 'int', undefined],
  [1e300, 'int', undefined],
  [1n, 'boolean', undefined],
  [1, 'boolean', undefined],
  [true, 'int', undefined],
  [true, 'float', undefined],
  ['5', 'int', undefined],
  ['5', 'float', undefined],
  [5, 'string', undefined],
  [5n, 'string', undefined],
  [true, 'string', undefined],
])('%o as %s is %o', (value, type, expected) => {
  expect(convertField(field(value), type)?.value).toEqual(expected);
});

test('what is converted has the type, the name and an equal value, and comes back the same', () => {
  const values = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.integer().map(Number),
  );
  fc.assert(
    fc.property(values, fc.constantFrom(...TYPES), (value, type) => {
      const before: Field = field(value);
      const after = convertField(before, type);
      if (after === undefined) return;
      expect(after).toMatchObject({ name: 'v', type });
      // biome-ignore lint/suspicious/noDoubleEquals: 5n == 5 is the equality that is meant
      expect(after.value == before.value).toBe(true);
      const back = convertField(after, before.type)!.value;
      expect(Object.is(value, -0) ? 0 : back).toBe(Object.is(value, -0) ? 0 : value);
    }),
  );
});
