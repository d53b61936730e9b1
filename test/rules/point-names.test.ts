import { expect, test } from 'vitest';
import { keyProblem, measurementProblem } from '../../src/rules/point-names.js';

test.each([
  ['temperature', undefined, undefined, 'ordinary'],
  ['a b,c=d"e', undefined, undefined, 'escaped by the line encoder'],
  ['a_b', undefined, undefined, '_ inside'],
  ['', 'is empty', 'is empty', 'empty'],
  ['a\nb', 'holds a control character', 'holds a control character', 'a line feed starts a new point'],
  ['a\u007f', 'holds a control character', 'holds a control character', 'DEL'],
  ['a\\', 'ends in a backslash', 'ends in a backslash', 'escapes what follows'],
  ['_field', 'is reserved (time, or a leading _)', 'starts with _, which is reserved', 'reserved'],
  ['time', 'is reserved (time, or a leading _)', undefined, 'reserved for keys only'],
  ['#m', undefined, 'starts with #, which makes the line a comment', 'a comment for measurements only'],
])('[security 37] [security 38] [security 39] %j', (name, asKey, asMeasurement, _why) => {
  expect(keyProblem(name)).toBe(asKey);
  expect(measurementProblem(name)).toBe(asMeasurement);
});
