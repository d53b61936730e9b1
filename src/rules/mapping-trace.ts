import type { JsonValue } from '../formats/json/json-value.js';

/** One value that a rule read, or a key that it did not take. */
export interface TracedValue {
  readonly target: 'tag' | 'field' | 'time' | 'measurement';
  readonly name: string;
  /** The reference that gave the value, such as `payload.t`; of several the one that counted. */
  readonly from: string;
  readonly found: JsonValue | undefined;
  /** What is stored, as text; absent when nothing is. */
  readonly became?: string;
  /** Why nothing is stored. */
  readonly omitted?: string;
  /** Why something else is stored than what was found: a default, an end of the range, the receive time. */
  readonly instead?: string;
  /** What is remarkable about a value that is stored as it is. */
  readonly note?: string;
}

/** A condition that was evaluated. */
export interface TracedCondition {
  readonly expression: string;
  /** Absent when it failed. */
  readonly result?: boolean;
  readonly read: readonly { readonly path: string; readonly found: JsonValue | undefined }[];
}

/** What `explain` learns of one mapping. The rules call it only where it is given. */
export interface MappingTrace {
  /** The decoded payload, before any rule reads it, the name of its format, and what a lenient one repaired. */
  payload(value: JsonValue, format: string, repaired: readonly string[] | undefined): void;
  /** 'takes it', or why not. A rule whose topic does not match is not reported. */
  rule(name: string, outcome: string): void;
  condition(condition: TracedCondition): void;
  value(value: TracedValue): void;
  /** Begins an element of `each`: its path in the payload, and the paths of all open elements by their names. */
  element(path: string, bases: Readonly<Record<string, string>>): void;
}
