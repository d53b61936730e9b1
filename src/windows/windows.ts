import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../lib/clock.js';
import { isNoRoom } from '../lib/disk-room.js';
import { errorText, SluiceError } from '../lib/errors.js';
import type { Warn } from '../lib/warnings.js';
import type { Point, Series } from '../sink/point.js';
import type { Rejection, Sink } from '../sink/sink.js';
import type { WindowsOptions } from './aggregate.js';
import type { AggregateState } from './aggregate-state.js';
import { completeFromStart, extendCompleteness } from './complete-rows.js';
import { FoldLoop } from './fold-loop.js';
import { FoldWarnings } from './fold-warnings.js';
import type { SavedMark, SavedWindows } from './journal-lines.js';
import { JournalMarks } from './journal-marks.js';
import { keptFromMs } from './kept-rows.js';
import { planRebuild } from './plan-rebuild.js';
import { PointTouches } from './point-touches.js';
import { type ReadableRows, readableRows } from './readable-rows.js';
import { reportAggregate } from './report-windows.js';
import { restoreStates } from './restore-states.js';
import type { Watermark } from './watermark.js';
import { MarksMemory } from './window-marks.js';
import { floorToMs, nsOf } from './window-spans.js';
import type { RowStore, WindowStores } from './window-stores.js';
import { WindowsCheckpoint } from './windows-checkpoint.js';
import { WindowsJournal } from './windows-journal.js';
import type { RebuildRequest, RebuildResult, WindowsReport } from './windows-report.js';
import type { CompletedRecords, WindowsStage } from './windows-stage.js';

export interface WindowsDeps {
  /** The folder of the journal. */
  readonly folder: string;
  /** Where the consumer starts. */
  readonly position: string;
  readonly stores: WindowStores;
  readonly watermark: Watermark;
  readonly clock: Clock;
  readonly warn: Warn;
}

const RETRY_MS = 1_000;

/** The windows of a process that writes all points of its store itself: its journal says what is due. */
export class Windows implements WindowsStage {
  readonly #states: readonly AggregateState[];
  readonly #statesOf = new Map<string, readonly AggregateState[]>();
  readonly #statesOfSeries = new WeakMap<Series, readonly AggregateState[]>();
  readonly #memory: MarksMemory;
  readonly #journal: WindowsJournal;
  readonly #checkpoint: WindowsCheckpoint;
  readonly #loop: FoldLoop;
  readonly #warning: FoldWarnings;
  readonly #deps: WindowsDeps;
  #generation = 0;
  /** The first watermark of this process; -Infinity before. */
  #knownFromMs = Number.NEGATIVE_INFINITY;
  /** Why points wait; undefined: none does. */
  #blockedBy: string | undefined;

