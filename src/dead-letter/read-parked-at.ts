import { join } from 'node:path';
import { systemErrorCode } from '../lib/errors.js';
import { open } from '../lib/files.js';
import { deadLetterFileName } from './dead-letter-files.js';
import type { RecordPlace } from './parked-group.js';
import { type ParkedRecord, parseParkedLine } from './parked-record.js';

/**
 * Reads the record whose line is at a place, as it was parked first. Resolves with `undefined` when it is not there
 * any more. `directory` is the dead letter.
 */
export async function readParkedAt(
  directory: string,
  { id, folder, file, at, end }: RecordPlace,
): Promise<ParkedRecord | undefined> {
  const line = Buffer.allocUnsafe(Math.max(0, end - at - 1));
  try {
    const handle = await open(join(directory, folder, deadLetterFileName(file)), 'r');
    try {
      const { bytesRead } = await handle.read(line, 0, line.length, at);
      if (bytesRead < line.length) return undefined;
    } finally {
      await handle.close();
    }
  } catch (thrown) {
    // The file was removed because none of its records is parked any more.
    if (systemErrorCode(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
  const parked = parseParkedLine(line);
  return parked?.id === id ? parked : undefined;
}
