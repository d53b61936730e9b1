import { type FileHandle, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { checkedLine, objectOfLine } from '../dead-letter/checked-line.js';
import { withReserve } from '../lib/disk-room.js';
import { makeDirectory } from '../lib/durable-files.js';
import { closeDurable, open, readdir, readFile } from '../lib/files.js';
import { ifThere } from '../lib/if-there.js';
import { SerialQueue } from '../lib/serial-queue.js';
import { syncDirectory } from '../lib/sync-directory.js';
import { type JournalLine, restoreLines, type SavedWindows, type SnapshotLine } from './journal-lines.js';

const FILE_NAME = /^(\d{8})\.jsonl$/;
const FIRST_KEY = 'kind';
const LINE_FEED = 0x0a;
/** A file is replaced when it is larger than this and than so many times what it began with. */
const MIN_FILE_BYTES = 1024 * 1024;
const GROWTH = 4;

export interface OpenedJournal {
  readonly journal: WindowsJournal;
  readonly saved: SavedWindows;
  /** Why a part of what was due is not known; absent: all is. */
  readonly problem?: string;
}

/**
 * Keeps on disk which windows are due. A file begins with a snapshot and goes on with what has changed. Invariants:
 * 1. `flush` resolves when all lines that were appended before are durable, in their order.
 * 2. A file is deleted only when a durable checkpoint has the position of the snapshot that a newer file begins with.
 */
export class WindowsJournal {
  readonly #folder: string;
  readonly #queue = new SerialQueue();
  #number: number;
  #pending: string[] = [];
  #file: FileHandle | undefined;
  /** Bytes of the newest file that are durable. */
  #durableBytes = 0;
  #firstBytes = 0;
  /** Files before the newest one: they are needed until a checkpoint has the position of its snapshot. */
  #older: number[];
  #snapshotPosition: string | undefined;

  private constructor(folder: string, numbers: readonly number[]) {
    this.#folder = folder;
    this.#older = [...numbers];
    this.#number = numbers.at(-1) ?? 0;
  }

  /** Reads what is due at the consumer's `position`. `finestOf`: aggregate → measurement of its finest resolution, or ''. */
  static async open(
    folder: string,
    position: string,
    finestOf: (aggregate: string) => string,
  ): Promise<OpenedJournal> {
    await makeDirectory(folder);
    const numbers = await fileNumbers(folder);
    const lines: JournalLine[] = [];
    let problem: string | undefined;
    for (const number of numbers) {
      const read = await readLines(pathOf(folder, number));
      lines.push(...read.lines);
      // A crash leaves half a line only at the very end, which may be the first line of a new file.
      const isNewest = number === numbers.at(-1) && numbers.length > 1;
      const isEmpty = read.lines.length === 0 && !isNewest;
      if (read.badLines > 0 || (read.isCut && number !== numbers.at(-1)) || isEmpty) {
        problem ??= `${pathOf(folder, number)} is damaged`;
      }
    }
    const saved = restoreLines(lines, position, finestOf);
    if (lines.length > 0 && !saved.isAtPosition) problem ??= `${folder} does not fit to the checkpoint`;
    return { journal: new WindowsJournal(folder, numbers), saved, ...(problem !== undefined && { problem }) };
  }

  /** Whether the next counts should be a snapshot in a new file. */
  get wantsSnapshot(): boolean {
    return this.#durableBytes > Math.max(MIN_FILE_BYTES, GROWTH * this.#firstBytes);
  }

  /** The line is written with the next `flush`. */
  append(line: Exclude<JournalLine, SnapshotLine>): void {
    this.#pending.push(checkedLine({ ...line }));
  }

  /** Resolves when all that was appended is durable. On a full disk it uses the room of the reserve. */
  flush(): Promise<void> {
    return this.#queue.run(() => this.#writePending());
  }

  /**
   * Begins a new file with everything that is known, and resolves when it is durable. `snapshot` is called when all that
   * was appended before is in the older file, so that it lacks nothing. It has to be called before the first `flush`.
   */
  beginWith(snapshot: () => SnapshotLine): Promise<void> {
    return this.#queue.run(async () => {
      // Until the next checkpoint a start reads both files.
      if (this.#file !== undefined) await this.#writePending();
      await this.#closeFile();
      if (this.#snapshotPosition !== undefined) this.#older.push(this.#number);
      this.#number += 1;
      this.#durableBytes = 0;
      const line = snapshot();
      this.#snapshotPosition = line.position;
      await this.#write(checkedLine({ ...line }));
      this.#firstBytes = this.#durableBytes;
    });
  }

  /** A durable checkpoint has this position: files that only earlier ones need are deleted. */
  noteSaved(position: string): Promise<void> {
    return this.#queue.run(async () => {
      if (position !== this.#snapshotPosition) return;
      for (const number of this.#older) await ifThere(unlink(pathOf(this.#folder, number)));
      this.#older = [];
    });
  }

  close(): Promise<void> {
    return this.#queue.run(() => this.#closeFile());
  }

  async #writePending(): Promise<void> {
    const count = this.#pending.length;
    if (count === 0) return;
    await this.#write(this.#pending.join(''));
    this.#pending.splice(0, count);
  }

  async #write(text: string): Promise<void> {
    const path = pathOf(this.#folder, this.#number);
    await withReserve(path, async () => {
      if (this.#file === undefined) {
        this.#file = await open(path, 'a', 0o600);
        await syncDirectory(this.#folder);
      }
      // What a failed write has left is cut off: the same lines are written again.
      await this.#file.truncate(this.#durableBytes);
      await this.#file.appendFile(text);
      await this.#file.datasync();
    });
    this.#durableBytes += Buffer.byteLength(text);
  }

  async #closeFile(): Promise<void> {
    if (this.#file !== undefined) await closeDurable(this.#file);
    this.#file = undefined;
  }
}

interface ReadLines {
  readonly lines: readonly JournalLine[];
  readonly badLines: number;
  /** Bytes up to the end of the last whole line. */
  readonly wholeBytes: number;
  /** Half a line is behind it. */
  readonly isCut: boolean;
}

export async function readLines(path: string): Promise<ReadLines> {
  const content = (await ifThere(readFile(path))) ?? Buffer.alloc(0);
  const lines: JournalLine[] = [];
  let badLines = 0;
  let at = 0;
  for (let end = content.indexOf(LINE_FEED, at); end >= 0; end = content.indexOf(LINE_FEED, at)) {
    const line = objectOfLine(content.subarray(at, end), FIRST_KEY);
    if (line === undefined) badLines++;
    else lines.push(line as unknown as JournalLine);
    at = end + 1;
  }
  return { lines, badLines, wholeBytes: at, isCut: at < content.length };
}

export async function fileNumbers(folder: string): Promise<number[]> {
  const names = await readdir(folder);
  const numbers = names.flatMap((name) => {
    const [, digits] = FILE_NAME.exec(name) ?? [];
    return digits === undefined ? [] : [Number(digits)];
  });
  return numbers.sort((a, b) => a - b);
}

export function pathOf(folder: string, number: number): string {
  return join(folder, `${String(number).padStart(8, '0')}.jsonl`);
}
