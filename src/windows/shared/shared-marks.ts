import type { Clock } from '../../lib/clock.js';
import type { Pause } from '../../lib/timers.js';
import type { AggregateState, Level } from '../aggregate-state.js';
import type { DueFold } from '../due-fold.js';
import type { BegunFold, ComputedWindow, DueMarks } from '../due-marks.js';
import type { SavedMark } from '../journal-lines.js';
import type { WindowMark } from '../window-marks.js';
import type { ComputingElection } from './computing-election.js';
import type { DueRow, SharedMark, SharedTable } from './shared-table.js';

export interface SharedMarksDeps {
  /** Of the consumer that computes: what is due in the table, as far as there is room for it. */
  readonly states: readonly AggregateState[];
  readonly table: SharedTable;
  readonly election: ComputingElection;
  readonly clock: Clock;
  readonly sleep: Pause;
  readonly failoverMs: number;
  readonly nextGeneration: () => number;
}

/** What is known of the rows of one window in the table. */
interface Known {
  /** Key of the row → its version. */
  readonly rows: Map<string, string>;
  /** Since when one of them is late, by the monotonic clock. */
  lateSinceMs: number | undefined;
}

const MIN_QUIET_MS = 1_000;
/** A window that points keep falling into is computed after so many times the quiet that it waits for. */
const MAX_QUIETS = 10;
const RETRY_MS = 1_000;
const PARALLEL_REMOVALS = 8;

/**
 * What is due is in the table, and this is a copy of it in the process that computes. A row is removed only in the version
 * that was read before the fold began: a consumer that writes into the window later gives it another one.
 */
export class SharedMarks implements DueMarks {
  readonly #deps: SharedMarksDeps;
  readonly #levels: ReadonlyMap<string, { readonly state: AggregateState; readonly level: Level }>;
  readonly #known = new WeakMap<WindowMark, Known>();
  /** Versions that were removed since the last scan began, which may have read them before. */
  readonly #removed = new Set<string>();
  readonly #stop = new AbortController();
  readonly #background = new Set<Promise<void>>();

