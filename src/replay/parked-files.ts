import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { namingDeadLetter } from '../dead-letter/dead-letter-failure.js';
import {
  deadLetterFileName,
  deadLetterFileNumbers,
  deadLetterFolders,
} from '../dead-letter/dead-letter-files.js';
import { recordsOfLine } from '../dead-letter/dead-letter-reader.js';
import type { DeadLetterEnd } from '../dead-letter/dead-letter-writer.js';
import {
  isSeal,
  type ParkedLine,
  type ParkedRecord,
  partsOfLine,
  wholeLines,
} from '../dead-letter/parked-record.js';
import { asParkedNow, type JournalEntry, type ReplayJournal } from '../dead-letter/replay-journal.js';
import type { ReplayTotals } from '../dead-letter/replay-totals.js';
import { systemErrorCode } from '../lib/errors.js';
import { readFile } from '../lib/files.js';
import { SerialQueue } from '../lib/serial-queue.js';
import { dropOldestFile } from './drop-oldest-file.js';
import { type InspectedFolder, type InspectOptions, inspectFolder } from './inspect-folder.js';
import { JournalFolder } from './journal-folder.js';

export interface ParkedFilesDeps {
  /**
   * Up to where the records of a folder may be replayed: the end that was saved with the last durable checkpoint of the
   * reader that parks there. Records after it come again from the stream after a crash. Absent: no reader parks there,
   * and all of them may be replayed.
   */
  readonly replayableEnd: (folder: string) => Promise<DeadLetterEnd | undefined>;
}

/** The totals of one folder of the dead letter; '' is the dead letter itself. */
export interface FolderTotals {
  readonly folder: string;
  readonly totals: ReplayTotals;
}

/** The part of a parked file whose records may be replayed. */
export interface ReplayableSpan {
  readonly folder: JournalFolder;
  readonly number: number;
  readonly endBytes: number;
}

/** A record that is still parked. */
export interface PendingRecord {
  /** The byte offset of its line. */
  readonly at: number;
  readonly parked: ParkedRecord;
}

/**
 * The parked files of all folders, with their journals. Only one process at a time has them open. Invariants:
 * 1. An entry in a journal changes the outcome of one record; the totals are the sums over the entries, and nothing else.
 * 2. A parked file is removed only when none of its records is parked any more, a newer file is appended to, and the
 *    sums of its journal are durable in the totals. The totals name the file until it is gone, so that no crash counts
 *    it twice or not at all.
 * 3. Only records before `replayableEnd` are replayed or purged.
 */
export class ParkedFiles {
  readonly #directory: string;
  readonly #deps: ParkedFilesDeps;
  readonly #folders = new Map<string, JournalFolder>();
  readonly #queue = new SerialQueue();
  /** Files that hold records besides those that devices cause; they are not searched again. */
  readonly #mixed = new Set<string>();

  private constructor(directory: string, deps: ParkedFilesDeps) {
    this.#directory = directory;
    this.#deps = deps;
  }

  /** Reads all journals. Rejects with DISK_FULL or DEAD_LETTER_FAILED. */
  static async open(directory: string, deps: ParkedFilesDeps): Promise<ParkedFiles> {
    const files = new ParkedFiles(directory, deps);
    await namingDeadLetter(directory, () => files.#openFolders());
    return files;
  }

  /** The totals of every folder. */
  totals(): readonly FolderTotals[] {
    return [...this.#folders].map(([folder, { totals }]) => ({ folder, totals }));
  }

  /** Where each folder ends now. */
  async ends(): Promise<ReadonlyMap<string, DeadLetterEnd>> {
    const ends = new Map<string, DeadLetterEnd>();
    await namingDeadLetter(this.#directory, async () => {
      for (const path of await deadLetterFolders(this.#directory)) {
        const file = (await deadLetterFileNumbers(path)).at(-1);
        if (file === undefined) continue;
        const { size } = await stat(join(path, deadLetterFileName(file)));
        ends.set(nameOf(this.#directory, path), { file, bytes: size });
      }
    });
    return ends;
  }

  /** Whether everything before `ends` may be replayed: not while the last checkpoint is older than the last record. */
  async isReplayable(ends: ReadonlyMap<string, DeadLetterEnd>): Promise<boolean> {
    for (const [folder, wanted] of ends) {
      const end = await this.#deps.replayableEnd(folder);
      if (end === undefined || end.file > wanted.file) continue;
      if (end.file < wanted.file || end.bytes < wanted.bytes) return false;
    }
    return true;
  }

  /**
   * Reads every parked file of each folder, and counts what can be read. Everything else that is asked of these files waits
   * until then. Resolves with `undefined` when `signal` aborts it.
   */
  inspect(
    optionsOf: (folder: string) => Omit<InspectOptions, 'signal'>,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, InspectedFolder> | undefined> {
    return this.#exclusively(async () => {
      const inspected = new Map<string, InspectedFolder>();
      for (const [name, folder] of this.#folders) {
        inspected.set(name, await inspectFolder(folder, { ...optionsOf(name), signal }));
      }
      return signal.aborted ? undefined : inspected;
    });
  }

  /**
   * Drops the oldest file of a folder in which only records are parked that devices cause, and which no checkpoint needs.
   * Resolves with how many records that were; 0 when there is no such file.
   */
  dropOldest(name: string): Promise<number> {
    return this.#exclusively(async () => {
      const folder = this.#folders.get(name);
      const end = await this.#deps.replayableEnd(name);
      if (folder === undefined) return 0;
      const dropped = await dropOldestFile(folder, end, this.#mixed);
      if (dropped > 0) await folder.sweep(end?.file ?? Number.POSITIVE_INFINITY);
      return dropped;
    });
  }

  /** What may be replayed now, oldest file first. */
  spans(): Promise<readonly ReplayableSpan[]> {
    return this.#exclusively(async () => {
      await this.#openFolders();
      const spans: ReplayableSpan[] = [];
      for (const [name, folder] of this.#folders) {
        const end = await this.#deps.replayableEnd(name);
        for (const number of await deadLetterFileNumbers(folder.path)) {
          if (end !== undefined && number > end.file) break;
          const endBytes = number === end?.file ? end.bytes : Number.POSITIVE_INFINITY;
          spans.push({ folder, number, endBytes });
        }
      }
      return spans;
    });
  }

