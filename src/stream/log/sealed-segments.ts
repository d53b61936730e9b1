import { join } from 'node:path';
import { systemErrorCode } from '../../lib/errors.js';
import type { LogFiles } from './log-files.js';
import type { Segment } from './recover-log.js';

export interface SealedSegmentsDeps {
  readonly files: LogFiles;
  readonly onDeleted: (segment: Segment) => void;
}

/** SealedSegments has the closed segments of a log, oldest first, and deletes them. */
export class SealedSegments {
  readonly #directory: string;
  readonly #segments: Segment[];
  readonly #deps: SealedSegmentsDeps;
  #sizeBytes: number;

  constructor(directory: string, segments: readonly Segment[], deps: SealedSegmentsDeps) {
    this.#directory = directory;
    this.#segments = [...segments];
    this.#deps = deps;
    this.#sizeBytes = segments.reduce((sum, segment) => sum + segment.sizeBytes, 0);
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get count(): number {
    return this.#segments.length;
  }

  add(segment: Segment): void {
    this.#segments.push(segment);
    this.#sizeBytes += segment.sizeBytes;
  }

  /** The oldest segment, and the sequence behind it; `endOfAll` is the sequence behind the newest. */
  oldest(endOfAll: number): { readonly fileName: string; readonly end: number } | undefined {
    const oldest = this.#segments[0];
    return oldest && { fileName: oldest.fileName, end: this.#segments[1]?.base ?? endOfAll };
  }

  /**
   * Deletes the oldest segment. It is emptied first, so that its bytes are freed also while a reader has it open. A reader that
   * has read all of it keeps it open until there is a next record, which a full disk would never take.
   */
  async deleteOldest(): Promise<void> {
    const oldest = this.#segments.shift()!;
    this.#sizeBytes -= oldest.sizeBytes;
    const path = join(this.#directory, oldest.fileName);
    try {
      await this.#deps.files.truncate(path, 0).catch(() => undefined);
      await this.#deps.files.unlink(path);
    } catch (thrown) {
      // Somebody else has removed it.
      if (systemErrorCode(thrown) !== 'ENOENT') {
        this.#segments.unshift(oldest);
        this.#sizeBytes += oldest.sizeBytes;
        throw thrown;
      }
    }
    this.#deps.onDeleted(oldest);
  }
}
