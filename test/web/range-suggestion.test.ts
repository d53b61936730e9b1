import { expect, it } from 'vitest';
import { pageModule } from '../support/page-module.js';

const { rangeSuggestion } = await pageModule<{
  rangeSuggestion(letters: readonly { reason: string }[]): object | undefined;
}>('range-suggestion.js');

const outside = (value: string, range = '0 to 100', field = '"h"') => ({
  reason: `the field ${field} is the number ${value}, outside the range ${range}`,
});

it('is the smallest range that takes all of the messages', () => {
  expect(rangeSuggestion([outside('100.4'), outside('-2'), outside('105')])).toEqual({
    before: 'range: [0, 100]',
    after: 'range: [-2, 105]',
    low: -2,
    high: 105,
  });
});

it.each([
  ['nothing is known', []],
  [
    'a reason is another one',
    [outside('101'), { reason: 'the field "h" is the string "x"; expected a number' }],
  ],
  ['the messages have met different ranges', [outside('101'), outside('101', '0 to 50')]],
  ['the messages are about different fields', [outside('101'), outside('101', '0 to 100', '"t"')]],
  ['the value is scaled before', [outside('101, which becomes 1010')]],
  ['the value is no number', [outside('x')]],
])('says nothing when %s', (_when, letters) => {
  expect(rangeSuggestion(letters)).toBeUndefined();
});
