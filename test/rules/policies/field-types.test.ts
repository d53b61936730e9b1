import { describe, expect, test } from 'vitest';
import { conflictReason, fitPoint, type StoredType } from '../../../src/rules/policies/field-types.js';
import type { FieldType, Point } from '../../../src/sink/point.js';
import { fieldsOf, pointOf, seriesOf } from '../../support/points.js';

const series = seriesOf('m', { device: 'a' });
const point = (values: Parameters<typeof pointOf>[2]): Point => pointOf(series, 1n, values);
const certain =
  (types: Record<string, FieldType>) =>
  (field: string): StoredType | undefined =>
    types[field] === undefined ? undefined : { type: types[field], isCertain: true };
const asked = (types: Record<string, FieldType>) => (field: string) => {
  const stored = certain(types)(field);
  return stored && { ...stored, isCertain: false };
};

test('a point whose types are those of the store stays the same object', () => {
  const same = point({ a: 1, b: 'x' });
  expect(fitPoint(same, certain({ a: 'float' }), 'park')).toEqual({
    kind: 'point',
    point: same,
    conversions: [],
  });
  const fitted = fitPoint(same, certain({ a: 'float' }), 'park');
  expect(fitted.kind === 'point' && fitted.point === same).toBe(true);
});

test('what converts without loss is converted, whatever the policy says of the rest', () => {
  for (const otherwise of ['park', 'omit', 'side-field'] as const) {
    expect(
      fitPoint(point({ a: 1n, b: 2, c: 'x' }), certain({ a: 'float', b: 'int' }), otherwise),
    ).toMatchObject({
      point: { series, timestampNs: 1n, fields: fieldsOf({ a: 1, b: 2n, c: 'x' }) },
      conversions: [{ kind: 'int-to-float' }, { kind: 'float-to-int' }],
    });
  }
});

describe('what does not convert', () => {
  const mixed = point({ a: 'warm', b: 1 });
  const types = certain({ a: 'float' });

  test('parks', () => {
    expect(fitPoint(mixed, types, 'park')).toEqual({
      kind: 'conflict',
      field: { name: 'a', type: 'string', value: 'warm' },
      storedType: 'float',
    });
  });

  test('is omitted, and the rest of the point is written', () => {
    expect(fitPoint(mixed, types, 'omit')).toMatchObject({
      point: { fields: fieldsOf({ b: 1 }) },
      conversions: [{ kind: 'omitted', field: { name: 'a' }, storedType: 'float' }],
    });
  });

  test('parks when nothing else would be written', () => {
    expect(fitPoint(point({ a: 'warm' }), types, 'omit')).toMatchObject({ kind: 'conflict' });
  });

  test('gets a field with the name of its type', () => {
    expect(fitPoint(mixed, types, 'side-field')).toMatchObject({
      point: { fields: fieldsOf({ a_string: 'warm', b: 1 }) },
      conversions: [{ kind: 'side-field', field: { name: 'a' } }],
    });
  });

  test.each([
    ['the point has a field with that name', point({ a: 'warm', a_string: 'x' }), types],
    ['the store has another type for it', mixed, certain({ a: 'float', a_string: 'int' })],
  ])('parks when %s', (_why, taken, storedTypeOf) => {
    expect(fitPoint(taken, storedTypeOf, 'side-field')).toMatchObject({
      kind: 'conflict',
      field: { name: 'a' },
      storedType: 'float',
    });
  });

  test('is sent as it is while the store has only been asked: where it has no type yet it takes it', () => {
    for (const otherwise of ['park', 'omit', 'side-field'] as const) {
      expect(fitPoint(mixed, asked({ a: 'float' }), otherwise)).toMatchObject({
        point: mixed,
        conversions: [],
      });
    }
    expect(fitPoint(point({ a: 1n }), asked({ a: 'float' }), 'park')).toMatchObject({
      point: { fields: fieldsOf({ a: 1 }) },
    });
  });
});

test('the reason names measurement, field, both types and the way out, and never the value', () => {
  const [field] = fieldsOf({ 'v\n"x"': 'secret' });
  const reason = conflictReason('my\nmeasurement', field!, 'float');
  expect(reason).toContain('"v\\n\\"x\\"" of "my\\nmeasurement" is string, the store has float');
  expect(reason).toContain('sluice store retype');
  expect(reason).not.toContain('secret');
  expect(reason).not.toContain('\n');
});
