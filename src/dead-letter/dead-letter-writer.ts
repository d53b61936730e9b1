import { type FileHandle, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isNoRoom } from '../lib/disk-room.js';
import { makeDirectory } from '../lib/durable-files.js';
import { errorText, SluiceError, systemErrorCode } from '../lib/errors.js';
import { open, readFile, truncate } from '../lib/files.js';
import { syncDirectory } from '../lib/sync-directory.js';
import { deadLetterFileName, deadLetterFileNumbers, journalFileNumbers } from './dead-letter-files.js';
import { type ParkedRecord, parkedLine, sealLine, wholeBytes } from './parked-record.js';

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

const MAX_FILE_BYTES = 16 * 1024 * 1024;
const MIN_FILE_BYTES = 64 * 1024;
/** So many files at least make up a full dead letter: each can be removed as soon as nothing in it is parked. */
const FILES_WHEN_FULL = 8;

/**
 * Appends parked records, one JSON line each, in files of at most about 16 MiB. Invariants:
 * 1. `append` resolves when the lines are durable.
 * 2. `open` cuts off what was parked after the last checkpoint: those records come again from the stream, so that
 *    each is parked once however often the process is killed.
 * 3. Every file but the newest ends with a seal, which shows that it was not cut.
 */
export class DeadLetterWriter {
  readonly #options: DeadLetterOptions;
  readonly #fileBytes: number;
  #file: FileHandle;
  #number: number;
  #bytes: number;
  #sizeBytes: number;
  #isBroken = false;

  private constructor(options: DeadLetterOptions, file: FileHandle, end: DeadLetterEnd, sizeBytes: number) {
    this.#options = options;
    this.#fileBytes = Math.min(
      MAX_FILE_BYTES,
      Math.max(MIN_FILE_BYTES, Math.floor(options.maxSizeBytes / FILES_WHEN_FULL)),
    );
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
      const last = (await needsNewNumber(options.directory, wanted, numbers, end)) ? wanted + 1 : wanted;
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

  get maxSizeBytes(): number {
    return this.#options.maxSizeBytes;
  }

  /** The numbers of all files. */
  files(): Promise<readonly number[]> {
    return deadLetterFileNumbers(this.#options.directory);
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
   * Resolved: on disk. Rejected with DEAD_LETTER_FULL (nothing was written; make room and try again) or
   * DEAD_LETTER_FAILED (the disk failed: stop). A full dead letter begins a new file, so that the present one can be
   * removed as soon as none of its records is parked: `end` changes then without a record.
   */
  async append(parked: readonly ParkedRecord[]): Promise<void> {
    await this.appendLines(parked.map(parkedLine));
  }

  /** The same for records that are lines already. */
  async appendLines(parkedLines: readonly string[]): Promise<void> {
    if (parkedLines.length === 0) return;
    const lines = Buffer.from(parkedLines.join(''), 'utf8');
    const isFull = () => this.#sizeBytes + lines.length > this.#options.maxSizeBytes;
    if (isFull()) await this.measure();
    if (isFull()) {
      if (this.#bytes > 0) await this.#writing(() => this.#nextFile());
      throw new SluiceError(
        'DEAD_LETTER_FULL',
        `the dead letter in ${this.#options.directory} has reached consumer.deadLetter.maxSize ` +
          `(${this.#options.maxSizeBytes} bytes); records stay buffered until there is room`,
      );
    }
    await this.#writing(async () => {
      if (this.#bytes >= this.#fileBytes) await this.#nextFile();
      await this.#write(lines);
    });
  }

  /**
   * Begins a new file if this one holds something worth removing: a client whose payloads are no longer kept must get its
   * room back after a purge, and the file that is appended to is never removed.
   */
  async beginFile(): Promise<void> {
    if (this.#bytes < this.#fileBytes / 4) return;
    try {
      await this.#writing(() => this.#nextFile());
    } catch (thrown) {
      // A full disk: it is tried again with the next records.
      if (!(thrown instanceof SluiceError) || thrown.code !== 'DEAD_LETTER_FULL') throw thrown;
    }
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  /** After a failure what is on disk is unknown, and nothing is written any more; a full disk leaves everything as it was. */
  async #writing(work: () => Promise<void>): Promise<void> {
    if (this.#isBroken) {
      throw new SluiceError(
        'DEAD_LETTER_FAILED',
        `the dead letter in ${this.#options.directory} could not be written before; fix the disk and start again`,
      );
    }
    this.#isBroken = true;
    try {
      await failing(this.#options, work);
    } catch (thrown) {
      if (thrown instanceof SluiceError && thrown.code === 'DEAD_LETTER_FULL') this.#isBroken = false;
      throw thrown;
    }
    this.#isBroken = false;
  }

  async #write(lines: Buffer): Promise<void> {
    try {
      await this.#file.appendFile(lines);
      await this.#file.datasync();
    } catch (thrown) {
      if (!isNoRoom(thrown)) throw thrown;
      // A part of the lines may be there: it must not be in front of the next ones.
      await this.#file.truncate(this.#bytes);
      throw this.#diskIsFull(thrown);
    }
    this.#bytes += lines.length;
    this.#sizeBytes += lines.length;
  }

  async #nextFile(): Promise<void> {
    await this.#write(Buffer.from(sealLine()));
    const number = this.#number + 1;
    let file: FileHandle;
    try {
      file = await open(join(this.#options.directory, deadLetterFileName(number)), 'ax', 0o600);
    } catch (thrown) {
      if (!isNoRoom(thrown)) throw thrown;
      throw this.#diskIsFull(thrown);
    }
    const before = this.#file;
    this.#file = file;
    this.#number = number;
    this.#bytes = 0;
    await before.close();
    await syncDirectory(this.#options.directory);
  }

  #diskIsFull(cause: unknown): SluiceError {
    return new SluiceError(
      'DEAD_LETTER_FULL',
      `the disk of the dead letter in ${this.#options.directory} is full (${systemErrorCode(cause)}); ` +
        'records stay buffered until there is room',
      { cause },
    );
  }
}

/**
 * Whether a journal may have outcomes for records that the file `wanted` no longer has: new records would get them. The
 * file was removed by hand and its journal was not, or it was cut before the end that the checkpoint names.
 */
async function needsNewNumber(
  directory: string,
  wanted: number,
  numbers: readonly number[],
  end: DeadLetterEnd | undefined,
): Promise<boolean> {
  if (!numbers.includes(wanted)) return (await journalFileNumbers(directory)).includes(wanted);
  if (end === undefined) return false;
  return (await stat(join(directory, deadLetterFileName(wanted)))).size < end.bytes;
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
