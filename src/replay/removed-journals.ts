import { access, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import {
  deadLetterFileName,
  journalFileName,
  REMOVED_JOURNALS_FILE,
} from '../dead-letter/dead-letter-files.js';
import { ReplaySums, type ReplayTotals } from '../dead-letter/replay-totals.js';
import { replaceFile } from '../lib/durable-files.js';
import { errorText, SluiceError, systemErrorCode } from '../lib/errors.js';
import { readFile } from '../lib/files.js';
import { syncDirectory } from '../lib/sync-directory.js';
import type { Warn } from '../lib/warnings.js';

/** The key in that file next to the checksum: its stored name since format 0.1. */
const CONTENT_KEY = 'absorbed';

/** The totals of the journals of a folder that were removed, together with their parked files. Stored as it is. */
export interface RemovedJournals {
  readonly totals: ReplayTotals;
  /** Numbers of files that are counted in `totals` already and are still to be removed. */
  readonly removing: readonly number[];
}

type Saved =
  | { readonly content: RemovedJournals; readonly problem?: undefined }
  | { readonly problem: string; readonly isDamaged: boolean };

/** Rejects with DEAD_LETTER_FAILED if the file is damaged: the totals never start over silently. */
export async function readRemovedJournals(folder: string): Promise<RemovedJournals> {
  const path = join(folder, REMOVED_JOURNALS_FILE);
  const saved = await readSaved(path);
  if (saved.problem !== undefined) throw unreadable(path, saved.problem);
  return saved.content;
}

async function readSaved(path: string): Promise<Saved> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (thrown) {
    if (systemErrorCode(thrown) === 'ENOENT')
      return { content: { totals: new ReplaySums().totals(), removing: [] } };
    return { problem: errorText(thrown), isDamaged: false };
  }
  let saved: { crc32?: number; [CONTENT_KEY]?: RemovedJournals };
  try {
    saved = JSON.parse(text) as typeof saved;
  } catch (thrown) {
    return { problem: errorText(thrown), isDamaged: true };
  }
  const content = saved[CONTENT_KEY];
  if (content === undefined || crc32(JSON.stringify(content)) !== saved.crc32) {
    return { problem: 'its checksum does not match', isDamaged: true };
  }
  return { content };
}

/**
 * Moves a damaged totals file aside: a start must not fail for it. The ledger then counts the records that it was about as
 * unreadable. Anything else that keeps it from being read is left to `finishRemoving`.
 */
export async function moveDamagedAside(folder: string, warn: Warn): Promise<void> {
  const path = join(folder, REMOVED_JOURNALS_FILE);
  const saved = await readSaved(path);
  if (saved.problem === undefined || !saved.isDamaged) return;
  await rename(path, `${path}.damaged`);
  await syncDirectory(folder);
  warn(
    { code: 'DEAD_LETTER_DAMAGED', heldBack: 0, file: path, reason: saved.problem },
    'the totals of removed replay journals cannot be read and were moved aside: what became of their records is unknown',
  );
}

export async function hasRemovedJournals(folder: string): Promise<boolean> {
  try {
    await access(join(folder, REMOVED_JOURNALS_FILE));
    return true;
  } catch (thrown) {
    if (systemErrorCode(thrown) === 'ENOENT') return false;
    throw thrown;
  }
}

/** Resolved: durable. */
export async function saveRemovedJournals(folder: string, content: RemovedJournals): Promise<void> {
  const body = JSON.stringify(content);
  await replaceFile(
    join(folder, REMOVED_JOURNALS_FILE),
    `${JSON.stringify({ crc32: crc32(body), [CONTENT_KEY]: content })}\n`,
  );
}

/** Reads the totals, and finishes a removal that a crash has interrupted. */
export async function finishRemoving(folder: string): Promise<RemovedJournals> {
  const removed = await readRemovedJournals(folder);
  if (removed.removing.length === 0) return removed;
  // The process may have been killed before the name of the totals was durable.
  await syncDirectory(folder);
  return removeCounted(folder, removed);
}

/** Removes the files that the durable totals count already. */
export async function removeCounted(
  folder: string,
  { totals, removing }: RemovedJournals,
): Promise<RemovedJournals> {
  for (const number of removing) {
    // The parked file first: without its journal it would look as if none of its records had been replayed.
    await rm(join(folder, deadLetterFileName(number)), { force: true });
    await rm(join(folder, journalFileName(number)), { force: true });
  }
  // The files must be gone for good before the totals stop naming them.
  await syncDirectory(folder);
  const done: RemovedJournals = { totals, removing: [] };
  await saveRemovedJournals(folder, done);
  return done;
}

function unreadable(path: string, why: string): SluiceError {
  return new SluiceError(
    'DEAD_LETTER_FAILED',
    `the totals of removed replay journals in ${path} cannot be used: ${why}. Restore the file from a backup, or move it ` +
      'away: the ledger then shows records as parked that were replayed or purged long ago',
  );
}
