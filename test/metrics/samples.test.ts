import { expect, test } from 'vitest';
import { quantile } from '../../src/metrics/samples.js';

const BOUNDS = [1, 2, 4];

test.each([
  ['the middle of the bucket that holds it', 0.5, [0, 10, 0, 0], 1.5],
  ['the upper end of a bucket that is used up', 0.5, [5, 5, 0, 0], 1],
  ['beyond the last bound: that bound', 0.99, [0, 0, 0, 3], 4],
  ['over empty buckets', 0.9, [1, 0, 9, 0], 2 + 2 * (8 / 9)],
])('a quantile is %s', (_what, q, counts, expected) => {
  expect(quantile(q, BOUNDS, counts)).toBeCloseTo(expected, 12);
});

test('without an observation there is no quantile', () => {
  expect(quantile(0.5, BOUNDS, [0, 0, 0, 0])).toBeUndefined();
});
