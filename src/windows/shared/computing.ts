import type { Clock } from '../../lib/clock.js';
import { errorText } from '../../lib/errors.js';
import { SerialQueue } from '../../lib/serial-queue.js';
import type { Pause } from '../../lib/timers.js';
import type { AggregateState } from '../aggregate-state.js';
import { FoldLoop } from '../fold-loop.js';
import type { FoldWarnings } from '../fold-warnings.js';
import type { WindowStores } from '../window-stores.js';
import { ComputingElection } from './computing-election.js';
import { SharedMarks } from './shared-marks.js';
import type { DueRow, SharedTable } from './shared-table.js';
import { parseView, type SharedView, viewOf } from './shared-view.js';

export interface ComputingDeps {
  readonly workerId: string;
  readonly failoverMs: number;
  readonly states: readonly AggregateState[];
  readonly stores: WindowStores;
  readonly table: SharedTable;
  /** Reads the least watermark of all shards that have not ended; -Infinity where one of them has none. */
  readonly leastWatermarkMs: () => Promise<number>;
  readonly clock: Clock;
  readonly sleep: Pause;
  readonly warning: FoldWarnings;
  readonly nextGeneration: () => number;
}

/** What the owner of the row has read, and what was in the row before it began to. */
interface Scanned {
  readonly leastMs: number;
  readonly closedBeforeMs: number;
  readonly asOf: number;
  readonly rows: readonly DueRow[];
}

const MAX_TURN_MS = 1_000;
const TURNS_PER_FAILOVER = 4;
/** Reading the table takes at most a tenth of the time, where it does not take very long. */
const SCAN_SHARE = 10;
const MAX_SCAN_WAIT_MS = 10_000;
/** A shard may have no reader for so many times the fail-over time. */
const UNKNOWN_FAILOVERS = 5;
const UNKNOWN =
  'no window closes: a shard is not read by any consumer, or by one that has no windows configured';

/**
 * Computes the windows of all shards, while this consumer is the elected one. In each turn it writes its row, and at most one
 * scan of watermarks and marks runs beside. Invariants:
 * 1. What a scan has read counts only behind a turn that shows that no other consumer was elected meanwhile.
 * 2. Windows are closed up to a time that was in the row before the scan began whose watermarks have passed it: a
 *    consumer that takes a shard which the scan did not know finds that time there, see `Lateness`.
 * 3. The watermarks are read before the marks, so that every window that has closed in time is among these.
 */
export class Computing {
  readonly #deps: ComputingDeps;
  readonly #election: ComputingElection;
  readonly #marks: SharedMarks;
  readonly #loop: FoldLoop;
  readonly #turnMs: number;
  readonly #stop = new AbortController();
  readonly #turns = new SerialQueue();
  /** Ends the wait for the next turn. */
  #wait = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #scanning: Promise<void> | undefined;
  #scanned: Scanned | undefined;
  #nextScanMs = Number.NEGATIVE_INFINITY;
  #watermarkMs = Number.NEGATIVE_INFINITY;
  #asOf = 0;
  /** What this consumer shows to the others while it computes. */
  #report = '';
  /** Since when it is not known of all shards how far they are stored. */
  #unknownSinceMs: number | undefined;
  #problem = '';

