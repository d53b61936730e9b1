import { describe, expect, test } from 'vitest';
import { MAX_PATTERN_INSTRUCTIONS } from '../../../src/rules/cel/matches.js';
import { evaluated, problemOf } from './sample-cel.js';

test.each([
  ['payload.s.matches("^pump-[0-9]+$")', 'pump-12', true],
  ['payload.s.matches("^pump-[0-9]+$")', 'pump-', false],
  ['payload.s.matches("mp")', 'pump-1', true],
  ['payload.s.matches(r"^\\d{2}\\.\\d$")', '21.5', true],
  ['payload.s.matches("(?i)^ON$")', 'on', true],
  ["payload.s.matches('^[\\\\p{L} ]+$')", 'Größe é', true],
  ['payload.s.matches("^a$")', 'a\n', false],
])('%s on %j is %s', (expression, s, expected) => {
  expect(evaluated(expression, JSON.stringify({ s }))).toBe(expected);
});

describe('patterns that take exponential time elsewhere', () => {
  // A backtracking engine never ends on these: the test would not either.
  test.each([41, 1_000, 60_000])('with %d characters', (length) => {
    const payload = JSON.stringify({ name: `${'a'.repeat(length)}!` });
    expect(evaluated('payload.name.matches("^([a-zA-Z0-9]+)*$")', payload)).toBe(false);
    expect(evaluated('payload.name.matches("^(a|aa)+$")', payload)).toBe(false);
    expect(evaluated('payload.name.matches("(x+x+)+y")', payload)).toBe(false);
  });
});

describe('patterns that are refused when the rule is compiled', () => {
  test.each([
    ['payload.s.matches(payload.p)', 18, 'must be written in quotes', 'use contains() or =='],
    ['payload.s.matches("a" + "b")', 18, 'must be written in quotes', 'use contains() or =='],
    ['payload.list.all(x, x.matches(x))', 30, 'must be written in quotes', 'use contains() or =='],
    ['payload.s.matches(r"(a)\\1")', 18, 'has a back-reference', ''],
    ['payload.s.matches("a(?=b)")', 18, 'looks ahead or behind', 'two conditions with &&'],
    ['payload.s.matches("a(?!b)")', 18, 'looks ahead or behind', 'two conditions with &&'],
    ['payload.s.matches("(?<=a)b")', 18, 'looks ahead or behind', 'two conditions with &&'],
    ['payload.s.matches("(a")', 18, 'is not a regular expression of RE2: missing closing )', ''],
    ['payload.s.matches("a**")', 18, 'is not a regular expression of RE2: invalid nested repetition', ''],
    [
      'payload.s.matches("(a{100}){100}")',
      18,
      'is not a regular expression of RE2: invalid repeat count',
      '',
    ],
    [
      'payload.s.matches("(a{400}){2}b{400}")',
      18,
      `instructions of ${MAX_PATTERN_INSTRUCTIONS}`,
      'smaller repetitions',
    ],
  ])('%s', (expression, at, problem, hint) => {
    const [foundAt, foundProblem, foundHint = ''] = problemOf(expression);
    expect(foundAt).toBe(at);
    expect(foundProblem).toContain(problem);
    expect(foundHint).toContain(hint);
  });
});

test('a long text against a large pattern is over the budget', () => {
  const payload = JSON.stringify({ s: 'ab'.repeat(30_000) });
  expect(evaluated('payload.s.matches("(.{0,30}a){15}$")', payload)).toBe(
    'over-budget: it takes more than 100000 steps',
  );
});
