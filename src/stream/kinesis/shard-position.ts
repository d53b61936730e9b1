import { SluiceError } from '../../lib/errors.js';
import type { IteratorStart } from './kinesis-api.js';

/** ShardPosition is how far a shard has been read. */
export type ShardPosition =
  | { readonly kind: 'TRIM_HORIZON' }
  | { readonly kind: 'AT_TIMESTAMP'; readonly timestampMs: number }
  /**
   * Directly after user record `subSequenceNumber` (0 for a record that is no aggregate) of this Kinesis record. More
   * user records may follow in it, so reading continues AT the Kinesis record and skips what was read, as KCL does.
   */
  | { readonly kind: 'BEHIND'; readonly sequenceNumber: string; readonly subSequenceNumber: number }
  | { readonly kind: 'SHARD_END' };

export interface ShardProgress {
  readonly at: ShardPosition;
  /** User records of this shard that the application has read, from its first to `at`. The reader counts them, independently of the ledger. */
  readonly records: number;
}

/** Returns `TRIM_HORIZON`, `AT_TIMESTAMP:<ms>`, `<sequence number>:<sub>` or `SHARD_END`. */
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

/** Returns where Kinesis has to start so that nothing after `position` is missed. */
export function iteratorStart(position: Exclude<ShardPosition, { kind: 'SHARD_END' }>): IteratorStart {
  if (position.kind === 'TRIM_HORIZON') return { type: 'TRIM_HORIZON' };
  if (position.kind === 'AT_TIMESTAMP') return { type: 'AT_TIMESTAMP', timestampMs: position.timestampMs };
  return { type: 'AT_SEQUENCE_NUMBER', sequenceNumber: position.sequenceNumber };
}
