import { join } from 'node:path';
import { readdir } from '../lib/files.js';
import { ifThere } from '../lib/if-there.js';
import { parseSegmentNames } from '../stream/log/segment-name.js';
import type { DamagedFile } from './find-checkpoints.js';
import { filledSegments, type LogExpectation, lastSequence } from './log-fit.js';

/**
 * Returns the segments that are gone or cut although something says that there was more. After an orderly stop that is its
 * note, and the reader counts what is missing. After a kill it is the checkpoint: the log never ends before a saved
 * position, and what has followed in that segment is known to nobody any more.
 */
export async function missingSegments(log: string, expected: LogExpectation): Promise<DamagedFile[]> {
  const { checkpoint, cleanStop } = expected;
  const filled = await filledSegments(log);
  if (cleanStop !== undefined) {
    const there = new Set(filled.map(({ fileName }) => fileName));
    return cleanStop.segments
      .filter((fileName) => !there.has(fileName))
      .map((fileName) => ({ file: join(log, fileName), why: 'it was there when the gateway stopped' }));
  }
  const anchor = checkpoint?.origin?.segments?.at(-1);
  if (checkpoint === undefined || anchor === undefined) return [];
  const position = Number(checkpoint.position);
  const names = parseSegmentNames((await ifThere(readdir(log))) ?? []);
  // A segment behind the position shows what is missing before it. An empty one was begun when all before it was durable.
  if (names.some(({ base }) => base >= position)) return [];
  if (!names.some(({ fileName }) => fileName === anchor)) {
    return [{ file: join(log, anchor), why: `it was there when the position ${position} was saved` }];
  }
  const newest = filled.at(-1);
  if (newest?.fileName !== anchor) return [{ file: join(log, anchor), why: 'it is empty' }];
  const last = await lastSequence(join(log, anchor), newest);
  if (last === undefined || last + 1 >= position) return [];
  return [{ file: join(log, anchor), why: `it ends with record ${last}, before the position ${position}` }];
}
