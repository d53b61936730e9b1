import type { IteratorStart, KinesisRecord } from '../kinesis-api.js';
import { iteratorStart } from '../shard-position.js';
import type { ShardStart } from './record-source.js';

export interface AcceptedRecords {
  /** Records that were not fetched before. */
  readonly records: readonly KinesisRecord[];
  /** Reading should have continued after this record, but the stream no longer has it: others may be gone as well. */
  readonly gapBehind?: string;
}

/**
 * FetchPosition knows how far one shard has been fetched, and so where a new iterator has to start. It starts AT the
 * last known Kinesis record and not AFTER it: when the answer begins with another record, records have expired from the
 * stream unread. Kinesis may jump over them silently (what it does with a trimmed sequence number is not documented).
 */
export class FetchPosition {
  readonly #from: ShardStart;
  #start: IteratorStart;
  /** The sequence number that the next record should have. */
  #expected: string | undefined;
  /** True when the expected record was fetched before. False for the record in which this process begins: a part of it may not have been delivered. */
  #isExpectedDone = false;
  /** Older records than the expected one were fetched: then nothing after it is missing. */
  #hasSeenOlder = false;
  #last: string | undefined;

  constructor(from: ShardStart) {
    this.#from = from;
    this.#start = iteratorStart(from);
    this.#expected = from.kind === 'BEHIND' ? from.sequenceNumber : undefined;
  }

  get start(): IteratorStart {
    return this.#start;
  }

  /** Returns the sequence number after which reading continues, if there is one. */
  get lastKnown(): string | undefined {
    return this.#last ?? (this.#from.kind === 'BEHIND' ? this.#from.sequenceNumber : undefined);
  }

  /** Called before a new iterator is requested. */
  restart(): void {
    if (this.#last === undefined) return;
    this.#start = { type: 'AT_SEQUENCE_NUMBER', sequenceNumber: this.#last };
    this.#expect(this.#last, true);
  }

  /** Called when Kinesis refuses this start. Returns false when there is nothing older to start from instead. */
  fallBackToOldest(): boolean {
    if (this.#start.type !== 'AT_SEQUENCE_NUMBER' && this.#start.type !== 'AFTER_SEQUENCE_NUMBER')
      return false;
    this.#start = { type: 'TRIM_HORIZON' };
    if (this.#last !== undefined) this.#expect(this.#last, true);
    else if (this.#from.kind === 'BEHIND') this.#expect(this.#from.sequenceNumber, false);
    return true;
  }

  /** A subscription names where the next one continues; there may be no record with that sequence number. */
  continueAfter(sequenceNumber: string): void {
    this.#start = { type: 'AFTER_SEQUENCE_NUMBER', sequenceNumber };
  }

  accept(records: readonly KinesisRecord[]): AcceptedRecords {
    const accepted = this.#expected === undefined ? { records } : this.#compared(records, this.#expected);
    this.#last = accepted.records.at(-1)?.sequenceNumber ?? this.#last;
    return accepted;
  }

  /** Called at the end of the shard. Returns the expected record, like `gapBehind`, when it was never fetched. */
  gapAtEnd(): string | undefined {
    return this.#hasSeenOlder ? undefined : this.#expected;
  }

  #expect(sequenceNumber: string, isDone: boolean): void {
    this.#expected = sequenceNumber;
    this.#isExpectedDone = isDone;
    this.#hasSeenOlder = false;
  }

  #compared(records: readonly KinesisRecord[], expected: string): AcceptedRecords {
    let first = 0;
    while (first < records.length && compareSequenceNumbers(records[first]!.sequenceNumber, expected) < 0)
      first += 1;
    if (first > 0) this.#hasSeenOlder = true;
    if (first === records.length) return { records: [] };
    this.#expected = undefined;
    if (records[first]!.sequenceNumber === expected) {
      if (this.#isExpectedDone) first += 1;
      return { records: first === 0 ? records : records.slice(first) };
    }
    const rest = first === 0 ? records : records.slice(first);
    return this.#hasSeenOlder ? { records: rest } : { records: rest, gapBehind: expected };
  }
}

/**
 * Returns a number below, equal to or above 0 when `a` is before, at or after `b` in their shard. Sequence numbers are
 * decimal without leading zeros, so a longer one is larger: this is the order of BigInt without making one for each
 * record.
 */
export function compareSequenceNumbers(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
