import { join } from 'node:path';
import { deadLetterFileName, deadLetterFileNumbers, deadLetterFolders } from './dead-letter-files.js';
import { type ParkedRecord, parseParkedLine } from './parked-record.js';
import { asParkedNow, SettledFile } from './settled-journal.js';
import { linesFromEnd, slicesFromEnd } from './slices-from-end.js';
import { TimeSlice } from './time-slice.js';

export interface ParkedFilter {
  readonly code?: string;
  readonly topic?: string;
  readonly rule?: string;
  readonly id?: string;
}

/**
 * Parked records that match, newest first, at most `limit`; those of all readers together. Settled ones are left out,
 * those parked again by a replay give the reason of the last one.
 * Reads from the end, piece by piece, and gives the thread back every few ms; needs no lock.
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
  // Each is in its order already; the sort keeps it among equal times.
  return found.sort((one, other) => other.parkedAtMs - one.parkedAtMs).slice(0, limit);
}

async function listFolder(directory: string, limit: number, filter: ParkedFilter): Promise<ParkedRecord[]> {
  const found: ParkedRecord[] = [];
  const inLine = quoted([filter.id, filter.topic]);
  const inLineAsFirstParked = quoted([filter.code, filter.rule]);
  const turn = new TimeSlice();
  for (const number of (await deadLetterFileNumbers(directory)).reverse()) {
    // The journal first: a file that goes in between goes before its journal.
    const { file: settled } = await SettledFile.read(directory, number);
    for await (const slice of slicesFromEnd(join(directory, deadLetterFileName(number)))) {
      if (turn.isOver) await turn.yield();
      // Cheap first looks: most slices and lines need no parsing when few records are wanted.
      if (!hasAll(slice.bytes, inLine)) continue;
      if (settled.isEmpty && !hasAll(slice.bytes, inLineAsFirstParked)) continue;
      for (const { at, bytes } of linesFromEnd(slice)) {
        if (turn.isOver) await turn.yield();
        const state = settled.state(at);
        if (state === 'final' || !hasAll(bytes, inLine)) continue;
        if (state === undefined && !hasAll(bytes, inLineAsFirstParked)) continue;
        const parked = parseParkedLine(bytes.toString('utf8'));
        if (parked === undefined) continue;
        const now = asParkedNow(parked, state);
        if (matches(now, filter)) found.push(now);
        if (found.length >= limit) return found;
      }
    }
  }
  return found;
}

/** As the line of a record has them. */
function quoted(texts: readonly (string | undefined)[]): readonly Buffer[] {
  return texts.filter((text) => text !== undefined).map((text) => Buffer.from(JSON.stringify(text)));
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
