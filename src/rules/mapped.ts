import type { ParkCode } from '../dead-letter/park-codes.js';
import type { JsonObject, JsonValue } from '../formats/json/json-value.js';
import type { Point } from '../sink/point.js';
import type { StreamRecord } from '../stream/stream.js';

/** What the rules made of one record. */
export type Mapped =
  | { readonly kind: 'points'; readonly rule: string; readonly points: readonly Point[] }
  | { readonly kind: 'filtered'; readonly rule: string }
  | Parked;

export interface Parked {
  readonly kind: 'parked';
  /** The rule that took the record, if one did. */
  readonly rule?: string;
  readonly code: ParkCode;
  /** One line for a person; safe to log. */
  readonly reason: string;
}

/** Why a record, or a value in it, cannot become a point. It is returned, never thrown. */
export class MappingFailure {
  readonly code: ParkCode;
  readonly reason: string;

  constructor(code: ParkCode, reason: string) {
    this.code = code;
    this.reason = reason;
  }
}

/**
 * What was omitted or replaced while a record still became points. The list is closed: it is used by a
 * metric's label and by the key `notes` of an explanation.
 */
export const MAPPING_WARNING_CODES = [
  /** No device time (absent, or null), or one of a clock that was never set (near 1970): the receive time is used instead. */
  'time-missing',
  /** A device time that cannot be read or lies outside of the window: the receive time is used instead. */
  'time-replaced',
  /** A device time outside of the window became the nearer end of it (`otherwise: clamp`). */
  'time-clamped',
  /** A device time finer than a nanosecond was cut to it. */
  'time-truncated',
  /** A leap second (:60) became the last nanosecond before it. */
  'time-leap-second',
  /** The point has the receive time, and that comes from a clock that was not set: 1970, for example. */
  'clock-implausible',
  /** A tag's source is absent, null or empty: the tag is omitted. */
  'tag-missing',
  /** A field of a rule is not in the payload. */
  'field-missing',
  /** A field has no value: null, a word of `noValue`, or the empty text where a number or boolean is due. */
  'field-null',
  /** A field could not be stored, and the rule says `otherwise: omit`. */
  'field-omitted',
  /** A number outside of its range became the nearer end of it (`otherwise: clamp`). */
  'field-clamped',
  /** A field without a value, or with one that could not be stored, got its `default`. */
  'field-default',
  /** A text was cut to `truncate` characters. */
  'field-truncated',
  /** `fields: auto` omitted text or an array. */
  'field-not-numeric',
  /** `fields: auto` omitted a field whose name is reserved: `time`, `_…`, or the name of a tag. */
  'field-name-skipped',
  /** An integer beyond 2^53 became the nearest float. */
  'number-rounded',
] as const;
export type MappingWarningCode = (typeof MAPPING_WARNING_CODES)[number];

/** How often each mapping warning was given. The counts only grow; the caller owns them. */
export type MappingWarningCounts = Record<MappingWarningCode, number>;

export function createMappingWarningCounts(): MappingWarningCounts {
  return Object.fromEntries(MAPPING_WARNING_CODES.map((code) => [code, 0])) as MappingWarningCounts;
}

/** A record whose payload is decoded and whose topic a rule has matched. */
export interface Reading {
  readonly record: StreamRecord;
  readonly payload: JsonObject;
  /** Whether `payload` holds an ExactNumber somewhere. */
  readonly holdsExact: boolean;
  /** Topic levels by the names the rule's filter gives them. */
  readonly captures: Readonly<Record<string, string>>;
  /** The last topic level but one; the client id where the topic has none. */
  readonly device: string;
  /** What `each` of a rule names: the element, its key and its index, by their names; absent without `each`. */
  readonly variables?: Readonly<Record<string, JsonValue | undefined>>;
}
