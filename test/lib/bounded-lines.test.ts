import { expect, test } from 'vitest';
import { boundedLines } from '../../src/lib/bounded-lines.js';

async function linesOf(chunks: readonly string[], maxBytes = 10): Promise<(string | undefined)[]> {
  const lines: (string | undefined)[] = [];
  async function* stream() {
    yield* chunks;
  }
  for await (const { number, bytes } of boundedLines(stream(), maxBytes)) {
    expect(number).toBe(lines.length + 1);
    lines.push(bytes?.toString());
  }
  return lines;
}

test.each<[readonly string[], readonly (string | undefined)[]]>([
  [[], []],
  [['a\nb'], ['a', 'b']],
  [['a\r\n\nb\n'], ['a', '', 'b']],
  [
    ['a', 'b\nc', '\n', 'd'],
    ['ab', 'c', 'd'],
  ],
  [['ä'.repeat(5), '\n'], ['ä'.repeat(5)]],
])('%j', async (chunks, lines) => {
  expect(await linesOf(chunks)).toEqual(lines);
});

test('a line that is too long is counted and not kept; the next one is read', async () => {
  expect(await linesOf(['123456', '78901', '2', '3\nb\n'])).toEqual([undefined, 'b']);
  expect(await linesOf(['12345678901'])).toEqual([undefined]);
});
