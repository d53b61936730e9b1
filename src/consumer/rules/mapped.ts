import type { ParkCode } from '../../dead-letter/park-codes.js';
import type { Point } from '../../sink/sink.js';

/** The fate of one record. */
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

/** Why a part of a record cannot become part of a point. Returned, never thrown. */
export class Refused {
  readonly code: ParkCode;
  readonly reason: string;

  constructor(code: ParkCode, reason: string) {
    this.code = code;
    this.reason = reason;
  }
}
