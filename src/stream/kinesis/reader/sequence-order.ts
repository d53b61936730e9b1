/**
 * Below, equal to or above 0, as `a` lies before, at or behind `b` in their shard. Sequence numbers are decimal without
 * leading zeros: the longer one is the larger, so this is the order of BigInt without making one for each record.
 */
export function compareSequenceNumbers(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
