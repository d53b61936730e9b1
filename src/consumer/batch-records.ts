import type { RecordBatch } from '../stream/stream.js';

/** How many records a batch has. */
export function recordsOf(batch: RecordBatch): number {
  return batch.parts.reduce((sum, { records }) => sum + records.length, 0);
}

/** The receive time of the newest record of a batch, ns. */
export function newestOf(batch: RecordBatch): bigint | undefined {
  let newest: bigint | undefined;
  for (const { records } of batch.parts) {
    const last = records.at(-1)?.receivedAtNs;
    if (last !== undefined && (newest === undefined || last > newest)) newest = last;
  }
  return newest;
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
