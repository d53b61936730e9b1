import { expect, test } from 'vitest';
import { oneLine, quoted } from '../../src/lib/printable.js';

test.each([
  ['plain', '"plain"', 'as it is'],
  ['a"b\\c', '"a\\"b\\\\c"', 'quotes and backslashes as JSON writes them'],
  ['a\nINFO forged', '"a\\nINFO forged"', 'a line feed would forge a log line'],
  ['\u001b[2J\u007f\u0085\u202e', '"\\u001b[2J\\u007f\\u0085\\u202e"', 'what moves a cursor or turns text'],
  ['Köln ☀', '"Köln ☀"', 'other scripts stay readable'],
  ['x'.repeat(65), `"${'x'.repeat(64)}"…`, 'at most 64 characters'],
])('%j is quoted as %s', (text, expected, _why) => {
  expect(quoted(text)).toBe(expected);
});

test('oneLine joins lines, hides nothing else and ends after 300 characters', () => {
  expect(oneLine(' a\n   b\tc\u0007 ')).toBe('a b c\\u0007');
  expect(oneLine('y'.repeat(400))).toBe(`${'y'.repeat(300)}…`);
});
