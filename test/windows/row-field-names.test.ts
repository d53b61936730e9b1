import { expect, it } from 'vitest';
import { binNames, quantileName, rowFieldNames } from '../../src/windows/row-field-names.js';

it('names the fields of rows after the field and its functions, quantiles and bins', () => {
  const names = rowFieldNames('temperature', {
    functions: ['mean', 'true_ratio'],
    quantiles: [0.5, 0.999],
    histogram: [0, 10, 30],
  });
  expect(names).toEqual([
    'temperature_mean',
    'temperature_true_ratio',
    'temperature_p50',
    'temperature_p99_9',
    'temperature_below_0',
    'temperature_0_to_10',
    'temperature_10_to_30',
    'temperature_from_30',
  ]);
});

it('names the most frequent values and their counts by their places', () => {
  expect(rowFieldNames('state', { functions: ['topk', 'count'], quantiles: [], top: 2 })).toEqual([
    'state_count',
    'state_top1',
    'state_top1_count',
    'state_top2',
    'state_top2_count',
  ]);
});

it.each([
  [0.07, 'p7'],
  [0.29, 'p29'],
  [0.95, 'p95'],
  [0.9999, 'p99_99'],
])('names the quantile %s %s', (quantile, name) => {
  expect(quantileName(quantile)).toBe(name);
});

it('names bins without signs and points', () => {
  expect(binNames([-2.5, 0.5])).toEqual(['below_minus_2_5', 'minus_2_5_to_0_5', 'from_0_5']);
  expect(binNames([1e21])).toEqual(['below_1e21', 'from_1e21']);
  expect(binNames([])).toEqual([]);
});
