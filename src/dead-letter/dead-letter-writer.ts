import { type FileHandle, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { exceptNoRoom, isNoRoom, withReserve } from '../lib/disk-room.js';
import { makeDirectory } from '../lib/durable-files.js';
import { SluiceError, systemErrorCode } from '../lib/errors.js';
import { closeDurable, open, readFile, truncate } from '../lib/files.js';
import { syncDirectory } from '../lib/sync-directory.js';
import { namingDeadLetter } from './dead-letter-failure.js';
import { deadLetterFileName, deadLetterFileNumbers, journalFileNumbers } from './dead-letter-files.js';
import { LINE_FEED, type ParkedRecord, parkedLine, sealLine, wholeBytes } from './parked-record.js';

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
  /** Bytes that are durable. */
  #bytes: number;
  /** Whether something may lie behind them. */
  #isUncertain = false;
  /** Whether the seal is the last line. */
  #isSealed = false;
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
   * torn tail. On a full disk it uses the room of the reserve. Rejects with DISK_FULL or DEAD_LETTER_FAILED.
   */
  static open(options: DeadLetterOptions, end?: DeadLetterEnd): Promise<DeadLetterWriter> {
    const { directory } = options;
    return namingDeadLetter(directory, () =>
      withReserve(join(directory, deadLetterFileName(0)), async () => {
        const last = await cutBackTo(directory, end);
        const sizeBytes = await measured(directory);
        const file = await open(join(directory, deadLetterFileName(last)), 'a', 0o600);
        try {
          await file.sync();
          await syncDirectory(directory);
          return new DeadLetterWriter(
            options,
            file,
            { file: last, bytes: (await file.stat()).size },
            sizeBytes,
          );
        } catch (thrown) {
          await closeDurable(file);
          throw thrown;
        }
      }),
    );
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
      this.#sizeBytes = await namingDeadLetter(this.#options.directory, () =>
        measured(this.#options.directory),
      );
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
    await closeDurable(this.#file);
  }

  /**
   * After a failure what is on disk is unknown, and nothing is written any more. A full disk leaves everything as it was:
   * what may be there of the lines is cut off, now or before the next ones.
   */
  async #writing(work: () => Promise<void>): Promise<void> {
    const path = join(this.#options.directory, deadLetterFileName(this.#number));
    if (this.#isBroken) {
      throw new SluiceError(
        'DEAD_LETTER_FAILED',
        `the dead letter in ${path} could not be written before; fix the disk and start again`,
      );
    }
    this.#isBroken = true;
    await namingDeadLetter(path, async () => {
      try {
        await work();
      } catch (thrown) {
        if (!isNoRoom(thrown)) throw thrown;
        await this.#cutBack().catch(exceptNoRoom);
        this.#isBroken = false;
        throw this.#diskIsFull(thrown);
      }
    });
    this.#isBroken = false;
  }

  async #write(lines: Buffer): Promise<void> {
    await this.#cutBack();
    this.#isUncertain = true;
    await this.#file.appendFile(lines);
    await this.#file.datasync();
    this.#isUncertain = false;
    this.#isSealed = false;
    this.#bytes += lines.length;
    this.#sizeBytes += lines.length;
  }

  /** After a failed sync nobody knows what the kernel has kept, and a second one would succeed without it. */
  async #cutBack(): Promise<void> {
    if (!this.#isUncertain) return;
    await this.#file.truncate(this.#bytes);
    this.#isUncertain = false;
  }

  async #nextFile(): Promise<void> {
    if (!this.#isSealed) await this.#write(Buffer.from(sealLine()));
    this.#isSealed = true;
    const { directory } = this.#options;
    const number = this.#number + 1;
    const path = join(directory, deadLetterFileName(number));
    const file = await openNext(path);
    try {
      // The name must be durable before a record in the file counts as parked.
      await syncDirectory(directory);
    } catch (thrown) {
      await closeDurable(file);
      throw thrown;
    }
    const before = this.#file;
    this.#file = file;
    this.#number = number;
    this.#bytes = 0;
    this.#isSealed = false;
    await closeDurable(before);
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

/** Removes what was parked after `end`, so that it is parked once. Resolves with the number of the file to append to. */
async function cutBackTo(directory: string, end: DeadLetterEnd | undefined): Promise<number> {
  await makeDirectory(directory);
  await syncDirectory(dirname(directory));
  const numbers = await deadLetterFileNumbers(directory);
  const wanted = end?.file ?? numbers.at(-1) ?? 0;
  const last = (await needsNewNumber(directory, wanted, numbers, end)) ? wanted + 1 : wanted;
  for (const number of numbers) {
    const path = join(directory, deadLetterFileName(number));
    if (number > last) await unlink(path);
    else if (number === end?.file) await cutOff(path, end.bytes);
    else if (end !== undefined && number > end.file) await cutOff(path, 0);
    else if (number === last) await cutOff(path, wholeBytes(await readFile(path)));
  }
  return last;
}

/**
 * Whether a journal may have outcomes for records that the file `wanted` no longer has: new records would get them. The
 * file was removed by hand and its journal was not, or it was cut before the end that the checkpoint names. The same for a
 * file whose last line feed is damaged: what is appended would become a part of that line.
 */
async function needsNewNumber(
  directory: string,
  wanted: number,
  numbers: readonly number[],
  end: DeadLetterEnd | undefined,
): Promise<boolean> {
  if (!numbers.includes(wanted)) return (await journalFileNumbers(directory)).includes(wanted);
  if (end === undefined) return false;
  const path = join(directory, deadLetterFileName(wanted));
  if ((await stat(path)).size < end.bytes) return true;
  return end.bytes > 0 && (await readFile(path))[end.bytes - 1] !== LINE_FEED;
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

/** A file that is there already was made by a try that failed before anything was written to it. */
async function openNext(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'ax', 0o600);
  } catch (thrown) {
    if (systemErrorCode(thrown) !== 'EEXIST' || (await stat(path)).size > 0) throw thrown;
    return open(path, 'a', 0o600);
  }
}
