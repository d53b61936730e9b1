import type { ParkCode } from '../dead-letter/park-codes.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../formats/json/json-value.js';
import type { Point } from '../sink/point.js';
import type { StreamRecord } from '../stream/stream.js';
import type { MappingTrace } from './mapping-trace.js';

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
  /** The points of the elements, and of other rules, that are good: they are written although the record is parked. */
  readonly points?: readonly Point[];
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
  /** A payload that is not as its format has it was read all the same, because the rule's format is lenient. */
  'payload-repaired',
  /** Messages of a Sparkplug node are missing before this one: its sequence number is not the next. */
  'sparkplug-sequence-gap',
  /** A Sparkplug birth had no room, so that the births of nodes born least recently were forgotten. */
  'sparkplug-birth-forgotten',
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
  /** Two points of one message would have the same series, time and field: the later one got the next free nanosecond. */
  'time-shifted',
  /** A tag's source is absent, null or empty: the tag is omitted. */
  'tag-missing',
  /** A value cannot be a tag, and the rule says `otherwise: omit`; or `autoTags` found a list, an object, or a name that is reserved or taken. */
  'tag-omitted',
  /** Characters that a tag must not have were replaced by `_` (`otherwise: replace`). */
  'tag-replaced',
  /** A tag without a value got its `default`. */
  'tag-default',
  /** An element of `each` was skipped: its condition is false, or none of its fields has a value. */
  'element-skipped',
  /** A tag with too many values was omitted. */
  'tag-over-budget',
  /** A tag with too many values became a field. */
  'tag-demoted',
  /** A new field was omitted, because there are too many. */
  'field-over-budget',
  /** Two different readings of one series came with the same time: the store keeps the later one. */
  'collision',
  /** Messages that a device has counted and that never came: counted by their number. */
  'lost-before-gateway',
  /** The counter of a device began again. */
  'counter-restarted',
  /** A message has no counter. */
  'counter-missing',
  /** There are too many devices to follow the counter of this one. */
  'counter-not-followed',
  /** A message has no key that would tell it from one that was sent again. */
  'duplicate-key-missing',
  /** There were so many keys that the oldest were forgotten before their time. */
  'duplicate-window-short',
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

const NO_MEMBERS: JsonObject = Object.freeze({});

/** The value as an object: one without keys when it is none. */
export function membersOf(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value) ? value : NO_MEMBERS;
}

/** MappingWarnings counts what each rule omitted or replaced. The counts only grow. */
export class MappingWarnings {
  readonly #byRule = new Map<string, MappingWarningCounts>();

  /** The counts of a rule; the caller adds to them. */
  of(rule: string): MappingWarningCounts {
    let counts = this.#byRule.get(rule);
    if (counts === undefined) {
      counts = createMappingWarningCounts();
      this.#byRule.set(rule, counts);
    }
    return counts;
  }

  /** The sum over all rules. */
  total(): MappingWarningCounts {
    const total = createMappingWarningCounts();
    for (const counts of this.#byRule.values()) {
      for (const code of MAPPING_WARNING_CODES) total[code] += counts[code];
    }
    return total;
  }

  /** The counts above zero: rule → warning → count. */
  byRule(): Record<string, Partial<MappingWarningCounts>> {
    const rules: Record<string, Partial<MappingWarningCounts>> = {};
    for (const [rule, counts] of this.#byRule) {
      const given = MAPPING_WARNING_CODES.filter((code) => counts[code] > 0);
      if (given.length > 0) rules[rule] = Object.fromEntries(given.map((code) => [code, counts[code]]));
    }
    return rules;
  }
}

/** A record whose payload is decoded and whose topic a rule has matched. */
export interface Reading {
  readonly record: StreamRecord;
  readonly payload: JsonValue;
  /** The payload when it is an object, and an object without keys otherwise: most references read one key of it. */
  readonly members: JsonObject;
  /** Whether `payload` holds an ExactNumber somewhere. */
  readonly holdsExact: boolean;
  /** Topic levels by the names the rule's filter gives them. */
  readonly captures: Readonly<Record<string, string>>;
  /** The last topic level but one; the client id where the topic has none. */
  readonly device: string;
  /** What `each` of a rule names: the element, its key and its index, by their names; absent without `each`. */
  readonly variables?: Readonly<Record<string, JsonValue | undefined>>;
  /** What the expressions of all elements have taken together; absent without `each`. */
  readonly steps?: { taken: number };
  /** Present when somebody asks for an explanation. */
  readonly trace?: MappingTrace;
}
