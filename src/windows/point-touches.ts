import type { Point, Series } from '../sink/point.js';
import type { Rejection } from '../sink/sink.js';
import type { AggregateState } from './aggregate-state.js';
import type { SavedMark } from './journal-lines.js';
import type { GroupKey, WindowMark } from './window-marks.js';
import { floorToMs, nsOf, type Span } from './window-spans.js';

/** What the points of one write do to one window. */
interface Touch {
  readonly state: AggregateState;
  readonly span: Span;
  /** Undefined: there was no room to remember the window. */
  readonly mark: WindowMark | undefined;
  /** The groups that change, where the window has closed; undefined: it is open, and computed as a whole. */
  readonly groups: Set<GroupKey> | undefined;
  values: number;
}

/** The windows of the finest resolution with the times of one slot of it. */
interface Slot {
  readonly fromNs: bigint;
  readonly toNs: bigint;
  readonly touches: readonly Touch[];
}

/** Finds which windows the points of a write fall into. One object serves one write. */
export class PointTouches {
  /** The windows that were not due before, for the journal. */
  readonly newMarks: SavedMark[] = [];
  /** Some windows could not be remembered. */
  isOverMemory = false;
  /** The aggregates whose rows have to say that they lack values, where that was not known before. */
  readonly newlyInexact = new Set<AggregateState>();
  readonly #points: readonly Point[];
  readonly #statesOf: (series: Series) => readonly AggregateState[];
  readonly #watermarkMs: number;
  readonly #generation: number;
  readonly #touches = new Map<AggregateState, Map<number, Touch>>();
  /** Every mark that was touched: none of them is forgotten before the store has answered. */
  readonly #marks = new Map<WindowMark, AggregateState>();
  readonly #slots = new Map<AggregateState, Slot>();

