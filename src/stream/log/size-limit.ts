import type { ActiveSegment } from './active-segment.js';
import type { SealedSegments } from './sealed-segments.js';

export interface SizeLimitOptions {
  /** The limit for all segments together. */
  readonly maxSizeBytes: number;
  readonly whenFull: 'block' | 'drop-oldest';
}

/** LogPressure reports that the log starts or stops to block, or that it has dropped records. */
export type LogPressure =
  | { readonly kind: 'blocked' | 'unblocked' }
  /** There is no room on the disk; `reason` is what the system says. */
  | { readonly kind: 'disk-full'; readonly reason: string; readonly freeBytes: number }
  | {
      readonly kind: 'dropped';
      readonly fileName: string;
      /** Records that no reader has read. */
      readonly records: number;
      /** Reader → records that it has not read. */
      readonly missed: Readonly<Record<string, number>>;
    };

/** SizeLimit keeps a log within its size: a full log blocks, or drops its oldest segments. */
export class SizeLimit {
  readonly #options: SizeLimitOptions;
  readonly #sealed: SealedSegments;
  /** Drops the oldest segment; resolves with false when there is none. */
  readonly #dropOldest: () => Promise<boolean>;
  #isBlocked = false;

  constructor(options: SizeLimitOptions, sealed: SealedSegments, dropOldest: () => Promise<boolean>) {
    this.#options = options;
    this.#sealed = sealed;
    this.#dropOldest = dropOldest;
  }

  get isBlocked(): boolean {
    return this.#isBlocked;
  }

  /** Whether `bytes` more may be written to the active segment. */
  async makeRoom(bytes: number, active: ActiveSegment): Promise<boolean> {
    const { maxSizeBytes, whenFull } = this.#options;
    const isOver = () => this.#sealed.sizeBytes + active.sizeBytes + bytes > maxSizeBytes;
    if (bytes > 0 && isOver() && whenFull === 'drop-oldest') {
      while (isOver() && (await this.#dropOldest()));
      this.#isBlocked = false;
      return true;
    }
    this.#isBlocked = bytes > 0 && isOver();
    return !this.#isBlocked;
  }
}
