import type { Clock } from '../clock.js';
import { SluiceError } from '../errors.js';
import type { Position } from '../stream/stream.js';
import { Turns } from '../turns.js';
import type { Warn } from '../warnings.js';
import type { Checkpoint, CheckpointStore } from './checkpoint-store.js';

export interface CheckpointSaverDeps {
  readonly checkpoints: CheckpointStore;
  readonly clock: Clock;
  readonly intervalMs: number;
  /** After each durable checkpoint: what lies before it is needed no more. */
  readonly onCheckpoint: (position: Position) => void;
  /** A save that nobody waited for has failed, and trying again will not help. */
  readonly onFailure: (thrown: unknown) => void;
  readonly warn: Warn;
}

/**
 * Saves the last checkpoint it was given, at most once an interval. It is given whole, as it was when a batch was
 * settled, so that position, ledger and end of the dead letter fit whenever it is saved, whatever happens meanwhile.
 */
export class CheckpointSaver {
  readonly #deps: CheckpointSaverDeps;
  #last: Checkpoint | undefined;
  #saved: Checkpoint | undefined;
  #savedAtMs = Number.NEGATIVE_INFINITY;
  readonly #saves = new Turns();
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(deps: CheckpointSaverDeps) {
    this.#deps = deps;
  }

  /** Saved now if the interval is over, else when it is. */
  moved(checkpoint: Checkpoint): void {
    this.#last = checkpoint;
    if (this.#timer !== undefined || this.#isStopped) return;
    const waitMs = this.#savedAtMs + this.#deps.intervalMs - this.#deps.clock.monotonicMs();
    if (waitMs > 0) this.#timer = setTimeout(() => this.#saveUnasked(), waitMs);
    else this.#saveUnasked();
  }

  /** Saves what has not been saved yet. Rejects with CHECKPOINT_FAILED, or with what may be tried again. */
  save(): Promise<void> {
    return this.#saves.take(() => this.#saveNow());
  }

  /** The last one: a place that lies behind costs a replay, no record, so what may be tried again is only told. */
  async saveAtEnd(): Promise<void> {
    try {
      await this.save();
    } catch (thrown) {
      if (!isRetryable(thrown)) throw thrown;
      this.#deps.warn(
        { code: thrown.code, reason: thrown.message },
        'the place could not be saved at the end',
      );
    }
  }

  /** Resolves when no save is under way, and none begins by itself any more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#saves.idle();
  }

  #saveUnasked(): void {
    this.#timer = undefined;
    this.save().catch((thrown: unknown) => {
      if (isRetryable(thrown)) this.#saveLater(thrown);
      else this.#deps.onFailure(thrown);
    });
  }

  #saveLater(why: SluiceError): void {
    const { warn, intervalMs } = this.#deps;
    warn({ code: why.code, reason: why.message }, 'the place could not be saved; it is tried again');
    if (this.#timer === undefined && !this.#isStopped) {
      this.#timer = setTimeout(() => this.#saveUnasked(), intervalMs);
    }
  }

  async #saveNow(): Promise<void> {
    const checkpoint = this.#last;
    if (checkpoint === undefined || checkpoint === this.#saved) return;
    // Before the write: what settles during it waits for the next interval.
    this.#savedAtMs = this.#deps.clock.monotonicMs();
    await this.#deps.checkpoints.save(checkpoint);
    this.#saved = checkpoint;
    this.#deps.onCheckpoint(checkpoint.position);
  }
}

function isRetryable(thrown: unknown): thrown is SluiceError {
  return thrown instanceof SluiceError && thrown.retryable;
}
