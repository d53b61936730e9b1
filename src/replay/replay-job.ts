import type { ReplayOutcome } from '../dead-letter/replay-journal.js';
import { isUnavailable, type SinkStatus } from '../sink/sink.js';
import type { ReplayKind, ReplayStatus } from './replay-status.js';

/** Counts the progress of one replay or purge. */
export class ReplayJob {
  readonly kind: ReplayKind;
  readonly dryRun: boolean;
  readonly #startedAtMs: number;
  #state: ReplayStatus['state'] = 'running';
  #selected = 0;
  #withoutPayload = 0;
  #unreadable = 0;
  #written = 0;
  #filtered = 0;
  #purged = 0;
  readonly #parkedAgain = new Map<string, number>();
  #failure: string | undefined;
  #waitingFor: string | undefined;

  constructor(kind: ReplayKind, dryRun: boolean, startedAtMs: number) {
    this.kind = kind;
    this.dryRun = dryRun;
    this.#startedAtMs = startedAtMs;
  }

  get isRunning(): boolean {
    return this.#state === 'running';
  }

  addSelected(): void {
    this.#selected += 1;
  }

  /** A record that matches and cannot be replayed, because its payload is not kept: it stays parked. */
  addWithoutPayload(): void {
    this.#withoutPayload += 1;
  }

  /** Lines of parked files that cannot be read. */
  addUnreadable(lines: number): void {
    this.#unreadable += lines;
  }

  addOutcomes(outcomes: readonly ReplayOutcome[]): void {
    for (const outcome of outcomes) {
      if (outcome.to === 'written') this.#written += 1;
      else if (outcome.to === 'filtered') this.#filtered += 1;
      else if (outcome.to === 'purged') this.#purged += 1;
      else if (outcome.to === 'parked') increase(this.#parkedAgain, outcome.code);
    }
  }

  waitFor(what: string | undefined): void {
    this.#waitingFor = what;
  }

  end(state: Exclude<ReplayStatus['state'], 'running'>, failure?: string): void {
    this.#state = state;
    this.#failure = failure;
    this.#waitingFor = undefined;
  }

  /** `store` is the status of the store: a job that writes to it may be waiting for it. */
  status(store: SinkStatus | undefined): ReplayStatus {
    const isWaitingForStore =
      this.isRunning && this.kind === 'replay' && !this.dryRun && store !== undefined && isUnavailable(store);
    return {
      kind: this.kind,
      state: this.#state,
      dryRun: this.dryRun,
      startedAtMs: this.#startedAtMs,
      selected: this.#selected,
      outcomes: {
        written: this.#written,
        filtered: this.#filtered,
        parkedAgain: [...this.#parkedAgain.values()].reduce((sum, count) => sum + count, 0),
        purged: this.#purged,
      },
      parkedAgain: Object.fromEntries(this.#parkedAgain),
      ...(this.#withoutPayload > 0 ? { withoutPayload: this.#withoutPayload } : {}),
      ...(this.#unreadable > 0 ? { unreadable: this.#unreadable } : {}),
      failure: this.#failure,
      waitingFor: this.#waitingFor ?? (isWaitingForStore ? store?.detail : undefined),
    };
  }
}

function increase(counts: Map<string, number>, code: string): void {
  counts.set(code, (counts.get(code) ?? 0) + 1);
}
