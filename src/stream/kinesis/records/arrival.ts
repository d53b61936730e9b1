const NS_PER_MS = 1_000_000n;
const OFFSETS = 1_000_000;
/** A prime; what is left of OFFSETS is for the inner records of an aggregate. */
const SEQUENCE_OFFSETS = 899_981;

/**
 * A receive time for a record that names none: when Kinesis took its Kinesis record, to the ms, and below it an
 * offset that follows from sequence number and sub-sequence number alone. So every replay gives the same identity.
 *
 * Two records of one aggregate never share it (but those exactly a million apart), and 100,000 of them keep their
 * order. Records of one ms in a shard differ as long as their sequence numbers do modulo the prime: neighbours do, as
 * they count up in steps of a power of two; others meet by chance, 1 in 900,000 for each pair.
 */
export function arrivalNs(arrivedAtMs: number, sequenceNumber: string, subSequenceNumber: number): bigint {
  const offset = (remainder(sequenceNumber) + subSequenceNumber) % OFFSETS;
  return BigInt(Math.floor(arrivedAtMs)) * NS_PER_MS + BigInt(offset);
}

/** Of a decimal integer of any length, divided by the prime. Other characters do no harm. */
function remainder(decimal: string): number {
  let rest = 0;
  for (let at = 0; at < decimal.length; at += 1)
    rest = (rest * 10 + (decimal.charCodeAt(at) & 15)) % SEQUENCE_OFFSETS;
  return rest;
}
