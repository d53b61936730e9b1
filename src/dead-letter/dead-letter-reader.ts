import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deadLetterFileName, deadLetterFileNumbers, deadLetterFolders } from './dead-letter-files.js';
import { type ParkedRecord, parseParkedLine } from './parked-record.js';

export interface ParkedFilter {
  readonly code?: string;
  readonly topic?: string;
  readonly id?: string;
}

/**
 * Parked records that match, newest first, at most `limit`; those of all readers together.
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
    const lines = (await readFile(join(directory, deadLetterFileName(number)), 'utf8')).split('\n');
    for (let i = lines.length - 1; i >= 0 && found.length < limit; i -= 1) {
      // Cheap first look: most lines need no parsing when one record is wanted.
      if (filter.id !== undefined && !lines[i]!.includes(filter.id)) continue;
      const parked = parseParkedLine(lines[i]!);
      if (parked !== undefined && matches(parked, filter)) found.push(parked);
    }
    if (found.length >= limit) break;
  }
  return found;
}

function matches(parked: ParkedRecord, filter: ParkedFilter): boolean {
  if (filter.id !== undefined && parked.id !== filter.id) return false;
  if (filter.code !== undefined && parked.code !== filter.code) return false;
  return filter.topic === undefined || parked.topic === filter.topic;
}
