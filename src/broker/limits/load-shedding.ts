export interface LoadSheddingOptions {
  /** How late a timer of the thread may be. */
  readonly maxLagMs: number;
  /** Resident memory of the process. */
  readonly maxMemoryBytes: number;
}

export interface LoadSheddingDeps {
  readonly monotonicMs: () => number;
  /** Absent: that of the process. */
  readonly memoryBytes?: () => number;
}

const LOOK_EVERY_MS = 250;
/** A lag counts for so many looks: after a second without one, connections are accepted again. */
const LOOKS = 4;
/** A timer that is later than this was not held up by work: the process was stopped, or its machine was. */
const MAX_BUSY_MS = 60_000;
const MiB = 2 ** 20;

/**
 * LoadShedding says when the process has too much to do to take on another client: its thread lags, or its memory is used
 * up. Connections that are open are not affected.
 */
export class LoadShedding {
  readonly #options: LoadSheddingOptions;
  readonly #deps: LoadSheddingDeps;
  readonly #timer: NodeJS.Timeout;
  readonly #lagsMs: number[] = Array.from({ length: LOOKS }, () => 0);
  #looks = 0;
  #lookedAtMs: number;
  #memoryBytes = 0;

  constructor(options: LoadSheddingOptions, deps: LoadSheddingDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#lookedAtMs = deps.monotonicMs();
    this.#timer = setInterval(() => this.look(), LOOK_EVERY_MS).unref();
  }

  /** Measures lag and memory; the timer calls it. */
  look(): void {
    const nowMs = this.#deps.monotonicMs();
    const lagMs = nowMs - this.#lookedAtMs - LOOK_EVERY_MS;
    this.#lagsMs[this.#looks % LOOKS] = lagMs > MAX_BUSY_MS ? 0 : lagMs;
    this.#looks += 1;
    this.#lookedAtMs = nowMs;
    try {
      this.#memoryBytes = this.#deps.memoryBytes?.() ?? process.memoryUsage.rss();
    } catch {
      // Node opens a file to know it, and the process may have no free descriptor: the last figure stands.
    }
  }

  /** Why no further client is accepted at the moment; `undefined` when one is. */
  reason(): string | undefined {
    const { maxLagMs, maxMemoryBytes } = this.#options;
    const lagMs = Math.max(...this.#lagsMs);
    if (lagMs > maxLagMs) return `the broker's thread was ${Math.round(lagMs)} ms late`;
    if (this.#memoryBytes <= maxMemoryBytes) return undefined;
    return `the process uses ${Math.round(this.#memoryBytes / MiB)} MiB of memory`;
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
