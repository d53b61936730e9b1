import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Checkpoint } from '../ledger/checkpoint-file.js';
import { open, readdir, readFile } from '../lib/files.js';
import { ifThere } from '../lib/if-there.js';
import { nextFrame } from '../stream/log/frame.js';
import { parseSegmentNames, type SegmentName } from '../stream/log/segment-name.js';
import type { CleanStop } from './clean-stop.js';
import type { DirectoryProblem } from './directory-problem.js';

const FORMAT = 'SLF1';
/** The first four bytes of a segment whose format has the same name and another number. */
const OTHER_FORMAT = /^SLF[0-9A-Za-z]$/;

/** How much of the end of each segment is read: less of each when there are very many. */
const MAX_TAIL_BYTES = 512 * 1024;
const MIN_TAIL_BYTES = 8 * 1024;
const ALL_TAILS_BYTES = 128 * 1024 * 1024;

/** What is known of the log beside its files. */
export interface LogExpectation {
  /** The checkpoint from which the log is read, with its file. */
  readonly checkpoint: Checkpoint | undefined;
  readonly checkpointFile: string;
  /** Present when a gateway has stopped in order and nothing has used the directory since. */
  readonly cleanStop: CleanStop | undefined;
}

/** The segments of the log that have any bytes, oldest first; recovery removes the others. */
export async function filledSegments(log: string): Promise<SegmentName[]> {
  const filled: SegmentName[] = [];
  for (const segment of parseSegmentNames(await namesIn(log))) {
    if (((await ifThere(stat(join(log, segment.fileName))))?.size ?? 0) > 0) filled.push(segment);
  }
  return filled;
}

/**
 * Returns why the segments cannot be the log of this data directory in a format that this version knows. Damage is no
 * problem here: the log skips and counts it. Nothing is changed.
 */
export async function logProblems(log: string, expected: LogExpectation): Promise<DirectoryProblem[]> {
  const segments = await filledSegments(log);
  const ofFormat: DirectoryProblem[] = [];
  for (const segment of segments) {
    const problem = await formatProblem(log, segment);
    if (problem !== undefined) ofFormat.push(problem);
  }
  if (ofFormat.length > 0) return ofFormat;
  const twice = sameBaseProblems(log, segments);
  if (twice.length > 0) return twice;
  const overlapping = await overlapProblems(log, segments);
  if (overlapping.length > 0) return overlapping;
  const foreign =
    foreignProblem(log, segments, expected) ?? (await beyondEndProblem(log, segments, expected));
  return foreign === undefined ? [] : [foreign];
}

async function formatProblem(log: string, segment: SegmentName): Promise<DirectoryProblem | undefined> {
  const file = join(log, segment.fileName);
  const magic = await firstBytes(file);
  if (magic === FORMAT || !OTHER_FORMAT.test(magic)) return undefined;
  const bytes = await ifThere(readFile(file));
  if (bytes === undefined) return undefined;
  // One damaged byte in the first frame looks the same. The frames behind it are then still good, or it is the only one
  // and still has the checksum of our format.
  const { kind } = nextFrame(bytes, 0, segment.salt, segment.base, bytes.length, true);
  if (kind === 'frame') return undefined;
  bytes.write(FORMAT, 'latin1');
  const only = nextFrame(bytes, 0, segment.salt, segment.base, bytes.length, true);
  if (only.kind === 'frame' && only.start === 0 && only.end === bytes.length) return undefined;
  return {
    kind: 'mismatch',
    file,
    found: `the segment has the format ${magic}`,
    expected: `${FORMAT}, the only one that this version reads`,
    next: 'start the version that has written it, or move the file away: its records are then counted as lost',
  };
}

function sameBaseProblems(log: string, segments: readonly SegmentName[]): DirectoryProblem[] {
  return segments.flatMap((segment, index) => {
    const before = segments[index - 1];
    if (before?.base !== segment.base) return [];
    return {
      kind: 'mismatch',
      file: join(log, segment.fileName),
      found: `${before.fileName} begins with the same record ${segment.base}, and only one of them would be read`,
      expected: 'one segment for each record',
      next: 'move away the one that was put there; the other, larger or newer, is the log of this directory',
    };
  });
}

/** Two segments with the same records: some of them would be read from the wrong one, and the others never. */
async function overlapProblems(log: string, segments: readonly SegmentName[]): Promise<DirectoryProblem[]> {
  const tailBytes = Math.max(MIN_TAIL_BYTES, Math.min(MAX_TAIL_BYTES, ALL_TAILS_BYTES / segments.length));
  const problems: DirectoryProblem[] = [];
  for (const [index, next] of segments.entries()) {
    const before = segments[index - 1];
    if (before === undefined) continue;
    const last = await lastSequence(join(log, before.fileName), before, tailBytes);
    if (last === undefined || last < next.base) continue;
    problems.push({
      kind: 'mismatch',
      file: join(log, next.fileName),
      found: `it begins with record ${next.base}, and ${before.fileName} reaches to record ${last}`,
      expected: 'segments that follow one another',
      next: 'move away the one that was put there; the other is the log of this directory',
    });
  }
  return problems;
}

