import type { Clock } from '../../lib/clock.js';
import type { ComputerRow, SharedTable } from './shared-table.js';

export interface ElectionOptions {
  /** No two live consumers have the same. */
  readonly workerId: string;
  /** After so long without a write of its owner the row is taken over. */
  readonly failoverMs: number;
  /** How often `turn` is called about. */
  readonly turnMs: number;
}

/**
 * Elects one consumer that computes the windows: a row with an owner and a counter that each of its writes raises, conditional
 * on the counter before. No clocks are compared: a counter that has not moved for the fail-over time, as seen by another
 * consumer, is of one that does not live any more.
 */
export class ComputingElection {
  readonly #table: SharedTable;
  readonly #options: ElectionOptions;
  readonly #clock: Clock;
  /** As last read or written. */
  #row: ComputerRow | undefined;
  /** A write was perhaps done: the row has to be read. */
  #isUnclear = false;
  #term: AbortController | undefined;
  #expiresAtMs = Number.NEGATIVE_INFINITY;
  #unchangedMs = 0;
  #observedAtMs: number | undefined;

  constructor(table: SharedTable, options: ElectionOptions, clock: Clock) {
    this.#table = table;
    this.#options = options;
    this.#clock = clock;
  }

  /** No other consumer can have been elected by now. */
  get isMine(): boolean {
    return this.#term !== undefined && this.#clock.monotonicMs() < this.#expiresAtMs;
  }

  /** Aborts soon after this consumer has lost the row. */
  get signal(): AbortSignal {
    return this.#term?.signal ?? AbortSignal.abort();
  }

  /** As it is known to be in the table. */
  get row(): ComputerRow | undefined {
    return this.#row;
  }

  /**
   * Keeps the row, or takes it where it is free. `next` is what the owner says in it. Resolves with whether this consumer was the
   * owner before and is so still: everything that it has read before the call, it has read as the owner. Rejects as the table does.
   */
  async turn(next: Pick<ComputerRow, 'closedToMs' | 'report'>): Promise<boolean> {
    if (this.#term !== undefined && !this.isMine) this.#lose();
    const wasMine = this.#term !== undefined;
    if (!wasMine || this.#isUnclear) await this.#observe();
    if (wasMine && this.#row?.owner !== this.#options.workerId) this.#lose();
    if (this.#term === undefined && !this.#isFree) return false;
    const sentAtMs = this.#clock.monotonicMs();
    const isWritten = await this.#write({
      owner: this.#options.workerId,
      counter: (this.#row?.counter ?? 0) + 1,
      closedToMs: Math.max(this.#closedToMs, wasMine ? next.closedToMs : this.#closedToMs),
      report: wasMine ? next.report : (this.#row?.report ?? ''),
    });
    if (!isWritten) {
      this.#lose();
      return false;
    }
    this.#term ??= new AbortController();
    this.#expiresAtMs = sentAtMs + this.#options.failoverMs;
    return wasMine;
  }

  /** Leaves the row to another consumer at once. */
  async release(): Promise<void> {
    if (this.#term === undefined) return;
    this.#lose();
    const { owner: _owner, ...rest } = this.#row!;
    await this.#write({ ...rest, counter: rest.counter + 1 });
  }

  get #closedToMs(): number {
    return this.#row?.closedToMs ?? Number.NEGATIVE_INFINITY;
  }

  /** A row with the own name is of an earlier process of this consumer, which may still have rows on their way to the store. */
  get #isFree(): boolean {
    return this.#row?.owner === undefined || this.#unchangedMs >= this.#options.failoverMs;
  }

  async #observe(): Promise<void> {
    const before = this.#row?.counter;
    this.#row = await this.#table.computer();
    this.#isUnclear = false;
    const nowMs = this.#clock.monotonicMs();
    // After an outage or a pause of this process, the owner gets time to raise its counter.
    const gapMs = Math.min(nowMs - (this.#observedAtMs ?? nowMs), 2 * this.#options.turnMs);
    this.#observedAtMs = nowMs;
    this.#unchangedMs = this.#row?.counter === before ? this.#unchangedMs + gapMs : 0;
  }

  async #write(next: ComputerRow): Promise<boolean> {
    const known = this.#row;
    this.#isUnclear = true;
    const isWritten = await this.#table.writeComputer(known, next);
    if (!isWritten) return false;
    this.#isUnclear = false;
    this.#row = next;
    return true;
  }

  #lose(): void {
    this.#term?.abort();
    this.#term = undefined;
  }
}
