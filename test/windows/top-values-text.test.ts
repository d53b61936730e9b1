import { expect, it } from 'vitest';
import { TopCounter } from '../../src/sink/top-values.js';
import { parseTopValues, topValuesText } from '../../src/windows/top-values-text.js';

function countsOf(values: readonly (number | boolean | string)[]) {
  const counter = new TopCounter();
  for (const value of values) counter.add(value);
  return counter.topValues(false);
}

it('keeps the types of values in the text of a row, and reads no other text', () => {
  const values = countsOf([1.5, 1.5, 'on "x"\n', true, '1.5']);
  expect(parseTopValues(topValuesText(values))).toEqual(values);
  expect([...parseTopValues(topValuesText(values))!.counts]).toEqual([...values.counts]);
  for (const text of ['', '{', 'null', '[]', '{"values":[["on"]]}', '{"values":[[null,1]]}']) {
    expect(parseTopValues(text), text).toBeUndefined();
  }
  expect(
    Buffer.byteLength(
      topValuesText(countsOf(Array.from({ length: 99 }, (_, i) => `${'\u0001'.repeat(253)}${i}`))),
    ),
  ).toBeLessThan(65_536);
});
