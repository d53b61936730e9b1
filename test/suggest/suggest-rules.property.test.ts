import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ProfileFitter } from '../../src/suggest/fit-profiles.js';
import { suggestRules } from '../../src/suggest/suggest-rules.js';
import { sample } from './sample.js';

const fitter = new ProfileFitter();

const NAMES = [
  'temperature',
  'hum',
  'id',
  'state',
  'ts',
  'seq',
  'token',
  'odd key',
  'a.b',
  '{x}',
  `\${X}`,
  '_c',
  'time',
  '7',
  'a"b',
  'on',
];
const key = fc
  .oneof(fc.constantFrom(...NAMES), fc.string({ minLength: 1, maxLength: 12 }))
  .filter((name) => !['__proto__', 'constructor', 'prototype'].includes(name));
const scalar = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e12, max: 1e12 }),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.constantFrom('ON', 'OFF', 'nan', '21,5', '21.5 °C', '007', '', 'idle', '2026-03-08T20:05:00Z'),
  fc.string({ maxLength: 20 }),
);
/** Messages with the same keys on topics of one form. Each has a number, so that there is something to store. */
const fleet = fc
  .record({
    keys: fc.uniqueArray(key, { minLength: 1, maxLength: 6 }),
    topics: fc.uniqueArray(fc.constantFrom('p/a/x', 'p/b/x', 'p/c/x', 'q/a/x', 'p/a/y'), { minLength: 1 }),
    count: fc.integer({ min: 1, max: 12 }),
  })
  .chain(({ keys, topics, count }) =>
    fc
      .array(fc.tuple(fc.constantFrom(...topics), fc.tuple(...keys.map(() => scalar))), {
        minLength: count,
        maxLength: count,
      })
      .map((rows) =>
        rows.map(([topic, values], index) =>
          sample(topic, {
            reading: index + 0.5,
            ...Object.fromEntries(keys.map((name, at) => [name, values[at]])),
          }),
        ),
      ),
  );

it('a suggested rule compiles, and parks no message that it was made from', { timeout: 120_000 }, () => {
  fc.assert(
    fc.property(fleet, (messages) => {
      const { text, counts } = suggestRules(messages, fitter);
      expect(text).toBeDefined();
      // The way out for names that a rule cannot have, which these are not.
      expect(text).not.toContain('its names are not all possible');
      expect(counts.parked, `${counts.reasons.join('\n')}\n${text}`).toBe(0);
      expect(counts.written + counts.filtered).toBe(messages.length);
    }),
    { numRuns: 150 },
  );
});
