import fc from 'fast-check';
import { expect, it } from 'vitest';
import { binOf } from '../../src/sink/quantile-sketch.js';
import { SummaryBuilder } from '../../src/sink/summary-builder.js';
import { MAX_TOP_VALUES } from '../../src/sink/top-values.js';
import { type Aggregate, WINDOW_FUNCTIONS } from '../../src/windows/aggregate.js';
import { mergeSummaries } from '../../src/windows/merge-summaries.js';
import { readRow } from '../../src/windows/read-row.js';
import { rowFields } from '../../src/windows/window-row.js';

const WINDOW_NS = 10_000_000_000;
const FIELD = {
  name: 'v',
  shape: true,
  steps: true,
  quantiles: true,
  top: true,
  histogram: [-10, 0, 10],
} as const;
const AGGREGATE: Aggregate = {
  name: 'a',
  from: 'm',
  sizeMs: 10_000,
  latenessMs: 0,
  fields: new Map([
    ['v', { functions: WINDOW_FUNCTIONS, quantiles: [0.05, 0.5, 0.999], histogram: [-10, 0, 10], top: 3 }],
  ]),
  resolutions: [
    { everyMs: 10_000, measurement: 'a_10s', retentionMs: 0 },
    { everyMs: 60_000, measurement: 'a_1min', retentionMs: 0 },
  ],
};
const CLOSED = { isOpen: false, isInexact: false };

type Values = readonly { readonly atNs: number; readonly value: number | boolean | string }[];

/** The summary of one series; what is before `fromNs` is only compared with. */
function summaryOf(values: Values, fromNs: number, toNs: number) {
  const builder = new SummaryBuilder(FIELD, toNs - fromNs, binOf);
  builder.beginSeries('s');
  for (const { atNs, value } of values) if (atNs < toNs) builder.add(value, atNs - fromNs);
  builder.endSeries();
  return builder.summary();
}

function fieldsOf(summary: ReturnType<typeof summaryOf>) {
  const summaries = new Map(summary === undefined ? [] : [['v', summary] as const]);
  return rowFields(AGGREGATE, summaries, CLOSED);
}

/** Through the rows of the finer windows, as a fold of a coarser resolution does. */
function mergedFields(values: Values, windows: number) {
  const summaries = Array.from({ length: windows }, (_, nth) => {
    const row = fieldsOf(summaryOf(values, nth * WINDOW_NS, (nth + 1) * WINDOW_NS));
    return readRow(AGGREGATE, { tags: [], timestampNs: 0n, fields: row }).summaries.get('v');
  }).filter((summary) => summary !== undefined);
  return fieldsOf(summaries.reduce(mergeSummaries));
}

const WINDOWS = 6;
const times = fc.uniqueArray(fc.integer({ min: 0, max: WINDOWS * 10_000 - 1 }), {
  minLength: 1,
  maxLength: 60,
});
const valuesOf = <Value extends number | boolean | string>(value: fc.Arbitrary<Value>) =>
  times.chain((ms) =>
    fc.tuple(
      ...ms.sort((a, b) => a - b).map((at) => value.map((one) => ({ atNs: at * 1_000_000, value: one }))),
    ),
  );
const numbers = fc.oneof(
  fc.integer({ min: -20, max: 20 }),
  // The fourth power of what is smaller leaves the range of doubles, and a kurtosis is nothing then, however it is computed.
  fc.double({ min: -1e6, max: 1e6, noNaN: true }).map((value) => (Math.abs(value) < 1e-60 ? 0 : value)),
  fc.double({ min: 1e9, max: 1e9 + 10, noNaN: true }),
);

it.each([
  ['numbers', valuesOf(numbers)],
  ['booleans', valuesOf(fc.boolean())],
  ['texts', valuesOf(fc.constantFrom('on', 'off', 'fault'))],
])(
  'a coarser row of %s that is merged from finer rows is the row of all their values',
  (_kind, arbitrary) => {
    fc.assert(
      fc.property(arbitrary as fc.Arbitrary<Values>, (values) => {
        const merged = new Map(mergedFields(values, WINDOWS).map((field) => [field.name, field]));
        const whole = fieldsOf(summaryOf(values, 0, WINDOWS * WINDOW_NS));
        expect([...merged.keys()].sort()).toEqual(whole.map(({ name }) => name).sort());
        const scale = Math.max(
          1,
          ...values.map(({ value }) => (typeof value === 'number' ? Math.abs(value) : 1)),
        );
        for (const { name, type, value } of whole) {
          // A value weighs until the end of its finest window, so that of a coarser row is another one by definition.
          if (/time_weighted_mean|__seconds/.test(name)) continue;
          // More values than that are not merged exactly, and the row says so.
          if (/_top/.test(name) && values.length > MAX_TOP_VALUES) continue;
          const actual = merged.get(name)!;
          expect(actual.type, name).toBe(type);
          if (type !== 'float') expect(actual.value, name).toEqual(value);
          else
            expect(Math.abs(Number(actual.value) - value), name).toBeLessThanOrEqual(
              tolerance(name, scale, value),
            );
        }
      }),
      { numRuns: 300 },
    );
  },
);

/** Values near 1e9 have an error of 1e-7 of their own, and a power of differences of them that of the power. */
function tolerance(name: string, scale: number, value: number): number {
  if (/_(min|max|first|last|p\w+|true_ratio)$/.test(name)) return 0;
  if (/_(skew|kurtosis)$/.test(name)) return 1e-3 * Math.max(1, Math.abs(value));
  if (/__(m2|m3|m4)$/.test(name))
    return 1e-6 * Math.max(Math.abs(value), scale ** Number(name.at(-1)) * 1e-6);
  if (name.endsWith('stddev')) return 1e-6 * scale;
  return 1e-9 * scale * 60;
}
