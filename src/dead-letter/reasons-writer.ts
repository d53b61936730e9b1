import { SluiceError } from '../lib/errors.js';
import { type DeadLetterEnd, DeadLetterWriter } from './dead-letter-writer.js';
import { type ParkedRecord, parkedLine, withoutPayload } from './parked-record.js';

const MAX_SIZE_BYTES = 16 * 1024 * 1024;
/** Of the limit of the dead letter, for small ones. */
const SHARE_OF_DEAD_LETTER = 1 / 16;

/**
 * Keeps identity, reason and size of records whose payload is not kept: a dead letter of its own, small and bounded, of
 * lines without a payload. When it is full, records are only counted.
 */
export class ReasonsWriter {
  readonly #writer: DeadLetterWriter;

  private constructor(writer: DeadLetterWriter) {
    this.#writer = writer;
  }

  /** `end` is the end saved with the last checkpoint. Rejects with DEAD_LETTER_FAILED. */
  static async open(
    directory: string,
    deadLetterMaxSizeBytes: number,
    end?: DeadLetterEnd,
  ): Promise<ReasonsWriter> {
    const maxSizeBytes = Math.min(MAX_SIZE_BYTES, Math.floor(deadLetterMaxSizeBytes * SHARE_OF_DEAD_LETTER));
    return new ReasonsWriter(await DeadLetterWriter.open({ directory, maxSizeBytes }, end));
  }

  get end(): DeadLetterEnd {
    return this.#writer.end;
  }

  get sizeBytes(): number {
    return this.#writer.sizeBytes;
  }

  /** To be called after files were removed. */
  measure(): Promise<void> {
    return this.#writer.measure();
  }

  /** Resolves with how many of the records, from the first, are on disk: there is no room for the others. */
  async append(records: readonly ParkedRecord[]): Promise<number> {
    const lines = records.map((parked) => parkedLine(withoutPayload(parked)));
    let room = this.#writer.maxSizeBytes - this.#writer.sizeBytes;
    let fitting = 0;
    for (const line of lines) {
      room -= Buffer.byteLength(line);
      if (room < 0) break;
      fitting += 1;
    }
    try {
      // When nothing fits, the writer begins a new file, so that this one can be removed after a purge.
      await this.#writer.appendLines(fitting === 0 ? lines.slice(0, 1) : lines.slice(0, fitting));
      return Math.max(fitting, Math.min(1, lines.length));
    } catch (thrown) {
      if (thrown instanceof SluiceError && thrown.code === 'DEAD_LETTER_FULL') return 0;
      throw thrown;
    }
  }

  close(): Promise<void> {
    return this.#writer.close();
  }
}
