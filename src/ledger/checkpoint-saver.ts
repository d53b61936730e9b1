import type { Clock } from '../lib/clock.js';
import { SluiceError } from '../lib/errors.js';
import { SerialQueue } from '../lib/serial-queue.js';
import { pause } from '../lib/timers.js';
import type { Warn } from '../lib/warnings.js';
import type { Position } from '../stream/stream.js';
import type { Checkpoint, CheckpointStore } from './checkpoint-store.js';

export interface CheckpointSaverDeps {
  readonly checkpoints: CheckpointStore;
  readonly clock: Clock;
  readonly intervalMs: number;
  /** Called after each durable checkpoint: what lies before it is no longer needed. */
  readonly onCheckpoint: (position: Position) => void;
  /** Called when a save on the timer has failed for good. */
  readonly onFailure: (thrown: unknown) => void;
  readonly warn: Warn;
}

const NOT_SAVED = 'the checkpoint could not be saved; it is tried again';
const FIRST_RETRY_MS = 1_000;

/**
 * Saves the newest checkpoint, at most once per interval. It gets whole checkpoints, each made when a batch was completed,
 * so that position, ledger and end of the dead letter always fit together, whenever they are saved.
 */
export class CheckpointSaver {
  readonly #deps: CheckpointSaverDeps;
  #last: Checkpoint | undefined;
  #saved: Checkpoint | undefined;
  #savedAtMs = Number.NEGATIVE_INFINITY;
  readonly #saves = new SerialQueue();
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(deps: CheckpointSaverDeps) {
    this.#deps = deps;
  }

  /** The reader has a new checkpoint: it is saved now, or when the interval since the last save is over. */
  update(checkpoint: Checkpoint): void {
    this.#last = checkpoint;
    if (this.#timer !== undefined || this.#isStopped) return;
    const waitMs = this.#savedAtMs + this.#deps.intervalMs - this.#deps.clock.monotonicMs();
    if (waitMs > 0) this.#timer = setTimeout(() => this.#saveOnTimer(), waitMs);
    else this.#saveOnTimer();
  }

  /** Saves the newest checkpoint if it is not saved yet. Rejects with CHECKPOINT_FAILED or a retryable error. */
  save(): Promise<void> {
    return this.#saves.run(() => this.#saveNow());
  }

  /**
   * Saves the first checkpoint, and waits for as long as a later try may succeed. Resolves also when `signal` has aborted;
   * rejects with an error that no waiting helps against.
   */
  async saveFirst(signal: AbortSignal): Promise<void> {
    for (;;) {
      try {
        await this.save();
        return;
      } catch (thrown) {
        if (!isRetryable(thrown)) throw thrown;
        this.#deps.warn({ code: thrown.code, reason: thrown.message }, NOT_SAVED);
        await pause(FIRST_RETRY_MS, signal);
        if (signal.aborted) return;
      }
    }
  }

  /**
   * Saves the last checkpoint at a stop. A retryable error is only logged: an older position costs no record, the next
   * start reads from there again.
   */
  async saveAtEnd(): Promise<void> {
    try {
      await this.save();
    } catch (thrown) {
      if (!isRetryable(thrown)) throw thrown;
      this.#deps.warn(
        { code: thrown.code, reason: thrown.message },
        'the last checkpoint could not be saved',
      );
    }
  }

  /** Resolves when no save runs; from then on none begins on the timer. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#saves.idle();
  }

  #saveOnTimer(): void {
    this.#timer = undefined;
    this.save().catch((thrown: unknown) => {
      if (isRetryable(thrown)) this.#saveLater(thrown);
      else this.#deps.onFailure(thrown);
    });
  }

  #saveLater(why: SluiceError): void {
    const { warn, intervalMs } = this.#deps;
    warn({ code: why.code, reason: why.message }, NOT_SAVED);
    if (this.#timer === undefined && !this.#isStopped) {
      this.#timer = setTimeout(() => this.#saveOnTimer(), intervalMs);
    }
  }

  async #saveNow(): Promise<void> {
    const checkpoint = this.#last;
    if (checkpoint === undefined || checkpoint === this.#saved) return;
    // Before the write: batches that are completed during it wait for the next interval.
    this.#savedAtMs = this.#deps.clock.monotonicMs();
    await this.#deps.checkpoints.save(checkpoint);
    this.#saved = checkpoint;
    this.#deps.onCheckpoint(checkpoint.position);
  }
}

function isRetryable(thrown: unknown): thrown is SluiceError {
  return thrown instanceof SluiceError && thrown.retryable;
}
