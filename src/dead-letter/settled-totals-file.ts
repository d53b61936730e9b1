import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { errorText, SluiceError, systemErrorCode } from '../errors.js';
import { replaceFile } from '../replace-file.js';
import { SettledSums, type SettledTotals } from './settled-totals.js';

/** The sums of journals that are gone, or about to be. */
export interface AbsorbedTotals {
  readonly totals: SettledTotals;
  /** Files whose journals are in the totals already and which are to be removed: counted here, not there. */
  readonly removing: readonly number[];
}

const FILE = 'settled-totals.json';

/** Rejects with DEAD_LETTER_FAILED rather than begin the sums again. */
export async function readAbsorbed(folder: string): Promise<AbsorbedTotals> {
  const path = join(folder, FILE);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (thrown) {
    if (systemErrorCode(thrown) === 'ENOENT') return { totals: new SettledSums().totals(), removing: [] };
    throw unreadable(path, errorText(thrown));
  }
  let saved: { crc32?: number; absorbed?: AbsorbedTotals };
  try {
    saved = JSON.parse(text) as typeof saved;
  } catch (thrown) {
    throw unreadable(path, errorText(thrown));
  }
  if (saved.absorbed === undefined || crc32(JSON.stringify(saved.absorbed)) !== saved.crc32) {
    throw unreadable(path, 'its checksum does not match');
  }
  return saved.absorbed;
}

/** Resolved: durable. */
export async function saveAbsorbed(folder: string, absorbed: AbsorbedTotals): Promise<void> {
  const body = JSON.stringify(absorbed);
  await replaceFile(join(folder, FILE), `${JSON.stringify({ crc32: crc32(body), absorbed })}\n`);
}

function unreadable(path: string, why: string): SluiceError {
  return new SluiceError(
    'DEAD_LETTER_FAILED',
    `the sums of settled records in ${path} cannot be used: ${why}. Restore the file from a backup, or move it ` +
      'away: the ledger then shows records as parked that were replayed or purged long ago',
  );
}
