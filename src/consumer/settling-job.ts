import type { SettledAs } from '../dead-letter/settled-journal.js';
import type { SettlingKind, SettlingStatus } from '../dead-letter/settling-status.js';
import type { SinkStatus } from '../sink/sink.js';

/** How far one replay or purge is. */
export class SettlingJob {
  readonly kind: SettlingKind;
  readonly dryRun: boolean;
  readonly #startedAtMs: number;
  #state: SettlingStatus['state'] = 'running';
  #selected = 0;
  #written = 0;
  #filtered = 0;
  #purged = 0;
  readonly #parkedAgain = new Map<string, number>();
  #failure: string | undefined;
  #waitingFor: string | undefined;

  constructor(kind: SettlingKind, dryRun: boolean, startedAtMs: number) {
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

  addSettled(fates: readonly SettledAs[]): void {
    for (const fate of fates) {
      if (fate.to === 'written') this.#written += 1;
      else if (fate.to === 'filtered') this.#filtered += 1;
      else if (fate.to === 'purged') this.#purged += 1;
      else this.#parkedAgain.set(fate.code, (this.#parkedAgain.get(fate.code) ?? 0) + 1);
    }
  }

  waitFor(what: string | undefined): void {
    this.#waitingFor = what;
  }

  end(state: Exclude<SettlingStatus['state'], 'running'>, failure?: string): void {
    this.#state = state;
    this.#failure = failure;
    this.#waitingFor = undefined;
  }

  /** `store`: how it is doing, for what the job waits for. */
  status(store: SinkStatus | undefined): SettlingStatus {
    const isWaitingForStore =
      this.isRunning && this.kind === 'replay' && !this.dryRun && (store?.state ?? 'healthy') !== 'healthy';
    const waitingFor = this.#waitingFor ?? (isWaitingForStore ? store?.detail : undefined);
    return {
      kind: this.kind,
      state: this.#state,
      dryRun: this.dryRun,
      startedAtMs: this.#startedAtMs,
      selected: this.#selected,
      settled: {
        written: this.#written,
        filtered: this.#filtered,
        parkedAgain: [...this.#parkedAgain.values()].reduce((sum, count) => sum + count, 0),
        purged: this.#purged,
      },
      parkedAgain: Object.fromEntries(this.#parkedAgain),
      ...(this.#failure === undefined ? {} : { failure: this.#failure }),
      ...(waitingFor === undefined ? {} : { waitingFor }),
    };
  }
}
