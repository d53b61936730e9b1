import type { FieldChange, FieldChangeResult } from './field-change.js';
import type { FieldType, Point } from './point.js';
import type { StoreQueries } from './store-query.js';
import type { StoreReader } from './store-reader.js';
import type { WindowReader } from './window-reader.js';

/**
 * The seam between the consumer and a store. A sink takes points, returns those it rejected, and never changes
 * a point. One contract suite (test/contract/sink-contract.ts) runs against every implementation.
 *
 * A point's identity is its series (measurement + tag set) and its timestamp. Writing a point again
 * overwrites the fields it names and leaves the others: a replay never adds a point.
 */

export const REJECTION_CODES = [
  'store-refused',
  'store-too-large',
  'not-expressible',
  /** Not by a sink: the policy for the types of fields (consumer.policies.type) gives it. */
  'field-type-conflict',
] as const;
export type RejectionCode = (typeof REJECTION_CODES)[number];

/** A field has another type in the store than in a point. */
export interface FieldTypeConflict {
  readonly measurement: string;
  readonly field: string;
  readonly storedType: FieldType;
  /** The timestamps for which the store has this type, ns; absent when it has one type for all. */
  readonly span?: TimeSpan;
}

export interface TimeSpan {
  readonly fromNs: bigint;
  /** Exclusive. */
  readonly toNs: bigint;
}

/** A point that the store will never accept as it is. */
export interface Rejection {
  /** Index into the array given to `write`. */
  readonly index: number;
  readonly code: RejectionCode;
  /** The store's own message, or why the point cannot be expressed in the store's format. */
  readonly reason: string;
  /** Present when the store rejected the point for the type of this field, perhaps among others. */
  readonly conflict?: FieldTypeConflict;
}

export interface SinkStatus {
  /** `untried`: nothing is known yet, because nothing was written since the start. */
  readonly state: 'untried' | 'healthy' | 'retrying' | 'misconfigured';
  /** A sentence for the operator; empty when healthy. */
  readonly detail: string;
}

/** Returns true when the store is known not to take points now. */
export function isUnavailable({ state }: SinkStatus): boolean {
  return state === 'retrying' || state === 'misconfigured';
}

/** Why a store does not take all points; `held`: it refuses many, and the request waits for the operator. */
export type StoreTrouble =
  | 'no-answer'
  | 'unavailable'
  | 'configuration'
  | 'held'
  | 'many-refused'
  /** Points are taken, and old ones cannot be deleted. */
  | 'retention';

/** What is known of the connection to the store. */
export interface SinkContact {
  /** When the store last took or refused points, or said that it would take some, ms since 1970; absent: not since the start. */
  readonly lastAnswerMs?: number;
  /** Present while it does not take all points. */
  readonly trouble?: StoreTrouble;
  /** When a request is repeated, ms since 1970; absent where that is not known. */
  readonly nextTryMs?: number;
}

/** Totals since the sink was created; they never decrease. */
export interface SinkCounters {
  readonly pointsWritten: number;
  readonly pointsRefused: number;
  readonly requests: number;
  readonly retries: number;
  readonly bytesSent: number;
  /** Time spent waiting for the store's answers. */
  readonly busyMs: number;
}

/** A store that points are written to. The caller never overlaps calls of `write`. */
export interface Sink {
  readonly kind: 'influx' | 'duckdb';
  /**
   * Prepares the first write; a remote store need not be reachable yet. Rejects with SINK_UNUSABLE when no retry
   * can help.
   */
  open(): Promise<void>;
  /**
   * Resolves once every point is durable in the store, except the rejected ones it returns.
   * When it rejects, all points are still the caller's; some may be in the store, and writing them again is
   * harmless. The only expected error is SINK_ABORTED after `signal`: an unavailable store is retried for ever.
   * Points of one series reach the store in array order.
   */
  write(points: readonly Point[], signal: AbortSignal): Promise<readonly Rejection[]>;
  status(): SinkStatus;
  contact(): SinkContact;
  counters(): SinkCounters;
  /** The read side for the live page; absent when the store cannot be queried. */
  readonly reader?: StoreReader;
  /** The side that windows are computed from; absent when the store cannot be queried. */
  readonly windows?: WindowReader;
  /** Queries of users; absent when the store itself answers them. */
  readonly queries?: StoreQueries;
  /** Points of the measurement before this time may be gone, ns; undefined: not known yet, or none are deleted. */
  oldestKeptNs?(measurement: string): bigint | undefined;
  /**
   * Changes a field between two writes. Rejects with USAGE_INVALID for a field that does not exist, or with how it is done
   * where only the store itself can do it; and with SINK_CHANGE_FAILED: then nothing has changed.
   */
  changeField(change: FieldChange): Promise<FieldChangeResult>;
  /**
   * Deletes all points of a measurement between two writes; resolves with how many there were. Rejects with USAGE_INVALID and
   * how it is done where only the store itself can do it, and with SINK_CHANGE_FAILED: then some may be left.
   */
  deleteMeasurement(measurement: string): Promise<number>;
  close(): Promise<void>;
}
