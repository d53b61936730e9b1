import { type FileHandle, open, readFile, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { SluiceError, systemErrorCode } from '../errors.js';
import { syncDirectory } from '../sync-directory.js';
import {
  deadLetterFileName,
  deadLetterFileNumbers,
  journalFileName,
  journalFileNumbers,
} from './dead-letter-files.js';
import { wholeLines } from './parked-lines.js';
import { SettledFile, type SettledLine, settledLine } from './settled-journal.js';
import { SettledSums, type SettledTotals } from './settled-totals.js';
import { readAbsorbed, saveAbsorbed } from './settled-totals-file.js';

/** What is known of a journal without holding its lines. */
interface JournalFacts {
  readonly totals: SettledTotals;
  readonly finals: number;
  /** `finals` when it was last seen that the file has records left. */
  readonly seenFinals: number;
}

/** Journals and absorbed totals of one folder of the dead letter. Calls must not overlap; Settling sees to it. */
export class SettledFolder {
  readonly path: string;
  readonly #journals = new Map<number, JournalFacts>();
  #absorbed: SettledTotals;
  /** In the totals already, and perhaps still there. */
  #removing: readonly number[];
  #totals: SettledTotals;
  #open: { readonly number: number; readonly file: SettledFile; readonly handle: FileHandle } | undefined;
  #isBroken = false;

  private constructor(path: string, absorbed: SettledTotals, removing: readonly number[]) {
    this.path = path;
    this.#absorbed = absorbed;
    this.#removing = removing;
    this.#totals = absorbed;
  }

  static async open(path: string): Promise<SettledFolder> {
    const { totals, removing } = await readAbsorbed(path);
    const folder = new SettledFolder(path, totals, removing);
    // A process killed right then may have put these totals in place and not made their name durable.
    if (removing.length > 0) await syncDirectory(path);
    await folder.#finishRemoving();
    for (const number of await journalFileNumbers(path)) {
      const { file, wholeBytes, bytes } = await SettledFile.read(path, number);
      // Behind a torn tail nothing could be appended.
      if (wholeBytes < bytes) await truncate(join(path, journalFileName(number)), wholeBytes);
      folder.#note(number, file);
    }
    return folder;
  }

  get totals(): SettledTotals {
    return this.#totals;
  }

  /** Some journal has grown since it was last looked at whether its file can go. */
  get hasUnseen(): boolean {
    return (
      this.#removing.length > 0 ||
      [...this.#journals.values()].some(({ finals, seenFinals }) => finals !== seenFinals)
    );
  }

  async read(number: number): Promise<SettledFile> {
    if (this.#open?.number === number) return this.#open.file;
    return (await SettledFile.read(this.path, number)).file;
  }

  /** Resolved: durable, and in the totals. After a failure nothing more is taken: what is on disk is unknown then. */
  async append(number: number, lines: readonly SettledLine[]): Promise<void> {
    if (this.#isBroken) {
      throw new SluiceError(
        'DEAD_LETTER_FAILED',
        `a journal in ${this.path} could not be written before; mend the disk and start again`,
      );
    }
    this.#isBroken = true;
    const { file, handle } = await this.#opened(number);
    await handle.appendFile(lines.map(settledLine).join(''));
    await handle.datasync();
    for (const line of lines) file.apply(line);
    this.#note(number, file);
    this.#isBroken = false;
  }

  /**
   * Takes the journals of files without a record left up in the totals and removes both. Only files before
   * `beforeFile`, and never the newest: it is appended to, and its number tells the next one.
   */
  async sweep(beforeFile: number): Promise<boolean> {
    await this.#finishRemoving();
    const newest = (await deadLetterFileNumbers(this.path)).at(-1) ?? 0;
    const settled: number[] = [];
    for (const [number, facts] of this.#journals) {
      if (facts.finals === facts.seenFinals || number >= Math.min(newest, beforeFile)) continue;
      if (await this.#isSettled(number)) settled.push(number);
      else this.#journals.set(number, { ...facts, seenFinals: facts.finals });
    }
    if (settled.length === 0) return false;
    const sums = new SettledSums();
    sums.add(this.#absorbed);
    for (const number of settled) sums.add(this.#journals.get(number)!.totals);
    const totals = sums.totals();
    await saveAbsorbed(this.path, { totals, removing: settled });
    this.#absorbed = totals;
    this.#removing = settled;
    for (const number of settled) this.#journals.delete(number);
    await this.#finishRemoving();
    return true;
  }

  async close(): Promise<void> {
    await this.#open?.handle.close();
    this.#open = undefined;
  }

  /** The parked file first: without its journal it would pass for one of which nothing is settled. */
  async #finishRemoving(): Promise<void> {
    if (this.#removing.length === 0) return;
    for (const number of this.#removing) {
      if (this.#open?.number === number) await this.close();
      await rm(join(this.path, deadLetterFileName(number)), { force: true });
      await rm(join(this.path, journalFileName(number)), { force: true });
    }
    // Gone for good before they are no longer named.
    await syncDirectory(this.path);
    await saveAbsorbed(this.path, { totals: this.#absorbed, removing: [] });
    this.#removing = [];
  }

  /** A line that cannot be read is a record whose fate is open: its file stays. */
  async #isSettled(number: number): Promise<boolean> {
    const file = await this.read(number);
    let parked: Buffer;
    try {
      parked = await readFile(join(this.path, deadLetterFileName(number)));
    } catch (thrown) {
      // Moved away by hand: its moves still count.
      if (systemErrorCode(thrown) === 'ENOENT') return false;
      throw thrown;
    }
    for (const { at } of wholeLines(parked)) if (file.state(at) !== 'final') return false;
    return true;
  }

  async #opened(number: number): Promise<{ file: SettledFile; handle: FileHandle }> {
    if (this.#open?.number === number) return this.#open;
    const { file } = await SettledFile.read(this.path, number);
    await this.close();
    const handle = await open(join(this.path, journalFileName(number)), 'a', 0o600);
    await syncDirectory(this.path);
    this.#open = { number, file, handle };
    return this.#open;
  }

  #note(number: number, file: SettledFile): void {
    const seenFinals = this.#journals.get(number)?.seenFinals ?? 0;
    this.#journals.set(number, { totals: file.totals(), finals: file.finals, seenFinals });
    const sums = new SettledSums();
    sums.add(this.#absorbed);
    for (const { totals } of this.#journals.values()) sums.add(totals);
    this.#totals = sums.totals();
  }
}
