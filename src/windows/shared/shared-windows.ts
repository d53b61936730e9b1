import type { Clock } from '../../lib/clock.js';
import { errorText, SluiceError } from '../../lib/errors.js';
import { withinDeadline } from '../../lib/lifecycle.js';
import { type Pause, pause } from '../../lib/timers.js';
import type { Warn } from '../../lib/warnings.js';
import type { Point, Series } from '../../sink/point.js';
import type { Rejection, Sink } from '../../sink/sink.js';
import type { WindowsOptions } from '../aggregate.js';
import { AggregateState } from '../aggregate-state.js';
import { FoldWarnings } from '../fold-warnings.js';
import { NO_VALUES } from '../journal-lines.js';
import { keptFromMs } from '../kept-rows.js';
import { planRebuild } from '../plan-rebuild.js';
import { PointTouches } from '../point-touches.js';
import { type ReadableRows, readableRows } from '../readable-rows.js';
import type { ShardsWatermark } from '../watermark.js';
import { MarksMemory, type WindowMark } from '../window-marks.js';
import { floorToMs } from '../window-spans.js';
import type { RowStore, WindowStores } from '../window-stores.js';
import type { RebuildRequest, RebuildResult, WindowsReport } from '../windows-report.js';
import type { CompletedRecords, WindowsStage } from '../windows-stage.js';
import { Computing } from './computing.js';
import { type HeldShards, Lateness } from './lateness.js';
import { prepareLayouts } from './prepare-layouts.js';
import type { SharedRows } from './shared-rows.js';
import { type SharedMark, SharedTable } from './shared-table.js';
import { sharedReport } from './shared-view.js';

/** What windows use of a stream that several consumers share. */
export interface SharedStream {
  /** No two live consumers have the same. */
  readonly workerId: string;
  readonly failoverMs: number;
  readonly rows: SharedRows;
  readonly held: HeldShards;
  /** See `Computing`. */
  readonly leastWatermarkMs: () => Promise<number>;
}

export interface SharedWindowsDeps {
  readonly stream: SharedStream;
  readonly stores: WindowStores;
  /** Of the shards that this consumer reads. */
  readonly watermark: ShardsWatermark;
  readonly clock: Clock;
  readonly warn: Warn;
  /** A test passes its own. */
  readonly sleep?: Pause;
}

/** Windows that were asked for again, until the computing consumer has seen them. */
interface Asked {
  readonly atCounter: number;
  readonly windows: ReadonlyMap<string, number>;
}

const RETRY_MS = 1_000;
/** What a stop waits for a table that does not answer. */
const CLOSE_MS = 1_000;

/**
 * The windows of a stream that several consumers share. Each of them writes to one table which windows its points fall into,
 * before the store gets the points. A window that is open for all is written once. One that may have been computed is written
 * before each write of points and again behind it, because a fold may have begun and ended in between.
 */
export class SharedWindows implements WindowsStage {
  /** Windows that are written and open, and the values of this process. */
  readonly #states: readonly AggregateState[];
  readonly #statesOf = new Map<string, readonly AggregateState[]>();
  readonly #statesOfSeries = new WeakMap<Series, readonly AggregateState[]>();
  /** What is due in the table, while this consumer computes. */
  readonly #dueStates: readonly AggregateState[];
  /** Of the points of this process: what is due must not take the room for their marks. */
  readonly #memory: MarksMemory;
  readonly #dueMemory: MarksMemory;
  readonly #table: SharedTable;
  readonly #lateness: Lateness;
  readonly #computing: Computing;
  readonly #warning: FoldWarnings;
  readonly #deps: SharedWindowsDeps;
  readonly #sleep: Pause;
  #generation = 0;
  #asked: Asked[] = [];
  /** Why points wait; undefined: none does. */
  #blockedBy: string | undefined;

