import { join } from 'node:path';
import {
  CONSUMER_READER,
  checkpointFileNames,
  FORWARDER_READER,
  readCheckpointFile,
} from '../ledger/checkpoint-file.js';
import { type CleanStop, writeCleanStop } from './clean-stop.js';
import type { DataDirectory } from './data-directory.js';
import { deadLetterSizes } from './dead-letter-sizes.js';
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
  const deadLetter = await deadLetterSizes(directory.deadLetter);
  await writeCleanStop(directory.root, { directory: id, logEnd, segments, checkpoints, deadLetter });
}

/**
 * Does `work` on the dead letter while no gateway runs, and keeps the note of the last stop true. While the work runs the
 * note says nothing of it: if it is killed, nothing that it has removed is missed.
 */
export async function withDeadLetterNoted<T>(
  { root, deadLetter }: Pick<DataDirectory, 'root' | 'deadLetter'>,
  cleanStop: CleanStop | undefined,
  work: () => Promise<T>,
): Promise<T> {
  if (cleanStop === undefined) return work();
  await writeCleanStop(root, { ...cleanStop, deadLetter: {} });
  const done = await work();
  await writeCleanStop(root, { ...cleanStop, deadLetter: await deadLetterSizes(deadLetter) });
  return done;
}
