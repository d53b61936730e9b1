import type { RecordBatch } from '../stream/stream.js';

/** How many records a batch has. */
export function recordsOf(batch: RecordBatch): number {
  return batch.parts.reduce((sum, { records }) => sum + records.length, 0);
}

/**
 * The receive time of the oldest record of a batch, ns. Only the records of one part are in order: the oldest one is the
 * first of some part.
 */
export function oldestOf(batch: RecordBatch): bigint | undefined {
  let oldest: bigint | undefined;
  for (const { records } of batch.parts) {
    const first = records[0]?.receivedAtNs;
    if (first !== undefined && (oldest === undefined || first < oldest)) oldest = first;
  }
  return oldest;
}
