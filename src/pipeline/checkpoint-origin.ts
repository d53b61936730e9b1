import type { DataDirectory } from '../data-directory/data-directory.js';
import type { CheckpointOrigin } from '../ledger/checkpoint-file.js';
import { readdir } from '../lib/files.js';
import { sequenceOfPosition } from '../stream/log/log-reader.js';
import { parseSegmentNames } from '../stream/log/segment-name.js';
import type { Position } from '../stream/stream.js';

/** Says where a checkpoint of a reader of Kinesis belongs. */
export async function directoryOrigin({
  id,
}: Pick<DataDirectory, 'id'>): Promise<CheckpointOrigin | undefined> {
  return id === undefined ? undefined : { directory: id };
}

/**
 * Says where a checkpoint of a reader of the log belongs. The log deletes a segment only when a saved checkpoint is behind
 * its end, and keeps the newest one that has a record. So until the next checkpoint one of the segments named here is
 * there, or nothing from before the position is left.
 */
export async function logOrigin(
  { log, id }: Pick<DataDirectory, 'log' | 'id'>,
  position: Position,
): Promise<CheckpointOrigin> {
  const sequence = sequenceOfPosition(position);
  const segments = parseSegmentNames(await readdir(log));
  const before = segments.findLast(({ base }) => base < sequence);
  const at = segments.findLast(({ base }) => base <= sequence);
  const names = [before, at].flatMap((segment) => (segment === undefined ? [] : [segment.fileName]));
  return { directory: id, segments: [...new Set(names)] };
}
