import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { withReserve } from '../../lib/disk-room.js';
import { systemErrorCode } from '../../lib/errors.js';
import { closeDurable } from '../../lib/files.js';
import { SerialQueue } from '../../lib/serial-queue.js';
import type { LogFiles } from './log-files.js';

export const LOG_NOTE_FILE = 'log.note';

/** What the segments of a log cannot tell, because it is about those that were deleted. */
export interface NotedLog {
  /** The log deleted everything before this sequence. What is missing behind it was lost in another way. */
  readonly oldest: number;
  /** The receive time of the newest record when the last segment was deleted. */
  readonly lastReceivedAtNs: bigint;
}

/** `oldest, 16 digits, space, lastReceivedAtNs, 20 digits, space, CRC-32 of both, 8 hex digits` */
const PATTERN = /^((\d{16}) (\d{20})) ([0-9a-f]{8})\n$/;

/** Reads the note; 'missing' in the log of a version before notes, 'damaged' when it is not what was written. */
export async function readLogNote(
  directory: string,
  files: LogFiles,
): Promise<NotedLog | 'missing' | 'damaged'> {
  let text: string;
  try {
    text = (await files.read(join(directory, LOG_NOTE_FILE))).toString('latin1');
  } catch (thrown) {
    if (systemErrorCode(thrown) === 'ENOENT') return 'missing';
    throw thrown;
  }
  // The process ended between making the file and writing it.
  if (text === '') return 'missing';
  const [, body, oldest, lastReceivedAtNs, checksum] = PATTERN.exec(text) ?? [];
  if (body === undefined || checksum !== checksumOf(body)) return 'damaged';
  return { oldest: Number(oldest), lastReceivedAtNs: BigInt(lastReceivedAtNs!) };
}

/** The note of an open log. Its two numbers never go back. */
export class LogNote {
  readonly #directory: string;
  readonly #files: LogFiles;
  readonly #writes = new SerialQueue();
  #noted: NotedLog;

  constructor(directory: string, files: LogFiles, noted: NotedLog) {
    this.#directory = directory;
    this.#files = files;
    this.#noted = noted;
  }

  get oldest(): number {
    return this.#noted.oldest;
  }

  /** To be called before segments are deleted. Resolved: durable. */
  raise(oldest: number, lastReceivedAtNs: bigint): Promise<void> {
    return this.#writes.run(async () => {
      const before = this.#noted;
      if (oldest <= before.oldest && lastReceivedAtNs <= before.lastReceivedAtNs) return;
      const next: NotedLog = {
        oldest: Math.max(oldest, before.oldest),
        lastReceivedAtNs:
          lastReceivedAtNs > before.lastReceivedAtNs ? lastReceivedAtNs : before.lastReceivedAtNs,
      };
      await writeLogNote(this.#directory, next, this.#files);
      this.#noted = next;
    });
  }
}

/** Writes the note in place, because a full disk has room for that. Resolved: it is durable. */
export function writeLogNote(directory: string, note: NotedLog, files: LogFiles): Promise<void> {
  const body = `${String(note.oldest).padStart(16, '0')} ${String(note.lastReceivedAtNs).padStart(20, '0')}`;
  const bytes = Buffer.from(`${body} ${checksumOf(body)}\n`, 'latin1');
  const path = join(directory, LOG_NOTE_FILE);
  return withReserve(path, async () => {
    const isThere = await files.read(path).then(
      () => true,
      () => false,
    );
    const file = await files.open(path, isThere ? 'r+' : 'wx');
    try {
      const { bytesWritten } = await file.write(bytes, 0, bytes.length, 0);
      if (bytesWritten < bytes.length) throw noRoom(path);
      await file.truncate(bytes.length);
      await file.datasync();
      if (!isThere) await files.syncDirectory(directory);
    } catch (thrown) {
      // Half of a first note would look like damage to an older one.
      if (!isThere) await files.unlink(path).catch(() => undefined);
      throw thrown;
    } finally {
      await closeDurable(file);
    }
  });
}

function checksumOf(body: string): string {
  return crc32(body).toString(16).padStart(8, '0');
}

function noRoom(path: string): Error {
  return Object.assign(new Error(`ENOSPC: no space left on device, write '${path}'`), { code: 'ENOSPC' });
}
