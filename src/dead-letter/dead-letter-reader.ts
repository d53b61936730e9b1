import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { systemErrorCode } from '../lib/errors.js';
import { open } from '../lib/files.js';
import { TimeSlice } from '../lib/time-slice.js';
import { LINE_BEGIN } from './checked-line.js';
import { deadLetterFileName, deadLetterFileNumbers, deadLetterFolders } from './dead-letter-files.js';
import {
  isSeal,
  LINE_FEED,
  type ParkedLine,
  type ParkedRecord,
  parseParkedLine,
  partsOfLine,
} from './parked-record.js';
import { asParkedNow, ReplayJournal } from './replay-journal.js';

export interface ParkedFilter {
  readonly code?: string;
  readonly topic?: string;
  readonly rule?: string;
  readonly user?: string;
  readonly id?: string;
}

/** Called for each line that cannot be read, on the way to the records that are looked for. */
export type OnDamaged = (path: string, at: number) => void;

/**
 * The parked records of all readers that match the filter, newest first, at most `limit`. Replayed and purged records are
 * omitted; those that a replay has parked again have the reason of the last replay.
 * It reads the files from the end, slice by slice, gives the thread to others every few ms, and needs no lock.
 */
export async function listParked(
  directory: string,
  limit: number,
  filter: ParkedFilter = {},
  onDamaged: OnDamaged = () => undefined,
): Promise<ParkedRecord[]> {
  const folders = await deadLetterFolders(directory);
  let found: ParkedRecord[] = [];
  for (const folder of folders) found = found.concat(await listFolder(folder, limit, filter, onDamaged));
  if (folders.length === 1) return found;
  // Each folder is in order already; the sort is stable, so records of equal times stay in it.
  return found.sort((one, other) => other.parkedAtMs - one.parkedAtMs).slice(0, limit);
}

async function listFolder(
  directory: string,
  limit: number,
  filter: ParkedFilter,
  onDamaged: OnDamaged,
): Promise<ParkedRecord[]> {
  const found: ParkedRecord[] = [];
  for await (const { parked } of parkedFromEnd(directory, filter, { onDamaged })) {
    if (parked !== undefined) found.push(parked);
    if (found.length >= limit) return found;
  }
  return found;
}

/** Everything in a folder before this place is still to be searched. */
export interface ScanPlace {
  /** Number of the parked file. */
  readonly file: number;
  /** Byte offset in it. */
  readonly end: number;
}

export interface ScanStep {
  readonly place: ScanPlace;
  /** Bytes read since the last step. */
  readonly bytes: number;
  /** The record that was found; `place` is the start of its line. Absent after a part in which nothing matches. */
  readonly parked?: ParkedRecord;
  /** The place directly behind the line of the record. */
  readonly behind?: ScanPlace;
}

export interface ScanOptions {
  /** Where an earlier search stopped; absent: the end. */
  readonly from?: ScanPlace;
  readonly timeSlice?: TimeSlice;
  readonly onDamaged?: OnDamaged;
}

/**
 * Searches one folder of the dead letter, newest record first, step by step, so that the caller can stop after each and
 * go on later at its `place`.
 */
export async function* parkedFromEnd(
  directory: string,
  filter: ParkedFilter,
  { from, timeSlice = new TimeSlice(), onDamaged = () => undefined }: ScanOptions = {},
): AsyncGenerator<ScanStep> {
  for (const number of (await deadLetterFileNumbers(directory)).reverse()) {
    if (from !== undefined && number > from.file) continue;
    // The journal is read first: when both are removed, the parked file is removed first.
    const { journal, bytes: journalBytes } = await ReplayJournal.read(directory, number);
    let bytes = journalBytes;
    const path = join(directory, deadLetterFileName(number));
    for await (const slice of slicesFromEnd(
      path,
      SLICE_BYTES,
      from?.file === number ? from.end : undefined,
    )) {
      if (timeSlice.isOver) await timeSlice.yield();
      bytes += slice.bytes.length;
      const onDamagedAt = (at: number) => onDamaged(path, at);
      for await (const { parked, at, end } of foundInSlice(slice, journal, filter, timeSlice, onDamagedAt)) {
        yield { place: { file: number, end: at }, bytes, parked, behind: { file: number, end } };
        bytes = 0;
      }
      yield { place: { file: number, end: slice.at }, bytes };
      bytes = 0;
    }
    if (bytes > 0) yield { place: { file: number, end: 0 }, bytes };
  }
}

interface FoundAt extends RecordAt {
  /** The offset directly behind the record: of the next one, if damage to a line feed has put both into one line. */
  readonly end: number;
}

/** The records of a slice that match, the last first. */
async function* foundInSlice(
  slice: LineSlice,
  journal: ReplayJournal,
  filter: ParkedFilter,
  timeSlice: TimeSlice,
  onDamaged: (at: number) => void,
): AsyncGenerator<FoundAt> {
  const inLine = quoted({ id: filter.id, topic: filter.topic, user: filter.user });
  const inLineAsFirstParked = quoted({ code: filter.code, rule: filter.rule });
  // Cheap checks first: when few records are wanted, most slices and lines need no parsing.
  if (!hasAll(slice.bytes, inLine)) return;
  if (journal.isEmpty && !hasAll(slice.bytes, inLineAsFirstParked)) return;
  for (const line of linesFromEnd(slice)) {
    if (timeSlice.isOver) await timeSlice.yield();
    if (!hasAll(line.bytes, inLine) || isSeal(line.bytes)) continue;
    const state = journal.state(line.at);
    const isOmitted = state === 'final' || (state === undefined && !hasAll(line.bytes, inLineAsFirstParked));
    // The state is that of the first record of the line; after damage to a line feed there is another one in it.
    if (isOmitted && !hasSecondRecord(line.bytes)) continue;
    let end = line.at + line.bytes.length + 1;
    for (const { at, parked } of recordsOfLine(line, onDamaged)) {
      const stateOfOne = journal.state(at);
      const now = stateOfOne === 'final' ? undefined : asParkedNow(parked, stateOfOne);
      if (now !== undefined && matches(now, filter)) yield { at, parked: now, end };
      end = at;
    }
  }
}

