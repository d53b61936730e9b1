import type { FieldSummary } from './field-summary.js';
import type { Field, Tag } from './point.js';

/**
 * The side of a store that windows are computed from. Calls may overlap with one another and with `Sink.write`; a call
 * sees every point whose write has resolved before it. All results come in parts, so that a thread is never busy with one
 * answer for long. Every method rejects with SINK_QUERY_FAILED, or with SINK_QUERY_UNSUPPORTED where no store of this kind
 * can be asked; the caller may then try again.
 */
export interface WindowReader {
  /** The summaries of each group that has a value in the time span. */
  fold(query: FoldQuery, signal: AbortSignal): AsyncIterable<readonly FoldedGroup[]>;
  /** The points of a measurement whose time lies in the span: one series after the other, each in the order of time. */
  rows(query: RowsQuery, signal: AbortSignal): AsyncIterable<readonly StoredRow[]>;
}

/** The values of some tags; '' where a series does not have the tag. In the order of the names that go with them. */
export type TagValues = readonly string[];

export interface RowsQuery {
  readonly measurement: string;
  /** From this time, ns since 1970. */
  readonly fromNs: bigint;
  /** Exclusive. */
  readonly toNs: bigint;
  /** Only these fields. */
  readonly fields: readonly string[];
  /** Only series with one of these values of these tags; absent: all. At most 1,000. */
  readonly only?: { readonly tags: readonly string[]; readonly values: readonly TagValues[] };
}

export interface StoredRow {
  /** Sorted by the UTF-8 bytes of the name; no empty value. */
  readonly tags: readonly Tag[];
  readonly timestampNs: bigint;
  /** Those of the query that the point has, at least one. An int beyond 2^53 may be rounded. */
  readonly fields: readonly Field[];
}

export interface FoldQuery extends Omit<RowsQuery, 'fields'> {
  /** The tags that make the groups; absent: each series is a group. */
  readonly by?: readonly string[];
  readonly fields: readonly FoldField[];
  /** How far before the span the value is looked for that the first one of a series is compared with. */
  readonly lookbackMs: number;
}

/** A field, and what is taken of it beside count, sum, mean, m2, min, max, first and last. */
export interface FoldField {
  readonly name: string;
  readonly shape: boolean;
  readonly steps: boolean;
  readonly quantiles: boolean;
  /** How often which values occur. */
  readonly top?: boolean;
  /** Ascending bounds; absent: no histogram. */
  readonly histogram?: readonly number[];
}

export interface FoldedGroup {
  /** Sorted by the UTF-8 bytes of the name; no empty value: those of `by`, or of the series. */
  readonly tags: readonly Tag[];
  /** Only fields with at least one value. */
  readonly fields: ReadonlyMap<string, FieldSummary>;
}
