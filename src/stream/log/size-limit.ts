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
  | { readonly kind: 'dropped'; readonly fileName: string; readonly records: number };

/** SizeLimit keeps a log within its size: a full log blocks, or drops its oldest segments. */
export class SizeLimit {
  readonly #options: SizeLimitOptions;
  readonly #sealed: SealedSegments;
  readonly #onPressure: (pressure: LogPressure) => void;
  #isBlocked = false;
  #droppedRecords = 0;

  constructor(
    options: SizeLimitOptions,
    sealed: SealedSegments,
    onPressure: (pressure: LogPressure) => void,
  ) {
    this.#options = options;
    this.#sealed = sealed;
    this.#onPressure = onPressure;
  }

  get isBlocked(): boolean {
    return this.#isBlocked;
  }

  get droppedRecords(): number {
    return this.#droppedRecords;
  }

  /** Whether `bytes` more may be written to the active segment. */
  async makeRoom(bytes: number, active: ActiveSegment): Promise<boolean> {
    const { maxSizeBytes, whenFull } = this.#options;
    const isOver = () => this.#sealed.sizeBytes + active.sizeBytes + bytes > maxSizeBytes;
    if (bytes === 0 || !isOver()) return this.#unblock();
    if (whenFull === 'drop-oldest') {
      while (isOver() && !this.#sealed.isEmpty) await this.#dropOldest(active);
      return this.#unblock();
    }
    if (!this.#isBlocked) {
      this.#isBlocked = true;
      this.#onPressure({ kind: 'blocked' });
    }
    return false;
  }

  #unblock(): true {
    if (this.#isBlocked) {
      this.#isBlocked = false;
      this.#onPressure({ kind: 'unblocked' });
    }
    return true;
  }

  async #dropOldest(active: ActiveSegment): Promise<void> {
    const { fileName, records } = await this.#sealed.dropOldest(active.name.base);
    this.#droppedRecords += records;
    if (records > 0) this.#onPressure({ kind: 'dropped', fileName, records });
  }
}
