import { type FileHandle, open } from 'node:fs/promises';
import { systemErrorCode } from '../errors.js';
import { LINE_FEED, type ParkedLine } from './parked-lines.js';

const SLICE_BYTES = 256 * 1024;

/** Some whole lines of a file, with the line feed of each; `at` is the byte offset of the first. */
export interface LineSlice {
  readonly at: number;
  readonly bytes: Buffer;
}

/**
 * The whole lines of a file, the last ones first, read piece by piece: the newest records of a large file cost what they
 * take, not what the file takes. A torn tail is none; nothing of a file that is gone.
 */
export async function* slicesFromEnd(path: string, sliceBytes = SLICE_BYTES): AsyncGenerator<LineSlice> {
  const handle = await openedIfThere(path);
  if (handle === undefined) return;
  try {
    /** Begins before `end`, where the rest of its first line is. */
    let behind: Buffer = Buffer.alloc(0);
    let wantedBytes = sliceBytes;
    for (let end = (await handle.stat()).size; end > 0; ) {
      const at = Math.max(0, end - wantedBytes);
      const read = Buffer.allocUnsafe(end - at);
      // Shorter than it was: its records are settled, and it goes.
      if ((await handle.read(read, 0, read.length, at)).bytesRead < read.length) return;
      const bytes = behind.length === 0 ? read : Buffer.concat([read, behind]);
      const start = at === 0 ? 0 : bytes.indexOf(LINE_FEED) + 1;
      const isInsideOneLine = at > 0 && start === 0;
      // Twice as much, or a very long line would be copied together again and again.
      wantedBytes = isInsideOneLine ? wantedBytes * 2 : sliceBytes;
      behind = isInsideOneLine ? bytes : bytes.subarray(0, start);
      end = at;
      if (isInsideOneLine) continue;
      const whole = bytes.subarray(start, bytes.lastIndexOf(LINE_FEED) + 1);
      if (whole.length > 0) yield { at: at + start, bytes: whole };
    }
  } finally {
    await handle.close();
  }
}

/** The lines of a slice, last to first. */
export function* linesFromEnd({ at, bytes }: LineSlice): Generator<ParkedLine> {
  for (let end = bytes.length; end > 0; ) {
    // A negative place would count from the end of the buffer.
    const start = end < 2 ? 0 : bytes.lastIndexOf(LINE_FEED, end - 2) + 1;
    yield { at: at + start, bytes: bytes.subarray(start, end - 1) };
    end = start;
  }
}

async function openedIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (thrown) {
    if (systemErrorCode(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}
