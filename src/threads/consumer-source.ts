import type { CheckpointStore } from '../books/checkpoint-store.js';
import type { Ledger } from '../books/ledger.js';
import type { DeadLetterEnd } from '../dead-letter/dead-letter-writer.js';
import type { OutletStatus, Position, StreamReader } from '../stream/stream.js';
import type { Book } from './book.js';
import type { KinesisReaderReport } from './downstream-protocol.js';

/** Where the consumer's records come from, and where it remembers its place. */
export interface ConsumerSource {
  readonly ledger: Ledger;
  /** Folder inside the dead letter that goes with this place; absent: the dead letter itself. */
  readonly deadLetterFolder?: string;
  /** Where the dead letter ended when the place was saved; absent when there is no such place. */
  readonly deadLetterEnd: DeadLetterEnd | undefined;
  /** Rejects with what no waiting heals. Resolves, too, while the stream cannot be asked. */
  check(): Promise<void>;
  /** Resolves when reading can begin, which may take until the network is back; `undefined` once `signal` has aborted. */
  open(signal: AbortSignal): Promise<OpenSource | undefined>;
  /** `settled`: behind the last record whose fate is decided; absent until the source is open. */
  book(settled: Position | undefined): Book;
  status(): OutletStatus;
  /** Present when the source is Kinesis. */
  report?(): KinesisReaderReport;
  /** Before a drain: a stream that others fill would never be empty. */
  stopFetching?(): void;
  close(): Promise<void>;
}

export interface OpenSource {
  readonly reader: StreamReader;
  readonly checkpoints: CheckpointStore;
  /** Where the reader starts. */
  readonly position: Position;
}
