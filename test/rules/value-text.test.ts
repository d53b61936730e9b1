import { expect, test } from 'vitest';
import { ExactNumber, type JsonValue } from '../../src/formats/json/json-value.js';
import { valueText } from '../../src/rules/value-text.js';

test.each<[JsonValue | undefined, string | undefined]>([
  [undefined, undefined],
  [null, 'null'],
  [1.5, '1.5'],
  ['a"b', '"a\\"b"'],
  [new ExactNumber('9007199254740993'), '9007199254740993'],
  [[1, [true]], '[1,[true]]'],
  [{ a: { b: 'x' }, 'c d': [] }, '{"a":{"b":"x"},"c d":[]}'],
])('%j', (value, text) => {
  expect(valueText(value)).toBe(text);
});

test('is cut, and a long value is not written first', () => {
  expect(valueText('x'.repeat(1_000))).toBe(`"${'x'.repeat(79)}…`);
  const list = Array.from({ length: 1_000 }, () => 7);
  Object.defineProperty(list, 500, {
    enumerable: true,
    get: () => expect.fail('it reads what it does not show'),
  });
  expect(valueText(list)).toBe(`[${'7,'.repeat(39)}7…`);
});
