import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FieldSummary, StoredValue } from '../../src/sink/field-summary.js';
import { SummaryBuilder } from '../../src/sink/summary-builder.js';
import type { FoldField } from '../../src/sink/window-reader.js';

const NS_PER_S = 1_000_000_000;
const SIZE_S = 60;
const PLAIN: FoldField = { name: 'v', shape: false, steps: false, quantiles: false };
const ALL: FoldField = { name: 'v', shape: true, steps: true, quantiles: true, histogram: [-10, 0, 50] };
/** Any function that tells values apart serves for the sketch here. */
const binOf = (value: number) => Math.round(value);

interface Sample {
  readonly atS: number;
  readonly value: StoredValue;
}

/** Each entry is a series with its key and its values in the order of time. */
type Group = readonly (readonly [key: string, samples: readonly Sample[]])[];

function summaryOf(group: Group, field = ALL): FieldSummary | undefined {
  const builder = new SummaryBuilder(field, SIZE_S * NS_PER_S, binOf);
  for (const [key, samples] of group) {
    builder.beginSeries(key);
    for (const { atS, value } of samples) builder.add(value, atS * NS_PER_S);
    builder.endSeries();
  }
  return builder.summary();
}

const series = (...values: readonly StoredValue[]): readonly Sample[] =>
  values.map((value, atS) => ({ atS, value }));

describe('what is asked for', () => {
  test('without a value there is no summary; a value before the window is none', () => {
    expect(summaryOf([])).toBeUndefined();
    expect(summaryOf([['a', [{ atS: -1, value: 5 }]]])).toBeUndefined();
    expect(summaryOf([['a', [{ atS: -1, value: true }]]])).toBeUndefined();
  });

  test('shape, steps, histogram and sketch are there only when asked for', () => {
    const summary = summaryOf([['a', series(1, 2)]], PLAIN);
    expect(Object.keys(summary ?? {})).toEqual(['count', 'numbers']);
    expect(Object.keys(summary?.numbers ?? {}).sort()).toEqual(
      ['first', 'last', 'm2', 'max', 'mean', 'min', 'sum'].sort(),
    );
  });

  test('booleans have how many are true; texts are counted', () => {
    expect(summaryOf([['a', series(true, false, true, true)]])).toEqual({
      count: 4,
      trueCount: 3,
      steps: { changes: 2, increase: 0, weightedSum: 0, seconds: 0 },
    });
    expect(summaryOf([['a', series('on', 'on', 'off')]], PLAIN)).toEqual({ count: 3 });
  });

  test('of a field with numbers and texts the numbers count', () => {
    const group: Group = [
      ['a', series('on', 'off')],
      ['b', series(2, 4)],
    ];
    expect(summaryOf(group, PLAIN)).toMatchObject({ count: 2, numbers: { sum: 6, first: 2, last: 4 } });
  });
});

describe('first and last', () => {
  const at = (atS: number, value: number): readonly Sample[] => [{ atS, value }];

  test.each<[string, Group]>([
    [
      'in the order of the keys',
      [
        ['a', at(3, 1)],
        ['b', at(3, 2)],
      ],
    ],
    [
      'in the other order',
      [
        ['b', at(3, 2)],
        ['a', at(3, 1)],
      ],
    ],
  ])('of two series with one time they are those of the greater key: %s', (_order, group) => {
    expect(summaryOf(group)?.numbers).toMatchObject({ first: 2, last: 2 });
  });

  test('times one nanosecond apart are two', () => {
    const builder = new SummaryBuilder(PLAIN, SIZE_S * NS_PER_S, binOf);
    for (const [key, value, atNs] of [
      ['b', 1, 5_000_000_001],
      ['a', 2, 5_000_000_000],
      ['c', 3, 5_000_000_002],
    ] as const) {
      builder.beginSeries(key);
      builder.add(value, atNs);
      builder.endSeries();
    }
    expect(builder.summary()?.numbers).toMatchObject({ first: 2, last: 3 });
  });
});

describe('steps', () => {
  const steps = (samples: readonly Sample[]) => summaryOf([['a', samples]])?.steps;

  test('a value below the one before it is a counter that began again', () => {
    expect(steps(series(10, 12, 3, 3))).toMatchObject({ changes: 2, increase: 5 });
  });

  test('the value before the window is compared, but has no weight', () => {
    const samples = [
      { atS: -30, value: 10 },
      { atS: 20, value: 14 },
      { atS: 50, value: 14 },
    ];
    expect(steps(samples)).toEqual({ changes: 1, increase: 4, weightedSum: 14 * 40, seconds: 40 });
  });

  test('each series has its own value before', () => {
    const group: Group = [
      ['a', series(1, 2)],
      ['b', series(100, 101)],
    ];
    expect(summaryOf(group)?.steps).toMatchObject({ changes: 2, increase: 2 });
  });
});

