import fc from 'fast-check';
import { expect, it } from 'vitest';
import { partitionKeyOf, prefixOf } from '../../../../src/stream/kinesis/aggregation/partition-key.js';

const SEED = 20_261_101;

it('keeps what Kinesis takes', () => {
  for (const device of ['0', 'device-0001', 'a4:cf:12', 'ü', ' ', 'x'.repeat(256)])
    expect(partitionKeyOf(device)).toBe(device);
});

it('maps the rest, the same for ever', () => {
  expect(partitionKeyOf('')).toBe('-');
  expect(partitionKeyOf('d'.repeat(300))).toBe(`${'d'.repeat(223)}~63c29b7d223e3d582a479bc591f260d4`);
});

it('tells apart long ones that begin alike', () => {
  const keys = Array.from({ length: 100 }, (_, n) => partitionKeyOf(`${'d'.repeat(256)}${n}`));
  expect(new Set(keys).size).toBe(100);
});

it(`makes 1 to 256 characters of anything, without half a character (seed ${SEED})`, () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (device) => {
      const key = partitionKeyOf(device);
      expect(key.length).toBeGreaterThan(0);
      expect(key.length).toBeLessThanOrEqual(256);
      expect(Buffer.from(key).toString()).toBe(key);
      expect(partitionKeyOf(key)).toBe(key);
    }),
    { seed: SEED, numRuns: 500 },
  );
  expect(partitionKeyOf('😀'.repeat(200))).toMatch(/^(?:😀){111}~[0-9a-f]{32}$/u);
  expect(prefixOf('a😀', 2)).toBe('a');
  expect(prefixOf('a😀', 3)).toBe('a😀');
});
