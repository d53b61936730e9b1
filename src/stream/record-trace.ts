/** What became of a record, as far as the stage knows it. */
export interface TracedOutcome {
  /** The rule that took the record, if one did. */
  readonly rule?: string;
  readonly outcome?: 'written' | 'parked' | 'filtered';
  /** Code of the reason; only of a parked record. */
  readonly reason?: string;
}

/** When a record was at one stage, by the wall clock. */
export interface RecordSpan extends TracedOutcome {
  /** `receive`: PUBLISH to durable. `decide`: the batch it is in becomes points. `write`: until its outcome is durable. */
  readonly name: 'receive' | 'decide' | 'write';
  /** Receive time of the record. Every stage sees it, so all of them follow the same records without having to agree. */
  readonly receivedAtNs: bigint;
  readonly startNs: bigint;
  readonly endNs: bigint;
}

/** Follows one record in many through the stages. */
export interface RecordTrace {
  isFollowed(receivedAtNs: bigint): boolean;
  /** Keeps a span. It never waits and never fails. */
  add(span: RecordSpan): void;
}