/** The last good record in the last bytes of a segment; `undefined` when there is none in them. */
export async function lastSequence(
  path: string,
  { base, salt }: SegmentName,
  tailBytes = MAX_TAIL_BYTES,
): Promise<number | undefined> {
  const file = await ifThere(open(path, 'r'));
  if (file === undefined) return undefined;
  try {
    const { size } = await file.stat();
    const bytes = Buffer.alloc(Math.min(size, Math.floor(tailBytes)));
    const { bytesRead } = await file.read(bytes, 0, bytes.length, size - bytes.length);
    const { end } = endOf(bytes.subarray(0, bytesRead), { base, salt });
    return end === base ? undefined : end - 1;
  } finally {
    await file.close();
  }
}

/**
 * Segments that were put there: after an orderly stop there is none that the stop has not noted, and the log always keeps
 * a segment next to the position while it has any from before it.
 */
function foreignProblem(
  log: string,
  segments: readonly SegmentName[],
  { checkpoint, checkpointFile, cleanStop }: LogExpectation,
): DirectoryProblem | undefined {
  const next =
    'restore the log that belongs here, or give these segments a data directory of their own (its folder log/, without checkpoints)';
  const added = cleanStop && segments.find(({ fileName }) => !cleanStop.segments.includes(fileName));
  if (added !== undefined) {
    return {
      kind: 'mismatch',
      file: join(log, added.fileName),
      found: 'the segment was not there when the gateway stopped: it belongs to another log',
      expected: 'only segments that the gateway of this directory has written',
      next,
    };
  }
  // The note of the stop names all of them: none can be of another log.
  if (cleanStop !== undefined) return undefined;
  const anchors = checkpoint?.origin?.segments;
  const oldest = segments[0];
  if (checkpoint === undefined || anchors === undefined || oldest === undefined) return undefined;
  if (oldest.base >= Number(checkpoint.position)) return undefined;
  if (segments.some(({ fileName }) => anchors.includes(fileName))) return undefined;
  return {
    kind: 'mismatch',
    file: join(log, oldest.fileName),
    found: `the log is not the one of the checkpoint ${checkpointFile}, whose position ${checkpoint.position} would skip records of it unread`,
    expected: `the segment ${anchors.join(' or ')}`,
    next,
  };
}

/** A checkpoint of version 0.1 does not name its segments: only a position behind the end of a whole log shows. */
async function beyondEndProblem(
  log: string,
  segments: readonly SegmentName[],
  { checkpoint, checkpointFile }: LogExpectation,
): Promise<DirectoryProblem | undefined> {
  const newest = segments.at(-1);
  if (checkpoint === undefined || checkpoint.origin?.segments !== undefined || newest === undefined)
    return undefined;
  const position = Number(checkpoint.position);
  if (position <= newest.base) return undefined;
  const bytes = await readFile(join(log, newest.fileName));
  const { end, endBytes } = endOf(bytes, newest);
  // Bytes behind the last good record are records that were damaged: the log may have reached the position.
  if (position <= end || endBytes < bytes.length) return undefined;
  return {
    kind: 'mismatch',
    file: checkpointFile,
    found: `its position ${position} is behind the end of the log, which has ${end} records`,
    expected: 'a position inside the log',
    next: 'restore log and checkpoints from the same backup, or move the folder of the checkpoints away to read the log again from its oldest record',
  };
}

function endOf(
  bytes: Buffer,
  { base, salt }: Pick<SegmentName, 'base' | 'salt'>,
): { readonly end: number; readonly endBytes: number } {
  let end = base;
  let endBytes = 0;
  for (;;) {
    const scanned = nextFrame(bytes, endBytes, salt, end, bytes.length, true);
    if (scanned.kind === 'end') return { end, endBytes };
    end = scanned.sequence + 1;
    endBytes = scanned.end;
  }
}

async function firstBytes(path: string): Promise<string> {
  const file = await ifThere(open(path, 'r'));
  if (file === undefined) return FORMAT;
  try {
    const bytes = Buffer.alloc(FORMAT.length);
    const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
    return bytes.toString('latin1', 0, bytesRead);
  } finally {
    await file.close();
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return (await ifThere(readdir(folder))) ?? [];
}
