import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DataDirectory } from '../data-directory/data-directory.js';
import { type DamagedFile, type FoundCheckpoint, isOfLog } from '../data-directory/find-checkpoints.js';
import { filledSegments } from '../data-directory/log-fit.js';
import { isFolderOfLog, readerFolder } from '../dead-letter/dead-letter-files.js';
import { checkpointFileNames, type LogReaderName } from '../ledger/checkpoint-file.js';
import { FileCheckpointStore } from '../ledger/checkpoint-store.js';
import { NO_RECORDS } from '../ledger/ledger.js';
import { withReserve } from '../lib/disk-room.js';
import { replaceFile } from '../lib/durable-files.js';
import { errorText, SluiceError } from '../lib/errors.js';
import { copyFile, readFile } from '../lib/files.js';
import { ifThere } from '../lib/if-there.js';
import { syncDirectory } from '../lib/sync-directory.js';
import type { Warn } from '../lib/warnings.js';
import { archiveParked } from '../replay/archive-parked.js';
import { singleWorkerPositionText } from '../stream/kinesis/reader/single-worker-position.js';
import { DISK_FILES } from '../stream/log/log-files.js';
import { readLogNote } from '../stream/log/log-note.js';
import { logPosition, sequenceOfPosition } from '../stream/log/log-reader.js';
import type { Position } from '../stream/stream.js';
import { directoryOrigin, logOrigin } from './checkpoint-origin.js';

/** The reason under which records are counted whose outcome nobody knows any more, because both checkpoint files are damaged. */
const OUTCOME_UNKNOWN = 'outcome-unknown';

export interface RestoreDeps {
  /** The reader that decides how far the log is deleted. */
  readonly logReader: LogReaderName;
  readonly warn: Warn;
  readonly nowMs: number;
}

/**
 * Makes every checkpoint usable, so that no damaged file of 200 bytes keeps a gateway from receiving. To be called once,
 * under the lock, before anything reads a checkpoint or opens the dead letter. Rejects with CHECKPOINT_FAILED.
 *
 * A newest file that is damaged or gone is replaced by its copy, which has the same content. When both are, reading begins again at
 * the oldest record that is left, with a ledger that says so: points are written again over themselves, and records that
 * are no longer in the log count as lost with an unknown outcome. What they had parked is archived. The same goes for a log
 * that has deleted records and has no checkpoint at all: these were processed, and not dropped.
 */
export async function restoreCheckpoints(
  directory: DataDirectory,
  found: readonly FoundCheckpoint[],
  deps: RestoreDeps,
): Promise<void> {
  try {
    const oldest = await oldestOf(directory.log);
    const isUsable = ({ reader, usable, damaged }: FoundCheckpoint): boolean => {
      if (usable === undefined) return false;
      if (damaged === undefined || reader !== deps.logReader) return true;
      // A copy from before the oldest record was left by a version that does not write copies.
      return sequenceOfPosition(usable.checkpoint.position) >= oldest;
    };
    const hasLogReader = found.some((one) => isOfLog(one.reader) && isUsable(one));
    for (const one of found) {
      const { reader, damaged } = one;
      if (damaged === undefined) continue;
      if (isUsable(one)) await restoreFromCopy(directory, reader, damaged, deps.warn);
      else if (!isOfLog(reader)) await resetStream(directory, reader, damaged, deps);
      else if (reader === deps.logReader || !hasLogReader)
        await resetLog(directory, reader, damaged, oldest, deps);
      else await moveAway(directory, reader, damaged, deps.warn);
    }
    if (oldest > 0 && !found.some(({ reader }) => isOfLog(reader))) {
      const file = join(directory.checkpoints, checkpointFileNames(deps.logReader).newest);
      await resetLog(directory, deps.logReader, { file, why: 'it is missing' }, oldest, deps);
    }
  } catch (thrown) {
    throw new SluiceError(
      'CHECKPOINT_FAILED',
      `a damaged checkpoint in ${directory.checkpoints} cannot be replaced: ${errorText(thrown)}`,
      { cause: thrown },
    );
  }
}

/** The sequence of the oldest record that can be left. The log itself has deleted what is before it, or it is lost. */
async function oldestOf(log: string): Promise<number> {
  const noted = await readLogNote(log, DISK_FILES);
  const [first] = await filledSegments(log);
  return Math.max(first?.base ?? 0, typeof noted === 'object' ? noted.oldest : 0);
}