test('a mean far from zero keeps its variance', () => {
  const values = Array.from({ length: 1_000 }, (_, i) => 1e9 + (i % 2));
  const m2 = summaryOf([['a', values.map((value, i) => ({ atS: i / 100, value }))]])?.numbers?.m2;
  expect(Math.abs(m2! - 250) / 250).toBeLessThan(1e-6);
});

test('a small value among large ones is in the sum', () => {
  expect(summaryOf([['a', series(1e16, 1, 1, -1e16)]])?.numbers?.sum).toBe(2);
});

test('a sum beyond the range of doubles is infinite, and not NaN', () => {
  expect(summaryOf([['a', series(1e308, 1e308, 1)]])?.numbers?.sum).toBe(Number.POSITIVE_INFINITY);
});

/** Adding zero removes negative zeros: `toBe` tells them from zero, a minimum does not. */
const anySeries = fc
  .uniqueArray(
    fc.record({
      atS: fc.integer({ min: -20, max: SIZE_S - 1 }),
      value: fc
        .oneof(fc.integer({ min: -100, max: 100 }), fc.double({ min: -100, max: 100, noNaN: true }))
        .map((value) => value + 0),
    }),
    { selector: ({ atS }) => atS, maxLength: 30 },
  )
  .map((samples) => [...samples].sort((a, b) => a.atS - b.atS));
const anyGroup = fc
  .uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), anySeries), { selector: ([key]) => key })
  .map((group) => group as readonly (readonly [string, readonly { atS: number; value: number }[]])[]);

test('any group has what plain loops over its values find', () => {
  fc.assert(
    fc.property(anyGroup, (group) => {
      const summary = summaryOf(group);
      const inside = group.flatMap(([key, samples]) =>
        samples.filter(({ atS }) => atS >= 0).map((sample) => ({ ...sample, key })),
      );
      if (inside.length === 0) {
        expect(summary).toBeUndefined();
        return;
      }
      const values = inside.map(({ value }) => value);
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      const power = (n: number) => values.reduce((sum, value) => sum + (value - mean) ** n, 0);
      const numbers = summary!.numbers!;
      expect(summary!.count).toBe(values.length);
      expect(numbers.min).toBe(Math.min(...values));
      expect(numbers.max).toBe(Math.max(...values));
      near(numbers.sum, mean * values.length);
      near(numbers.mean, mean);
      near(numbers.m2, power(2));
      near(numbers.m3!, power(3));
      near(numbers.m4!, power(4));
      const inOrder = [...inside].sort((a, b) => a.atS - b.atS || (a.key < b.key ? -1 : 1));
      expect(numbers.last).toBe(inOrder.at(-1)!.value);
      expect(numbers.first).toBe(inOrder.filter(({ atS }) => atS === inOrder[0]!.atS).at(-1)!.value);
      const between = (low: number, high: number) => values.filter((v) => v >= low && v < high).length;
      expect(numbers.histogram).toEqual([
        between(Number.NEGATIVE_INFINITY, -10),
        between(-10, 0),
        between(0, 50),
        between(50, Number.POSITIVE_INFINITY),
      ]);
      for (const [bin, count] of numbers.sketch!) {
        expect(count).toBe(values.filter((value) => binOf(value) === bin).length);
      }
      expect([...numbers.sketch!.values()].reduce((a, b) => a + b, 0)).toBe(values.length);
      expectSteps(summary!, group);
    }),
    { numRuns: 300 },
  );
});

function expectSteps(summary: FieldSummary, group: Group): void {
  let changes = 0;
  let increase = 0;
  let weightedSum = 0;
  let seconds = 0;
  for (const [, samples] of group) {
    samples.forEach(({ atS, value }, i) => {
      if (atS < 0) return;
      const lasts = (samples[i + 1]?.atS ?? SIZE_S) - atS;
      seconds += lasts;
      weightedSum += lasts * Number(value);
      const before = samples[i - 1];
      if (before === undefined) return;
      if (before.value !== value) changes += 1;
      increase += Number(value) < Number(before.value) ? Number(value) : Number(value) - Number(before.value);
    });
  }
  expect(summary.steps!.changes).toBe(changes);
  near(summary.steps!.increase, increase);
  near(summary.steps!.weightedSum, weightedSum);
  near(summary.steps!.seconds, seconds);
}

/** The values are at most 100 apart, and at most 120 of them. */
function near(actual: number, expected: number): void {
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(expected)) + 1e-6);
}
