import { type FileHandle, stat, truncate, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeDirectory } from '../lib/durable-files.js';
import { errorText, SluiceError, systemErrorCode } from '../lib/errors.js';
import { open, readFile } from '../lib/files.js';
import { syncDirectory } from '../lib/sync-directory.js';
import { deadLetterFileName, deadLetterFileNumbers, journalFileNumbers } from './dead-letter-files.js';
import { type ParkedRecord, parkedLine, wholeBytes } from './parked-record.js';

/** Where the dead letter ends; saved with the checkpoint. */
export interface DeadLetterEnd {
  readonly file: number;
  readonly bytes: number;
}

export interface DeadLetterOptions {
  readonly directory: string;
  /** The limit for all files together. */
  readonly maxSizeBytes: number;
}

const FILE_BYTES = 16 * 1024 * 1024;

/**
 * Appends parked records, one JSON line each, in files of about 16 MiB. Invariants:
 * 1. `append` resolves when the lines are durable.
 * 2. `open` cuts off what was parked after the last checkpoint: those records come again from the stream, so that
 *    each is parked once however often the process is killed.
 */
export class DeadLetterWriter {
  readonly #options: DeadLetterOptions;
  #file: FileHandle;
  #number: number;
  #bytes: number;
  #sizeBytes: number;

  private constructor(options: DeadLetterOptions, file: FileHandle, end: DeadLetterEnd, sizeBytes: number) {
    this.#options = options;
    this.#file = file;
    this.#number = end.file;
    this.#bytes = end.bytes;
    this.#sizeBytes = sizeBytes;
  }

  /**
   * `end` is the end saved with the last checkpoint. Without a checkpoint everything that is there stays, except for a
   * torn tail. Rejects with DEAD_LETTER_FAILED.
   */
  static async open(options: DeadLetterOptions, end?: DeadLetterEnd): Promise<DeadLetterWriter> {
    return failing(options, async () => {
      await makeDirectory(options.directory);
      await syncDirectory(dirname(options.directory));
      const numbers = await deadLetterFileNumbers(options.directory);
      const wanted = end?.file ?? numbers.at(-1) ?? 0;
      const journals = await journalFileNumbers(options.directory);
      // The file was removed by hand and its journal was not: a new file of this number would get its outcomes.
      const last = journals.includes(wanted) && !numbers.includes(wanted) ? wanted + 1 : wanted;
      for (const number of numbers) {
        const path = join(options.directory, deadLetterFileName(number));
        if (number > last) {
          await unlink(path);
          continue;
        }
        if (number === end?.file) await cutOff(path, end.bytes);
        else if (end !== undefined && number > end.file) await cutOff(path, 0);
        else if (number === last) await cutOff(path, wholeBytes(await readFile(path)));
      }
      const sizeBytes = await measured(options.directory);
      const file = await open(join(options.directory, deadLetterFileName(last)), 'a', 0o600);
      await file.sync();
      await syncDirectory(options.directory);
      return new DeadLetterWriter(options, file, { file: last, bytes: (await file.stat()).size }, sizeBytes);
    });
  }

  get end(): DeadLetterEnd {
    return { file: this.#number, bytes: this.#bytes };
  }

  /** The size of all files; removed ones are counted until `measure` is called. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Measures all files again, after some were removed. */
  async measure(): Promise<void> {
    for (let bytes = -1; bytes !== this.#bytes; ) {
      // Something was appended meanwhile: it must not be missing in the sum.
      bytes = this.#bytes;
      this.#sizeBytes = await failing(this.#options, () => measured(this.#options.directory));
    }
  }

  /**
   * Resolved: on disk. Rejected with DEAD_LETTER_FULL (nothing was written; purge and try again) or
   * DEAD_LETTER_FAILED (the disk failed: stop). A full dead letter begins a new file, so that the present one can be
   * removed as soon as none of its records is parked: `end` changes then without a record.
   */
  async append(parked: readonly ParkedRecord[]): Promise<void> {
    if (parked.length === 0) return;
    const lines = Buffer.from(parked.map(parkedLine).join(''), 'utf8');
    const isFull = () => this.#sizeBytes + lines.length > this.#options.maxSizeBytes;
    if (isFull()) await this.measure();
    if (isFull()) {
      if (this.#bytes > 0) await failing(this.#options, () => this.#nextFile());
      throw new SluiceError(
        'DEAD_LETTER_FULL',
        `the dead letter in ${this.#options.directory} has reached consumer.deadLetter.maxSize ` +
          `(${this.#options.maxSizeBytes} bytes); records stay buffered until there is room`,
      );
    }
    await failing(this.#options, async () => {
      if (this.#bytes >= FILE_BYTES) await this.#nextFile();
      await this.#file.appendFile(lines);
      await this.#file.datasync();
    });
    this.#bytes += lines.length;
    this.#sizeBytes += lines.length;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async #nextFile(): Promise<void> {
    const number = this.#number + 1;
    const file = await open(join(this.#options.directory, deadLetterFileName(number)), 'ax', 0o600);
    await syncDirectory(this.#options.directory);
    await this.#file.close();
    this.#file = file;
    this.#number = number;
    this.#bytes = 0;
  }
}

async function measured(directory: string): Promise<number> {
  let bytes = 0;
  for (const number of await deadLetterFileNumbers(directory)) {
    try {
      bytes += (await stat(join(directory, deadLetterFileName(number)))).size;
    } catch (thrown) {
      // Removed meanwhile: none of its records was parked any more.
      if (systemErrorCode(thrown) !== 'ENOENT') throw thrown;
    }
  }
  return bytes;
}

async function cutOff(path: string, bytes: number): Promise<void> {
  if ((await stat(path)).size > bytes) await truncate(path, bytes);
}

async function failing<T>(options: DeadLetterOptions, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof SluiceError) throw thrown;
    const code = systemErrorCode(thrown);
    throw new SluiceError(
      'DEAD_LETTER_FAILED',
      `the dead letter in ${options.directory} cannot be written${code === undefined ? '' : ` (${code})`}: ${errorText(thrown)}`,
      { cause: thrown },
    );
  }
}
