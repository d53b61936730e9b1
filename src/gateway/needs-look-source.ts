import type { DeviceCounts, NeedsLook } from '../devices/device-state.js';
import { type Pause, pause } from '../lib/timers.js';

/** How old an answer becomes before the store is asked again, and how much longer than the asking took. */
const REFRESH_MS = 5_000;
const TIMES_LONGER = 9;
/** An older answer is shown only when a new one does not come soon. */
const OLD_MS = 30_000;
const WAIT_FOR_NEW_MS = 3_000;

export interface NeedsLookSourceDeps {
  readonly ask: () => Promise<NeedsLook>;
  readonly monotonicMs: () => number;
  readonly pause?: Pause;
}

/**
 * NeedsLookSource shares one answer between all who ask. It asks the store only when somebody asks for it, once at a time,
 * and for at most a tenth of the time. While the store does not answer, the last answer stays: it says as of when it is.
 */
export class NeedsLookSource {
  readonly #deps: NeedsLookSourceDeps;
  readonly #pause: Pause;
  #last: NeedsLook | undefined;
  #lastAtMs = Number.NEGATIVE_INFINITY;
  #refreshFromMs = Number.NEGATIVE_INFINITY;
  #asking: Promise<NeedsLook> | undefined;

  constructor(deps: NeedsLookSourceDeps) {
    this.#deps = deps;
    this.#pause = deps.pause ?? pause;
  }

  /** Rejects as the store does while there has been no answer. */
  async get(): Promise<NeedsLook> {
    const asking = this.#refresh();
    if (this.#last === undefined) return asking ?? this.#ask();
    const isOld = this.#deps.monotonicMs() - this.#lastAtMs > OLD_MS;
    if (isOld && asking !== undefined) {
      const stopWaiting = new AbortController();
      // The last answer stands in for one that fails.
      await Promise.race([
        asking.then(
          () => undefined,
          () => undefined,
        ),
        this.#pause(WAIT_FOR_NEW_MS, stopWaiting.signal),
      ]);
      stopWaiting.abort();
    }
    return this.#last;
  }

  /** What is known now; null: nothing yet. With `refresh` it is asked for, and known later. */
  counts(refresh: boolean): DeviceCounts | null {
    if (refresh) void this.#refresh();
    return this.#last === undefined ? null : { known: this.#last.devices, needLook: this.#last.needLook };
  }

  /** Begins to ask when it is time; returns what is being asked. */
  #refresh(): Promise<NeedsLook> | undefined {
    if (this.#asking === undefined && this.#deps.monotonicMs() >= this.#refreshFromMs) return this.#ask();
    return this.#asking;
  }

  #ask(): Promise<NeedsLook> {
    const startedMs = this.#deps.monotonicMs();
    const asking = this.#deps
      .ask()
      .then((answer) => {
        this.#last = answer;
        this.#lastAtMs = this.#deps.monotonicMs();
        return answer;
      })
      .finally(() => {
        const endedMs = this.#deps.monotonicMs();
        this.#refreshFromMs = endedMs + Math.max(REFRESH_MS, TIMES_LONGER * (endedMs - startedMs));
        this.#asking = undefined;
      });
    this.#asking = asking;
    // A failure is for those who wait for the answer; often nobody does.
    asking.catch(() => undefined);
    return asking;
  }
}
