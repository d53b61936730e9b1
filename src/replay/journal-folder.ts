import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import {
  deadLetterFileName,
  deadLetterFileNumbers,
  journalFileName,
  journalFileNumbers,
} from '../dead-letter/dead-letter-files.js';
import { isSeal, partsOfLine, wholeLines } from '../dead-letter/parked-record.js';
import {
  type JournalDamage,
  type JournalEntry,
  journalLines,
  ReplayJournal,
} from '../dead-letter/replay-journal.js';
import { type ReplayTotals, sumOfTotals } from '../dead-letter/replay-totals.js';
import { exceptNoRoom, isNoRoom, withReserve } from '../lib/disk-room.js';
import { SluiceError, systemErrorCode } from '../lib/errors.js';
import { closeDurable, open, readFile, truncate } from '../lib/files.js';
import { syncDirectory } from '../lib/sync-directory.js';
import {
  finishRemoving,
  type RemovedJournals,
  removeCounted,
  saveRemovedJournals,
} from './removed-journals.js';

/** What is kept of a journal in memory, without its lines. */
interface JournalSummary {
  readonly totals: ReplayTotals;
  readonly finalRecords: number;
  /** `finalRecords` when the parked file was last found to hold records that are still parked. */
  readonly checkedFinalRecords: number;
  readonly damage: JournalDamage | undefined;
}

/** The journal that is appended to. */
interface OpenJournal {
  readonly number: number;
  readonly journal: ReplayJournal;
  readonly handle: FileHandle;
  /** Bytes that are durable. */
  bytes: number;
  /** Whether something may lie behind them. */
  isUncertain: boolean;
}

/**
 * The journals of one folder of the dead letter, and the totals of those that were removed. Calls must not overlap; ParkedFiles
 * ensures that.
 */
export class JournalFolder {
  readonly path: string;
  readonly #journals = new Map<number, JournalSummary>();
  #removed: RemovedJournals;
  #totals: ReplayTotals;
  /** The journal that was appended to last. */
  #open: OpenJournal | undefined;
  #isBroken = false;

  private constructor(path: string, removed: RemovedJournals) {
    this.path = path;
    this.#removed = removed;
    this.#totals = removed.totals;
  }

  static async open(path: string): Promise<JournalFolder> {
    const folder = new JournalFolder(path, await finishRemoving(path));
    for (const number of await journalFileNumbers(path)) {
      const { journal, wholeBytes, bytes } = await ReplayJournal.read(path, number);
      // A line appended after a torn tail would be lost with it.
      if (wholeBytes < bytes) await truncate(join(path, journalFileName(number)), wholeBytes);
      folder.#keepSummary(number, journal);
    }
    return folder;
  }

  /** What replay and purge made of all records of this folder. */
  get totals(): ReplayTotals {
    return this.#totals;
  }

