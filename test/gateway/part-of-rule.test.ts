import { expect, it } from 'vitest';
import { partOfRule } from '../../src/gateway/part-of-rule.js';

it.each([
  [
    'field-out-of-range',
    'the field "humidity" is the number 100.4, outside the range 0 to 100',
    ['fields', 'humidity'],
  ],
  ['field-required', 'the field "a \\"b\\"" is required and is missing', ['fields', 'a "b"']],
  ['tag-required', 'the tag "site": its value is missing, and the rule requires it', ['tags', 'site']],
  ['time-outside-window', 'the time "payload.ts" is 1970', ['time']],
  ['no-fields', "the message has none of the rule's fields: a", ['fields']],
  ['payload-not-json', 'byte 3', []],
  ['payload-not-json', undefined, []],
  ['field-wrong-type', 'the field "\\x" is odd', []],
])('%s is decided by a part of the rule', (code, reason, path) => {
  expect(partOfRule(code, reason)).toEqual(path);
});

it.each(['store-refused', 'stream-refused', 'field-type-conflict', 'mapping-failed'])(
  '%s is decided by no rule',
  (code) => {
    expect(partOfRule(code, 'the field "x" is odd')).toBeUndefined();
  },
);
