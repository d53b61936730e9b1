import { describe, expect, it } from 'vitest';
import type { FieldType } from '../../src/sink/point.js';
import { pageModule } from '../support/page-module.js';

type Values = readonly (number | null | undefined)[];
const { bridgeShortGaps, drawableFields, measuredFields, bestSplit, meanWords } = await pageModule<{
  bridgeShortGaps(values: Values): Values;
  drawableFields(fields: readonly { name: string; type: FieldType }[]): readonly string[];
  measuredFields(fields: readonly { name: string; type: FieldType }[]): readonly string[];
  bestSplit(counts: readonly { tag: string; lines: number }[]): string | undefined;
  meanWords(lines: readonly { label: string; series: number | null }[]): string;
}>('chart-lines.js');

describe('bridgeShortGaps', () => {
  it('draws on through the empty buckets of a device that reports less often than the buckets', () => {
    const sparse = [1, null, null, null, 2, null, null, null, 3];
    expect(bridgeShortGaps(sparse)).toEqual([
      1,
      undefined,
      undefined,
      undefined,
      2,
      undefined,
      undefined,
      undefined,
      3,
    ]);
  });

  it('leaves a gap where the device was silent for long', () => {
    const silent = [1, 2, 3, null, null, null, 4, 5];
    expect(bridgeShortGaps(silent)).toEqual(silent);
  });

  it('leaves what is before the first and after the last value empty', () => {
    expect(bridgeShortGaps([null, 1, null, 2, null])).toEqual([null, 1, undefined, 2, null]);
  });

  it.each([[[]], [[null, null]], [[null, 7, null]]])('leaves %j as it is', (values) => {
    expect(bridgeShortGaps(values)).toEqual(values);
  });
});

it('offers numeric fields only, readings before integers before ids and counters', () => {
  const fields = [
    { name: 'firmware', type: 'string' },
    { name: 'id', type: 'float' },
    { name: 'on', type: 'boolean' },
    { name: 'seq', type: 'int' },
    { name: 'steps', type: 'int' },
    { name: 'temperature', type: 'float' },
  ] as const;
  expect(drawableFields(fields)).toEqual(['temperature', 'steps', 'id', 'seq']);
  expect(measuredFields(fields)).toEqual(['temperature', 'steps']);
});

it('splits by the tag with the fewest lines but more than one, else by the first', () => {
  const counts = (...pairs: [string, number][]) => pairs.map(([tag, lines]) => ({ tag, lines }));
  expect(bestSplit(counts(['device', 13], ['site', 1], ['city', 3], ['zone', 3]))).toBe('city');
  expect(bestSplit(counts(['device', 1], ['site', 0]))).toBe('device');
  expect(bestSplit([])).toBeUndefined();
});

it('says of which lines a value is the mean of several series', () => {
  const line = (label: string, series: number | null) => ({ label, series });
  expect(meanWords([line('a', 1), line('b', null)])).toBe('');
  expect(meanWords([line('a', 1), line('Pune', 12), line('Mumbai', 8)])).toBe(
    'Means of several series: Pune of 12, Mumbai of 8.',
  );
  const cities = ['A', 'B', 'C', 'D', 'E', 'F'].map((city) => line(city, 2));
  expect(meanWords(cities)).toBe('Means of several series: A of 2, B of 2, C of 2, D of 2 and 2 more.');
});
