import type { Span } from './window-spans.js';

/** More ranges are put together, the nearest first: rows between them then say `inexact`, too. */
export const MAX_RANGES = 64;

export interface InexactRange extends Span {
  /** The rows that there were say that they lack values. */
  readonly isMarked: boolean;
}

interface KeptRange extends InexactRange {
  /** When values were last lost in it, in the order of writes and folds. */
  readonly generation: number;
}

/**
 * The times in which windows of the finest resolution begin that values were stored into while there was no room to note
 * that, until they are computed as a whole. The ranges are few, whatever comes: where single windows cannot be listed any more, rows between two of them say it, too.
 */
export class InexactRanges {
  /** In the order of time; they do not touch one another. */
  #ranges: readonly KeptRange[];
  /** When rows may be marked next, by the monotonic clock: values may keep coming into the same times. */
  nextMs = Number.NEGATIVE_INFINITY;

  constructor(ranges: readonly InexactRange[] = []) {
    this.#ranges = ranges.map((range) => ({ ...range, generation: 0 }));
  }

  get all(): readonly InexactRange[] {
    return this.#ranges.map(({ startMs, endMs, isMarked }) => ({ startMs, endMs, isMarked }));
  }

  get unmarked(): readonly InexactRange[] {
    return this.#ranges.filter(({ isMarked }) => !isMarked);
  }

  hasPartOf({ startMs, endMs }: Span): boolean {
    return this.#ranges.some((range) => range.startMs < endMs && range.endMs > startMs);
  }

  /** A value of the window with this slot is lost. Returns false when its rows will be marked already. */
  add(span: Span, generation: number): boolean {
    const touching = this.#ranges.filter((range) => isTouching(range, span));
    const isKnown = touching.some(
      ({ startMs, endMs, isMarked }) => !isMarked && startMs <= span.startMs && endMs >= span.endMs,
    );
    this.#replace(touching, [joined([...touching, span], generation)]);
    return !isKnown;
  }

  /** The rows of a range say it. One that has grown meanwhile is not marked yet. */
  marked({ startMs, endMs }: Span): void {
    this.#ranges = this.#ranges.map((range) =>
      range.startMs === startMs && range.endMs === endMs ? { ...range, isMarked: true } : range,
    );
  }

  /** The window was computed as a whole by a fold of this generation. Returns true when that changes something. */
  computed({ startMs, endMs }: Span, generation: number): boolean {
    const complete = this.#ranges.filter(
      (range) => range.startMs < endMs && range.endMs > startMs && range.generation < generation,
    );
    const rest = complete.flatMap((range) => [
      { ...range, endMs: Math.min(range.endMs, startMs) },
      { ...range, startMs: Math.max(range.startMs, endMs) },
    ]);
    this.#replace(
      complete,
      rest.filter((range) => range.startMs < range.endMs),
    );
    return complete.length > 0;
  }

  #replace(gone: readonly KeptRange[], added: readonly KeptRange[]): void {
    const ranges = [...this.#ranges.filter((range) => !gone.includes(range)), ...added];
    this.#ranges = joinNearest(ranges.sort((a, b) => a.startMs - b.startMs));
  }
}

function isTouching(a: Span, b: Span): boolean {
  return a.startMs <= b.endMs && a.endMs >= b.startMs;
}

function joined(spans: readonly Span[], generation: number): KeptRange {
  const startMs = Math.min(...spans.map((span) => span.startMs));
  const endMs = Math.max(...spans.map((span) => span.endMs));
  return { startMs, endMs, isMarked: false, generation };
}

/** A change adds one range at most. */
function joinNearest(ranges: readonly KeptRange[]): readonly KeptRange[] {
  if (ranges.length <= MAX_RANGES) return ranges;
  const gapAfter = (nth: number) => ranges[nth + 1]!.startMs - ranges[nth]!.endMs;
  let nearest = 0;
  for (let nth = 1; nth < ranges.length - 1; nth++) if (gapAfter(nth) < gapAfter(nearest)) nearest = nth;
  const pair = ranges.slice(nearest, nearest + 2);
  const generation = Math.max(...pair.map((range) => range.generation));
  return ranges.toSpliced(nearest, 2, joined(pair, generation));
}
