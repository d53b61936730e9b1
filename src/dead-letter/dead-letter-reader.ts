import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { systemErrorCode } from '../lib/errors.js';
import { open } from '../lib/files.js';
import { TimeSlice } from '../lib/time-slice.js';
import { deadLetterFileName, deadLetterFileNumbers, deadLetterFolders } from './dead-letter-files.js';
import { LINE_FEED, type ParkedLine, type ParkedRecord, parseParkedLine } from './parked-record.js';
import { asParkedNow, ReplayJournal } from './replay-journal.js';

export interface ParkedFilter {
  readonly code?: string;
  readonly topic?: string;
  readonly rule?: string;
  readonly id?: string;
}

/**
 * The parked records of all readers that match the filter, newest first, at most `limit`. Replayed and purged records are
 * omitted; those that a replay has parked again have the reason of the last replay.
 * It reads the files from the end, slice by slice, gives the thread to others every few ms, and needs no lock.
 */
export async function listParked(
  directory: string,
  limit: number,
  filter: ParkedFilter = {},
): Promise<ParkedRecord[]> {
  const folders = await deadLetterFolders(directory);
  let found: ParkedRecord[] = [];
  for (const folder of folders) found = found.concat(await listFolder(folder, limit, filter));
  if (folders.length === 1) return found;
  // Each folder is in order already; the sort is stable, so records of equal times stay in it.
  return found.sort((one, other) => other.parkedAtMs - one.parkedAtMs).slice(0, limit);
}

async function listFolder(directory: string, limit: number, filter: ParkedFilter): Promise<ParkedRecord[]> {
  const found: ParkedRecord[] = [];
  for await (const { parked } of parkedFromEnd(directory, filter)) {
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

/**
 * Searches one folder of the dead letter, newest record first, step by step, so that the caller can stop after each and
 * go on later at its `place`.
 *
 * @param from where an earlier search stopped; absent: the end
 */
export async function* parkedFromEnd(
  directory: string,
  filter: ParkedFilter,
  from?: ScanPlace,
  timeSlice = new TimeSlice(),
): AsyncGenerator<ScanStep> {
  const inLine = quoted({ id: filter.id, topic: filter.topic });
  const inLineAsFirstParked = quoted({ code: filter.code, rule: filter.rule });
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
      // Cheap checks first: when few records are wanted, most slices and lines need no parsing.
      const mayMatch =
        hasAll(slice.bytes, inLine) && (!journal.isEmpty || hasAll(slice.bytes, inLineAsFirstParked));
      if (mayMatch) {
        for (const line of linesFromEnd(slice)) {
          if (timeSlice.isOver) await timeSlice.yield();
          const state = journal.state(line.at);
          if (state === 'final' || !hasAll(line.bytes, inLine)) continue;
          if (state === undefined && !hasAll(line.bytes, inLineAsFirstParked)) continue;
          const first = parseParkedLine(line.bytes.toString('utf8'));
          if (first === undefined) continue;
          const parked = asParkedNow(first, state);
          if (!matches(parked, filter)) continue;
          const behind = { file: number, end: line.at + line.bytes.length + 1 };
          yield { place: { file: number, end: line.at }, bytes, parked, behind };
          bytes = 0;
        }
      }
      yield { place: { file: number, end: slice.at }, bytes };
      bytes = 0;
    }
    if (bytes > 0) yield { place: { file: number, end: 0 }, bytes };
  }
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
    for (let end = Math.min(endBytes, (await handle.stat()).size); end > 0; ) {
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
      const whole = bytes.subarray(start, bytes.lastIndexOf(LINE_FEED) + 1);
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
