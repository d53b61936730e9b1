import { join } from 'node:path';
import type { CommitCompanion } from '../commit-companion.js';
import { isNoRoom } from '../disk-room.js';
import { makeDirectory } from '../durable-files.js';
import { errorText, SluiceError } from '../errors.js';
import { closeDurable } from '../files.js';
import { SerialQueue } from '../serial-queue.js';
import { JournalChunks } from './journal-chunks.js';
import { Compaction } from './journal-compaction.js';
import { JOURNAL_FILES, type JournalFile, type JournalFiles } from './journal-files.js';
import {
  JOURNAL_FILE,
  NEXT_JOURNAL_FILE,
  openJournalFile,
  type RecoveredJournal,
} from './open-journal-file.js';
import { writeFully } from './write-fully.js';

export interface JournalOptions {
  /** The folder of its file; nothing else is in it. */
  readonly directory: string;
  /** The version of what is in the entries, from 1 on. A file with a higher one is refused. */
  readonly format: number;
  /** Called at the start for each entry, in order. The entry is valid during the call. */
  readonly onEntry: (entry: Buffer) => void;
  /**
   * Entries that make the present state. It is asked for its first entry at once, and for the others later, a few at a time:
   * what is appended after the first is replayed behind all of them. So it takes a copy of the state first, or each entry may
   * be replayed onto a state that has it already.
   */
  readonly snapshot: () => Iterable<Buffer>;
  /** About how long all entries of a snapshot would be. */
  readonly liveBytes: () => number;
  /** The file is not longer than this, and one commit, unless `liveBytes` is more than a third of it. */
  readonly maxBytes: number;
  /** Called once, when a write or sync has failed and not for lack of room: the process must stop. */
  readonly onFailure: (failure: SluiceError) => void;
  /** Shorter files are not replaced; absent: 4 MiB. */
  readonly compactFromBytes?: number;
  /** How long to wait before a full disk is tried again; absent: 1 s. */
  readonly retryMs?: number;
  /** Absent: those of the disk. */
  readonly files?: JournalFiles;
}

const COMPACT_FROM_BYTES = 4 * 1024 * 1024;
const RETRY_MS = 1_000;

/**
 * Journal keeps a state on disk that is small beside the log: changes are appended to one file, and the file is replaced by a
 * snapshot once it is twice as long as that would be. Invariants:
 * 1. `commit` resolves when all entries appended before are written and synced, and the name of the file is.
 * 2. What was committed is found at the next start, in order, whenever the process ends, also within a compaction.
 * 3. A write for which there is no room changes nothing: the entries stay, and are written when there is. After any other
 *    failure nothing is written any more, because nobody knows what the disk holds.
 */
export class Journal implements CommitCompanion {
  readonly recovered: RecoveredJournal;
  readonly #options: JournalOptions;
  readonly #files: JournalFiles;
  readonly #chunks: JournalChunks;
  /** Writes of entries and the last step of a compaction, one after the other. */
  readonly #turns = new SerialQueue();
  #file: JournalFile;
  /** Bytes of the file that are durable. */
  #sizeBytes: number;
  /** Whether something may lie behind them. */
  #isUncertain = false;
  /** Whether the file may still have its old name after a power cut. */
  #isNameUncertain = false;
  /** The commit that has not begun. */
  #nextCommit: Promise<void> | undefined;
  #compaction: Promise<void> | undefined;
  #compactAboveBytes: number;
  #compactions = 0;
  #failure: SluiceError | undefined;
  #isClosing = false;

  private constructor(options: JournalOptions, file: JournalFile, recovered: RecoveredJournal) {
    this.#options = options;
    this.#files = options.files ?? JOURNAL_FILES;
    this.#file = file;
    this.#sizeBytes = recovered.sizeBytes;
    this.#chunks = new JournalChunks(recovered.salt);
    this.recovered = recovered;
    // Damage is written out of the file soon, or it would be reported at each start.
    this.#compactAboveBytes = recovered.damage === undefined ? this.#compactFromBytes : 0;
  }

  /**
   * Replays the file in the directory, or makes one. Rejects with DATA_DIRECTORY_MISMATCH, and nothing is changed, when a newer
   * version has written it; with JOURNAL_FAILED when it cannot be read or made.
   */
  static async open(options: JournalOptions): Promise<Journal> {
    const { directory, files = JOURNAL_FILES } = options;
    try {
      if (files === JOURNAL_FILES) await makeDirectory(directory);
      const { file, recovered } = await openJournalFile(options, files);
      return new Journal(options, file, recovered);
    } catch (thrown) {
      if (thrown instanceof SluiceError) throw thrown;
      throw failureOf(directory, thrown);
    }
  }

