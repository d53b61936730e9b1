import { type FileHandle, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { checkedLine, objectOfLine } from '../dead-letter/checked-line.js';
import { exceptNoRoom, withReserve } from '../lib/disk-room.js';
import { makeDirectory } from '../lib/durable-files.js';
import { closeDurable, open, readdir, readFile, truncate } from '../lib/files.js';
import { ifThere } from '../lib/if-there.js';
import type { StateChange } from '../lib/state-tables.js';
import { syncDirectory } from '../lib/sync-directory.js';
import type { Warn } from '../lib/warnings.js';
import type { PartitionChanges, PartitionStates } from './partition-states.js';

/** Where the state ends; saved with the checkpoint. */
export interface StateEnd {
  readonly file: number;
  readonly bytes: number;
}

const FILE_NAME = /^(\d{8})\.jsonl$/;
const FIRST_KEY = 'partition';
/** A line is read as a whole. */
const CHANGES_PER_LINE = 1_000;
/** A journal is written again when it is larger than this and than so many times what it began with. */
const MIN_JOURNAL_BYTES = 4 * 1024 * 1024;
const GROWTH = 4;

/** The folder of a reader's state beside its checkpoint. */
export function stateFolder(checkpoints: string, reader: string): string {
  return join(checkpoints, `${reader}.state`);
}

/**
 * Keeps what mapping remembers on disk. A file begins with everything that was known then and goes on with what each batch
 * has changed. Invariants:
 * 1. The end that a checkpoint holds is durable before the checkpoint is: `flush` comes first.
 * 2. `open` cuts off what came after the last checkpoint: the records of it are mapped again, from the state before them.
 * 3. A file is deleted only when a durable checkpoint names a newer one.
 */
export class StateJournal {
  readonly #folder: string;
  readonly #firstBytes = new Map<number, number>();
  #number: number;
  #bytes: number;
  #file: FileHandle | undefined;
  #fileNumber: number | undefined;
  /** Bytes of the open file that are durable. */
  #durableBytes = 0;
  /** Lines that are not written yet, with the file that they belong to. */
  #pending: { readonly file: number; readonly lines: string[] }[] = [];
  #isFlushing = false;

  private constructor(folder: string, end: StateEnd) {
    this.#folder = folder;
    this.#number = end.file;
    this.#bytes = end.bytes;
    this.#firstBytes.set(end.file, end.bytes);
  }

  /** Fills `states` with what is known at `end`, and goes on there; without an end nothing is known. */
  static async open(
    folder: string,
    end: StateEnd | undefined,
    states: PartitionStates,
    warn: Warn,
  ): Promise<StateJournal> {
    await makeDirectory(folder);
    const numbers = await fileNumbers(folder);
    const isRead = end !== undefined && (await readState(folder, end, states, warn));
    if (isRead) {
      await ifThere(truncate(pathOf(folder, end.file), end.bytes));
      for (const number of numbers) if (number !== end.file) await ifThere(unlink(pathOf(folder, number)));
      return new StateJournal(folder, end);
    }
    const journal = new StateJournal(folder, { file: Math.max(0, ...numbers), bytes: 0 });
    journal.appendAll(states.takeAll());
    return journal;
  }

  /** Where the journal ends with all that was appended, be it written yet or not. */
  get end(): StateEnd {
    return { file: this.#number, bytes: this.#bytes };
  }

  /** Whether the next batch should append everything, to a new file, so that the journal does not grow without end. */
  get wantsAll(): boolean {
    const first = this.#firstBytes.get(this.#number) ?? 0;
    return this.#bytes > Math.max(MIN_JOURNAL_BYTES, GROWTH * first);
  }

  /** Appends what a batch has changed; it is written with the next `flush`. */
  append(changed: readonly PartitionChanges[]): void {
    const lines = changed.flatMap(linesOf);
    if (lines.length === 0) return;
    for (const line of lines) this.#bytes += Buffer.byteLength(line);
    const last = this.#pending.at(-1);
    if (last?.file === this.#number) last.lines.push(...lines);
    else this.#pending.push({ file: this.#number, lines });
  }

  /** Begins a new file with everything that is known. */
  appendAll(all: readonly PartitionChanges[]): void {
    // On a full disk nothing is written for long. Only a checkpoint that is being saved needs what the new file holds as well.
    if (!this.#isFlushing) this.#pending = [];
    this.#number += 1;
    this.#bytes = 0;
    this.append(all);
    this.#firstBytes.set(this.#number, this.#bytes);
  }

  /** Resolves when all that was appended is durable. On a full disk it uses the room of the reserve. */
  async flush(): Promise<void> {
    this.#isFlushing = true;
    try {
      await this.#writePending();
    } finally {
      this.#isFlushing = false;
    }
  }

  async #writePending(): Promise<void> {
    for (let next = this.#pending[0]; next !== undefined; next = this.#pending[0]) {
      const { file, lines } = next;
      const count = lines.length;
      const path = pathOf(this.#folder, file);
      await withReserve(path, () => this.#write(file, lines.slice(0, count).join('')));
      // Batches that were completed meanwhile may have added lines.
      lines.splice(0, count);
      if (lines.length === 0) this.#pending.shift();
    }
  }

  /** A durable checkpoint holds this end: what lies in older files is no longer needed. */
  async noteSaved(end: StateEnd): Promise<void> {
    for (const number of this.#firstBytes.keys()) {
      if (number >= end.file) continue;
      // One that a full disk has no room to delete is deleted with a later checkpoint.
      const removed = unlink(pathOf(this.#folder, number)).then(() => true);
      const isGone = await ifThere(removed).then((done) => done ?? true, exceptNoRoom);
      if (isGone) this.#firstBytes.delete(number);
    }
  }

  async close(): Promise<void> {
    if (this.#file !== undefined) await closeDurable(this.#file);
    this.#file = undefined;
  }

  async #write(number: number, text: string): Promise<void> {
    if (this.#file === undefined || this.#fileNumber !== number) {
      await this.close();
      const path = pathOf(this.#folder, number);
      this.#file = await open(path, 'a', 0o600);
      this.#fileNumber = number;
      this.#durableBytes = (await this.#file.stat()).size;
      await syncDirectory(this.#folder);
    }
    // What a failed write has left is cut off: the same lines are written again.
    await this.#file.truncate(this.#durableBytes);
    await this.#file.appendFile(text);
    await this.#file.datasync();
    this.#durableBytes += Buffer.byteLength(text);
  }
}

/** Reads the state at an end into `states` without changing a file; false when it cannot be read to that end. */
export async function readState(
  folder: string,
  end: StateEnd,
  states: PartitionStates,
  warn: Warn,
): Promise<boolean> {
  const path = pathOf(folder, end.file);
  const problem = await restoreFrom(path, end, states);
  if (problem === undefined) return true;
  warn(
    { code: 'STATE_LOST', file: path, reason: problem },
    'what the rules remember of earlier records cannot be read to its end; what can be read is used',
  );
  return false;
}

async function restoreFrom(
  path: string,
  end: StateEnd,
  states: PartitionStates,
): Promise<string | undefined> {
  if (end.bytes === 0) return undefined;
  const content = await ifThere(readFile(path));
  if (content === undefined) return 'the file is missing';
  let at = 0;
  while (at < end.bytes) {
    const lineEnd = content.indexOf('\n', at);
    const line = lineEnd < 0 ? undefined : objectOfLine(content.subarray(at, lineEnd), FIRST_KEY);
    if (line === undefined) {
      return content.length < end.bytes
        ? `it has ${content.length} bytes, the checkpoint names ${end.bytes}`
        : `the line at byte ${at} is damaged`;
    }
    states.restore({ partition: String(line[FIRST_KEY]), changes: line.changes as readonly StateChange[] });
    at = lineEnd + 1;
  }
  return undefined;
}

function linesOf({ partition, changes }: PartitionChanges): string[] {
  const lines: string[] = [];
  for (let at = 0; at < changes.length; at += CHANGES_PER_LINE) {
    lines.push(checkedLine({ [FIRST_KEY]: partition, changes: changes.slice(at, at + CHANGES_PER_LINE) }));
  }
  return lines;
}

async function fileNumbers(folder: string): Promise<number[]> {
  const names = await readdir(folder);
  return names.flatMap((name) => {
    const [, digits] = FILE_NAME.exec(name) ?? [];
    return digits === undefined ? [] : [Number(digits)];
  });
}

function pathOf(folder: string, number: number): string {
  return join(folder, `${String(number).padStart(8, '0')}.jsonl`);
}
