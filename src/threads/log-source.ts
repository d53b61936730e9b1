import { FileCheckpointStore } from '../books/checkpoint-store.js';
import { Ledger } from '../books/ledger.js';
import type { DeadLetterEnd } from '../dead-letter/dead-letter-writer.js';
import type { DurableEnd } from '../stream/log/durable-end.js';
import { LogReader, logPosition, sequenceOfPosition } from '../stream/log/log-reader.js';
import type { OutletStatus, Position } from '../stream/stream.js';
import type { Book } from './book.js';
import type { ConsumerSource, OpenSource } from './consumer-source.js';
import { CONSUMER_READER, logStart } from './log-start.js';

export interface LogSourceOptions {
  /** Folders of the log and of the checkpoints. */
  readonly log: string;
  readonly checkpoints: string;
  readonly maxBodyBytes: number;
}

const HEALTHY: OutletStatus = { state: 'healthy', detail: '' };

/** Direct mode: the consumer reads the log of this process. */
export class LogSource implements ConsumerSource {
  readonly ledger: Ledger;
  readonly deadLetterEnd: DeadLetterEnd | undefined;
  readonly #opened: OpenSource;

  private constructor(opened: OpenSource, ledger: Ledger, deadLetterEnd: DeadLetterEnd | undefined) {
    this.#opened = opened;
    this.ledger = ledger;
    this.deadLetterEnd = deadLetterEnd;
  }

  static async create(options: LogSourceOptions, durableEnd: DurableEnd): Promise<LogSource> {
    const start = await logStart(options.checkpoints, CONSUMER_READER);
    const position = start?.position ?? logPosition(0);
    const reader = new LogReader(
      { directory: options.log, from: position, maxBodyBytes: options.maxBodyBytes },
      durableEnd,
    );
    const checkpoints = new FileCheckpointStore(options.checkpoints, CONSUMER_READER);
    return new LogSource({ reader, checkpoints, position }, new Ledger(start?.ledger), start?.deadLetterEnd);
  }

  async check(): Promise<void> {}

  async open(): Promise<OpenSource> {
    return this.#opened;
  }

  book(settled: Position = this.#opened.position): Book {
    return { decided: sequenceOfPosition(settled), fates: this.ledger.totals() };
  }

  status(): OutletStatus {
    return HEALTHY;
  }

  async close(): Promise<void> {
    await this.#opened.reader.close();
  }
}
