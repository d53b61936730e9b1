import { expect, test } from 'vitest';
import { problemOf } from './sample-cel.js';

test.each([
  ['payload.c = 2', 10, '"=" is not an operator of CEL', 'write == to compare'],
  ['payload.c === 2', 10, '"===" is not an operator of CEL', 'write =='],
  ['payload.c !== 2', 10, '"!==" is not an operator of CEL', 'write !='],
  ['payload.c <> 2', 10, '"<>" is not an operator of CEL', 'write !='],
  [
    'payload.c => 2',
    10,
    '"=>" is not an operator of CEL',
    'write >= to compare, or the body behind a comma: payload.list.map(x, x * 2)',
  ],
  ['payload.c =< 2', 10, '"=<" is not an operator of CEL', 'write <='],
  ['payload.a & payload.b', 10, '"&" is not an operator of CEL', 'write && for and'],
  ['payload.a | payload.b', 10, '"|" is not an operator of CEL', 'write || for or'],
  ['payload.a and payload.b', 10, '"and" is not an operator of CEL', 'write && for and'],
  ['payload.a OR payload.b', 10, '"OR" is not an operator of CEL', 'write || for or'],
  ['not payload.a', 0, '"not" is not an operator of CEL', 'write ! for not'],
  ['payload.a && not payload.b', 13, '"not" is not an operator of CEL', 'write ! for not'],
  ['payload.s is "x"', 10, '"is" is not an operator of CEL', 'write == for is'],
  ['payload.s == “x”', 13, '"“" is not an operator of CEL', 'write plain quotes: "'],
  ['payload.s ~ "x"', 10, '"~" is not an operator of CEL', 'write payload.name.matches("pattern")'],
  [
    'payload.s contains "a"',
    10,
    'an operator such as && or == is missing before "contains"',
    'write payload.s.contains("…")',
  ],
  ['payload.a > 5 payload.b', 14, 'an operator such as && or == is missing before "payload"', undefined],
  ['payload.s == "abc', 13, 'the text that begins here has no end', 'close it with "'],
  ["payload.s == 'abc", 13, 'the text that begins here has no end', "close it with '"],
  ['(payload.c > 1', 0, 'the ( here is never closed', 'a ) is missing'],
  ['size((payload.c) > 1', 4, 'the ( here is never closed', 'a ) is missing'],
  ['payload.list[1 > 2', 12, 'the [ here is never closed', 'a ] is missing'],
  ['"(" == (payload.c', 7, 'the ( here is never closed', 'a ) is missing'],
  ['payload.c > 1)', 13, 'there is a ) too many', undefined],
  ['(payload.c 5)', 11, 'a ) is missing before "5"', undefined],
  ['payload.on ? 1', 14, 'a : is missing at the end', undefined],
  ['payload.c >', 11, 'a value is missing at the end', undefined],
  ['payload.c > ', 12, 'a value is missing at the end', undefined],
  ['payload.c > && true', 12, 'a value is missing before "&&"', undefined],
  ['', 0, 'the expression is empty', undefined],
  ['  ', 0, 'the expression is empty', undefined],
  [
    'payload.1 > 2',
    8,
    'a name is missing behind the dot',
    'a key that is no plain name is written ["1"], without the dot',
  ],
  [
    'payload. > 2',
    9,
    'a name is missing behind the dot',
    'a key that is no plain name is written [">"], without the dot',
  ],
  [
    'payload.größe > 1',
    10,
    '"ö" cannot stand outside of quotes',
    'a key with other letters is written payload["Größe"]',
  ],
  [
    'payload.s.matches("\\d+")',
    19,
    '"\\\\d" is not an escape that text in quotes may have',
    'write \\\\ for a backslash, or put an r before the quotes: r"\\d+"',
  ],
  ['if (payload.c) 1', 0, '"if" is a reserved word', 'write condition ? one : other'],
  ['payload.s =~ "a"', 10, '"=~" is not an operator of CEL', 'write payload.name.matches("pattern")'],
  ['payload.c > .5', 12, 'a value is missing before "."', 'a number has a digit before its point, as in 0.5'],
  ['payload.c > 1,5', 13, '"," does not belong here', 'decimals are written with a point, as in 1.5'],
  [
    'payload.c ?? 5',
    11,
    'a value is missing before "?"',
    'test for a key, as in has(payload.key) ? payload.key : 0',
  ],
  [
    'payload?.c > 5',
    8,
    'a value is missing before "."',
    'test for a key, as in has(payload.key) ? payload.key : 0',
  ],
  [
    'payload.l[*] > 5',
    10,
    'a value is missing before "*"',
    'walk a list with .exists(x, x > 5) or .map(x, x * 2)',
  ],
  [
    'payload.c ** 2',
    11,
    'a value is missing before "*"',
    'there is no operator for powers: write payload.x * payload.x',
  ],
  [
    '1 if payload.c else 2',
    2,
    'an operator such as && or == is missing before "if"',
    'write condition ? one : other',
  ],
  ['payload.c // 2', 10, '// begins a comment', 'write / to divide'],
  ['payload.c // payload.d', 10, '// begins a comment', 'write / to divide'],
  ['payload.c > 5;', 13, '";" does not belong here', undefined],
  ['payload.c > #5', 12, '"#" does not belong here', undefined],
  ['payload.c > 1e+', 15, 'it cannot be read: Invalid exponent', undefined],
])('%s', (expression, at, problem, hint) => {
  expect(problemOf(expression)).toEqual([at, problem, hint]);
});

test.each(['payload.not == 1', 'payload["and"] == "a = b & c"', 'payload.is && payload.or'])(
  'words and signs of other languages are fine as keys and in text: %s',
  (expression) => {
    expect(problemOf(expression)).toEqual([]);
  },
);
