import { decodeJson } from '../../src/formats/json/decode-json.js';
import { cityRecords } from './readings.js';
import { type Comparison, compare, type RoundSizes } from './rounds.js';

/** The strict decoder, which refuses what would be ambiguous, beside JSON.parse, which takes it. */
export function compareDecode(sizes: RoundSizes): Promise<Comparison> {
  const payloads = cityRecords(2000).map(({ payload }) => payload);
  return compare(
    { name: 'decode: strict JSON', alternative: 'JSON.parse(payload.toString())' },
    () => {
      let decoded = 0;
      for (const payload of payloads) if (decodeJson(payload).ok) decoded += 1;
      if (decoded !== payloads.length) throw new Error('a payload was refused');
      return decoded;
    },
    () => {
      let decoded = 0;
      for (const payload of payloads) if (JSON.parse(payload.toString()) !== null) decoded += 1;
      return decoded;
    },
    sizes,
  );
}