async function restoreFromCopy(
  { checkpoints }: DataDirectory,
  reader: string,
  damaged: DamagedFile,
  warn: Warn,
): Promise<void> {
  const { newest, copy } = checkpointFileNames(reader);
  await keepDamaged(checkpoints, reader);
  await replaceFile(join(checkpoints, newest), await readFile(join(checkpoints, copy), 'utf8'));
  warn(
    { code: 'CHECKPOINT_RESTORED', file: damaged.file, reason: damaged.why, copy: join(checkpoints, copy) },
    'a checkpoint is damaged or gone; its copy is used',
  );
}

/** The reader of the log begins again at the oldest record; the one that runs now does, whichever lost its checkpoint. */
async function resetLog(
  directory: DataDirectory,
  reader: string,
  damaged: DamagedFile,
  oldest: number,
  deps: RestoreDeps,
): Promise<void> {
  await keepDamaged(directory.checkpoints, reader);
  const archives = await archiveParked(directory.deadLetter, (folder) => !isFolderOfLog(folder), deps.nowMs);
  const store = new FileCheckpointStore(directory.checkpoints, deps.logReader, (position) =>
    logOrigin(directory, position),
  );
  await store.save({
    position: logPosition(oldest),
    ledger: { ...NO_RECORDS, lost: oldest > 0 ? { [OUTCOME_UNKNOWN]: oldest } : {} },
    deadLetterEnd: { file: 0, bytes: 0 },
  });
  if (reader !== deps.logReader) await remove(directory.checkpoints, reader);
  deps.warn(
    { code: 'CHECKPOINT_RESET', ...lostFiles(directory, reader, damaged), outcomeUnknown: oldest, archives },
    'a checkpoint and its copy are damaged or gone: the log is read again from its oldest record, and the ledger starts again',
  );
}

async function resetStream(
  directory: DataDirectory,
  reader: string,
  damaged: DamagedFile,
  { warn, nowMs }: RestoreDeps,
): Promise<void> {
  await keepDamaged(directory.checkpoints, reader);
  const archives = await archiveParked(
    directory.deadLetter,
    (folder) => readerFolder(folder) !== reader,
    nowMs,
  );
  const store = new FileCheckpointStore(directory.checkpoints, reader, () => directoryOrigin(directory));
  await store.save({
    position: OLDEST_OF_STREAM,
    ledger: NO_RECORDS,
    deadLetterEnd: { file: 0, bytes: 0 },
  });
  warn(
    { code: 'CHECKPOINT_RESET', ...lostFiles(directory, reader, damaged), archives },
    'a checkpoint and its copy are damaged or gone: the stream is read again from its oldest record, and the ledger starts again',
  );
}

function lostFiles({ checkpoints }: DataDirectory, reader: string, { file, why }: DamagedFile) {
  return { file, reason: why, copy: join(checkpoints, checkpointFileNames(reader).copy) };
}

/** Shards that a position does not name begin at their oldest record, whatever `stream.kinesis.start` is. */
const OLDEST_OF_STREAM: Position = singleWorkerPositionText({
  shards: new Map(),
  retired: { shards: 0, records: 0 },
});

/** The checkpoint of a reader that does not run: the other reader of the log has the ledger. */
async function moveAway(
  { checkpoints }: DataDirectory,
  reader: string,
  damaged: DamagedFile,
  warn: Warn,
): Promise<void> {
  await remove(checkpoints, reader);
  warn(
    { code: 'CHECKPOINT_RESTORED', file: damaged.file, reason: damaged.why },
    'a checkpoint that is not used in this mode is damaged; it was moved away',
  );
}

/** Keeps what is left of the newest file. A copy that stayed would be taken for a checkpoint whose newest file is gone. */
async function remove(checkpoints: string, reader: string): Promise<void> {
  const { newest, copy, damaged } = checkpointFileNames(reader);
  await ifThere(rename(join(checkpoints, newest), join(checkpoints, damaged)));
  await rm(join(checkpoints, copy), { force: true });
  await syncDirectory(checkpoints);
}

async function keepDamaged(checkpoints: string, reader: string): Promise<void> {
  const { newest, damaged } = checkpointFileNames(reader);
  const path = join(checkpoints, damaged);
  await ifThere(withReserve(path, () => copyFile(join(checkpoints, newest), path)));
}
