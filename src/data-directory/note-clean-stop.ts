import { join } from 'node:path';
import {
  CONSUMER_READER,
  checkpointFileNames,
  FORWARDER_READER,
  readCheckpointFile,
} from '../ledger/checkpoint-file.js';
import { writeCleanStop } from './clean-stop.js';
import type { DataDirectory } from './data-directory.js';
import { filledSegments } from './log-fit.js';

/**
 * Leaves the note of an orderly stop, as the last thing before the lock is released: the log is closed, and its last
 * checkpoints are saved. Rejects with the system's error.
 */
export async function noteCleanStop(directory: DataDirectory, logEnd: number): Promise<void> {
  const { id } = directory;
  if (id === undefined) return;
  const checkpoints: Record<string, number> = {};
  for (const reader of [CONSUMER_READER, FORWARDER_READER]) {
    const file = await readCheckpointFile(join(directory.checkpoints, checkpointFileNames(reader).newest));
    if (file.kind === 'good') checkpoints[reader] = file.crc32;
  }
  const segments = (await filledSegments(directory.log)).map(({ fileName }) => fileName);
  await writeCleanStop(directory.root, { directory: id, logEnd, segments, checkpoints });
}