  constructor(
    points: readonly Point[],
    statesOf: (series: Series) => readonly AggregateState[],
    watermarkMs: number,
    generation: number,
  ) {
    this.#points = points;
    this.#statesOf = statesOf;
    this.#watermarkMs = watermarkMs;
    this.#generation = generation;
    for (const point of points) this.#add(point);
    for (const touch of this.#all()) this.#touch(touch, generation, true);
    for (const mark of this.#marks.keys()) mark.writing++;
  }

  get marks(): ReadonlyMap<WindowMark, AggregateState> {
    return this.#marks;
  }

  get isEmpty(): boolean {
    return this.#touches.size === 0;
  }

  /** Whether something has to be durable before the points are written. */
  get hasNew(): boolean {
    return this.newMarks.length > 0 || this.newlyInexact.size > 0;
  }

  /**
   * The store has answered: what it took is counted, and every window is touched once more, because a fold that began
   * during the write may have read the store before it. `rejections` is undefined where the write failed.
   */
  answered(rejections: readonly Rejection[] | undefined, generation: number): void {
    if (rejections !== undefined) {
      for (const { index } of rejections) this.#uncount(this.#points[index]!);
    }
    for (const touch of this.#all()) {
      this.#touch(touch, generation, false);
      if (rejections === undefined) continue;
      touch.state.count('accepted', touch.values);
      if (touch.mark === undefined) touch.state.count('beyondMemory', touch.values);
      else touch.mark.values += touch.values;
    }
    for (const mark of this.#marks.keys()) mark.writing--;
  }

  #add(point: Point): void {
    for (const state of this.#statesOf(point.series)) {
      const values = valuesOf(point, state);
      if (values === 0) continue;
      for (const touch of this.#touchesAt(state, point.timestampNs)) {
        touch.values += values;
        touch.groups?.add(state.groupOf(point.series));
      }
    }
  }

  #uncount(point: Point): void {
    for (const state of this.#statesOf(point.series)) {
      const values = valuesOf(point, state);
      if (values === 0) continue;
      for (const touch of this.#touchesAt(state, point.timestampNs)) touch.values -= values;
    }
  }

  /** Most points of a write fall into the slot of the one before. */
  #touchesAt(state: AggregateState, timestampNs: bigint): readonly Touch[] {
    const last = this.#slots.get(state);
    if (last !== undefined && timestampNs >= last.fromNs && timestampNs < last.toNs) return last.touches;
    const { spans } = state.finest;
    const all = spans.allWith(floorToMs(timestampNs));
    const latest = all[0]!;
    const slot = {
      fromNs: nsOf(latest.startMs),
      toNs: nsOf(spans.next(latest).startMs),
      touches: all.map((span) => this.#touchOf(state, span)),
    };
    this.#slots.set(state, slot);
    return slot.touches;
  }

  #touchOf(state: AggregateState, span: Span): Touch {
    let touches = this.#touches.get(state);
    if (touches === undefined) {
      touches = new Map();
      this.#touches.set(state, touches);
    }
    let touch = touches.get(span.startMs);
    if (touch === undefined) {
      const isClosed = state.closesAtMs(span) <= this.#watermarkMs;
      // The windows of now, which those of a device with a wrong clock must not displace.
      const isNow = !isClosed && span.startMs - this.#watermarkMs <= state.aggregate.sizeMs;
      const mark = isNow ? state.finest.marks.markOf(span, true) : this.#markOf(state, span);
      touch = { state, span, mark, groups: isClosed ? new Set() : undefined, values: 0 };
      touches.set(span.startMs, touch);
    }
    return touch;
  }

  /** Undefined when there is no room for the mark of a window. */
  #markOf(state: AggregateState, span: Span): WindowMark | undefined {
    const { marks } = state.finest;
    this.newMarks.push(...marks.makeRoomFor(span));
    const mark = marks.markOf(span);
    if (mark !== undefined) return mark;
    this.isOverMemory = true;
    if (state.inexact.add(state.finest.spans.slotOf(span), this.#generation)) this.newlyInexact.add(state);
    return undefined;
  }

  *#all(): Generator<Touch> {
    for (const touches of this.#touches.values()) yield* touches.values();
  }

  #touch({ state, span: own, mark, groups }: Touch, generation: number, isFirst: boolean): void {
    const { spans, marks } = state.finest;
    if (mark !== undefined) this.#touchMark(state, mark, groups, generation, isFirst);
    // A fold during the write may have made rows that do not say it.
    else if (!isFirst) state.inexact.add(spans.slotOf(own), generation);
    if (groups === undefined || state.reachMs === 0) return;
    // The first value of a later window is compared with the one before it, which may be among these.
    const reach = { startMs: own.endMs, endMs: own.endMs + state.reachMs };
    for (const span of spans.within(reach)) {
      if (state.closesAtMs(span) > this.#watermarkMs) break;
      const later = isFirst ? this.#markOf(state, span) : this.#touched(marks.get(span.startMs));
      if (later !== undefined) this.#touchMark(state, later, groups, generation, isFirst);
      else if (!isFirst) state.inexact.add(spans.slotOf(span), generation);
    }
  }

  /** A mark that others have made since does not know of this write. */
  #touched(mark: WindowMark | undefined): WindowMark | undefined {
    return mark !== undefined && this.#marks.has(mark) ? mark : undefined;
  }

  #touchMark(
    state: AggregateState,
    mark: WindowMark,
    groups: ReadonlySet<GroupKey> | undefined,
    generation: number,
    isFirst: boolean,
  ): void {
    this.#marks.set(mark, state);
    mark.touchedAtMs = this.#watermarkMs;
    const { marks, measurement } = state.finest;
    const wasWhole = mark.whole !== undefined;
    const added: GroupKey[] = [];
    if (groups === undefined) marks.touchWhole(mark, generation);
    else for (const group of groups) if (marks.touchGroup(mark, group, generation)) added.push(group);
    if (!isFirst) return;
    const saved = { measurement, startMs: mark.span.startMs };
    if (!wasWhole && mark.whole !== undefined) this.newMarks.push(saved);
    else if (mark.whole === undefined && added.length > 0) this.newMarks.push({ ...saved, groups: added });
  }
}

function valuesOf({ fields }: Point, { aggregate }: AggregateState): number {
  let values = 0;
  for (const { name } of fields) if (aggregate.fields.has(name)) values++;
  return values;
}
