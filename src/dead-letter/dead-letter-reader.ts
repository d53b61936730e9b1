import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemErrorCode } from '../errors.js';
import { deadLetterFileName, deadLetterFileNumbers, deadLetterFolders } from './dead-letter-files.js';
import { wholeLines } from './parked-lines.js';
import { type ParkedRecord, parseParkedLine } from './parked-record.js';
import { asParkedNow, SettledFile } from './settled-journal.js';

export interface ParkedFilter {
  readonly code?: string;
  readonly topic?: string;
  readonly rule?: string;
  readonly id?: string;
}

/**
 * Parked records that match, newest first, at most `limit`; those of all readers together. Settled ones are left out,
 * those parked again by a replay give the reason of the last one.
 * Reads one file of about 16 MiB at a time; needs no lock.
 */
export async function listParked(
  directory: string,
  limit: number,
  filter: ParkedFilter = {},
): Promise<ParkedRecord[]> {
  const found: ParkedRecord[] = [];
  const folders = await deadLetterFolders(directory);
  for (const folder of folders) found.push(...(await listFolder(folder, limit, filter)));
  if (folders.length === 1) return found;
  // Each is in its order already; the sort keeps it among equal times.
  return found.sort((one, other) => other.parkedAtMs - one.parkedAtMs).slice(0, limit);
}

async function listFolder(directory: string, limit: number, filter: ParkedFilter): Promise<ParkedRecord[]> {
  const found: ParkedRecord[] = [];
  for (const number of (await deadLetterFileNumbers(directory)).reverse()) {
    // The journal first: a file that goes in between goes before its journal.
    const { file: settled } = await SettledFile.read(directory, number);
    const lines = [...wholeLines(await content(join(directory, deadLetterFileName(number))))];
    for (let i = lines.length - 1; i >= 0 && found.length < limit; i -= 1) {
      const { at, bytes } = lines[i]!;
      // Cheap first look: most lines need no parsing when one record is wanted.
      if (filter.id !== undefined && !bytes.includes(filter.id)) continue;
      const state = settled.state(at);
      if (state === 'final') continue;
      const parked = parseParkedLine(bytes.toString('utf8'));
      if (parked === undefined) continue;
      const now = asParkedNow(parked, state);
      if (matches(now, filter)) found.push(now);
    }
    if (found.length >= limit) break;
  }
  return found;
}

/** Of a file whose records were all settled since its name was read: nothing. */
async function content(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (thrown) {
    if (systemErrorCode(thrown) === 'ENOENT') return Buffer.alloc(0);
    throw thrown;
  }
}

function matches(parked: ParkedRecord, filter: ParkedFilter): boolean {
  if (filter.id !== undefined && parked.id !== filter.id) return false;
  if (filter.code !== undefined && parked.code !== filter.code) return false;
  if (filter.rule !== undefined && parked.rule !== filter.rule) return false;
  return filter.topic === undefined || parked.topic === filter.topic;
}