  constructor(deps: ComputingDeps) {
    const { workerId, failoverMs, table, clock, states } = deps;
    this.#deps = deps;
    this.#turnMs = Math.min(MAX_TURN_MS, failoverMs / TURNS_PER_FAILOVER);
    this.#election = new ComputingElection(table, { workerId, failoverMs, turnMs: this.#turnMs }, clock);
    this.#marks = new SharedMarks({ ...deps, election: this.#election });
    this.#loop = new FoldLoop({
      ...deps,
      states,
      due: this.#marks,
      watermarkMs: () => (this.#election.isMine ? this.#watermarkMs : Number.NEGATIVE_INFINITY),
    });
  }

  start(): void {
    this.#loop.start();
    this.#running = this.#run();
  }

  /** Leaves the row to another consumer, if the table answers soon. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#wait.abort();
    await this.#loop.stop();
    await this.#running;
    await this.#scanning;
    await this.#marks.close();
    await this.#election.release().catch(() => undefined); // it expires
  }

  /** Who computes; undefined: not known, or nobody. */
  get computedBy(): string | undefined {
    return this.#election.row?.owner;
  }

  get closedToMs(): number {
    return this.#election.row?.closedToMs ?? Number.NEGATIVE_INFINITY;
  }

  /** What the table has due, as the computing consumer last said. */
  get view(): SharedView | undefined {
    if (this.#election.isMine) return this.#ownView();
    return parseView(this.#election.row?.report ?? '');
  }

  /** For a person; empty: nothing goes wrong. */
  get problem(): string {
    if (this.#problem !== '' || !this.#election.isMine) return this.#problem;
    const unknownMs = this.#deps.clock.monotonicMs() - (this.#unknownSinceMs ?? Number.POSITIVE_INFINITY);
    return unknownMs > UNKNOWN_FAILOVERS * this.#deps.failoverMs ? UNKNOWN : this.#loop.problem;
  }

  /** Resolves behind one turn and the scan that it may have begun. Rejects as the table does. */
  async turn(): Promise<void> {
    await this.#turns.run(() => this.#turn());
    await this.#scanning;
  }

  async #turn(): Promise<void> {
    const scanned = this.#scanned;
    this.#scanned = undefined;
    // It looks at every mark.
    if (scanned !== undefined) this.#report = JSON.stringify(this.#ownView());
    const isMine = await this.#election.turn({
      closedToMs: scanned?.leastMs ?? Number.NEGATIVE_INFINITY,
      report: this.#report,
    });
    if (!isMine) {
      this.#marks.clear();
      this.#report = '';
      this.#watermarkMs = Number.NEGATIVE_INFINITY;
    } else if (scanned !== undefined) this.#take(scanned);
    if (this.#election.isMine) this.#scanIfDue();
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        await this.#turns.run(() => this.#turn());
        this.#problem = '';
      } catch (thrown) {
        this.#noteFailure(thrown);
      }
      if (this.#stop.signal.aborted) return;
      this.#wait = new AbortController();
      const waiting = this.#deps.sleep(this.#turnMs, this.#wait.signal);
      await Promise.race([waiting, this.#scanning ?? waiting]);
      this.#wait.abort();
    }
  }

  #take({ leastMs, closedBeforeMs, asOf, rows }: Scanned): void {
    // Where a shard is new, the least falls; what is computed stays so.
    this.#watermarkMs = Math.min(leastMs, closedBeforeMs);
    this.#asOf = asOf;
    this.#marks.apply(rows, this.#watermarkMs);
    this.#loop.wake();
  }

  #scanIfDue(): void {
    const nowMs = this.#deps.clock.monotonicMs();
    if (this.#scanning !== undefined || nowMs < this.#nextScanMs) return;
    this.#scanning = this.#scan(nowMs)
      .catch((thrown: unknown) => this.#noteFailure(thrown))
      .finally(() => {
        this.#scanning = undefined;
      });
  }

  async #scan(startedMs: number): Promise<void> {
    const { clock, table, leastWatermarkMs } = this.#deps;
    const { counter: asOf, closedToMs: closedBeforeMs } = this.#election.row!;
    this.#marks.beginScan();
    const leastMs = await leastWatermarkMs();
    const rows = await table.due();
    const tookMs = clock.monotonicMs() - startedMs;
    const waitMs = Math.min(MAX_SCAN_WAIT_MS, (SCAN_SHARE - 1) * tookMs);
    this.#nextScanMs = Math.max(startedMs + this.#turnMs, startedMs + tookMs + waitMs);
    if (Number.isFinite(leastMs)) this.#unknownSinceMs = undefined;
    else this.#unknownSinceMs ??= startedMs;
    this.#scanned = { leastMs, closedBeforeMs, asOf, rows };
  }

  #ownView(): SharedView {
    return viewOf(this.#deps.states, this.#watermarkMs, this.#asOf);
  }

  #noteFailure(thrown: unknown): void {
    const reason = errorText(thrown);
    this.#problem = `the table of the windows cannot be used: ${reason}`;
    this.#deps.warning.tableFailing(reason);
  }
}
