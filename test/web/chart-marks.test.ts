import { expect, it } from 'vitest';
import { pageModule } from '../support/page-module.js';

interface Look {
  readonly measurement: string;
  readonly tag: string;
  readonly name: string;
  readonly state: 'outside' | 'silent' | 'unreadable';
  readonly sinceMs: number;
  readonly field?: string;
  readonly value?: number;
  readonly expected?: readonly [number, number];
}
interface Marks {
  readonly unit: string;
  readonly callouts: readonly { readonly name: string; readonly words: string }[];
  readonly looks: readonly string[];
}
const { looksOf, marksOf } = await pageModule<{
  looksOf(
    looks: readonly Look[],
    chart: { measurement: string; tag: string | undefined; field: string },
  ): readonly Look[];
  marksOf(field: object | undefined, looks: readonly Look[], way: object, options: object): Marks;
}>('chart-marks.js');

const SINCE_MS = new Date(2026, 10, 29, 11, 20).getTime();
const NOW_MS = SINCE_MS + 3_600_000;
const look = (name: string, more: Partial<Look>): Look => ({
  measurement: 'cold',
  tag: 'device',
  name,
  state: 'silent',
  sinceMs: SINCE_MS,
  ...more,
});

it('takes the looks of the measurement, the tag and the field', () => {
  const looks = [
    look('a', {}),
    look('b', { measurement: 'power' }),
    look('c', { tag: 'site' }),
    look('d', { state: 'outside', field: 'temperature' }),
    look('e', { state: 'outside', field: 'humidity' }),
    look('f', { state: 'unreadable' }),
  ];
  const chart = { measurement: 'cold', tag: 'device', field: 'temperature' };
  expect(looksOf(looks, chart).map(({ name }) => name)).toEqual(['d', 'f', 'a']);
  expect(looksOf(looks, { ...chart, tag: undefined })).toEqual([]);
});

it('says what is the matter with each, and with no more than a few', () => {
  const expected = [2, 8] as const;
  const looks = [
    look('a', { state: 'outside', value: 9, expected }),
    look('b', { state: 'outside', value: 1, expected }),
    look('c', {}),
    look('d', { state: 'unreadable' }),
  ];
  const words = marksOf({ unit: 'celsius' }, looks, {}, { nowMs: NOW_MS, hasWords: true });
  expect(words.callouts.map((callout) => callout.words)).toEqual([
    'a above since 11:20',
    'b below since 11:20',
    'c silent since 11:20',
  ]);
  expect(words.looks).toEqual(['a', 'b', 'c', 'd']);
  expect(words.unit).toBe('°C');
  const [last] = marksOf(
    undefined,
    [look('d', { state: 'unreadable' })],
    {},
    { nowMs: NOW_MS, hasWords: true },
  ).callouts;
  expect(last?.words).toBe('d cannot be read since 11:20');
});
