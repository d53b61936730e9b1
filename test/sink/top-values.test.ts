import { expect, it } from 'vitest';
import {
  MAX_COUNTED_VALUES,
  MAX_TOP_CHARACTERS,
  MAX_TOP_VALUES,
  mergeTopValues,
  TopCounter,
} from '../../src/sink/top-values.js';

function topOf(values: readonly (number | boolean | string)[], areNumbers = false) {
  const counter = new TopCounter();
  for (const value of values) counter.add(value);
  return counter.topValues(areNumbers);
}

const many = (count: number, from = 0) => Array.from({ length: count }, (_, i) => `value ${from + i}`);

it('merges counts exactly as long as neither side lacks one', () => {
  const merged = mergeTopValues(topOf(['on', 'off', 'on']), topOf(['off', 'off', 'error']));
  expect([...merged.counts]).toEqual([
    ['off', 3],
    ['on', 2],
    ['error', 1],
  ]);
  expect(merged).toMatchObject({ isCut: false, isExact: true });
});

it('says that a merge is not exact where there were more values than a summary has', () => {
  const full = topOf(many(MAX_TOP_VALUES));
  const cut = topOf(many(MAX_TOP_VALUES + 1));
  expect([full.isCut, cut.isCut, cut.isExact]).toEqual([false, true, true]);
  expect(mergeTopValues(full, topOf(['on']))).toMatchObject({ isCut: true, isExact: true });
  expect(mergeTopValues(cut, topOf(['on']))).toMatchObject({ isCut: true, isExact: false });
  expect(mergeTopValues(mergeTopValues(full, topOf(['on'])), topOf(['on'])).isExact).toBe(false);
});

it('counts no more values than there is room for, and says so', () => {
  expect(topOf([...many(MAX_COUNTED_VALUES), 'value 0']).isExact).toBe(true);
  const values = topOf([...many(MAX_COUNTED_VALUES), 'another', 'value 7']);
  expect(values).toMatchObject({ isExact: false, isCut: true });
  expect([...values.counts][0]).toEqual(['value 7', 2]);
});

it('takes the first characters of a long text, and no half of one', () => {
  const first = 'é🌧'.repeat(MAX_TOP_CHARACTERS / 2);
  expect([...topOf([`${first}1`, `${first}2`, first]).counts]).toEqual([[first, 3]]);
});

it('takes only numbers where a field has been of two types', () => {
  expect([...topOf(['5', 5, 5, true], true).counts]).toEqual([[5, 2]]);
  expect([...topOf([1, '1', true]).counts.keys()]).toEqual([true, 1, '1']);
});