  private constructor(
    states: readonly AggregateState[],
    memory: MarksMemory,
    journal: WindowsJournal,
    layouts: SavedWindows['layouts'],
    deps: WindowsDeps,
  ) {
    this.#states = states;
    this.#memory = memory;
    this.#journal = journal;
    this.#deps = deps;
    this.#checkpoint = new WindowsCheckpoint(states, journal, layouts);
    this.#warning = new FoldWarnings(deps.warn, deps.clock, memory);
    this.#loop = new FoldLoop({
      states,
      stores: deps.stores,
      due: new JournalMarks(journal, this.#checkpoint),
      clock: deps.clock,
      warning: this.#warning,
      watermarkMs: () => deps.watermark.ms,
      nextGeneration: () => ++this.#generation,
    });
    for (const { aggregate } of states) {
      const same = states.filter((state) => state.aggregate.from === aggregate.from);
      this.#statesOf.set(aggregate.from, same);
    }
  }

  /** Rejects with CONFIG_INVALID for an aggregate that was something else under its name. */
  static async open(options: WindowsOptions, deps: WindowsDeps): Promise<Windows> {
    const { aggregates, memoryBytes } = options;
    const finestOf = (name: string) =>
      aggregates.find((aggregate) => aggregate.name === name)?.resolutions[0]?.measurement ?? '';
    const { journal, saved, problem } = await WindowsJournal.open(deps.folder, deps.position, finestOf);
    const memory = new MarksMemory(memoryBytes);
    const states = restoreStates(aggregates, saved, memory, floorToMs(deps.clock.nowNs()));
    if (problem !== undefined) {
      deps.warn(
        { code: 'WINDOWS_STATE_LOST', folder: deps.folder, reason: problem },
        'it is not known for sure which windows were due; those that are open now are computed, and others by `sluice windows rebuild`',
      );
    }
    const windows = new Windows(states, memory, journal, saved.layouts, deps);
    await windows.#checkpoint.begin(deps.position);
    return windows;
  }

  start(): void {
    // A store that has to be asked says it by the time that the first window is computed.
    for (const { aggregate } of this.#states) this.#deps.stores.oldestKeptNs(aggregate.from);
    this.#loop.start();
  }

  async close(): Promise<void> {
    await this.#loop.stop();
    await this.#journal.close();
    await this.#deps.stores.close();
  }

  around(sink: Pick<Sink, 'write'>): Pick<Sink, 'write'> {
    return { write: (points, signal) => this.#write(sink, points, signal) };
  }

  processed({ position, parts }: CompletedRecords): void {
    for (const { partition, records } of parts) {
      const newest = records.at(-1);
      if (newest !== undefined) this.#deps.watermark.processed(partition, newest.receivedAtNs);
    }
    if (this.#knownFromMs === Number.NEGATIVE_INFINITY) this.#knownFromMs = this.#deps.watermark.ms;
    this.#checkpoint.note(position);
    this.#loop.wake();
  }

  saveAt(position: string): Promise<void> {
    return this.#checkpoint.save(position);
  }

  noteSaved(position: string): Promise<void> {
    return this.#journal.noteSaved(position);
  }

  keepFromNs(measurement: string): bigint | undefined {
    let oldestMs = Number.POSITIVE_INFINITY;
    for (const { aggregate, levels, reachMs } of this.#states) {
      for (const [nth, { marks }] of levels.entries()) {
        const source = nth === 0 ? aggregate.from : levels[nth - 1]!.measurement;
        if (source !== measurement) continue;
        for (const { span } of marks.all()) oldestMs = Math.min(oldestMs, span.startMs - reachMs);
      }
    }
    return Number.isFinite(oldestMs) ? nsOf(oldestMs) : undefined;
  }

  report(): WindowsReport {
    const watermarkMs = this.#deps.watermark.ms;
    return {
      aggregates: this.#states.map((state) => reportAggregate(state, watermarkMs, this.#knownFromMs)),
      memoryBytes: this.#memory.bytes,
      maxMemoryBytes: this.#memory.maxBytes,
      ...(Number.isFinite(watermarkMs) && { watermarkMs }),
      problem: this.#blockedBy ?? (this.#deps.stores.problem() || this.#loop.problem),
      ...(this.#blockedBy !== undefined && { blockedBy: this.#blockedBy }),
    };
  }

  readable(measurement: string): readonly ReadableRows[] {
    const watermarkMs = this.#deps.watermark.ms;
    const nowMs = floorToMs(this.#deps.clock.nowNs());
    return (this.#statesOf.get(measurement) ?? []).flatMap((state) =>
      readableRows(state, watermarkMs, (level) => keptFromMs(state, level, this.#deps.stores, nowMs)),
    );
  }

  chartsIn(to: string | undefined): RowStore['charts'] {
    return this.#deps.stores.rowsIn(to).charts;
  }

  noteStored(measurements: ReadonlySet<string>): void {
    for (const state of this.#states) {
      const { aggregate, levels } = state;
      const names = [aggregate.from, ...levels.map(({ measurement }) => measurement)];
      if (!names.some((name) => measurements.has(name))) completeFromStart(state);
    }
  }

  async rebuild(request: RebuildRequest): Promise<RebuildResult> {
    const { marks, complete, result } = planRebuild(
      this.#states,
      request,
      this.#deps.stores,
      this.#deps.watermark.ms,
    );
    if (request.isDryRun) return result;
    const generation = ++this.#generation;
    const saved: SavedMark[] = [];
    for (const { state, level, span } of marks) {
      const mark = level.marks.markOf(span);
      if (mark === undefined) {
        throw new SluiceError(
          'USAGE_INVALID',
          'that many windows do not fit into windows.memory; take a shorter time',
        );
      }
      level.marks.touchWhole(mark, generation);
      // Rows that lack values say so before they are computed again, and not behind that.
      state.inexact.nextMs = Number.NEGATIVE_INFINITY;
      mark.markedAtMs ??= this.#deps.watermark.ms;
      mark.isRebuild = true;
      mark.isForced = request.isForced;
      saved.push({
        measurement: level.measurement,
        startMs: span.startMs,
        isRebuild: true,
        ...(request.isForced && { isForced: true }),
      });
    }
    this.#journal.append({ kind: 'mark', marks: saved });
    await this.#journal.flush();
    for (const { level, span } of complete) extendCompleteness(level, span);
    this.#loop.wake();
    return result;
  }

  async #write(
    sink: Pick<Sink, 'write'>,
    points: readonly Point[],
    signal: AbortSignal,
  ): Promise<readonly Rejection[]> {
    const generation = ++this.#generation;
    const touches = new PointTouches(
      points,
      (series) => this.#aggregatesOf(series),
      this.#deps.watermark.ms,
      generation,
    );
    if (touches.isEmpty) return sink.write(points, signal);
    let rejections: readonly Rejection[] | undefined;
    try {
      for (const state of touches.newlyInexact) this.#checkpoint.noteInexact(state);
      if (touches.hasNew) await this.#saveMarks(touches.newMarks, signal);
      rejections = await sink.write(points, signal);
      return rejections;
    } finally {
      touches.answered(rejections, ++this.#generation);
      for (const state of touches.newlyInexact) this.#checkpoint.noteInexact(state);
      if (touches.isOverMemory) this.#warning.overMemory(this.#states.flatMap(({ inexact }) => inexact.all));
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

  /**
   * Resolves when the marks are durable. A full disk is waited for, as a store that takes no points is. Rejects with
   * CHECKPOINT_FAILED after any other fault of the disk, which ends the process, and with SINK_ABORTED.
   */
  async #saveMarks(marks: readonly SavedMark[], signal: AbortSignal): Promise<void> {
    this.#journal.append({ kind: 'mark', marks });
    for (;;) {
      try {
        await this.#journal.flush();
        this.#blockedBy = undefined;
        return;
      } catch (thrown) {
        const reason = `which windows are due cannot be saved: ${errorText(thrown)}`;
        if (!isNoRoom(thrown)) throw new SluiceError('CHECKPOINT_FAILED', reason, { cause: thrown });
        this.#blockedBy = `${reason}; points wait for it`;
        this.#warning.diskFull(reason);
        await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined); // it ends early
        if (signal.aborted) throw new SluiceError('SINK_ABORTED', this.#blockedBy);
      }
    }
  }
}
