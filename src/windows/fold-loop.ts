import type { Clock } from '../lib/clock.js';
import { errorText } from '../lib/errors.js';
import { type Pause, pause } from '../lib/timers.js';
import type { AggregateState } from './aggregate-state.js';
import { type DueFold, nextDue, nextEarly } from './due-fold.js';
import type { BegunFold, DueMarks } from './due-marks.js';
import type { FoldWarnings } from './fold-warnings.js';
import { type FoldResult, foldWindow } from './fold-window.js';
import type { SavedMark } from './journal-lines.js';
import { markInexact } from './mark-inexact.js';
import type { GroupKey } from './window-marks.js';
import { floorToMs } from './window-spans.js';
import type { WindowStores } from './window-stores.js';

export interface FoldLoopDeps {
  readonly states: readonly AggregateState[];
  readonly stores: WindowStores;
  readonly due: DueMarks;
  readonly clock: Clock;
  /** A test passes its own. */
  readonly sleep?: Pause;
  readonly warning: FoldWarnings;
  /** The receive time that the log has come to, ms. */
  readonly watermarkMs: () => number;
  /** Numbers the changes of windows and the folds in their order. */
  readonly nextGeneration: () => number;
}

/** How often it is looked for windows that are due, while there are no records that move the watermark. */
const LOOK_EVERY_MS = 500;
const RETRY_MS = 1_000;
const MAX_RETRY_MS = 30_000;
/** A window that could not be computed is passed over for so long: the next one may be computed. */
const PASS_OVER_MS = 10_000;
/** A window that closed so long ago may have rows, and its points may be on their way out of the store. */
const OLD_AFTER_MS = 60_000;
/** Open windows may be computed in a tenth of the time, however often they are asked for. */
const EARLY_SHARE = 10;
/** Rows that lack values say so at most that often, and in at most a tenth of the time. */
const MARK_INEXACT_EVERY_MS = 10_000;
const MARK_INEXACT_SHARE = 10;

/** Computes one window after the other, as they become due. What fails is tried again. */
export class FoldLoop {
  readonly #deps: FoldLoopDeps;
  readonly #stop = new AbortController();
  /** Signal of begun folds → that or the end of the loop. Each that is made stays known to the one of the loop. */
  readonly #signals = new WeakMap<AbortSignal, AbortSignal>();
  #wake: () => void = () => undefined;
  #ended: Promise<void> = Promise.resolve();
  #problem = '';
  #markProblem = '';

  constructor(deps: FoldLoopDeps) {
    this.#deps = deps;
  }

  /** Why the last fold failed, for a person; empty: it did not. */
  get problem(): string {
    return this.#problem || this.#markProblem;
  }

  start(): void {
    this.#ended = this.#run();
  }

  /** Something may be due now. */
  wake(): void {
    this.#wake();
  }

