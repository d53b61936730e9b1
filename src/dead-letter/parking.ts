import { SluiceError } from '../lib/errors.js';
import { pause } from '../lib/timers.js';
import type { Warn } from '../lib/warnings.js';
import type { DeadLetterWriter } from './dead-letter-writer.js';
import type { ParkedRecord } from './parked-record.js';

export interface ParkingDeps {
  readonly deadLetter: Pick<DeadLetterWriter, 'append'>;
  readonly warn: Warn;
  /** Called when records begin to wait for room: the dead letter may have begun a new file then. */
  readonly onFull?: () => void;
  /** The pause between two tries while the dead letter is full. */
  readonly retryMs?: number;
}

const RETRY_MS = 1_000;

/** Parks records, and waits while the dead letter is full. Calls must not overlap. */
export class Parking {
  readonly #deps: ParkingDeps;
  #blockedBy: string | undefined;

  constructor(deps: ParkingDeps) {
    this.#deps = deps;
  }

  /** Why records wait, for a person; undefined while none waits. */
  get blockedBy(): string | undefined {
    return this.#blockedBy;
  }

  /**
   * Resolved: all are on disk. Rejects with DEAD_LETTER_FULL once `signal` has aborted (nothing was written), or
   * with DEAD_LETTER_FAILED.
   */
  async park(parked: readonly ParkedRecord[], signal: AbortSignal): Promise<void> {
    for (;;) {
      try {
        await this.#deps.deadLetter.append(parked);
        this.#blockedBy = undefined;
        return;
      } catch (thrown) {
        if (!(thrown instanceof SluiceError) || thrown.code !== 'DEAD_LETTER_FULL') throw thrown;
        if (this.#blockedBy === undefined) this.#deps.onFull?.();
        this.#blockedBy = thrown.message;
        this.#deps.warn({ code: thrown.code }, thrown.message);
        await pause(this.#deps.retryMs ?? RETRY_MS, signal);
        if (signal.aborted) throw thrown;
      }
    }
  }
}
