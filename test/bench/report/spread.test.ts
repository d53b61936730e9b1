import { describe, expect, it } from 'vitest';
import { spreadOf, spreadText } from '../../../bench/report/spread.js';

describe('spreadOf', () => {
  it.each([
    { values: [3], median: 3, min: 3, max: 3 },
    { values: [3, 1], median: 2, min: 1, max: 3 },
    { values: [10, 9, 100], median: 10, min: 9, max: 100 },
    { values: [4, 2, 1, 3], median: 2.5, min: 1, max: 4 },
  ])('of $values has the median $median', ({ values, median, min, max }) => {
    expect(spreadOf(values)).toEqual({ median, min, max, all: values });
  });
});

describe('spreadText', () => {
  it('shows a figure measured once without a range, which it has not', () => {
    expect(spreadText(spreadOf([1234.5]))).toBe('1,235');
  });

  it('shows median and range of several', () => {
    expect(spreadText(spreadOf([1000, 3000, 2000]))).toBe('2,000 (1,000..3,000)');
    expect(spreadText(spreadOf([0.5, 1.25]), 2)).toBe('0.88 (0.50..1.25)');
  });
});
