import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MappingWarnings } from '../../src/rules/mapped.js';
import { LineEncoder } from '../../src/sink/influx/line.js';
import type { Field, Point } from '../../src/sink/point.js';
import { CASE_RECEIVED_AT_NS, ruleOf } from './rule-outcome.js';
import { sampleRecord } from './sample-record.js';

/** A rule that passes line protocol through as it is. */
const RULES = ruleOf(
  `
  format: line-protocol
  each: payload
  measurement: { path: element.measurement }
  time: { path: element.time, unit: ns }
  autoTags: { from: element.tags }
  autoFields: { from: element.fields, texts: true }
  maxNames: 100000
`
    .trim()
    .replace(/\n */g, ', '),
);

const UNIT = fc.constantFrom(...'abzAZ019_-.,= "\\#+:/{}é³大😀');
/** Keys of more than three digits name no field: they are times and identities. */
const name = fc
  .string({ unit: UNIT, minLength: 1, maxLength: 8 })
  .filter((text) => !/^(?:\d{4,}|constructor)$/.test(text));
const value = fc.oneof(
  fc
    .double({ noNaN: true, noDefaultInfinity: true })
    .map((number) => ({ type: 'float', value: number === 0 ? 0 : number })),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((integer) => ({ type: 'int', value: integer })),
  fc.boolean().map((boolean) => ({ type: 'boolean', value: boolean })),
  fc.string({ unit: UNIT, maxLength: 12 }).map((text) => ({ type: 'string', value: text })),
);
const names = fc.uniqueArray(name, { minLength: 1, maxLength: 6 });

const point: fc.Arbitrary<Point> = fc
  .tuple(
    name,
    names,
    fc.array(name, { minLength: 6, maxLength: 6 }),
    fc.array(value, { minLength: 6, maxLength: 6 }),
    fc.nat(6),
    fc.integer({ min: -1_000_000, max: 1_000_000 }),
  )
  .map(([measurement, keys, tagValues, values, tagCount, offset]) => {
    const tagKeys = keys.slice(0, Math.min(tagCount, keys.length - 1));
    const tags = tagKeys.map((key, index) => ({ name: key, value: tagValues[index]! }));
    tags.sort((left, right) => Buffer.compare(Buffer.from(left.name), Buffer.from(right.name)));
    const fields = keys
      .slice(tagKeys.length)
      .map((key, index) => ({ name: key, ...values[index]! }) as Field);
    return { series: { measurement, tags }, fields, timestampNs: CASE_RECEIVED_AT_NS + BigInt(offset) };
  });

/** Keys of objects that look like numbers come first: the order of fields has no meaning. */
function comparable({ series, fields, timestampNs }: Point) {
  const sorted = [...fields].sort((left, right) => (left.name < right.name ? -1 : 1));
  return { measurement: series.measurement, tags: series.tags, fields: sorted, timestampNs };
}

test('what our own writer of lines writes is read back as the same points', () => {
  const encoder = new LineEncoder();
  let checked = 0;
  fc.assert(
    fc.property(fc.array(point, { minLength: 1, maxLength: 4 }), (drawn) => {
      // Elements that are alike in series and time are moved apart, or joined: that is tested elsewhere.
      const points = drawn
        .filter((one) => typeof encoder.encode(one) === 'string')
        .map((one, index) => ({ ...one, timestampNs: one.timestampNs + BigInt(index) * 10_000_000n }));
      fc.pre(points.length > 0);
      checked++;
      const text = points.map((one) => encoder.encode(one)).join('\n');
      const record = sampleRecord(text, { receivedAtNs: CASE_RECEIVED_AT_NS });
      const mapped = RULES.apply(record, new MappingWarnings());
      if (mapped.kind !== 'points') throw new Error(`${text}: ${JSON.stringify(mapped)}`);
      expect(mapped.points.map(comparable)).toEqual(points.map(comparable));
    }),
    { numRuns: 2_000 },
  );
  expect(checked).toBeGreaterThan(500);
});
