import type { MessageProperties } from '../lib/message-properties.js';
import type { RefusedPublish } from '../lib/refused-publish.js';

/**
 * The seam between what fills a stream (bridge, forwarder) and what reads it (consumer, forwarder).
 * A stream is an append-only sequence of records with readers at their own positions: the local log is one,
 * a Kinesis shard is one. The consumer cannot tell them apart.
 */

/** What the bridge made of one PUBLISH that was acknowledged. Immutable; no later stage changes it. */
export interface StreamRecord {
  /**
   * Receive time, ns since 1970, strictly increasing within one data directory: it is also the record's
   * identity there. Fixed before the record is stored, so every replay sees the same time.
   */
  readonly receivedAtNs: bigint;
  readonly topic: string;
  /** MQTT client id of the publisher. */
  readonly clientId: string;
  /** The user that the publisher has signed in as; absent or empty without access rules. */
  readonly user?: string;
  readonly qos: 0 | 1 | 2;
  /** As it came off the wire; of a refused PUBLISH perhaps only the beginning. */
  readonly payload: Buffer;
  /** What the publisher says of the message (MQTT 5); absent or undefined without. */
  readonly properties?: MessageProperties | undefined;
  /** Present when the broker has not accepted the PUBLISH: the record is parked, and no rule sees it. */
  readonly refused?: RefusedPublish;
}

/** A position in one stream, between two records. Only the stream that made it can interpret it. */
export type Position = string;

export interface RecordBatch {
  /** In stream order. Empty when only the position has moved, as at the end of a Kinesis shard. */
  readonly parts: readonly BatchPart[];
  /** Directly behind the last record of this batch. Save it once every record's outcome is durable. */
  readonly position: Position;
  /** Releases the payload buffers: they are overwritten some time after. Calling it twice does no harm; never calling it only costs memory. */
  release(): void;
}

/** What a batch holds of one partition. The log is one partition; each shard of a Kinesis stream is one. */
export interface BatchPart {
  /** The partition in whose ledger these records are counted. Opaque, from a small set. */
  readonly partition: string;
  /** May be empty when `lost` is not. */
  readonly records: readonly StreamRecord[];
  /** Records between the previous batch and the end of this one that the stream can no longer produce, by cause. */
  readonly lost: LostRecords;
}

export interface LostRecords {
  /** Their bytes on disk are damaged. */
  readonly damaged: number;
  /** Dropped by `whenFull: drop-oldest` before this reader came to them. */
  readonly dropped: number;
}

export interface ReadLimits {
  readonly maxRecords: number;
  /** Counted as stored; a single record that is larger is still delivered. */
  readonly maxBytes: number;
  /** Once there is a record, how long to wait for a batch to fill. */
  readonly lingerMs: number;
  /** What to do while there is no record: wait for one, or resolve `undefined`. */
  readonly whenEmpty: 'wait' | 'return';
}

/** One named reader of a stream. Calls do not overlap. */
export interface StreamReader {
  /**
   * The records that follow the last batch, at least one unless some were lost; waits until there are any.
   * Resolves `undefined` once `signal` has aborted, or for `whenEmpty: 'return'`. The payload buffers belong to the caller until it releases the batch.
   * A rejection means the stream is unusable: the position has not moved.
   */
  next(limits: ReadLimits, signal: AbortSignal): Promise<RecordBatch | undefined>;
  /** Nothing may be called after it. */
  close(): Promise<void>;
}

/** The writing side, as the bridge sees it. */
export interface StreamWriter {
  /**
   * Takes the record over; `stored` is called once it is durable, in the order of the `append` calls.
   * Never called when storing failed: the process stops then. The payload may be reused after the call returns.
   */
  append(record: StreamRecord, stored: () => void): void;
  /** Calls back when everything appended before is durable, in order with the `stored` calls. */
  afterPending(reached: () => void): void;
  /** True while the stream has no room and waits for its readers: appended records wait, unacknowledged. */
  readonly isBlocked: boolean;
  /** Bytes of the records that are appended and not yet durable. */
  readonly pendingBytes: number;
}

/** Why a shared stream will never take a record. */
export interface StreamRejection {
  readonly code: StreamRejectionCode;
  /** For a person; may quote the stream. */
  readonly reason: string;
}

export const STREAM_REJECTION_CODES = ['stream-record-too-large', 'stream-refused'] as const;
export type StreamRejectionCode = (typeof STREAM_REJECTION_CODES)[number];

/** The state of one component, for readiness and log lines. `detail` names the cause, and what to fix if something is wrong. */
export interface ComponentStatus {
  readonly state: 'healthy' | 'retrying' | 'misconfigured';
  /** Empty while healthy. */
  readonly detail: string;
}

/** A shared stream that takes what the log holds: the Kinesis producer, as the forwarder sees it. */
export interface OutgoingStream {
  /**
   * Takes the record over. `completed` is called once: with nothing when the stream holds the record durably, with
   * a rejection when it never will. Not called after `close`: the record is then still the caller's.
   * Records of one device are stored in the order of the calls; a record may be stored more than once.
   * The payload must not change until then. How much may wait is for the caller to bound.
   */
  send(record: StreamRecord, completed: (rejection?: StreamRejection) => void): void;
  /** Sends what still waits for more records to share a request with. */
  flush(): void;
  status(): ComponentStatus;
  /** Stops at once and gives up open requests. */
  close(): Promise<void>;
}
