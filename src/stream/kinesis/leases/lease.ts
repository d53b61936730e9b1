import type { ShardPosition } from '../shard-position.js';

/** Who reads a shard, and how far all its readers have come: one row of the lease table. */
export interface Lease {
  readonly shardId: string;
  /** Absent: free. */
  readonly owner?: string;
  /** Rises by one with every write; a writer names the one it knows, so that it cannot overwrite what it has not seen. */
  readonly counter: number;
  readonly checkpoint: ShardPosition;
  readonly parents: readonly string[];
  /** Known once the shard has ended, if the reader was told. */
  readonly children: readonly string[];
  /** Decimal. */
  readonly startingHashKey?: string;
  readonly endingHashKey?: string;
  /** How often it went from one owner to another since the last checkpoint. */
  readonly ownerSwitches: number;
  /** User records up to the checkpoint. */
  readonly records: number;
  /** The ledger of this shard up to the checkpoint, written by the caller and opaque here; empty while there is none. */
  readonly books: string;
}

/** What a row is created from. */
export interface NewLease {
  readonly shardId: string;
  readonly checkpoint: ShardPosition;
  readonly parents: readonly string[];
  readonly startingHashKey: string;
  readonly endingHashKey: string;
}

/** Merges two ledgers into one. Neither is empty. */
export type MergeBooks = (a: string, b: string) => string;

export function isEnded(lease: Lease): boolean {
  return lease.checkpoint.kind === 'SHARD_END';
}

/** `merge`, for ledgers of which any may be empty. */
export function mergedBooks(merge: MergeBooks, ...all: readonly string[]): string {
  return all
    .filter((books) => books !== '')
    .reduce((sum, books) => (sum === '' ? books : merge(sum, books)), '');
}
