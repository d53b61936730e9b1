import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { errorText, SluiceError, systemErrorCode } from '../errors.js';
import { Turns } from '../turns.js';
import { deadLetterFileName, deadLetterFileNumbers, deadLetterFolders } from './dead-letter-files.js';
import type { DeadLetterEnd } from './dead-letter-writer.js';
import { SettledFolder } from './settled-folder.js';
import type { SettledTotals } from './settled-totals.js';
import { SettlingFile } from './settling-file.js';

/** Of one folder of the dead letter; '' is the dead letter itself. */
export interface FolderTotals {
  readonly folder: string;
  readonly totals: SettledTotals;
}

export interface SettlingDeps {
  /**
   * Up to where the records of a folder may be settled: the end saved with the last durable checkpoint of the one who
   * parks there. What lies behind comes again from the stream after a crash. Absent: all of it, nobody parks there.
   */
  readonly settleableEnd: (folder: string) => Promise<DeadLetterEnd | undefined>;
}

/** A part of a parked file whose records may be settled. */
export interface SettleableSpan {
  readonly folder: SettledFolder;
  readonly number: number;
  readonly endBytes: number;
}

/**
 * What became of parked records: journals beside the parked files, and the sums of those that are gone. One at a time
 * on a data directory. Invariants:
 * 1. A line in a journal is the move of one record's fate; the totals are the sums over the lines, and nothing else.
 * 2. A parked file goes only when each of its records is settled, another one is appended to, and the sums of its
 *    journal are durable in the totals, which name it until it is gone: no crash in between counts it twice or never.
 * 3. Only what lies before `settleableEnd` is settled.
 */
export class Settling {
  readonly #directory: string;
  readonly #deps: SettlingDeps;
  readonly #folders = new Map<string, SettledFolder>();
  readonly #turns = new Turns();

  private constructor(directory: string, deps: SettlingDeps) {
    this.#directory = directory;
    this.#deps = deps;
  }

  /** Before anybody parks: finishes what a crash left half removed. Rejects with DEAD_LETTER_FAILED. */
  static async open(directory: string, deps: SettlingDeps): Promise<Settling> {
    const settling = new Settling(directory, deps);
    await failing(directory, () => settling.#openFolders());
    await settling.sweep();
    return settling;
  }

  /** Of every folder where records were settled. */
  totals(): readonly FolderTotals[] {
    return [...this.#folders].map(([folder, { totals }]) => ({ folder, totals }));
  }

  /** What may be settled now, oldest file first. */
  spans(): Promise<readonly SettleableSpan[]> {
    return this.#exclusively(async () => {
      await this.#openFolders();
      const spans: SettleableSpan[] = [];
      for (const [name, folder] of this.#folders) {
        const end = await this.#deps.settleableEnd(name);
        for (const number of await deadLetterFileNumbers(folder.path)) {
          if (end !== undefined && number > end.file) break;
          const endBytes = number === end?.file ? end.bytes : Number.POSITIVE_INFINITY;
          spans.push({ folder, number, endBytes });
        }
      }
      return spans;
    });
  }

  /** Where each folder ends now. */
  async ends(): Promise<ReadonlyMap<string, DeadLetterEnd>> {
    const ends = new Map<string, DeadLetterEnd>();
    await failing(this.#directory, async () => {
      for (const path of await deadLetterFolders(this.#directory)) {
        const file = (await deadLetterFileNumbers(path)).at(-1);
        if (file === undefined) continue;
        ends.set(nameOf(this.#directory, path), { file, bytes: await sizeOf(path, file) });
      }
    });
    return ends;
  }

  /** Whether everything before `ends` may be settled: not while the last checkpoint is older than the last record. */
  async isSettleable(ends: ReadonlyMap<string, DeadLetterEnd>): Promise<boolean> {
    for (const [folder, wanted] of ends) {
      const end = await this.#deps.settleableEnd(folder);
      if (end === undefined || end.file > wanted.file) continue;
      if (end.file < wanted.file || end.bytes < wanted.bytes) return false;
    }
    return true;
  }

  /** `undefined`: it has gone meanwhile. To be closed by the caller. */
  openSpan({ folder, number, endBytes }: SettleableSpan): Promise<SettlingFile | undefined> {
    return this.#exclusively(async () => {
      let parked: Buffer;
      try {
        parked = await readFile(`${folder.path}/${deadLetterFileName(number)}`);
      } catch (thrown) {
        if (systemErrorCode(thrown) === 'ENOENT') return undefined;
        throw thrown;
      }
      const settled = await folder.read(number);
      return new SettlingFile(parked.subarray(0, Math.min(endBytes, parked.length)), settled, (lines) =>
        this.#exclusively(() => folder.append(number, lines)),
      );
    });
  }

  /** Removes parked files of which nothing is left; cheap while there is nothing new to look at. Resolves with whether any went. */
  sweep(): Promise<boolean> {
    return this.#exclusively(async () => {
      let hasRemoved = false;
      for (const [name, folder] of this.#folders) {
        if (!folder.hasUnseen) continue;
        const end = await this.#deps.settleableEnd(name);
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
      if (!this.#folders.has(name)) this.#folders.set(name, await SettledFolder.open(path));
    }
  }

  /** Journals and totals are changed by one at a time: a sweep must not read a journal that is being appended to. */
  #exclusively<T>(work: () => Promise<T>): Promise<T> {
    return this.#turns.take(() => failing(this.#directory, work));
  }
}

function nameOf(directory: string, path: string): string {
  return path === directory ? '' : basename(path);
}

async function sizeOf(path: string, number: number): Promise<number> {
  return (await stat(`${path}/${deadLetterFileName(number)}`)).size;
}

async function failing<T>(directory: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof SluiceError) throw thrown;
    const code = systemErrorCode(thrown);
    throw new SluiceError(
      'DEAD_LETTER_FAILED',
      `what was replayed or purged of ${directory} cannot be kept${code === undefined ? '' : ` (${code})`}: ${errorText(thrown)}`,
      { cause: thrown },
    );
  }
}
