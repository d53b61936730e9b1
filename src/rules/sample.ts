import { mixed } from '../lib/text-hash.js';
import type { StreamRecord } from '../stream/stream.js';

/** Whether a record is in the sample of a rule. */
export type Sample = (record: StreamRecord) => boolean;

const TWO_POW_32 = 2 ** 32;

/**
 * Takes about `share` of the records. The receive time decides, which no two records of a gateway share: a replay takes the
 * same records again.
 */
export function sampleOf(share: number): Sample {
  const limit = share * TWO_POW_32;
  return ({ receivedAtNs }) => {
    const low = Number(BigInt.asUintN(32, receivedAtNs));
    const high = Number(BigInt.asUintN(32, receivedAtNs >> 32n));
    return mixed(mixed(low) ^ high) < limit;
  };
}
