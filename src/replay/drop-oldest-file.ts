import { join } from 'node:path';
import { deadLetterFileName, deadLetterFileNumbers } from '../dead-letter/dead-letter-files.js';
import { recordsOfLine } from '../dead-letter/dead-letter-reader.js';
import type { DeadLetterEnd } from '../dead-letter/dead-letter-writer.js';
import { isCausedByDevice } from '../dead-letter/park-codes.js';
import { isSeal, wholeLines } from '../dead-letter/parked-record.js';
import type { JournalEntry, ReplayJournal } from '../dead-letter/replay-journal.js';
import { systemErrorCode } from '../lib/errors.js';
import { readFile } from '../lib/files.js';
import type { JournalFolder } from './journal-folder.js';

/**
 * Gives every record of the oldest file the outcome `dropped`, if devices cause all that are parked in it. Never the newest
 * file, and never one that the checkpoint ends in or before. `mixed` remembers the other files. Resolves with the records.
 */
export async function dropOldestFile(
  folder: JournalFolder,
  end: DeadLetterEnd | undefined,
  mixed: Set<string>,
): Promise<number> {
  const numbers = await deadLetterFileNumbers(folder.path);
  for (const number of numbers.slice(0, -1)) {
    if (end !== undefined && number >= end.file) return 0;
    const path = join(folder.path, deadLetterFileName(number));
    if (mixed.has(path)) continue;
    const entries = entriesToDrop(await readFileIfThere(path), await folder.read(number));
    if (entries === undefined || entries.length === 0) {
      mixed.add(path);
      continue;
    }
    await folder.append(number, entries);
    return entries.length;
  }
  return 0;
}

/** `undefined` when something is parked there that must be kept, or cannot be read. */
function entriesToDrop(file: Buffer, journal: ReplayJournal): JournalEntry[] | undefined {
  const entries: JournalEntry[] = [];
  const replayedAtMs = Date.now();
  let mustStay = false;
  for (const line of wholeLines(file)) {
    if (isSeal(line.bytes)) continue;
    const records = recordsOfLine(line, (at) => {
      mustStay ||= journal.state(at) !== 'final';
    });
    for (const { at, parked } of records) {
      const state = journal.state(at);
      if (state === 'final') continue;
      const from = (state ?? parked).code;
      mustStay ||= !isCausedByDevice(from);
      entries.push({ at, id: parked.id, from, replayedAtMs, outcome: { to: 'dropped' } });
    }
    if (mustStay) return undefined;
  }
  return entries;
}

async function readFileIfThere(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (thrown) {
    if (systemErrorCode(thrown) === 'ENOENT') return Buffer.alloc(0);
    throw thrown;
  }
}
