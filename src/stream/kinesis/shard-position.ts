import { SluiceError } from '../../errors.js';
import type { IteratorStart } from './kinesis-api.js';

/** How far a shard has been read. */
export type ShardPosition =
  | { readonly kind: 'TRIM_HORIZON' }
  | { readonly kind: 'AT_TIMESTAMP'; readonly timestampMs: number }
  /**
   * Directly behind user record `subSequenceNumber` (0 for a record that is no aggregate) of this Kinesis record.
   * It may be the last in it or not; reading goes on AT the Kinesis record and skips what is done, as KCL does.
   */
  | { readonly kind: 'BEHIND'; readonly sequenceNumber: string; readonly subSequenceNumber: number }
  | { readonly kind: 'SHARD_END' };

export interface ShardProgress {
  readonly at: ShardPosition;
  /** User records of this shard taken by this application, from its first to `at`. Counted by the reader, apart from the ledger. */
  readonly records: number;
}

/** `TRIM_HORIZON`, `AT_TIMESTAMP:<ms>`, `<sequence number>:<sub>` or `SHARD_END`. */
export function shardPositionText(position: ShardPosition): string {
  switch (position.kind) {
    case 'AT_TIMESTAMP':
      return `AT_TIMESTAMP:${position.timestampMs}`;
    case 'BEHIND':
      return `${position.sequenceNumber}:${position.subSequenceNumber}`;
    default:
      return position.kind;
  }
}

/** Throws CHECKPOINT_UNREADABLE. */
export function parseShardPosition(text: string): ShardPosition {
  if (text === 'TRIM_HORIZON' || text === 'SHARD_END') return { kind: text };
  const [head = '', tail = ''] = text.split(':');
  if (head === 'AT_TIMESTAMP' && /^\d+$/.test(tail))
    return { kind: 'AT_TIMESTAMP', timestampMs: Number(tail) };
  if (/^\d+$/.test(head) && /^\d+$/.test(tail)) {
    return { kind: 'BEHIND', sequenceNumber: head, subSequenceNumber: Number(tail) };
  }
  throw new SluiceError('CHECKPOINT_UNREADABLE', `"${text}" is not a position in a shard`);
}

/** Where Kinesis has to start so that nothing behind `position` is missed. A shard that has ended has no start. */
export function iteratorStart(position: Exclude<ShardPosition, { kind: 'SHARD_END' }>): IteratorStart {
  switch (position.kind) {
    case 'TRIM_HORIZON':
      return { type: 'TRIM_HORIZON' };
    case 'AT_TIMESTAMP':
      return { type: 'AT_TIMESTAMP', timestampMs: position.timestampMs };
    case 'BEHIND':
      return { type: 'AT_SEQUENCE_NUMBER', sequenceNumber: position.sequenceNumber };
  }
}
