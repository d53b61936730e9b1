import type { Clock } from '../clock.js';
import type { ReplayStore } from '../consumer/decide-parked.js';
import type { JobRequest } from '../consumer/replayer.js';
import { Replayer } from '../consumer/replayer.js';
import { FORWARDER_DEAD_LETTER } from '../dead-letter/dead-letter-files.js';
import type { DeadLetterEnd } from '../dead-letter/dead-letter-writer.js';
import { Settling } from '../dead-letter/settling.js';
import type { SettlingStatus } from '../dead-letter/settling-status.js';
import { savedEnds } from './saved-ends.js';
import type { MovedTotals, SettlingReport } from './settling-protocol.js';
import type { StageHooks } from './thread-protocol.js';

/** Beyond its interval, for the checkpoint to be written. */
export const CHECKPOINT_GRACE_MS = 1_000;

export interface DeskOptions {
  /** The dead letter, and the folder of the checkpoints. */
  readonly deadLetter: string;
  readonly checkpoints: string;
  /** How long a job waits for a checkpoint behind the newest parked records. */
  readonly checkpointWaitMs: number;
  /** Folder of the Kinesis consumer of this process. */
  readonly kinesisFolder?: string;
}

export interface DeskParts {
  /** Absent in a process that only forwards. */
  readonly store?: ReplayStore;
  readonly clock: Clock;
  readonly hooks: Pick<StageHooks, 'onSettled' | 'warn'>;
  /** Parked files have gone. */
  readonly onFreed: () => Promise<void>;
}

/** Replay and purge on a thread, wired: what became of parked records, and the job that is under way. */
export class SettlingDesk {
  readonly #options: DeskOptions;
  readonly #settling: Settling;
  readonly #ownEnds: Map<string, DeadLetterEnd>;
  #replayer: Replayer | undefined;

  private constructor(options: DeskOptions, settling: Settling, ownEnds: Map<string, DeadLetterEnd>) {
    this.#options = options;
    this.#settling = settling;
    this.#ownEnds = ownEnds;
  }

  /** Before anybody parks. Rejects with DEAD_LETTER_FAILED or CHECKPOINT_UNREADABLE. */
  static async open(options: DeskOptions): Promise<SettlingDesk> {
    const saved = savedEnds(options.checkpoints);
    const ownEnds = new Map<string, DeadLetterEnd>();
    const settling = await Settling.open(options.deadLetter, {
      settleableEnd: async (folder) => ownEnds.get(folder) ?? saved(folder),
    });
    return new SettlingDesk(options, settling, ownEnds);
  }

  /** Takes jobs from now on. */
  begin({ store, clock, hooks, onFreed }: DeskParts): void {
    const { checkpointWaitMs } = this.#options;
    this.#replayer = new Replayer(
      { checkpointWaitMs },
      { settling: this.#settling, clock, ...hooks, onFreed, ...(store === undefined ? {} : { store }) },
    );
  }

  /** The dead letter of this thread ended there when its place was saved: for places that are not checkpoint files. */
  noteSaved(folder: string, end: DeadLetterEnd): void {
    this.#ownEnds.set(folder, end);
  }

  start(request: JobRequest): SettlingStatus {
    return this.#replayer!.start(request);
  }

  report(): SettlingReport {
    const status = this.#replayer?.status();
    const moved = this.#settling
      .totals()
      .map(({ folder, totals }) => ({ totals, book: this.#bookOf(folder) }));
    return { moved, ...(status === undefined ? {} : { status }) };
  }

  drain(): void {
    this.#replayer?.drain();
  }

  abort(): void {
    this.#replayer?.abort();
  }

  /** Resolves when the running job has ended. */
  async ended(): Promise<void> {
    await this.#replayer?.ended();
  }

  async close(): Promise<void> {
    this.drain();
    await this.ended();
    await this.#settling.close();
  }

  #bookOf(folder: string): MovedTotals['book'] {
    if (folder === '' || folder === FORWARDER_DEAD_LETTER) return 'log';
    return folder === this.#options.kinesisFolder ? 'kinesis' : 'other';
  }
}
