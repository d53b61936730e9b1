import fc from 'fast-check';

const anyTagValue = fc.constantFrom('x', 'y', 'z z');
const anyTags = fc
  .record({ site: anyTagValue, device: anyTagValue }, { requiredKeys: [] })
  .map((tags): Record<string, string> => ({ ...tags }));
/** Few times, so that points meet; some are 1 ns apart. */
const anyOffsetNs = fc
  .tuple(fc.integer({ min: -3, max: 6 }), fc.integer({ min: 0, max: 1 }))
  .map(([tens, ns]) => BigInt(tens) * 10_000_000_000n + BigInt(ns));
const anyFloat = fc.oneof(
  fc.integer({ min: -40, max: 240 }).map((n) => n / 8),
  fc.double({ min: -1e6, max: 1e6, noNaN: true }).map((v) => (Math.abs(v) < 1e-6 ? 0 : v)),
);
const anyValues = fc
  .record(
    {
      float: anyFloat,
      int: fc.bigInt({ min: -1_000n, max: 1_000n }),
      yes: fc.boolean(),
      text: fc.constantFrom('on', 'off'),
    },
    { requiredKeys: [] },
  )
  .filter((values) => Object.keys(values).length > 0)
  .map((values): Record<string, number | bigint | boolean | string> => ({ ...values }));
const anyPoint = fc.record({ tags: anyTags, offsetNs: anyOffsetNs, values: anyValues });
/** What is written, call by call. */
export const anyWrites = fc.array(fc.array(anyPoint, { minLength: 1, maxLength: 20 }), {
  minLength: 1,
  maxLength: 3,
});

const anyField = fc.record({
  name: fc.constantFrom('float', 'int', 'yes', 'text', 'unknown'),
  shape: fc.boolean(),
  steps: fc.boolean(),
  quantiles: fc.boolean(),
  top: fc.boolean(),
  histogram: fc.constantFrom([0, 10, 20], [1.5]),
});
/** What is asked then. */
export const anyQuestion = fc.record({
  by: fc.option(fc.constantFrom(['site'], ['device', 'site'], ['site', 'unknown'], []), { nil: undefined }),
  only: fc.option(
    fc.constantFrom(
      { tags: ['site'], values: [['x'], ['']] },
      {
        tags: ['device', 'site'],
        values: [
          ['x', ''],
          ['', 'y'],
          ['z z', 'z z'],
        ],
      },
    ),
    { nil: undefined },
  ),
  fromOffsetNs: anyOffsetNs,
  lengthNs: fc.integer({ min: 1, max: 60 }).map((seconds) => BigInt(seconds) * 1_000_000_000n),
  lookbackMs: fc.constantFrom(0, 10_000, 60_000),
  fields: fc.uniqueArray(anyField, { selector: ({ name }) => name, minLength: 1, maxLength: 4 }),
});
