import { expect, test } from 'vitest';
import { outcomeIn, ruleOf } from './rule-outcome.js';

test.each([
  [
    'fields: auto',
    '[1]',
    'parked as payload-not-object',
    'the payload is an array; the rule takes a JSON object such as {"temperature": 21.5}, or a number or boolean alone; `each: payload` takes a list',
  ],
  [
    'fields: { a: payload.a }',
    '5',
    'parked as payload-not-object',
    'the payload is a number; the rule takes a JSON object such as {"temperature": 21.5}',
  ],
  [
    'fields: { a: payload.a, b: payload.b }',
    '{"c":1}',
    'parked as no-fields',
    "the message has none of the rule's fields: a, b",
  ],
])('the reason of %s for %s says what is there, and what to do', (rule, payload, outcome, reason) => {
  expect(outcomeIn(ruleOf(rule), payload)).toMatchObject({ outcome, reason });
});
