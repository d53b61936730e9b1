import type { DataDirectory } from '../data-directory/data-directory.js';
import type { DeadLetterEnd } from '../dead-letter/dead-letter-writer.js';
import {
  type Checkpoint,
  CONSUMER_READER,
  FileCheckpointStore,
  FORWARDER_READER,
  type LogReaderName,
  readAllCheckpoints,
} from '../ledger/checkpoint-store.js';
import { Ledger, type ReaderLedger } from '../ledger/ledger.js';
import { type StateEnd, stateFolder } from '../ledger/state-journal.js';
import type { Warn } from '../lib/warnings.js';
import type { DurableEnd } from '../stream/log/durable-end.js';
import { type LogDamage, LogReader, logPosition, sequenceOfPosition } from '../stream/log/log-reader.js';
import type { ComponentStatus, Position } from '../stream/stream.js';
import { logOrigin } from './checkpoint-origin.js';
import type { ConsumerSource, OpenSource } from './consumer-source.js';

export interface LogSourceOptions {
  readonly directory: Pick<DataDirectory, 'log' | 'checkpoints' | 'id'>;
  readonly maxBodyBytes: number;
}

const HEALTHY: ComponentStatus = { state: 'healthy', detail: '' };

/** Direct mode: the consumer reads the log of this process. */
export class LogSource implements ConsumerSource {
  readonly ledger: Ledger;
  readonly deadLetterEnd: DeadLetterEnd | undefined;
  readonly reasonsEnd: DeadLetterEnd | undefined;
  readonly stateFolder: string;
  readonly stateEnd: StateEnd | undefined;
  readonly #opened: OpenSource;

  private constructor(opened: OpenSource, start: LogStart | undefined, stateFolder: string) {
    this.#opened = opened;
    this.stateFolder = stateFolder;
    this.stateEnd = start?.stateEnd;
    this.ledger = new Ledger(start?.ledger);
    this.deadLetterEnd = start?.deadLetterEnd;
    this.reasonsEnd = start?.reasonsEnd;
  }

  static async create(
    { directory, maxBodyBytes }: LogSourceOptions,
    durableEnd: DurableEnd,
    warn: Warn = () => undefined,
  ): Promise<LogSource> {
    const start = await logStart(directory.checkpoints, CONSUMER_READER);
    const position = start?.position ?? logPosition(0);
    const reader = new LogReader(
      {
        directory: directory.log,
        from: position,
        maxBodyBytes,
        seat: ONLY_SEAT,
        onDamage: reportDamage(warn),
      },
      durableEnd,
    );
    const checkpoints = new FileCheckpointStore(directory.checkpoints, CONSUMER_READER, (at) =>
      logOrigin(directory, at),
    );
    const folder = stateFolder(directory.checkpoints, CONSUMER_READER);
    return new LogSource({ reader, checkpoints, position }, start, folder);
  }

  get startPosition(): Position {
    return this.#opened.position;
  }

  async open(): Promise<OpenSource> {
    return this.#opened;
  }

  readerLedger(processedTo: Position = this.#opened.position): ReaderLedger {
    return { processed: sequenceOfPosition(processedTo), totals: this.ledger.totals() };
  }

  status(): ComponentStatus {
    return HEALTHY;
  }

  async close(): Promise<void> {
    await this.#opened.reader.close();
  }
}

/** The log has one reader that the writer knows: the consumer, or the forwarder. */
export const ONLY_SEAT = 0;

/** Writes a line for each file of the log in which a reader has found damage. */
export function reportDamage(warn: Warn): (damage: LogDamage) => void {
  return ({ fileName, byteOffset, records, firstSequence }) =>
    warn(
      // Few files, and each is named: none of these lines may be held back.
      { code: 'LOG_DAMAGED', fileName, byteOffset, records, firstSequence, heldBack: 0 },
      'records of the log are damaged or gone; they are counted as lost, and reading goes on behind them',
    );
}

/** Where a reader of the log begins. */
export type LogStart = Omit<Checkpoint, 'deadLetterEnd'> & Partial<Pick<Checkpoint, 'deadLetterEnd'>>;

/**
 * Loads where a reader of the log begins: at its own checkpoint, or at the checkpoint of the other reader if that one
 * came further, because `stream.mode` was changed since. The ledger goes on from there as well, because it counts the
 * same records. Each reader has its own end of the dead letter. Resolves with `undefined` without any checkpoint.
 */
export async function logStart(directory: string, reader: LogReaderName): Promise<LogStart | undefined> {
  const all = await readAllCheckpoints(directory);
  const own = all.get(reader);
  const other = all.get(reader === CONSUMER_READER ? FORWARDER_READER : CONSUMER_READER);
  if (other === undefined) return own;
  if (own === undefined) return { position: other.position, ledger: other.ledger };
  const isOwnFurther = sequenceOfPosition(own.position) >= sequenceOfPosition(other.position);
  return isOwnFurther ? own : { ...own, position: other.position, ledger: other.ledger };
}
