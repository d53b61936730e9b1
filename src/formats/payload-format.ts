import type { ParkCode } from '../dead-letter/park-codes.js';
import type { StateTables } from '../lib/state-tables.js';
import type { JsonLimits, JsonValue } from './json/json-value.js';

/** A decoded payload, or why it cannot be decoded. */
export type Decoded =
  | {
      readonly ok: true;
      readonly value: JsonValue;
      /** Whether `value` holds an ExactNumber somewhere. */
      readonly holdsExact: boolean;
      /** What it was decoded by, where that is not the format that was asked. */
      readonly format?: string;
      /** What of the payload is not as the format has it, and was tolerated, in words of the format's option; not empty. */
      readonly repaired?: readonly string[];
      /** What is counted besides; not empty. */
      readonly notes?: readonly FormatNote[];
    }
  | Rejected;

/** What a format notices although the payload is good. Each is a mapping warning too. */
export type FormatNote = 'sparkplug-sequence-gap' | 'sparkplug-birth-forgotten';

export interface Rejected {
  readonly ok: false;
  readonly code: ParkCode;
  /** One line for a person; safe to log. */
  readonly reason: string;
}

/** What a format may know besides the bytes. */
export interface DecodeContext {
  readonly limits: JsonLimits;
  readonly topic: string;
  /** The receive time of the record: "now" of a format with relative times, so that a replay gives the same times. */
  readonly receivedAtNs: bigint;
  /** What earlier records left; it is saved with the checkpoint. */
  readonly state: StateTables;
}

/**
 * The seam between payload bytes and rules: every format makes the same kind of value, so that a rule cannot tell them
 * apart. One object decodes for all rules with the same options; it keeps nothing between two records but in
 * `context.state`.
 */
export interface PayloadFormat {
  /** As it is shown by `explain`. */
  readonly name: string;
  /** Never throws on what a device sent; `payload` is not empty. */
  decode(payload: Buffer, context: DecodeContext): Decoded;
}

export function rejected(code: ParkCode, reason: string): Rejected {
  return { ok: false, code, reason };
}
