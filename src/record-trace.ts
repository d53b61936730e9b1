/** What is known of a record at one stage, as times on the wall clock. */
export interface RecordSpan {
  /** `receive`: PUBLISH to durable. `decide`: the batch it is in becomes points. `write`: until its fate is durable. */
  readonly name: 'receive' | 'decide' | 'write';
  /** Of the record: every stage sees it, so all of them follow the same records without a word about it. */
  readonly receivedAtNs: bigint;
  readonly startNs: bigint;
  readonly endNs: bigint;
}

/** Follows one record in many through the stages. */
export interface RecordTrace {
  isFollowed(receivedAtNs: bigint): boolean;
  /** Must not wait, and cannot fail. */
  add(span: RecordSpan): void;
}
