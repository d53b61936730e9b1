import { expect, test } from 'vitest';
import { fieldMeanings, outsideOf, withMeanings } from '../../src/devices/field-meanings.js';
import { DeclaredFields } from '../../src/rules/declared-fields.js';
import type { RowFieldSource } from '../../src/windows/row-field-sources.js';

const NO_ORDER = () => [];
const declaring = (unit: string) =>
  new DeclaredFields([
    {
      name: 'r',
      topic: '#',
      measurement: 'room',
      tags: {},
      fields: { t: { path: 'payload.t', unit, expected: [2, 8] } },
    },
  ]);
const ofRoom = (kind: RowFieldSource['kind']): RowFieldSource => ({ measurement: 'room', field: 't', kind });
const ROWS = new Map([
  [
    'room_5min',
    new Map([
      ['t_mean', ofRoom('value')],
      ['t_sum', ofRoom('amount')],
    ]),
  ],
]);

test('a field of rows has the unit of its points, and their expected range where it could be one of their values', () => {
  const meaningOf = fieldMeanings(() => declaring('celsius'), ROWS);
  expect(meaningOf('room', 't')).toEqual({ unit: 'celsius', expected: [2, 8] });
  expect(meaningOf('room_5min', 't_mean')).toEqual({ unit: 'celsius', expected: [2, 8] });
  expect(meaningOf('room_5min', 't_sum')).toEqual({ unit: 'celsius' });
  expect(meaningOf('room_5min', 't_count')).toEqual({});
  expect(meaningOf('room_5min', 't')).toEqual({});
});

test('number fields of measurements are described by the rules that are in force now', () => {
  let rules = declaring('celsius');
  const meaningOf = fieldMeanings(() => rules, ROWS);
  const stored = [
    {
      name: 'room',
      tags: [],
      fields: [
        { name: 't', type: 'int' as const },
        { name: 'x', type: 'float' as const },
      ],
    },
  ];
  expect(withMeanings(stored, meaningOf, NO_ORDER)[0]?.fields).toEqual([
    { name: 't', type: 'int', unit: 'celsius', expected: [2, 8] },
    { name: 'x', type: 'float' },
  ]);
  rules = declaring('kelvin');
  expect(withMeanings(stored, meaningOf, NO_ORDER)[0]?.fields[0]?.unit).toBe('kelvin');
  const text = [{ ...stored[0]!, fields: [{ name: 't', type: 'string' as const }] }];
  expect(withMeanings(text, meaningOf, NO_ORDER)).toEqual(text);
});

test('fields are in the order in which the rules name them, then as the store has them', () => {
  const stored = [
    {
      name: 'room',
      tags: [],
      fields: ['b', 'door', 't', 'a'].map((name) => ({ name, type: 'float' as const })),
    },
  ];
  const described = withMeanings(
    stored,
    () => ({}),
    () => ['t', 'missing', 'b', 't'],
  );
  expect(described[0]?.fields.map(({ name }) => name)).toEqual(['t', 'b', 'door', 'a']);
});

test('a value is outside beyond the ends of the range', () => {
  const expected = [2, 8] as const;
  const sides = [1.99, 2, 8, 8.01, Number.NaN, '9', true].map((value) => outsideOf(value, { expected }));
  expect(sides).toEqual(['below', undefined, undefined, 'above', undefined, undefined, undefined]);
  expect(outsideOf(9, {})).toBeUndefined();
});
