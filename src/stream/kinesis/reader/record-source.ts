import type { KinesisRecord } from '../kinesis-api.js';
import type { ShardPosition } from '../shard-position.js';
import type { FetchRoom } from './fetch-room.js';

/** ShardStart is a position from which a shard can be read: any but its end. */
export type ShardStart = Exclude<ShardPosition, { readonly kind: 'SHARD_END' }>;

/** RecordSource is where Kinesis records come from: requested (`PollingSource`) or pushed (`FanOutSource`). */
export interface RecordSource {
  open(shardId: string, from: ShardStart, ports: CursorPorts): ShardCursor;
}

export interface CursorPorts {
  /** The cursor holds the bytes of a page in it as the page arrives; the caller releases them once it has delivered the records. */
  readonly room: FetchRoom;
  readonly watch: ShardWatch;
}

/** ShardCursor returns the Kinesis records of one shard in their order, each once, whatever fails in between. */
export interface ShardCursor {
  /**
   * Resolves with the next page, which may be empty, at the pace that Kinesis allows. Failures are waited out and
   * reported to the watch, so it rejects only for a bug. Resolves with undefined once `signal` has aborted and the call
   * in flight has ended. Calls do not overlap, and none follows a page with `end`.
   */
  next(signal: AbortSignal): Promise<ShardPage | undefined>;
  close(): void;
}

export interface ShardPage {
  /**
   * When reading begins BEHIND a user record, the first record may be the Kinesis record that holds it: the caller
   * skips what was delivered of it before.
   */
  readonly records: readonly KinesisRecord[];
  readonly millisBehindLatest: number;
  /** Present on the last page of the shard. */
  readonly end?: ShardEnd;
}

export interface ShardEnd {
  /** May be missing or incomplete. */
  readonly childShards: readonly string[];
}

/** Why records may have expired from the stream before they were read. */
export const GAP_CODES = ['POSITION_LEFT_STREAM', 'SHARD_LEFT_STREAM', 'STREAM_MADE_AGAIN'] as const;
export type GapCode = (typeof GAP_CODES)[number];

/** ShardWatch observes fetching, for counters, readiness and the log. */
export interface ShardWatch {
  answered(page: ShardPage, bytes: number): void;
  /** A call failed, and will be made again; with POSITION_REFUSED at another position. */
  failed(thrown: unknown, as?: 'POSITION_REFUSED'): void;
  iteratorRenewed(): void;
  /** `behind` is the sequence number after which reading should have continued, if there is one. */
  gap(code: GapCode, behind?: string): void;
}