  /** Resolves `undefined` when the file has been removed meanwhile. */
  openSpan({ folder, number, endBytes }: ReplayableSpan): Promise<ParkedFile | undefined> {
    return this.#exclusively(async () => {
      let parked: Buffer;
      try {
        parked = await readFile(join(folder.path, deadLetterFileName(number)));
      } catch (thrown) {
        if (systemErrorCode(thrown) === 'ENOENT') return undefined;
        throw thrown;
      }
      const journal = await folder.read(number);
      return new ParkedFile(parked.subarray(0, Math.min(endBytes, parked.length)), journal, (entries) =>
        this.#exclusively(async () => {
          this.#mixed.clear();
          await folder.append(number, entries);
        }),
      );
    });
  }

  /**
   * Removes the files without a parked record, and resolves with whether there were any. It is cheap while no journal has
   * grown.
   */
  sweep(): Promise<boolean> {
    return this.#exclusively(async () => {
      let hasRemoved = false;
      for (const [name, folder] of this.#folders) {
        if (!folder.needsSweep) continue;
        const end = await this.#deps.replayableEnd(name);
        if (await folder.sweep(end?.file ?? Number.POSITIVE_INFINITY)) hasRemoved = true;
      }
      return hasRemoved;
    });
  }

  async close(): Promise<void> {
    await this.#exclusively(async () => {
      for (const folder of this.#folders.values()) await folder.close();
    });
  }

  async #openFolders(): Promise<void> {
    for (const path of await deadLetterFolders(this.#directory)) {
      const name = nameOf(this.#directory, path);
      if (!this.#folders.has(name)) this.#folders.set(name, await JournalFolder.open(path));
    }
  }

  /** Work on journals and totals does not overlap: a sweep must not read a journal that is being appended to. */
  #exclusively<T>(work: () => Promise<T>): Promise<T> {
    return this.#queue.run(() => namingDeadLetter(this.#directory, work));
  }
}

/** One parked file while its records are replayed or purged. */
export class ParkedFile {
  readonly #parked: Buffer;
  readonly #journal: ReplayJournal;
  readonly #append: (entries: readonly JournalEntry[]) => Promise<void>;

  constructor(
    parked: Buffer,
    journal: ReplayJournal,
    append: (entries: readonly JournalEntry[]) => Promise<void>,
  ) {
    this.#parked = parked;
    this.#journal = journal;
    this.#append = append;
  }

  /** Every record that is still parked, oldest first. Lines that cannot be read are skipped, and stay. */
  *pending(): Generator<PendingRecord> {
    for (const line of wholeLines(this.#parked)) {
      if (isSeal(line.bytes) || this.#isOver(line)) continue;
      for (const { at, parked } of recordsOfLine(line, () => undefined).reverse()) {
        const state = this.#journal.state(at);
        if (state !== 'final') yield { at, parked: asParkedNow(parked, state) };
      }
    }
  }

  /** The byte offsets of lines that cannot be read and that no purge has given up. A torn tail is one of them. */
  unreadable(): number[] {
    const unreadable: number[] = [];
    for (const line of wholeLines(this.#parked)) {
      if (isSeal(line.bytes) || this.#isOver(line)) continue;
      recordsOfLine(line, (at) => {
        if (this.#journal.state(at) !== 'final') unreadable.push(at);
      });
    }
    return unreadable;
  }

  /** Cheap, for what was replayed before: the line is one record, and is not parked any more. */
  #isOver(line: ParkedLine): boolean {
    return this.#journal.state(line.at) === 'final' && partsOfLine(line).length === 1;
  }

  /** Writes new outcomes into the journal. Resolved: they are durable. Rejects with DISK_FULL or DEAD_LETTER_FAILED. */
  async record(entries: readonly JournalEntry[]): Promise<void> {
    if (entries.length > 0) await this.#append(entries);
  }
}

function nameOf(directory: string, path: string): string {
  return path === directory ? '' : basename(path);
}
