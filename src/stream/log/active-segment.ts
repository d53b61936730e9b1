import { join } from 'node:path';
import { systemErrorCode } from '../../lib/errors.js';
import { closeDurable } from '../../lib/files.js';
import type { LogFile, LogFiles } from './log-files.js';
import type { Segment } from './recover-log.js';
import type { SegmentName } from './segment-name.js';

/**
 * ActiveSegment is the file at the end of the log: the only one that is written. After a failed write or sync nobody knows
 * what the kernel has kept of it, and a second sync would succeed without it. So whatever lies behind the durable end is
 * cut off before anything is written again.
 */
export class ActiveSegment {
  readonly name: SegmentName;
  readonly #file: LogFile;
  #sizeBytes = 0;
  /** Whether something may lie behind the durable end. */
  #isUncertain = false;

  private constructor(name: SegmentName, file: LogFile) {
    this.name = name;
    this.#file = file;
  }

  /** Creates the file. Resolved: its name is durable. Rejected: it is gone again, or the next try takes it over. */
  static async create(directory: string, name: SegmentName, files: LogFiles): Promise<ActiveSegment> {
    const path = join(directory, name.fileName);
    const file = await openFresh(path, files);
    try {
      await files.syncDirectory(directory);
    } catch (thrown) {
      await closeDurable(file);
      await files.unlink(path).catch(() => undefined);
      throw thrown;
    }
    return new ActiveSegment(name, file);
  }

  /** Bytes that are durable. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Appends the first `lengthBytes` of `buffer`. Resolved: they are durable. Rejected: none of them counts. */
  async append(buffer: Buffer, lengthBytes: number): Promise<void> {
    await this.cutBack();
    this.#isUncertain = true;
    let written = 0;
    while (written < lengthBytes) {
      const position = this.#sizeBytes + written;
      const { bytesWritten } = await this.#file.write(buffer, written, lengthBytes - written, position);
      written += bytesWritten;
    }
    await this.#file.datasync();
    this.#isUncertain = false;
    this.#sizeBytes += lengthBytes;
  }

  /** Removes what a failed append has left behind the durable end. */
  async cutBack(): Promise<void> {
    if (!this.#isUncertain) return;
    await this.#file.truncate(this.#sizeBytes);
    this.#isUncertain = false;
  }

  /** What the segment is once nothing more is written to it. */
  sealed(): Segment {
    return { ...this.name, sizeBytes: this.#sizeBytes };
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/** The salt in the name is random: a file that has it already is what a failed try of this process has left. */
async function openFresh(path: string, files: LogFiles): Promise<LogFile> {
  try {
    return await files.open(path, 'wx');
  } catch (thrown) {
    if (systemErrorCode(thrown) !== 'EEXIST') throw thrown;
    return files.open(path, 'w');
  }
}
