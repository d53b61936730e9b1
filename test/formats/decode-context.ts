import { DEFAULT_JSON_LIMITS, type JsonLimits } from '../../src/formats/json/json-value.js';
import type { DecodeContext } from '../../src/formats/payload-format.js';
import { StateTables } from '../../src/lib/state-tables.js';

/** What a format is given besides the bytes. */
export function decodeContext(limits: Partial<JsonLimits> = {}): DecodeContext {
  return {
    limits: { ...DEFAULT_JSON_LIMITS, ...limits },
    topic: 'a/b',
    receivedAtNs: 1_773_000_312_500_000_000n,
    state: new StateTables(),
  };
}
