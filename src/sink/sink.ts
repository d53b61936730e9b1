/**
 * The seam between the consumer and a store. A sink takes points and gives an outcome per point; it never
 * changes one. One contract suite (test/contract/sink-contract.ts) runs against every implementation.
 *
 * A point's identity is its series (measurement + tag set) and its timestamp. Writing a point again
 * overwrites the fields it names and leaves the others: a replay never adds a point.
 */

export interface Tag {
  readonly name: string;
  readonly value: string;
}

/**
 * A measurement with a tag set. Made once and shared by all points of the series, so that a sink can keep
 * what it derives from it (an escaped prefix, a key) in a WeakMap.
 */
export interface Series {
  readonly measurement: string;
  /** Sorted by the UTF-8 bytes of the name; names unique; no empty value. */
  readonly tags: readonly Tag[];
}

export type FieldType = 'float' | 'int' | 'string' | 'boolean';

/** `float`: finite number. `int`: bigint within int64. */
export type Field =
  | { readonly name: string; readonly type: 'float'; readonly value: number }
  | { readonly name: string; readonly type: 'int'; readonly value: bigint }
  | { readonly name: string; readonly type: 'string'; readonly value: string }
  | { readonly name: string; readonly type: 'boolean'; readonly value: boolean };

export interface Point {
  readonly series: Series;
  /** At least one; names unique within the point. */
  readonly fields: readonly Field[];
  /** ns since 1970, within int64. */
  readonly timestampNs: bigint;
}

export const REFUSAL_CODES = ['store-refused', 'store-too-large', 'not-expressible'] as const;
export type RefusalCode = (typeof REFUSAL_CODES)[number];

/** One point that the store will never take as it is. */
export interface Refusal {
  /** Index into the array given to `write`. */
  readonly index: number;
  readonly code: RefusalCode;
  /** The store's own words, or why the point cannot be written down for it. */
  readonly reason: string;
}

export interface SinkStatus {
  readonly state: 'healthy' | 'retrying' | 'misconfigured';
  /** One sentence for the operator; empty when healthy. */
  readonly detail: string;
}

/** Totals since the sink was made; only ever grow. */
export interface SinkCounters {
  readonly pointsWritten: number;
  readonly pointsRefused: number;
  readonly requests: number;
  readonly retries: number;
  readonly bytesSent: number;
  /** Time spent waiting for the store's answers. */
  readonly busyMs: number;
}

/** Calls of `write` do not overlap. */
export interface Sink {
  readonly kind: 'influx' | 'duckdb';
  /** Prepares what a first write needs. Rejects with SINK_UNUSABLE when no retry can mend it. Reaching a remote store is not needed. */
  open(): Promise<void>;
  /**
   * Resolved: every point is durable in the store but the refused ones; an empty array means all.
   * Rejected: still yours, all of it (some may be in the store; writing again is harmless). The only
   * expected rejection is SINK_ABORTED after `signal`: unavailability is retried for ever inside.
   * Points of one series reach the store in array order.
   */
  write(points: readonly Point[], signal: AbortSignal): Promise<readonly Refusal[]>;
  status(): SinkStatus;
  counters(): SinkCounters;
  /** What the live page reads. Absent when the store cannot be queried. */
  readonly reader?: StoreReader;
  close(): Promise<void>;
}

export interface MeasurementSummary {
  readonly name: string;
  readonly tags: readonly string[];
  readonly fields: readonly { readonly name: string; readonly type: FieldType }[];
}

export interface SeriesQuery {
  readonly measurement: string;
  /** A float or int field. */
  readonly field: string;
  /** Tag to split by; without it, all series together. */
  readonly by?: string;
  /** Only the points whose tag has one of these values; '' for points that lack it. */
  readonly only?: { readonly tag: string; readonly values: readonly string[] };
  readonly fromMs: number;
  readonly toMs: number;
  /** Width of one bucket; each gives the mean of its values. */
  readonly bucketMs: number;
  /** Most groups to return. */
  readonly maxGroups: number;
}

export interface SeriesAnswer {
  /** Start of each bucket, ms since 1970, ascending. */
  readonly timesMs: readonly number[];
  readonly groups: readonly {
    /** Value of the `by` tag; '' without `by` or for points that lack it. */
    readonly name: string;
    /** One per entry of `timesMs`; null where the bucket is empty. */
    readonly values: readonly (number | null)[];
  }[];
}

/** Which groups a measurement has: those heard of at `fromMs` or later. */
export interface HeardQuery {
  readonly measurement: string;
  /** Tag that tells the devices apart; without it, the measurement as a whole. */
  readonly by?: string;
  readonly fromMs: number;
  /** Most groups to return, those heard of last first. */
  readonly maxGroups: number;
}

export interface HeardGroup {
  /** Value of the `by` tag; '' without `by` or for points that lack it. */
  readonly name: string;
  /** Of the newest point, ms since 1970. */
  readonly atMs: number;
}

/** The newest value of every field of some groups. */
export interface NewestQuery {
  readonly measurement: string;
  readonly by?: string;
  /** Nothing older is looked for. */
  readonly fromMs: number;
  /** As `heard` gives them; [''] without `by`. */
  readonly names: readonly string[];
  /** Most fields to return, the first by name. */
  readonly maxFields: number;
}

export interface NewestAnswer {
  readonly moreFields: boolean;
  /** Those with a value, in any order. */
  readonly groups: readonly { readonly name: string; readonly values: readonly NewestValue[] }[];
}

/** An int beyond 2^53 is rounded; of a long text the first MAX_TEXT_CHARACTERS are given. */
export interface NewestValue {
  readonly field: string;
  readonly value: number | string | boolean;
}

export const MAX_TEXT_CHARACTERS = 1_024;

/** Read side for the live page. May overlap with `write`. Rejects with SINK_QUERY_FAILED or SINK_QUERY_UNSUPPORTED. */
export interface StoreReader {
  measurements(): Promise<readonly MeasurementSummary[]>;
  /** The groups with the most values, the largest first. */
  series(query: SeriesQuery): Promise<SeriesAnswer>;
  heard(query: HeardQuery): Promise<readonly HeardGroup[]>;
  newest(query: NewestQuery): Promise<NewestAnswer>;
}

export const LATEST_ORDERS = ['silent', 'newest', 'name'] as const;

/** One page of a table of devices. */
export interface LatestQuery {
  readonly measurement: string;
  /** Tag that tells the devices apart; without it, the measurement as a whole. */
  readonly by?: string;
  /** Nothing older is looked for. */
  readonly fromMs: number;
  /** Silent is whoever was not heard of since, ms since 1970. */
  readonly silentBeforeMs: number;
  /** Part of the name, in any case; '' takes all. */
  readonly search: string;
  readonly order: (typeof LATEST_ORDERS)[number];
  readonly offset: number;
  readonly limit: number;
}

export interface LatestPage {
  /** Of all that the store knows since `fromMs`, up to a limit. */
  readonly devices: number;
  /** There are more than the limit; those left out have been silent for longest. */
  readonly moreDevices: boolean;
  /** Of `devices`, not heard of since `silentBeforeMs`. */
  readonly silent: number;
  /** That the search found; `groups` is a part of them. */
  readonly found: number;
  readonly groups: readonly LatestGroup[];
  /** The values are of the first fields by name only. */
  readonly moreFields: boolean;
}

/** A device with the newest value of each of its fields. */
export interface LatestGroup {
  readonly name: string;
  /** Of the newest point, ms since 1970. */
  readonly atMs: number;
  /** Sorted by field. A field may be older than the newest point. */
  readonly values: readonly NewestValue[];
}