  get hasPending(): boolean {
    return this.#chunks.bytes > 0;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** How often the file was replaced by a snapshot since the start. */
  get compactions(): number {
    return this.#compactions;
  }

  /** Adds an entry, which the next commit makes durable. The bytes are copied. */
  append(entry: Buffer): void {
    this.#chunks.add(entry);
  }

  /**
   * Resolves when everything appended before is durable. Rejects with a system error for which `isNoRoom` is true when there
   * is no room for it now, and with JOURNAL_FAILED, for ever, after any other failure.
   */
  commit(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (!this.hasPending) return Promise.resolve();
    this.#nextCommit ??= this.#beginCommit();
    return this.#nextCommit;
  }

  /** Calls `reached` when everything appended before is durable; on a full disk that takes until there is room. */
  whenDurable(reached: () => void): void {
    this.commit().then(reached, (thrown: unknown) => {
      if (!isNoRoom(thrown) || this.#isClosing) return;
      setTimeout(() => this.whenDurable(reached), this.#options.retryMs ?? RETRY_MS).unref();
    });
  }

  /** Makes durable what can be, and closes. A compaction that is not finished is given up. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await this.#compaction;
    // On a full disk: what was not answered may be lost.
    await this.commit().catch(() => undefined);
    await this.#turns.idle();
    this.#failure ??= failureOf(this.#options.directory, new Error('it is closed'));
    await closeDurable(this.#file);
  }

  async #beginCommit(): Promise<void> {
    // Only a compaction can make room in a file that has reached its bound.
    if (this.#isOverBound) {
      this.#compaction ??= this.#compact();
      await this.#compaction;
    }
    await this.#turns.run(() => {
      this.#nextCommit = undefined;
      return this.#write();
    });
    if (this.#compaction === undefined && this.#isCompactionDue) this.#compaction = this.#compact();
  }

  get #compactFromBytes(): number {
    return this.#options.compactFromBytes ?? COMPACT_FROM_BYTES;
  }

  get #isOverBound(): boolean {
    const { maxBytes, liveBytes } = this.#options;
    // A state that is larger than it should be, because a limit was lowered, must not end all commits.
    return this.#sizeBytes >= maxBytes && this.#sizeBytes >= 3 * liveBytes();
  }

  get #isCompactionDue(): boolean {
    return (
      !this.#isClosing &&
      this.#sizeBytes > this.#compactAboveBytes &&
      (this.#compactAboveBytes === 0 || this.#sizeBytes > 2 * this.#options.liveBytes())
    );
  }

  /** `mayExceed`: the file may grow beyond its bound, because it is about to be replaced. */
  async #write(mayExceed = false): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      if (this.#isNameUncertain) {
        await this.#files.syncDirectory(this.#options.directory);
        this.#isNameUncertain = false;
      }
      if (this.#isOverBound && !mayExceed) throw noRoomInFile(this.#options);
      const chunks = this.#chunks.seal();
      if (chunks.length === 0) return;
      if (this.#isUncertain) await this.#file.truncate(this.#sizeBytes);
      this.#isUncertain = true;
      let position = this.#sizeBytes;
      for (const { buffer, lengthBytes } of chunks) {
        await writeFully(this.#file, buffer, lengthBytes, position);
        position += lengthBytes;
      }
      await this.#file.datasync();
      this.#isUncertain = false;
      this.#sizeBytes = position;
      this.#chunks.written();
    } catch (thrown) {
      throw isNoRoom(thrown) ? thrown : this.#fail(thrown);
    }
  }

  /** Replaces the file by a snapshot and what was appended since. It never rejects. */
  async #compact(): Promise<void> {
    const { directory } = this.#options;
    const compaction = new Compaction({
      files: this.#files,
      directory,
      format: this.#options.format,
      salt: this.recovered.salt,
      // The snapshot has what is pending: what was appended after it begins behind that.
      appendedFrom: this.#sizeBytes + this.#chunks.bytes,
      isStopped: () => this.#isClosing || this.#failure !== undefined,
    });
    try {
      const snapshot = compaction.begin(this.#options.snapshot());
      await compaction.write(snapshot);
      // What was pending when it began is in it, and must not be written again behind it. And its later entries may show what
      // was appended meanwhile: all of that is copied behind them, or one of two changes would be there without the other.
      await this.#turns.run(() => this.#write(true));
      await compaction.catchUp(this.#file, () => this.#sizeBytes);
      await this.#turns.run(() => this.#replaceFile(compaction));
      this.#compactions += 1;
      this.#compactAboveBytes = this.#compactFromBytes;
    } catch (thrown) {
      await compaction.discard();
      // Tried again when the file has grown by a part.
      this.#compactAboveBytes = this.#sizeBytes + this.#compactFromBytes / 4;
      if (!isNoRoom(thrown) && !this.#isClosing) this.#fail(thrown);
    } finally {
      this.#compaction = undefined;
    }
  }

  async #replaceFile(compaction: Compaction): Promise<void> {
    const { directory } = this.#options;
    const { file, sizeBytes } = await compaction.finish(this.#file, this.#sizeBytes);
    await this.#files.rename(join(directory, NEXT_JOURNAL_FILE), join(directory, JOURNAL_FILE));
    // From here on the old file has no name, so the new one is the journal whatever happens.
    const old = this.#file;
    this.#file = file;
    this.#sizeBytes = sizeBytes;
    this.#isUncertain = false;
    this.#isNameUncertain = true;
    compaction.isOver = true;
    await closeDurable(old);
    await this.#files.syncDirectory(directory);
    this.#isNameUncertain = false;
  }

  #fail(thrown: unknown): SluiceError {
    if (this.#failure !== undefined) return this.#failure;
    this.#failure = failureOf(this.#options.directory, thrown);
    this.#options.onFailure(this.#failure);
    return this.#failure;
  }
}

function failureOf(directory: string, thrown: unknown): SluiceError {
  const path = join(directory, JOURNAL_FILE);
  return new SluiceError('JOURNAL_FAILED', `${path} cannot be used: ${errorText(thrown)}`, { cause: thrown });
}

/** It is a lack of room like any other: who waits for the commit is answered when there is some. */
function noRoomInFile({ directory, maxBytes }: JournalOptions): Error {
  const path = join(directory, JOURNAL_FILE);
  const text = `${path} has reached its bound of ${maxBytes} bytes, and there is no room to replace it`;
  return Object.assign(new Error(text), { code: 'ENOSPC' });
}
