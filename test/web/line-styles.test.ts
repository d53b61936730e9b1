import { expect, it } from 'vitest';
import { pageModule } from '../support/page-module.js';

interface Style {
  readonly colour: number;
  readonly dash: number;
}
const { LineStyles, lineStyle, DASHES } = await pageModule<{
  LineStyles: new () => { assign(names: readonly string[]): Map<string, Style> };
  lineStyle(nth: number): Style;
  DASHES: readonly (readonly number[])[];
}>('line-styles.js');

it('gives each of the first 32 lines a look of its own: eight colours, each in every dash pattern', () => {
  const looks = Array.from({ length: 32 }, (_, nth) => JSON.stringify(lineStyle(nth)));
  expect(new Set(looks).size).toBe(32);
  expect(new Set(DASHES.map((dash) => JSON.stringify(dash))).size).toBe(DASHES.length);
  expect(lineStyle(8)).toEqual({ colour: 1, dash: 1 });
});

it('lets a line keep its look when others come and go, and gives a free one to a newcomer', () => {
  const styles = new LineStyles();
  const first = styles.assign(['a', 'b', 'c']);
  const later = styles.assign(['b', 'c', 'd']);
  expect(later.get('b')).toEqual(first.get('b'));
  expect(later.get('c')).toEqual(first.get('c'));
  expect(later.get('d')).toEqual(first.get('a'));
});
