import type { KinesisRecord } from '../kinesis-api.js';
import type { ShardPosition } from '../shard-position.js';
import type { FetchRoom } from './fetch-room.js';

/** A shard that has ended has no start. */
export type ShardStart = Exclude<ShardPosition, { readonly kind: 'SHARD_END' }>;

/** Where Kinesis records come from: asked for (`PollingSource`) or pushed (`FanOutSource`). */
export interface RecordSource {
  open(shardId: string, from: ShardStart, ports: CursorPorts): ShardCursor;
}

export interface CursorPorts {
  /** The cursor holds a page's bytes in it as the page arrives; who hands the records out gives them back. */
  readonly room: FetchRoom;
  readonly watch: ShardWatch;
}

/** The Kinesis records of one shard in their order, each once, whatever fails in between. */
export interface ShardCursor {
  /**
   * The next page, which may be empty; at the pace that Kinesis allows. Failures are waited out and told to the
   * watch: rejects only for a bug. `undefined` once `signal` has aborted, but not before a call under way has ended.
   * Calls do not overlap; none after a page with `end`.
   */
  next(signal: AbortSignal): Promise<ShardPage | undefined>;
  close(): void;
}

export interface ShardPage {
  /**
   * When reading begins BEHIND a user record, the first may be the Kinesis record which that one is in: what
   * is done of it is for the caller to skip.
   */
  readonly records: readonly KinesisRecord[];
  readonly millisBehindLatest: number;
  /** Nothing follows in this shard. */
  readonly end?: ShardEnd;
}

export interface ShardEnd {
  /** May be missing or incomplete. */
  readonly childShards: readonly string[];
}

/** Why records may have left the stream before they were read. */
export const GAP_CODES = ['POSITION_LEFT_STREAM', 'SHARD_LEFT_STREAM'] as const;
export type GapCode = (typeof GAP_CODES)[number];

/** Who wants to know how fetching goes, for counters, readiness and the log. */
export interface ShardWatch {
  answered(page: ShardPage, bytes: number): void;
  /** A call failed; it is made again. */
  failed(thrown: unknown): void;
  iteratorRenewed(): void;
  /** `behind`: the sequence number behind which reading should have gone on, if there is one. */
  gap(code: GapCode, behind?: string): void;
}
