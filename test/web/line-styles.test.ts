import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { pageModule } from '../support/page-module.js';

interface Style {
  readonly colour: number;
  readonly dash: number;
}
interface LineStyles {
  styleOf(measurement: string, tag: string, name: string): Style;
  knownStyleOf(measurement: string, tag: string, name: string): Style | undefined;
  stylesOf(measurement: string, tag: string, names: readonly string[]): Map<string, Style>;
  lineStyle(nth: number): Style;
  DASHES: readonly (readonly number[])[];
}

let kept: Map<string, string>;
let loads = 0;

/** The module as a page that has just been loaded gets it. */
const loaded = () => pageModule<LineStyles>(`line-styles.js?load=${loads++}`);

beforeEach(() => {
  kept = new Map();
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, text: string) => kept.set(key, text),
  });
});
afterEach(() => vi.unstubAllGlobals());

it('gives each of the first 32 lines a look of its own: eight colours, each in every dash pattern', async () => {
  const { lineStyle, DASHES } = await loaded();
  const looks = Array.from({ length: 32 }, (_, nth) => JSON.stringify(lineStyle(nth)));
  expect(new Set(looks).size).toBe(32);
  expect(new Set(DASHES.map((dash) => JSON.stringify(dash))).size).toBe(DASHES.length);
  expect(lineStyle(8)).toEqual({ colour: 1, dash: 1 });
});

it('numbers new names in the order of their names, whatever the order of the answer', async () => {
  const { stylesOf } = await loaded();
  const styles = stylesOf('climate', 'device', ['d10', 'd2', 'd1']);
  expect([...styles]).toEqual([
    ['d1', { colour: 1, dash: 0 }],
    ['d2', { colour: 2, dash: 0 }],
    ['d10', { colour: 3, dash: 0 }],
  ]);
});

it('keeps the look of a name when others come and go, and over a reload', async () => {
  const first = await loaded();
  first.stylesOf('climate', 'device', ['b', 'c']);
  first.stylesOf('climate', 'device', ['a', 'c']);
  const later = await loaded();
  expect(later.styleOf('climate', 'device', 'c')).toEqual({ colour: 2, dash: 0 });
  expect(later.styleOf('climate', 'device', 'a')).toEqual({ colour: 3, dash: 0 });
  expect(later.styleOf('climate', 'site', 'c')).toEqual({ colour: 1, dash: 0 });
});

it('forgets the name that was used longest ago, and never stores more than it may', async () => {
  const first = await loaded();
  const names = Array.from({ length: 257 }, (_, nth) => `d${nth}`);
  first.stylesOf('climate', 'device', names);
  // d0 was forgotten for the last one, which has its number.
  expect(first.styleOf('climate', 'device', 'd256')).toEqual(first.lineStyle(0));
  for (let nth = 0; nth < 64; nth++) first.stylesOf(`m${nth}`, 'topic', ['x'.repeat(10_000)]);
  expect([...kept.values()].join('').length).toBeLessThanOrEqual(200_000);
  const later = await loaded();
  expect(later.styleOf('m63', 'topic', 'x'.repeat(10_000))).toEqual(later.lineStyle(0));
});

it.each(['{"a":1}', '[["k",[["a","1"],["b",-1],["c",1e9],[7,7],null]]]', '[', '[1,[2]]'])(
  'starts over where somebody else has written %s',
  async (text) => {
    kept.set('sluice.line-numbers', text);
    const { styleOf } = await loaded();
    expect(styleOf('climate', 'device', '__proto__')).toEqual({ colour: 1, dash: 0 });
  },
);

it('works where the browser refuses storage', async () => {
  vi.stubGlobal('localStorage', {
    getItem: () => {
      throw new Error('refused');
    },
    setItem: () => {
      throw new Error('refused');
    },
  });
  const { styleOf } = await loaded();
  expect(styleOf('climate', 'device', 'b')).toEqual({ colour: 1, dash: 0 });
  expect(styleOf('climate', 'device', 'a')).toEqual({ colour: 2, dash: 0 });
  expect(styleOf('climate', 'device', 'b')).toEqual({ colour: 1, dash: 0 });
});

it('numbers no name that is only asked for', async () => {
  const { knownStyleOf, stylesOf } = await loaded();
  expect(knownStyleOf('climate', 'device', 'c')).toBeUndefined();
  stylesOf('climate', 'device', ['c', 'a', 'b']);
  expect(knownStyleOf('climate', 'device', 'a')).toEqual({ colour: 1, dash: 0 });
  expect(knownStyleOf('climate', 'device', 'c')).toEqual({ colour: 3, dash: 0 });
});