  constructor({ aggregates, memoryBytes }: WindowsOptions, deps: SharedWindowsDeps) {
    const { stream, clock, stores } = deps;
    this.#deps = deps;
    this.#sleep = deps.sleep ?? pause;
    this.#memory = new MarksMemory(memoryBytes / 2);
    this.#dueMemory = new MarksMemory(memoryBytes / 2);
    this.#states = aggregates.map((aggregate) => new AggregateState(aggregate, this.#memory));
    // The rows that lack values of this process are marked by it, also where another one computes.
    this.#dueStates = this.#states.map(
      ({ aggregate, inexact }) => new AggregateState(aggregate, this.#dueMemory, NO_VALUES, inexact),
    );
    for (const { aggregate } of this.#states) {
      const same = this.#states.filter((state) => state.aggregate.from === aggregate.from);
      this.#statesOf.set(aggregate.from, same);
    }
    this.#table = new SharedTable(stream.rows);
    this.#lateness = new Lateness(stream.held, this.#table);
    this.#warning = new FoldWarnings(deps.warn, clock, this.#memory);
    this.#computing = new Computing({
      ...stream,
      states: this.#dueStates,
      stores,
      table: this.#table,
      clock,
      sleep: this.#sleep,
      warning: this.#warning,
      nextGeneration: () => ++this.#generation,
    });
  }

  /**
   * Makes the table ready. Rejects with CONFIG_INVALID for an aggregate that was something else under its name, and as the table
   * does; it may be called again then.
   */
  async prepare(): Promise<void> {
    await this.#table.prepare();
    await prepareLayouts(this.#states, this.#table, floorToMs(this.#deps.clock.nowNs()));
  }

  start(): void {
    this.#computing.start();
  }

  async close(): Promise<void> {
    const closing = this.#computing.close();
    await withinDeadline(closing, CLOSE_MS);
    // Calls that are still on their way end by it.
    this.#table.close();
    await closing;
    await this.#deps.stores.close();
  }

  /** One turn of computing more than those that time brings; see `Computing`. */
  turn(): Promise<void> {
    return this.#computing.turn();
  }

  around(sink: Pick<Sink, 'write'>): Pick<Sink, 'write'> {
    return { write: (points, signal) => this.#write(sink, points, signal) };
  }

  processed({ parts }: CompletedRecords): void {
    for (const { partition, records } of parts) {
      const newest = records.at(-1);
      if (newest !== undefined) this.#deps.watermark.processed(partition, newest.receivedAtNs);
    }
    this.#forgetClosed(this.#lateness.ms);
  }

  /**
   * How far the receive times of a shard are stored; undefined: not known. It does not pass a window that a write is on its way
   * into, so that none is computed without what a killed process has just written.
   */
  watermarkMs(partition: string): number | undefined {
    let leastMs = this.#deps.watermark.msOf(partition);
    const lateMs = this.#lateness.ms;
    for (const state of this.#states) {
      for (const { writing, span } of state.finest.marks.all()) {
        const closesAtMs = state.closesAtMs(span);
        if (writing > 0 && closesAtMs > lateMs) leastMs = Math.min(leastMs, closesAtMs - 1);
      }
    }
    return Number.isFinite(leastMs) ? leastMs : undefined;
  }

  /** The table has all that is due. */
  async saveAt(): Promise<void> {}

  async noteSaved(): Promise<void> {}

  /** No store that several consumers share deletes points by this. */
  keepFromNs(): undefined {
    return undefined;
  }

  /**
   * Only the consumer that computes knows which rows are not what the points say now, so none is taken for exact: they stand in
   * where points are deleted.
   */
  readable(measurement: string): readonly ReadableRows[] {
    const { closedToMs } = this.#computing;
    const nowMs = floorToMs(this.#deps.clock.nowNs());
    return this.#dueStates
      .filter(({ aggregate }) => aggregate.from === measurement)
      .flatMap((state) =>
        readableRows(state, closedToMs, (level) => keptFromMs(state, level, this.#deps.stores, nowMs)),
      );
  }

  chartsIn(to: string | undefined): RowStore['charts'] {
    return this.#deps.stores.rowsIn(to).charts;
  }

  /** Other consumers may have computed windows already. */
  noteStored(): void {}

  report(): WindowsReport {
    this.#forgetClosed(this.#lateness.ms);
    const { computedBy, view } = this.#computing;
    const problem = this.#blockedBy ?? (this.#deps.stores.problem() || this.#computing.problem);
    this.#asked = this.#asked.filter(({ atCounter }) => atCounter >= (view?.asOf ?? 0));
    const askedOf = (measurement: string) =>
      this.#asked.reduce((sum, { windows }) => sum + (windows.get(measurement) ?? 0), 0);
    return {
      aggregates: this.#states.map((state, nth) => sharedReport(state, this.#dueStates[nth]!, view, askedOf)),
      memoryBytes: this.#memory.bytes + this.#dueMemory.bytes,
      maxMemoryBytes: this.#memory.maxBytes + this.#dueMemory.maxBytes,
      ...(view?.watermarkMs !== undefined && { watermarkMs: view.watermarkMs }),
      ...(computedBy !== undefined && { computedBy }),
      problem,
      ...(this.#blockedBy !== undefined && { blockedBy: this.#blockedBy }),
    };
  }

  async rebuild(request: RebuildRequest): Promise<RebuildResult> {
    const { closedToMs } = this.#computing;
    const { marks, result } = planRebuild(this.#dueStates, request, this.#deps.stores, closedToMs);
    if (request.isDryRun) return result;
    const { isForced } = request;
    const all = marks.map(({ level: { measurement }, span: { startMs } }) => ({
      ...{ measurement, startMs, isRebuild: true, isForced },
    }));
    await this.#table.put(all);
    const windows = new Map<string, number>();
    for (const { measurement } of all) windows.set(measurement, (windows.get(measurement) ?? 0) + 1);
    const { counter = 0 } = (await this.#table.computer()) ?? {};
    this.#asked.push({ atCounter: counter, windows });
    return result;
  }

  async #write(
    sink: Pick<Sink, 'write'>,
    points: readonly Point[],
    signal: AbortSignal,
  ): Promise<readonly Rejection[]> {
    const aggregatesOf = (series: Series) => this.#aggregatesOf(series);
    if (points.every(({ series }) => aggregatesOf(series).length === 0)) return sink.write(points, signal);
    await this.#whenTableAnswers(() => this.#lateness.learn(), signal);
    const lateMs = this.#lateness.ms;
    this.#forgetClosed(lateMs);
    const touches = new PointTouches(points, aggregatesOf, lateMs, ++this.#generation);
    let rejections: readonly Rejection[] | undefined;
    try {
      const marks = touches.newMarks.map((mark): SharedMark => {
        const isLate = this.#isClosed(mark, lateMs);
        return isLate ? { ...mark, isLate, isWriting: true } : mark;
      });
      await this.#put(marks, signal);
      rejections = await sink.write(points, signal);
    } finally {
      touches.answered(rejections, ++this.#generation);
      // Perhaps not written: the next write has to.
      if (rejections === undefined) this.#forget(touches.marks);
      if (touches.isOverMemory) this.#warning.overMemory(this.#states.flatMap(({ inexact }) => inexact.all));
    }
    await this.#put(lateMarks(touches.marks, this.#lateness.ms), signal);
    return rejections;
  }

  #put(marks: readonly SharedMark[], signal: AbortSignal): Promise<void> {
    if (marks.length === 0) return Promise.resolve();
    return this.#whenTableAnswers(async () => {
      await this.#table.put(marks);
    }, signal);
  }

  /** A table that does not answer is waited for, as a store that takes no points is. Rejects with SINK_ABORTED. */
  async #whenTableAnswers(ask: () => Promise<void>, signal: AbortSignal): Promise<void> {
    for (;;) {
      try {
        await ask();
        this.#blockedBy = undefined;
        return;
      } catch (thrown) {
        if (!(thrown instanceof SluiceError)) throw thrown;
        const reason = errorText(thrown);
        this.#blockedBy = `which windows are due cannot be written: ${reason}; points wait for it`;
        this.#warning.tableFailing(reason);
        await this.#sleep(RETRY_MS, signal);
        if (signal.aborted) throw new SluiceError('SINK_ABORTED', this.#blockedBy);
      }
    }
  }

  #isClosed({ measurement, startMs }: SharedMark, lateMs: number): boolean {
    const state = this.#states.find(({ finest }) => finest.measurement === measurement)!;
    return state.closesAtMs(state.finest.spans.latestWith(startMs)) <= lateMs;
  }

  /** From now on these are written with each point again: they may be computed at any time. */
  #forgetClosed(lateMs: number): void {
    for (const state of this.#states) {
      const closed = [...state.finest.marks.all()].filter(
        ({ span, writing }) => writing === 0 && state.closesAtMs(span) <= lateMs,
      );
      this.#forget(new Map(closed.map((mark) => [mark, state])));
    }
  }

  /** The table has them; their values are counted where it is worked off. */
  #forget(marks: ReadonlyMap<WindowMark, AggregateState>): void {
    for (const [mark, state] of marks) {
      state.count('aggregated', mark.values);
      mark.values = 0;
      state.finest.marks.drop(mark);
    }
  }

  #aggregatesOf(series: Series): readonly AggregateState[] {
    let states = this.#statesOfSeries.get(series);
    if (states === undefined) {
      states = this.#statesOf.get(series.measurement) ?? [];
      this.#statesOfSeries.set(series, states);
    }
    return states;
  }
}

function lateMarks(marks: ReadonlyMap<WindowMark, AggregateState>, lateMs: number): SharedMark[] {
  return [...marks]
    .filter(([{ span }, state]) => state.closesAtMs(span) <= lateMs)
    .map(([{ span, whole, groups }, state]) => ({
      measurement: state.finest.measurement,
      startMs: span.startMs,
      ...(whole === undefined && { groups: [...groups.keys()] }),
      isLate: true,
    }));
}