/** A record and the byte offset of its line. */
export interface RecordAt {
  readonly at: number;
  readonly parked: ParkedRecord;
}

/**
 * The record of a line, the last first where damage to a line feed has made one line of several. `onDamaged` is called
 * for each part that cannot be read, `onMerged` for a line that is made of several.
 */
export function recordsOfLine(
  line: ParkedLine,
  onDamaged: (at: number) => void,
  onMerged: (at: number) => void = () => undefined,
): RecordAt[] {
  const parked = parseParkedLine(line.bytes);
  if (parked !== undefined) return [{ at: line.at, parked }];
  const found: RecordAt[] = [];
  const parts = partsOfLine(line);
  if (parts.length > 1) onMerged(line.at);
  for (const { at, bytes } of parts) {
    if (isSeal(bytes)) continue;
    const part = parseParkedLine(bytes);
    if (part === undefined) onDamaged(at);
    else found.unshift({ at, parked: part });
  }
  return found;
}

function hasSecondRecord(bytes: Buffer): boolean {
  return bytes.indexOf(LINE_BEGIN, 1) > 0;
}

/** The keys with their texts as they stand in the line of a record. With its key a text is found several times faster. */
function quoted(texts: Readonly<Record<string, string | undefined>>): readonly Buffer[] {
  return Object.entries(texts)
    .filter(([, text]) => text !== undefined)
    .map(([key, text]) => Buffer.from(`"${key}":${JSON.stringify(text)}`));
}

function hasAll(bytes: Buffer, texts: readonly Buffer[]): boolean {
  return texts.every((text) => bytes.includes(text));
}

function matches(parked: ParkedRecord, filter: ParkedFilter): boolean {
  if (filter.id !== undefined && parked.id !== filter.id) return false;
  if (filter.code !== undefined && parked.code !== filter.code) return false;
  if (filter.rule !== undefined && parked.rule !== filter.rule) return false;
  if (filter.user !== undefined && parked.user !== filter.user) return false;
  return filter.topic === undefined || parked.topic === filter.topic;
}

const SLICE_BYTES = 256 * 1024;

/** Some whole lines of a file, each with its line feed; `at` is the byte offset of the first. */
export interface LineSlice {
  readonly at: number;
  readonly bytes: Buffer;
}

/**
 * The whole lines of a file in slices, the last slice first, so that finding the newest records of a large file does not
 * read all of it. A torn tail is omitted; a missing file has no lines. `endBytes` omits what is behind it.
 */
export async function* slicesFromEnd(
  path: string,
  sliceBytes = SLICE_BYTES,
  endBytes = Number.POSITIVE_INFINITY,
): AsyncGenerator<LineSlice> {
  const handle = await openedIfThere(path);
  if (handle === undefined) return;
  try {
    /** The end of a line that begins before `end`. */
    let rest: Buffer = Buffer.alloc(0);
    let wantedBytes = sliceBytes;
    const { size } = await handle.stat();
    const isCutOff = endBytes < size;
    for (let end = Math.min(endBytes, size); end > 0; ) {
      const at = Math.max(0, end - wantedBytes);
      const read = Buffer.allocUnsafe(end - at);
      // The file has become shorter: it is being removed, as none of its records is parked any more.
      if ((await handle.read(read, 0, read.length, at)).bytesRead < read.length) return;
      const bytes = rest.length === 0 ? read : Buffer.concat([read, rest]);
      const start = at === 0 ? 0 : bytes.indexOf(LINE_FEED) + 1;
      const isInsideOneLine = at > 0 && start === 0;
      // Twice as much for a very long line, which would be copied again with every slice otherwise.
      wantedBytes = isInsideOneLine ? wantedBytes * 2 : sliceBytes;
      rest = isInsideOneLine ? bytes : bytes.subarray(0, start);
      end = at;
      if (isInsideOneLine) continue;
      // A search can go on inside a line that damage to a line feed has made of several: its part is whole as well.
      const whole = bytes.subarray(start, isCutOff ? bytes.length : bytes.lastIndexOf(LINE_FEED) + 1);
      if (whole.length > 0) yield { at: at + start, bytes: whole };
    }
  } finally {
    await handle.close();
  }
}

/** The lines of a slice, the last one first. */
export function* linesFromEnd({ at, bytes }: LineSlice): Generator<ParkedLine> {
  for (let end = bytes.length; end > 0; ) {
    // A negative offset would count from the end of the buffer.
    const start = end < 2 ? 0 : bytes.lastIndexOf(LINE_FEED, end - 2) + 1;
    yield { at: at + start, bytes: bytes.subarray(start, end - 1) };
    end = start;
  }
}

async function openedIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (thrown) {
    if (systemErrorCode(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}
