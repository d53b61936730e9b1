import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readdir } from '../../lib/files.js';
import { nextFrame, readFrame } from './frame.js';
import { DISK_FILES, type LogFiles } from './log-files.js';
import { type NotedLog, readLogNote } from './log-note.js';
import { parseSegmentNames, type SegmentName } from './segment-name.js';

export interface Segment extends SegmentName {
  readonly sizeBytes: number;
}

export interface ReceiveSpan {
  readonly firstNs: bigint;
  lastNs: bigint;
}

/** A span ends where nothing was received for longer than this, or where the clock was set back. */
const SPAN_GAP_NS = 600_000_000_000n;

export interface RecoveredLog {
  /** The segments in sequence order; none is empty. */
  readonly segments: readonly Segment[];
  /** The sequence of the next record. */
  readonly nextSequence: number;
  /** The receive time of the newest good record; 0 when there is none. */
  readonly lastReceivedAtNs: bigint;
  /** The spans of time in which the records of the newest segment were received, in the order of the records. */
  readonly receiveSpans: readonly ReceiveSpan[];
  /** Bytes removed behind the last good frame: a write that was interrupted by the end of the process. */
  readonly tornBytes: number;
  readonly tornFile?: string;
  /** Everything before this sequence was deleted by the log itself. */
  readonly oldest: number;
  /** `new` when there was none: a new log, or one of a version before notes. */
  readonly note: 'read' | 'new' | 'damaged';
}

export interface RecoverOptions {
  readonly directory: string;
  readonly maxBodyBytes: number;
  /** The sequence behind the last durable record at a clean stop; absent after a crash. */
  readonly cleanEndSequence?: number;
}

/**
 * Finds the end of the log after any kind of stop. Every good frame stays, also behind a damaged one. Only the newest
 * segment can end in an unfinished write, so only that one is read and cut: readers find, skip and count damage in older
 * ones. After a clean stop nothing is unfinished: what is missing before `cleanEndSequence` is damage, which is left to
 * the readers, and sequences go on behind it. Running it again changes nothing.
 */
export async function recoverLog(
  { directory, maxBodyBytes, cleanEndSequence }: RecoverOptions,
  files: LogFiles = DISK_FILES,
): Promise<RecoveredLog> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const names = parseSegmentNames(await readdir(directory));
  const noted = await readLogNote(directory, files);
  const notedOldest = typeof noted === 'object' ? noted.oldest : 0;
  const segments: Segment[] = [];
  let removed = false;
  for (const [index, name] of names.entries()) {
    const path = join(directory, name.fileName);
    const { size } = await stat(path);
    // Empty, or dropped by a process that ended before the file was gone.
    const isDropped = (names[index + 1]?.base ?? Number.POSITIVE_INFINITY) <= notedOldest;
    if (size > 0 && !isDropped) {
      segments.push({ ...name, sizeBytes: size });
      continue;
    }
    await files.unlink(path);
    removed = true;
  }

  const newestName = names.at(-1);
  let nextSequence = Math.max(newestName?.base ?? 0, notedOldest);
  let lastReceivedAtNs = typeof noted === 'object' ? noted.lastReceivedAtNs : 0n;
  let receiveSpans: readonly ReceiveSpan[] =
    lastReceivedAtNs > 0n ? [{ firstNs: lastReceivedAtNs, lastNs: lastReceivedAtNs }] : [];
  let tornBytes = 0;
  let tornFile: string | undefined;
  const newest = segments.at(-1);
  if (newest !== undefined) {
    const path = join(directory, newest.fileName);
    const found = await findEnd(path, newest, maxBodyBytes, files);
    nextSequence = Math.max(nextSequence, found.nextSequence);
    if (found.lastReceivedAtNs > 0n) ({ lastReceivedAtNs, receiveSpans } = found);
    // An empty segment behind it was opened only when everything in this one was durable.
    const isSealed = newest.fileName !== newestName?.fileName || cleanEndSequence !== undefined;
    if (found.endBytes < newest.sizeBytes && !isSealed) {
      tornBytes = newest.sizeBytes - found.endBytes;
      tornFile = newest.fileName;
      if (found.endBytes === 0) {
        await files.unlink(path);
        segments.pop();
        removed = true;
      } else {
        await cutOff(path, found.endBytes, files);
        segments[segments.length - 1] = { ...newest, sizeBytes: found.endBytes };
      }
    }
  }
  if (removed) await files.syncDirectory(directory);
  nextSequence = Math.max(nextSequence, cleanEndSequence ?? 0);
  const { oldest, note } = oldestOf(noted, segments[0]?.base ?? nextSequence);
  return { segments, nextSequence, lastReceivedAtNs, receiveSpans, tornBytes, tornFile, oldest, note };
}

/** Without a note nobody can tell what was deleted from what was lost: it counts as deleted, as before there were notes. */
function oldestOf(
  noted: NotedLog | 'missing' | 'damaged',
  firstBase: number,
): Pick<RecoveredLog, 'oldest' | 'note'> {
  if (typeof noted === 'object') return { oldest: noted.oldest, note: 'read' };
  return { oldest: firstBase, note: noted === 'missing' ? 'new' : 'damaged' };
}

async function findEnd(path: string, segment: SegmentName, maxBodyBytes: number, files: LogFiles) {
  const bytes = await files.read(path);
  let endBytes = 0;
  let nextSequence = segment.base;
  let lastReceivedAtNs = 0n;
  const receiveSpans: ReceiveSpan[] = [];
  for (;;) {
    const scanned = nextFrame(bytes, endBytes, segment.salt, nextSequence, maxBodyBytes, true);
    if (scanned.kind === 'end') return { endBytes, nextSequence, lastReceivedAtNs, receiveSpans };
    endBytes = scanned.end;
    nextSequence = scanned.sequence + 1;
    lastReceivedAtNs = readFrame(bytes, scanned.start, scanned.end).receivedAtNs;
    addToSpans(receiveSpans, lastReceivedAtNs);
  }
}

function addToSpans(spans: ReceiveSpan[], ns: bigint): void {
  const span = spans.at(-1);
  if (span !== undefined && ns >= span.lastNs && ns - span.lastNs <= SPAN_GAP_NS) span.lastNs = ns;
  else spans.push({ firstNs: ns, lastNs: ns });
}

async function cutOff(path: string, endBytes: number, files: LogFiles): Promise<void> {
  const file = await files.open(path, 'r+');
  try {
    await file.truncate(endBytes);
    await file.datasync();
  } finally {
    await file.close();
  }
}
