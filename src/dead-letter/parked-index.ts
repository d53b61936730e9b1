import type { FileHandle } from 'node:fs/promises';
import { stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { systemErrorCode } from '../lib/errors.js';
import { open } from '../lib/files.js';
import { TimeSlice } from '../lib/time-slice.js';
import { namingDeadLetter } from './dead-letter-failure.js';
import {
  deadLetterFileName,
  deadLetterFileNumbers,
  deadLetterFolders,
  journalFileName,
} from './dead-letter-files.js';
import { recordsOfLine } from './dead-letter-reader.js';
import { ParkedGroup } from './parked-group.js';
import { type ParkedOverview, parkedOverview } from './parked-head.js';
import { isSeal, type ParkedLine, type ParkedRecord, wholeBytes, wholeLines } from './parked-record.js';
import type { ScanLimits } from './parked-scan.js';
import { ReplayJournal } from './replay-journal.js';

/** What is known of one parked file. */
interface IndexedFile {
  readonly folder: string;
  readonly number: number;
  /** How far it has been read: whole lines. */
  bytes: number;
  /** The length of its journal when it was read. */
  readonly journalBytes: number;
  readonly groups: Map<string, ParkedGroup>;
  /** Records of groups beyond the limit. */
  ofOtherGroups: number;
}

interface FileOnDisk {
  readonly folder: string;
  readonly path: string;
  readonly number: number;
  readonly bytes: number;
  readonly journalBytes: number;
  /** A newer file follows: this one grows no more. */
  readonly isSealed: boolean;
}

/** Codes come from a closed list and rules from the configuration; a file that was edited by hand could have any number. */
const MAX_GROUPS = 100;
const CHUNK_BYTES = 256 * 1024;

/** All that is parked, by code and rule. */
export interface ParkedGroups {
  readonly groups: readonly ParkedGroup[];
  /** Records of groups beyond the limit. */
  readonly ofOtherGroups: number;
}

/**
 * The parked records of a directory, grouped by code and rule. It reads each line once: later calls read only what was
 * appended, and again those files whose journal has grown, because a replay or purge has changed them. Its size is bounded
 * by the number of files and groups, whatever devices have sent.
 */
export class ParkedIndex {
  readonly #directory: string;
  /** By folder and number. */
  readonly #files = new Map<string, IndexedFile>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  /**
   * Brings the index up to date, newest file first, within limits of bytes and time; it may exceed them by one file, which
   * has about 16 MiB. Resolves with whether everything has been read; if not, the next call goes on. Calls must not
   * overlap. Rejects with DEAD_LETTER_FAILED.
   */
  update(limits: Omit<ScanLimits, 'maxRecords'>): Promise<boolean> {
    return namingDeadLetter(this.#directory, () => this.#update(limits));
  }

  async #update({ maxBytes, maxMs, restMs }: Omit<ScanLimits, 'maxRecords'>): Promise<boolean> {
    const untilMs = performance.now() + maxMs;
    const slice = new TimeSlice(restMs);
    const onDisk = await this.#filesOnDisk();
    const keys = new Set(onDisk.map(keyOf));
    for (const key of this.#files.keys()) if (!keys.has(key)) this.#files.delete(key);
    let leftBytes = maxBytes;
    for (const file of onDisk) {
      const known = this.#files.get(keyOf(file));
      const canGoOn =
        known !== undefined && known.journalBytes === file.journalBytes && known.bytes <= file.bytes;
      if (canGoOn && known.bytes === file.bytes) continue;
      if (leftBytes <= 0 || performance.now() >= untilMs) return false;
      const begun = canGoOn ? { index: known, journal: undefined } : await freshIndex(file);
      const fromBytes = begun.index.bytes;
      await readOn(begun.index, file, begun.journal, slice);
      if (file.isSealed) for (const group of begun.index.groups.values()) group.rest();
      this.#files.set(keyOf(file), begun.index);
      leftBytes -= begun.index.bytes - fromBytes;
    }
    return true;
  }

  /** What has been read so far, the largest group first. */
  groups(nowMs: number): ParkedGroups {
    const all = new Map<string, ParkedGroup>();
    let ofOtherGroups = 0;
    const oldestFirst = [...this.#files.values()].sort((one, other) => one.number - other.number);
    for (const file of oldestFirst) {
      ofOtherGroups += file.ofOtherGroups;
      for (const [key, group] of file.groups) {
        group.forgetBefore(nowMs);
        const sum = all.get(key) ?? new ParkedGroup(group.code, group.rule);
        sum.addAll(group);
        all.set(key, sum);
      }
    }
    const groups = [...all.values()].sort(
      (one, other) => other.count - one.count || other.lastMs - one.lastMs,
    );
    for (const { count } of groups.splice(MAX_GROUPS)) ofOtherGroups += count;
    return { groups, ofOtherGroups };
  }

  async #filesOnDisk(): Promise<FileOnDisk[]> {
    const files: FileOnDisk[] = [];
    for (const path of await deadLetterFolders(this.#directory)) {
      const folder = relative(this.#directory, path);
      const numbers = await deadLetterFileNumbers(path);
      for (const number of numbers) {
        const bytes = await sizeOf(join(path, deadLetterFileName(number)));
        const journalBytes = await sizeOf(join(path, journalFileName(number)));
        const isSealed = number !== numbers.at(-1);
        if (bytes > 0) files.push({ folder, path, number, bytes, journalBytes, isSealed });
      }
    }
    return files.sort((one, other) => other.number - one.number);
  }
}

function keyOf({ folder, number }: Pick<FileOnDisk, 'folder' | 'number'>): string {
  return `${folder}/${number}`;
}

async function freshIndex({ folder, path, number }: FileOnDisk) {
  // The journal is read before the file: what is appended later has no entry in it.
  const { journal, bytes: journalBytes } = await ReplayJournal.read(path, number);
  const index: IndexedFile = {
    folder,
    number,
    bytes: 0,
    journalBytes,
    groups: new Map(),
    ofOtherGroups: 0,
  };
  return { index, journal };
}

/** Reads a file from where it was read to. A file that is removed meanwhile has no records any more. */
async function readOn(
  index: IndexedFile,
  { path, number }: FileOnDisk,
  journal: ReplayJournal | undefined,
  slice: TimeSlice,
): Promise<void> {
  let handle: FileHandle;
  try {
    handle = await open(join(path, deadLetterFileName(number)), 'r');
  } catch (thrown) {
    if (systemErrorCode(thrown) === 'ENOENT') return;
    throw thrown;
  }
  try {
    let chunkBytes = CHUNK_BYTES;
    for (;;) {
      const chunk = Buffer.allocUnsafe(chunkBytes);
      const { bytesRead } = await handle.read(chunk, 0, chunkBytes, index.bytes);
      const whole = wholeBytes(chunk.subarray(0, bytesRead));
      for (const { at, bytes } of wholeLines(chunk.subarray(0, whole))) {
        if (slice.isOver) await slice.yield();
        addLine(index, { at: index.bytes + at, bytes }, journal);
      }
      index.bytes += whole;
      if (bytesRead < chunkBytes) return;
      // A line that is longer than the chunk is read with a larger one.
      chunkBytes = whole === 0 ? chunkBytes * 2 : CHUNK_BYTES;
    }
  } finally {
    await handle.close();
  }
}

function addLine(index: IndexedFile, line: ParkedLine, journal: ReplayJournal | undefined): void {
  if (isSeal(line.bytes)) return;
  const end = line.at + line.bytes.length + 1;
  const quick = parkedOverview(line.bytes);
  if (quick !== undefined) {
    addRecord(index, quick, { at: line.at, end }, journal);
    return;
  }
  let endOfOne = end;
  const records = recordsOfLine(line, () => undefined);
  const places = records.map(({ at, parked }) => {
    const place = { parked, at, end: endOfOne };
    endOfOne = at;
    return place;
  });
  for (const { parked, ...place } of places.reverse()) addRecord(index, overviewOf(parked), place, journal);
}

function addRecord(
  index: IndexedFile,
  overview: ParkedOverview,
  { at, end }: { readonly at: number; readonly end: number },
  journal: ReplayJournal | undefined,
): void {
  const state = journal?.state(at);
  if (state === 'final') return;
  const { code, rule } = state ?? overview;
  const key = ParkedGroup.keyOf(code, rule);
  let group = index.groups.get(key);
  if (group === undefined && index.groups.size >= MAX_GROUPS) {
    index.ofOtherGroups += 1;
    return;
  }
  if (group === undefined) {
    group = new ParkedGroup(code, rule);
    index.groups.set(key, group);
  }
  group.add(overview, { id: overview.id, folder: index.folder, file: index.number, at, end });
}

function overviewOf({ id, parkedAtMs, code, rule, topic, bytesNotKept }: ParkedRecord): ParkedOverview {
  return { id, parkedAtMs, code, rule, topic, isPayloadKept: bytesNotKept === undefined };
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (thrown) {
    // Removed meanwhile, or there is no journal yet.
    if (systemErrorCode(thrown) === 'ENOENT') return 0;
    throw thrown;
  }
}
