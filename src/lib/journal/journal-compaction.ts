import { join } from 'node:path';
import { closeDurable } from '../files.js';
import { TimeSlice } from '../time-slice.js';
import type { JournalFile, JournalFiles } from './journal-files.js';
import { ENTRY_HEADER_BYTES, encodeEntry, encodeHeader, LAYOUT_VERSION } from './journal-frame.js';
import { NEXT_JOURNAL_FILE } from './open-journal-file.js';
import { writeFully } from './write-fully.js';

export interface CompactionParts {
  readonly files: JournalFiles;
  readonly directory: string;
  readonly format: number;
  /** That of the old file: frames are copied as they are. */
  readonly salt: number;
  /** Where in the old file begins what is not in the snapshot. */
  readonly appendedFrom: number;
  readonly isStopped: () => boolean;
}

const CHUNK_BYTES = 256 * 1024;
/** A sync of everything at the end would hold up the syncs of the log beside it. */
const SYNC_EVERY_BYTES = 4 * 1024 * 1024;
/** What may be left to copy while commits wait. */
const LAST_COPY_BYTES = 256 * 1024;

/** Compaction writes the file that replaces a journal: a snapshot, and then what was appended to the journal after it. */
export class Compaction {
  /** The new file has taken the place of the old one: it is not discarded any more. */
  isOver = false;
  readonly #parts: CompactionParts;
  #file: JournalFile | undefined;
  readonly #chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  #sizeBytes = 0;
  #syncedBytes = 0;
  /** How far the old file is copied. */
  #copiedTo: number;

  constructor(parts: CompactionParts) {
    this.#parts = parts;
    this.#copiedTo = parts.appendedFrom;
  }

  /** Asks for the first entry now: a generator that takes a copy of the state takes it here. */
  begin(snapshot: Iterable<Buffer>): Iterable<Buffer> {
    const iterator = snapshot[Symbol.iterator]();
    const first = iterator.next();
    return (function* () {
      for (let next = first; next.done !== true; next = iterator.next()) yield next.value;
    })();
  }

  /** Writes the snapshot, and gives the thread away again and again. Resolved: it is durable. */
  async write(snapshot: Iterable<Buffer>): Promise<void> {
    const { files, directory, format, salt } = this.#parts;
    this.#file = await files.open(join(directory, NEXT_JOURNAL_FILE), 'w+');
    const slice = new TimeSlice();
    let chunk = this.#chunk;
    let lengthBytes = encodeHeader({ layout: LAYOUT_VERSION, format, salt }).copy(chunk);
    for (const entry of snapshot) {
      const neededBytes = ENTRY_HEADER_BYTES + entry.length;
      if (lengthBytes + neededBytes > chunk.length) {
        await this.#append(chunk, lengthBytes);
        chunk = neededBytes > CHUNK_BYTES ? Buffer.allocUnsafe(neededBytes) : this.#chunk;
        lengthBytes = 0;
      }
      lengthBytes = encodeEntry(chunk, lengthBytes, entry, salt);
      if (slice.isOver) await slice.yield();
    }
    await this.#append(chunk, lengthBytes);
    await this.#sync();
  }

  /** Copies what is appended to `old` meanwhile, until little is left. `sizeBytes` returns what of it is durable. */
  async catchUp(old: JournalFile, sizeBytes: () => number): Promise<void> {
    while (sizeBytes() - this.#copiedTo > LAST_COPY_BYTES) await this.#copy(old, sizeBytes());
    await this.#sync();
  }

  /** Copies the rest: nothing is appended to `old` meanwhile. Resolved: the file is durable, under its temporary name. */
  async finish(
    old: JournalFile,
    oldSizeBytes: number,
  ): Promise<{ readonly file: JournalFile; readonly sizeBytes: number }> {
    await this.#copy(old, oldSizeBytes);
    await this.#sync();
    return { file: this.#opened, sizeBytes: this.#sizeBytes };
  }

  /** Leaves nothing that takes room. */
  async discard(): Promise<void> {
    if (this.isOver) return;
    const { files, directory } = this.#parts;
    if (this.#file !== undefined) await closeDurable(this.#file);
    await files.remove(join(directory, NEXT_JOURNAL_FILE)).catch(() => undefined);
  }

  get #opened(): JournalFile {
    if (this.#file === undefined) throw new Error('nothing is written yet');
    return this.#file;
  }

  async #copy(old: JournalFile, end: number): Promise<void> {
    while (this.#copiedTo < end) {
      const wantedBytes = Math.min(CHUNK_BYTES, end - this.#copiedTo);
      const { bytesRead } = await old.read(this.#chunk, 0, wantedBytes, this.#copiedTo);
      if (bytesRead === 0) throw new Error(`it ends at ${this.#copiedTo} and not at ${end}`);
      this.#copiedTo += bytesRead;
      await this.#append(this.#chunk, bytesRead);
    }
  }

  async #append(chunk: Buffer, lengthBytes: number): Promise<void> {
    if (this.#parts.isStopped()) throw new Error('the compaction was stopped');
    await writeFully(this.#opened, chunk, lengthBytes, this.#sizeBytes);
    this.#sizeBytes += lengthBytes;
    if (this.#sizeBytes - this.#syncedBytes >= SYNC_EVERY_BYTES) await this.#sync();
  }

  async #sync(): Promise<void> {
    if (this.#syncedBytes === this.#sizeBytes) return;
    await this.#opened.datasync();
    this.#syncedBytes = this.#sizeBytes;
  }
}
