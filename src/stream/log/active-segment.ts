import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { open } from '../../lib/files.js';
import { syncDirectory } from '../../lib/sync-directory.js';
import type { Segment } from './recover-log.js';
import type { SegmentName } from './segment-name.js';

/** ActiveSegment is the file at the end of the log: the only one that is written. */
export class ActiveSegment {
  readonly name: SegmentName;
  readonly #file: FileHandle;
  #sizeBytes = 0;

  private constructor(name: SegmentName, file: FileHandle) {
    this.name = name;
    this.#file = file;
  }

  /** Creates the file. Resolved: its name is durable. */
  static async create(directory: string, name: SegmentName): Promise<ActiveSegment> {
    const file = await open(join(directory, name.fileName), 'wx', 0o600);
    await syncDirectory(directory);
    return new ActiveSegment(name, file);
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Appends the first `lengthBytes` of `buffer`. Resolved: they are durable. */
  async append(buffer: Buffer, lengthBytes: number): Promise<void> {
    let written = 0;
    while (written < lengthBytes) {
      const position = this.#sizeBytes + written;
      const { bytesWritten } = await this.#file.write(buffer, written, lengthBytes - written, position);
      written += bytesWritten;
    }
    await this.#file.datasync();
    this.#sizeBytes += lengthBytes;
  }

  /** What the segment is once nothing more is written to it. */
  sealed(): Segment {
    return { ...this.name, sizeBytes: this.#sizeBytes };
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
