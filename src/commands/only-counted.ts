import { dataDirectory } from '../data-directory/data-directory.js';
import { readAllCheckpoints } from '../ledger/checkpoint-store.js';

/**
 * The line about parked records that are in no list, because there was not even room for their reason; empty when there
 * are none. It comes from the last checkpoints; consumers with leases have theirs in the lease table, and are omitted.
 */
export async function onlyCountedLine(directory: string, code?: string): Promise<string> {
  let records = 0;
  for (const { ledger } of (await readAllCheckpoints(dataDirectory(directory).checkpoints)).values()) {
    for (const [reason, count] of Object.entries(ledger.onlyCounted ?? {})) {
      if (code === undefined || code === reason) records += count;
    }
  }
  if (records === 0) return '';
  const what = records === 1 ? '1 parked record is' : `${records} parked records are`;
  return `(${what} only counted: there was no room for the reason; nothing of it can be listed, replayed or purged)\n`;
}
