import { mkdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { open, readdir, readFile } from '../../lib/files.js';
import { syncDirectory } from '../../lib/sync-directory.js';
import { nextFrame, readFrame } from './frame.js';
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
}

/**
 * Finds the end of the log after any kind of stop. Every good frame stays, also behind a damaged one; the bytes behind
 * the last good frame are removed. Only the newest segment can be torn, so only that one is read: readers find,
 * skip and count damage in older ones. Running it again changes nothing.
 */
export async function recoverLog(directory: string, maxBodyBytes: number): Promise<RecoveredLog> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const names = parseSegmentNames(await readdir(directory));
  const segments: Segment[] = [];
  let removed = false;
  for (const name of names) {
    const { size } = await stat(join(directory, name.fileName));
    if (size > 0) {
      segments.push({ ...name, sizeBytes: size });
      continue;
    }
    await unlink(join(directory, name.fileName));
    removed = true;
  }

  let nextSequence = names.at(-1)?.base ?? 0;
  let lastReceivedAtNs = 0n;
  let receiveSpans: readonly ReceiveSpan[] = [];
  let tornBytes = 0;
  let tornFile: string | undefined;
  const newest = segments.at(-1);
  if (newest !== undefined) {
    const found = await findEnd(join(directory, newest.fileName), newest, maxBodyBytes);
    nextSequence = Math.max(nextSequence, found.nextSequence);
    lastReceivedAtNs = found.lastReceivedAtNs;
    receiveSpans = found.receiveSpans;
    if (found.endBytes < newest.sizeBytes) {
      tornBytes = newest.sizeBytes - found.endBytes;
      tornFile = newest.fileName;
      await cutOff(join(directory, newest.fileName), found.endBytes);
      segments[segments.length - 1] = { ...newest, sizeBytes: found.endBytes };
    }
    if (found.endBytes === 0) {
      await unlink(join(directory, newest.fileName));
      segments.pop();
      removed = true;
    }
  }
  if (removed) await syncDirectory(directory);
  return { segments, nextSequence, lastReceivedAtNs, receiveSpans, tornBytes, tornFile };
}

async function findEnd(path: string, segment: SegmentName, maxBodyBytes: number) {
  const bytes = await readFile(path);
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

async function cutOff(path: string, endBytes: number): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.truncate(endBytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
