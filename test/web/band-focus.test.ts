import { expect, it } from 'vitest';
import { pageModule } from '../support/page-module.js';

interface Line {
  readonly name: string;
  readonly isShown: boolean;
  readonly lows: readonly (number | null)[];
  readonly highs: readonly (number | null)[];
  readonly statistics: { readonly max: number | null };
}
const { doBandsCover, focusOf } = await pageModule<{
  doBandsCover(lines: readonly Line[]): boolean;
  focusOf(lines: readonly Line[], pointed: string | undefined, looks: readonly string[]): string | undefined;
}>('band-focus.js');

function line(name: string, low: number, high: number, isShown = true): Line {
  return { name, isShown, lows: Array(10).fill(low), highs: Array(10).fill(high), statistics: { max: high } };
}
const APART = [line('a', 0, 1), line('b', 2, 3)];
const COVERED = [line('a', 0, 5), line('b', 2, 4), line('c', 3, 9)];

it('lets all lines have their bands where these do not cover one another', () => {
  expect(doBandsCover(APART)).toBe(false);
  expect(focusOf(APART, undefined, ['a'])).toBeUndefined();
  expect(focusOf([line('a', 0, 5)], 'a', [])).toBeUndefined();
  expect(doBandsCover([line('a', 0, 5), line('b', 2, 4, false)])).toBe(false);
});

it('ignores gaps, and a crossing in a few buckets', () => {
  const gap: Line = { ...line('a', 0, 5), lows: Array(10).fill(null), highs: Array(10).fill(null) };
  expect(doBandsCover([gap, line('b', 2, 4)])).toBe(false);
  const crossing: Line = { ...line('a', 0, 1), lows: Array(100).fill(0), highs: [9, ...Array(99).fill(1)] };
  const other: Line = { ...line('b', 2, 3), lows: Array(100).fill(2), highs: Array(100).fill(3) };
  expect(doBandsCover([crossing, other])).toBe(false);
});

it('brings one line forward where bands cover: the one pointed at, else one that needs a look, else the highest', () => {
  expect(focusOf(COVERED, undefined, [])).toBe('c');
  expect(focusOf(COVERED, undefined, ['gone', 'b'])).toBe('b');
  expect(focusOf(COVERED, 'a', ['b'])).toBe('a');
  expect(focusOf(COVERED, 'gone', ['b'])).toBe('b');
  expect(focusOf([...COVERED, line('d', 0, 99, false)], 'd', [])).toBe('c');
  expect(focusOf(APART, 'a', [])).toBe('a');
});