  async read(number: number): Promise<ReplayJournal> {
    if (this.#open?.number === number) return this.#open.journal;
    return (await ReplayJournal.read(this.path, number)).journal;
  }

  /**
   * Resolved: durable, and in the totals. Rejects with DISK_FULL when there is no room: nothing was written then. After any
   * other failure every call rejects: what is on disk is unknown then.
   */
  async append(number: number, entries: readonly JournalEntry[]): Promise<void> {
    if (this.#isBroken) {
      throw new SluiceError(
        'DEAD_LETTER_FAILED',
        `a journal in ${this.path} could not be written before; fix the disk and start again`,
      );
    }
    this.#isBroken = true;
    const path = join(this.path, journalFileName(number));
    try {
      const { journal } = await withReserve(path, () => this.#openJournal(number));
      await withReserve(path, () => this.#write(Buffer.from(journalLines(entries))));
      for (const entry of entries) journal.apply(entry);
      this.#keepSummary(number, journal);
    } catch (thrown) {
      if (!isNoRoom(thrown)) throw thrown;
      await this.#cutBack().catch(exceptNoRoom);
      this.#isBroken = false;
      throw new SluiceError(
        'DISK_FULL',
        `the replay journal ${path} has no room on the disk; what was not replayed or purged stays parked`,
        { cause: thrown },
      );
    }
    this.#isBroken = false;
  }

  /** Appends to the open journal. */
  async #write(lines: Buffer): Promise<void> {
    await this.#cutBack();
    const open = this.#open!;
    open.isUncertain = true;
    await open.handle.appendFile(lines);
    await open.handle.datasync();
    open.isUncertain = false;
    open.bytes += lines.length;
  }

  /** What a failed append has left is unknown, and a second sync would succeed without it: it is cut off. */
  async #cutBack(): Promise<void> {
    const open = this.#open;
    if (!open?.isUncertain) return;
    await open.handle.truncate(open.bytes);
    open.isUncertain = false;
  }

  /** Whether `sweep` may find something: a journal has grown since its file was last checked, or a removal has failed. */
  get needsSweep(): boolean {
    return (
      this.#removed.removing.length > 0 ||
      [...this.#journals.values()].some(
        ({ finalRecords, checkedFinalRecords }) => finalRecords !== checkedFinalRecords,
      )
    );
  }

  /**
   * Removes the files without a parked record, after adding their journals to the totals of removed journals. Only files
   * before `beforeFile`, and never the newest one: it is appended to, and its number determines the next one. Resolves
   * with whether any file was removed.
   */
  async sweep(beforeFile: number): Promise<boolean> {
    await this.#removeCounted();
    const removing = await this.#removableFiles(beforeFile);
    if (removing.length === 0) return false;
    const totals = sumOfTotals([
      this.#removed.totals,
      ...removing.map((number) => this.#journals.get(number)!.totals),
    ]);
    await saveRemovedJournals(this.path, { totals, removing });
    this.#removed = { totals, removing };
    for (const number of removing) this.#journals.delete(number);
    await this.#removeCounted();
    return true;
  }

  async close(): Promise<void> {
    const open = this.#open;
    if (open === undefined) return;
    // Best effort: the next start cuts off what is no whole line.
    await this.#cutBack().catch(() => undefined);
    this.#open = undefined;
    await closeDurable(open.handle);
  }

  async #removableFiles(beforeFile: number): Promise<number[]> {
    const newest = (await deadLetterFileNumbers(this.path)).at(-1) ?? 0;
    const removable: number[] = [];
    for (const [number, summary] of this.#journals) {
      const { finalRecords, checkedFinalRecords } = summary;
      if (finalRecords === checkedFinalRecords || number >= Math.min(newest, beforeFile)) continue;
      if (await this.#isRemovable(number)) removable.push(number);
      else this.#journals.set(number, { ...summary, checkedFinalRecords: finalRecords });
    }
    return removable;
  }

  /** The journals with lines that cannot be read. */
  *damaged(): Generator<{ readonly number: number; readonly damage: JournalDamage }> {
    for (const [number, { damage }] of this.#journals) if (damage !== undefined) yield { number, damage };
  }

  /** A line that cannot be read has no final outcome, unless a purge has given it up: its file stays. */
  async #isRemovable(number: number): Promise<boolean> {
    const journal = await this.read(number);
    let parked: Buffer;
    try {
      parked = await readFile(join(this.path, deadLetterFileName(number)));
    } catch (thrown) {
      // Somebody has moved the file away: the journal stays and still counts.
      if (systemErrorCode(thrown) === 'ENOENT') return false;
      throw thrown;
    }
    for (const line of wholeLines(parked)) {
      if (isSeal(line.bytes)) continue;
      if (partsOfLine(line).some(({ at }) => journal.state(at) !== 'final')) return false;
    }
    return true;
  }

  async #removeCounted(): Promise<void> {
    const { removing } = this.#removed;
    if (removing.length === 0) return;
    if (this.#open !== undefined && removing.includes(this.#open.number)) await this.close();
    this.#removed = await removeCounted(this.path, this.#removed);
  }

  async #openJournal(number: number): Promise<OpenJournal> {
    if (this.#open?.number === number) return this.#open;
    await this.#cutBack();
    const { journal } = await ReplayJournal.read(this.path, number);
    await this.close();
    const handle = await open(join(this.path, journalFileName(number)), 'a', 0o600);
    try {
      await syncDirectory(this.path);
      this.#open = { number, journal, handle, bytes: (await handle.stat()).size, isUncertain: false };
    } catch (thrown) {
      await closeDurable(handle);
      throw thrown;
    }
    return this.#open;
  }

  #keepSummary(number: number, journal: ReplayJournal): void {
    const checkedFinalRecords = this.#journals.get(number)?.checkedFinalRecords ?? 0;
    const { finalRecords, damage } = journal;
    this.#journals.set(number, { totals: journal.totals(), finalRecords, checkedFinalRecords, damage });
    this.#totals = sumOfTotals([
      this.#removed.totals,
      ...[...this.#journals.values()].map(({ totals }) => totals),
    ]);
  }
}