  constructor(deps: SharedMarksDeps) {
    this.#deps = deps;
    this.#levels = new Map(
      deps.states.flatMap((state) => state.levels.map((level) => [level.measurement, { state, level }])),
    );
  }

  /** A scan of the table begins now. */
  beginScan(): void {
    this.#removed.clear();
  }

  /** Takes in what a scan has read; the rest stays in the table until there is room for it. */
  apply(rows: readonly DueRow[], watermarkMs: number): void {
    const isUrgent = ({ group, isRebuild }: DueRow) => group === undefined && !isRebuild;
    for (const row of rows) if (isUrgent(row)) this.#add(row, watermarkMs);
    for (const row of rows) if (!isUrgent(row)) this.#add(row, watermarkMs);
  }

  /** Another consumer computes now. */
  clear(): void {
    for (const { levels } of this.#deps.states) {
      for (const { marks } of levels) for (const mark of [...marks.all()]) marks.drop(mark);
    }
  }

  begin(due: DueFold): BegunFold {
    const rows = [...this.#knownOf(due.mark).rows].map(([key, version]) => ({ key, version }));
    return {
      signal: this.#deps.election.signal,
      computed: (window) => this.#computed(window, rows),
      shown: (coarser) => this.#shown(due, coarser),
      failed: () => this.#againUnlessMine(due),
    };
  }

  /** Each consumer knows of its own values only, and marks their rows itself: after a crash nothing says it any more. */
  noteInexact(): void {}

  /** Resolves when nothing is written any more. */
  async close(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#background);
  }

  #add(row: DueRow, watermarkMs: number): void {
    const found = this.#levels.get(row.measurement);
    if (found === undefined || this.#removed.has(`${row.key} ${row.version}`)) return;
    const { state, level } = found;
    const span = level.spans.latestWith(row.startMs);
    // A window that closes in time has its room, as in a gateway that computes alone.
    const isNow = row.group === undefined && !row.isLate && span.startMs <= watermarkMs;
    const mark = span.startMs === row.startMs ? level.marks.markOf(span, isNow) : undefined;
    if (mark === undefined) return;
    const known = this.#knownOf(mark);
    const isNew = known.rows.get(row.key) !== row.version;
    // An open window is noted once, and points fall into it all the time.
    const isShown = state.aggregate.earlyMs !== undefined && state.closesAtMs(span) > watermarkMs;
    if (!isNew && !isShown) return;
    known.rows.set(row.key, row.version);
    const generation = this.#deps.nextGeneration();
    if (row.group === undefined) level.marks.touchWhole(mark, generation);
    else level.marks.touchGroup(mark, row.group, generation);
    mark.isRebuild ||= row.isRebuild;
    mark.isForced ||= row.isForced;
    if (row.isRebuild) mark.markedAtMs ??= watermarkMs;
    if (row.isLate && isNew) this.#waitForQuiet(state, mark, known, row);
  }

  /**
   * A consumer that was killed in the middle of a write does not say that the store has the points; by the fail-over time it
   * has them, or never gets them from that write.
   */
  #waitForQuiet(state: AggregateState, mark: WindowMark, known: Known, { isWriting }: DueRow): void {
    const nowMs = this.#deps.clock.monotonicMs();
    const quietMs = Math.max(MIN_QUIET_MS, state.aggregate.latenessMs);
    const waitMs = isWriting ? Math.max(quietMs, this.#deps.failoverMs) : quietMs;
    known.lateSinceMs ??= nowMs;
    mark.touchedAtMs = state.closesAtMs(mark.span);
    mark.retryAtMs = Math.min(nowMs + waitMs, known.lateSinceMs + MAX_QUIETS * waitMs);
  }

  async #computed(
    { due, generation, groups, coarser }: ComputedWindow,
    rows: readonly Pick<DueRow, 'key' | 'version'>[],
  ): Promise<void> {
    const { state, level, mark } = due;
    if (!this.#deps.election.isMine) {
      this.#again(due);
      return;
    }
    const { marks } = state.levels[level]!;
    if (coarser.length > 0) await this.#putCoarser(state.levels[level + 1]!, coarser);
    await this.#remove(rows);
    const known = this.#knownOf(mark);
    for (const { key, version } of rows) if (known.rows.get(key) === version) known.rows.delete(key);
    known.lateSinceMs = undefined;
    if (marks.computed(mark, generation, groups) === 'whole') {
      mark.isRebuild = false;
      mark.isForced = false;
    }
  }

  async #shown(due: DueFold, coarser: readonly SavedMark[]): Promise<void> {
    this.#againUnlessMine(due);
    if (coarser.length > 0) await this.#putCoarser(due.state.levels[due.level + 1]!, coarser);
  }

  async #putCoarser({ marks }: Level, coarser: readonly SavedMark[]): Promise<void> {
    try {
      for (const row of await this.#deps.table.put(coarser)) {
        const mark = marks.get(row.startMs);
        if (mark !== undefined) this.#knownOf(mark).rows.set(row.key, row.version);
      }
    } catch (thrown) {
      // They are not durably due: the next fold of the finer window has to find them new again.
      for (const { startMs } of coarser) {
        const mark = marks.get(startMs);
        if (mark !== undefined) marks.drop(mark);
      }
      throw thrown;
    }
  }

  async #remove(rows: readonly Pick<DueRow, 'key' | 'version'>[]): Promise<void> {
    const rest = rows.values();
    const removeOneAfterAnother = async () => {
      for (const row of rest) {
        await this.#deps.table.remove(row);
        this.#removed.add(`${row.key} ${row.version}`);
      }
    };
    await Promise.all(Array.from({ length: PARALLEL_REMOVALS }, removeOneAfterAnother));
  }

  #againUnlessMine(due: DueFold): void {
    if (!this.#deps.election.isMine) this.#again(due);
  }

  /**
   * This consumer computes no more, but may have written rows just now, over those of the one that does: that one has to
   * compute the window once more.
   */
  #again({ state, level, mark }: DueFold): void {
    const { measurement } = state.levels[level]!;
    const running = this.#putUntilDone({ measurement, startMs: mark.span.startMs, isLate: true });
    this.#background.add(running);
    void running.finally(() => this.#background.delete(running));
  }

  async #putUntilDone(mark: SharedMark): Promise<void> {
    const { signal } = this.#stop;
    for (;;) {
      try {
        await this.#deps.table.put([mark]);
        return;
      } catch {
        if (signal.aborted) return;
        await this.#deps.sleep(RETRY_MS, signal);
      }
    }
  }

  #knownOf(mark: WindowMark): Known {
    let known = this.#known.get(mark);
    if (known === undefined) {
      known = { rows: new Map(), lateSinceMs: undefined };
      this.#known.set(mark, known);
    }
    return known;
  }
}
