import { RESERVE_BYTES } from '../../lib/disk-room.js';
import { errorText } from '../../lib/errors.js';

export interface FullDiskParts {
  readonly freeBytes: () => Promise<number>;
  /** Tries to write again. */
  readonly retry: () => void;
  /** Called before the log takes the first bytes of a disk that has room again. */
  readonly onRoom: () => Promise<void>;
  readonly retryMs: number;
}

/** What must be free beside a batch before writing goes on: the room that checkpoints and journals may need. */
export const HEADROOM_BYTES = RESERVE_BYTES + 256 * 1024;

/**
 * FullDisk is the state of a log that the disk has no room for. Nothing is written then; every second it looks whether
 * there is room again. It leaves the last megabyte to the small files, because without a checkpoint no segment
 * would ever be deleted.
 */
export class FullDisk {
  readonly #parts: FullDiskParts;
  #freeBytes: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: FullDiskParts) {
    this.#parts = parts;
  }

  /** The free bytes when it was last looked; undefined while the disk is not full. */
  get freeBytes(): number | undefined {
    return this.#freeBytes;
  }

  /** A write has failed for lack of room. Resolves with how it is reported if it is the first. */
  async enter(thrown: unknown): Promise<{ readonly reason: string; readonly freeBytes: number } | undefined> {
    const isFirst = this.#freeBytes === undefined;
    this.#freeBytes = await this.#look();
    this.#tryLater();
    return isFirst ? { reason: errorText(thrown), freeBytes: this.#freeBytes } : undefined;
  }

  /** Whether to try to write `bytes`. */
  async mayHaveRoom(bytes: number): Promise<boolean> {
    if (this.#freeBytes === undefined || bytes === 0) return true;
    this.#freeBytes = await this.#look();
    if (this.#freeBytes < bytes + HEADROOM_BYTES) {
      this.#tryLater();
      return false;
    }
    await this.#parts.onRoom();
    return true;
  }

  /** Returns whether the disk was full until now. */
  leave(): boolean {
    const wasFull = this.#freeBytes !== undefined;
    this.stop();
    this.#freeBytes = undefined;
    return wasFull;
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** A file system that cannot even tell how much is free counts as full. */
  async #look(): Promise<number> {
    return this.#parts.freeBytes().catch(() => 0);
  }

  #tryLater(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#parts.retry();
    }, this.#parts.retryMs).unref();
  }
}
