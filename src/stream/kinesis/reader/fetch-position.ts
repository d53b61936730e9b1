import type { IteratorStart, KinesisRecord } from '../kinesis-api.js';
import { iteratorStart } from '../shard-position.js';
import type { ShardStart } from './record-source.js';
import { compareSequenceNumbers } from './sequence-order.js';

export interface AcceptedRecords {
  /** Those not fetched before. */
  readonly records: readonly KinesisRecord[];
  /** The stream no longer has this record, behind which reading should have gone on: others may be gone as well. */
  readonly gapBehind?: string;
}

/**
 * How far one shard has been fetched, in memory: where a new iterator has to start. It starts AT the last Kinesis
 * record known to have been there and not AFTER it: when the answer begins with another, the stream has moved on
 * without us. Kinesis itself may jump silently (what it does with a trimmed sequence number is not documented).
 */
export class FetchPosition {
  readonly #from: ShardStart;
  #start: IteratorStart;
  /** What the next record should be. */
  #expected: string | undefined;
  /** The expected one has been fetched before. False for the one that this process begins in: some of it may be undone. */
  #isExpectedDone = false;
  /** Older records than the expected one have come: then nothing behind it is missing. */
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

  /** The sequence number behind which reading goes on, if there is one. */
  get lastKnown(): string | undefined {
    return this.#last ?? (this.#from.kind === 'BEHIND' ? this.#from.sequenceNumber : undefined);
  }

  /** Before a new iterator. */
  restart(): void {
    if (this.#last === undefined) return;
    this.#start = { type: 'AT_SEQUENCE_NUMBER', sequenceNumber: this.#last };
    this.#expect(this.#last, true);
  }

  /** Kinesis refuses to start where it should: false when there is nothing older to start from instead. */
  fallBackToOldest(): boolean {
    if (this.#start.type !== 'AT_SEQUENCE_NUMBER' && this.#start.type !== 'AFTER_SEQUENCE_NUMBER')
      return false;
    this.#start = { type: 'TRIM_HORIZON' };
    if (this.#last !== undefined) this.#expect(this.#last, true);
    else if (this.#from.kind === 'BEHIND') this.#expect(this.#from.sequenceNumber, false);
    return true;
  }

  /** A subscription says itself where the next one goes on; there may be no record at that place. */
  continueAfter(sequenceNumber: string): void {
    this.#start = { type: 'AFTER_SEQUENCE_NUMBER', sequenceNumber };
  }

  accept(records: readonly KinesisRecord[]): AcceptedRecords {
    const accepted = this.#expected === undefined ? { records } : this.#compared(records, this.#expected);
    this.#last = accepted.records.at(-1)?.sequenceNumber ?? this.#last;
    return accepted;
  }

  /** At the end of the shard: as `gapBehind`, when not even the expected record has come. */
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