  /** A fold that runs is given up: its window stays due. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#wake();
    await this.#ended;
  }

  async #run(): Promise<void> {
    for (let failures = 0; !this.#stop.signal.aborted; ) {
      await this.#markInexactRows();
      const due = this.#nextFold();
      if (due === undefined) {
        await this.#sleep();
        continue;
      }
      try {
        await this.#fold(due);
        failures = 0;
        this.#problem = '';
      } catch (thrown) {
        if (this.#stop.signal.aborted) return;
        due.mark.retryAtMs = this.#deps.clock.monotonicMs() + PASS_OVER_MS;
        this.#noteFailure(due, thrown);
        await this.#pause(Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** failures++));
      }
    }
  }

  #nextFold(): DueFold | undefined {
    const { states, clock } = this.#deps;
    const watermarkMs = this.#deps.watermarkMs();
    const monotonicMs = clock.monotonicMs();
    return nextDue(states, watermarkMs, monotonicMs) ?? nextEarly(states, watermarkMs, monotonicMs);
  }

  /** What fails is tried again, as a fold is. */
  async #markInexactRows(): Promise<void> {
    const { clock, stores, due } = this.#deps;
    for (const state of this.#deps.states) {
      const startedMs = clock.monotonicMs();
      if (state.inexact.unmarked.length === 0 || state.inexact.nextMs > startedMs) continue;
      try {
        for (const range of state.inexact.unmarked) {
          await markInexact(state, range, stores, this.#stop.signal);
          state.inexact.marked(range);
        }
        this.#markProblem = '';
      } catch (thrown) {
        if (this.#stop.signal.aborted) return;
        const { measurement } = state.finest;
        this.#markProblem = `rows of ${measurement} cannot be marked as inexact: ${errorText(thrown)}; it is tried again`;
        this.#deps.warning.foldFailed({ measurement, reason: errorText(thrown) });
      }
      due.noteInexact(state);
      const tookMs = clock.monotonicMs() - startedMs;
      state.inexact.nextMs =
        clock.monotonicMs() + Math.max(MARK_INEXACT_EVERY_MS, MARK_INEXACT_SHARE * tookMs);
    }
  }

  async #fold(due: DueFold): Promise<void> {
    const { state, level, mark, isOpen } = due;
    const { clock, stores } = this.#deps;
    const begun = this.#deps.due.begin(due);
    const startedMs = clock.monotonicMs();
    const generation = this.#deps.nextGeneration();
    const groups = mark.whole === undefined ? [...mark.groups.keys()] : undefined;
    const closedAtMs = state.closesAtMs(mark.span);
    const isOld = mark.touchedAtMs >= closedAtMs || this.#deps.watermarkMs() - closedAtMs > OLD_AFTER_MS;
    const plan = {
      state,
      level,
      span: mark.span,
      ...(groups !== undefined && { groups }),
      isOpen,
      keepsCounts: !isOpen && !mark.isForced && (mark.isRebuild || isOld),
      nowMs: floorToMs(clock.nowNs()),
    };
    if (!isOpen) {
      mark.folding += mark.values;
      mark.values = 0;
    }
    let result: FoldResult;
    try {
      result = await foldWindow(plan, stores, this.#signalOf(begun));
    } catch (thrown) {
      begun.failed();
      mark.values += mark.folding;
      mark.folding = 0;
      throw thrown;
    }
    const tookMs = clock.monotonicMs() - startedMs;
    countFold(state, level, result, tookMs);
    if (result.refusal !== undefined) this.#deps.warning.rowsRefused(measurementOf(state, level), result);
    if (isOpen) {
      mark.shownGeneration = generation;
      const { earlyMs = 0, resolutions } = state.aggregate;
      const waitMs = Math.max(earlyMs, EARLY_SHARE * resolutions.length * tookMs);
      mark.nextEarlyMs = clock.monotonicMs() + waitMs;
      // The coarser window is due when it closes, and nothing would note that again.
      await begun.shown(this.#shownInCoarser(state, level, mark.span, groups));
      return;
    }
    await this.#complete(due, begun, generation, groups, result);
  }

  #signalOf({ signal }: BegunFold): AbortSignal {
    if (signal === undefined) return this.#stop.signal;
    let either = this.#signals.get(signal);
    if (either === undefined) {
      either = AbortSignal.any([this.#stop.signal, signal]);
      this.#signals.set(signal, either);
    }
    return either;
  }

  /** The rows are in the store: what did not change meanwhile is no longer due, and the next level is. */
  async #complete(
    due: DueFold,
    begun: BegunFold,
    generation: number,
    groups: readonly GroupKey[] | undefined,
    { isComputed }: FoldResult,
  ): Promise<void> {
    const { state, level, mark } = due;
    const outcome = isComputed ? 'aggregated' : 'beyondRetention';
    const values = mark.folding;
    mark.folding = 0;
    mark.waitsSinceMs = undefined;
    mark.markedAtMs = undefined;
    state.count(outcome, values);
    const coarser = this.#markCoarser(state, level, mark.span, groups, mark);
    await begun.computed({ due, generation, groups, values, outcome, coarser });
    if (level === 0 && groups === undefined && isComputed) this.#noteComplete(state, mark.span, generation);
  }

  /** The rows of the open window are new, so those of the coarser one that it is a part of can be. */
  #shownInCoarser(
    state: AggregateState,
    level: number,
    span: DueFold['mark']['span'],
    groups: readonly GroupKey[] | undefined,
  ): SavedMark[] {
    return this.#markCoarser(state, level, span, groups, { isForced: false, isRebuild: false });
  }

  #noteComplete(state: AggregateState, span: DueFold['mark']['span'], generation: number): void {
    const isChanged = state.inexact.computed(state.finest.spans.slotOf(span), generation);
    if (isChanged) this.#deps.due.noteInexact(state);
  }

  #markCoarser(
    state: AggregateState,
    level: number,
    { startMs, endMs }: DueFold['mark']['span'],
    groups: readonly GroupKey[] | undefined,
    { isForced, isRebuild }: Pick<DueFold['mark'], 'isForced' | 'isRebuild'>,
  ): SavedMark[] {
    const coarser = state.levels[level + 1];
    if (coarser === undefined) return [];
    const generation = this.#deps.nextGeneration();
    const saved: SavedMark[] = [];
    for (const span of coarser.spans.within({ startMs, endMs })) {
      // Its part is computed already: without the mark the coarser row would lack it and not say so.
      const mark = coarser.marks.markOf(span, true);
      if (mark === undefined) continue;
      mark.markedAtMs ??= this.#deps.watermarkMs();
      mark.isForced ||= isForced;
      mark.isRebuild ||= isRebuild;
      const one = {
        measurement: coarser.measurement,
        startMs: span.startMs,
        ...(mark.isForced && { isForced: true }),
        ...(mark.isRebuild && { isRebuild: true }),
      };
      if (groups === undefined || mark.whole !== undefined) {
        if (coarser.marks.touchWhole(mark, generation)) saved.push(one);
        continue;
      }
      const added = groups.filter((group) => coarser.marks.touchGroup(mark, group, generation));
      if (mark.whole !== undefined) saved.push(one);
      else if (added.length > 0) saved.push({ ...one, groups: added });
    }
    return saved;
  }

  #noteFailure({ state, level, mark }: DueFold, thrown: unknown): void {
    const measurement = measurementOf(state, level);
    const start = new Date(mark.span.startMs).toISOString();
    const reason = errorText(thrown);
    this.#problem = `the window ${start} of ${measurement} could not be computed: ${reason}; it is tried again`;
    this.#deps.warning.foldFailed({ measurement, start, reason });
  }

  async #sleep(): Promise<void> {
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    const timer = new AbortController();
    await Promise.race([woken, this.#pause(LOOK_EVERY_MS, timer.signal)]);
    timer.abort();
  }

  #pause(ms: number, signal = this.#stop.signal): Promise<void> {
    return (this.#deps.sleep ?? pause)(ms, signal);
  }
}

function measurementOf(state: AggregateState, level: number): string {
  return state.levels[level]!.measurement;
}

function countFold({ levels }: AggregateState, level: number, result: FoldResult, tookMs: number): void {
  const { counts } = levels[level]!;
  counts.folds++;
  counts.foldMs += tookMs;
  counts.longestFoldMs = Math.max(counts.longestFoldMs, tookMs);
  counts.rowsWritten += result.rowsWritten;
  counts.rowsRefused += result.rowsRefused;
  counts.rowsInexact += result.rowsInexact;
}
