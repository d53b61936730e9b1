import fc from 'fast-check';
import { expect, it } from 'vitest';
import { maxPropertiesBytes } from '../../src/lib/max-properties-bytes.js';
import { encodeMessageProperties, MAX_MESSAGE_PROPERTIES_BYTES } from '../../src/lib/message-properties.js';
import { anyProperties } from '../support/message-properties.js';

const SEED = 20_261_201;

it(`is never below what the properties take, and at most 16 KiB (seed ${SEED})`, () => {
  fc.assert(
    fc.property(anyProperties, (properties) => {
      const bytes = encodeMessageProperties(properties).length;
      expect(maxPropertiesBytes(properties)).toBeGreaterThanOrEqual(bytes);
      expect(maxPropertiesBytes(properties)).toBeLessThanOrEqual(bytes * 3 + 7);
    }),
    { seed: SEED, numRuns: 300 },
  );
  expect(maxPropertiesBytes({ contentType: 'x'.repeat(60_000) })).toBe(MAX_MESSAGE_PROPERTIES_BYTES);
});
