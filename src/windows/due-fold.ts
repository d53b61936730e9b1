import type { AggregateState } from './aggregate-state.js';
import type { WindowMark } from './window-marks.js';

/** A window that is computed next. */
export interface DueFold {
  readonly state: AggregateState;
  /** Index into `state.levels`. */
  readonly level: number;
  readonly mark: WindowMark;
  /** The window has not closed: its rows say `open`, and it stays due. */
  readonly isOpen: boolean;
}

/** A window that points keep falling into is computed after so many times the quiet that it waits for. */
const MAX_QUIETS = 10;
/** The quiet where `lateness` is shorter. */
const MIN_QUIET_MS = 1_000;

/**
 * The closed window that waits longest; of several, finer ones come first. What was late or is rebuilt comes behind all that
 * has closed in time: a device with a wrong clock can touch a hundred thousand windows. One that could not be computed is
 * passed over for a while, so that it does not keep the others waiting. Undefined: nothing is due.
 */
export function nextDue(
  states: readonly AggregateState[],
  watermarkMs: number,
  monotonicMs = Number.POSITIVE_INFINITY,
): DueFold | undefined {
  let next: DueFold | undefined;
  for (const state of states) {
    for (const [level, { marks }] of state.levels.entries()) {
      for (const mark of marks.all()) {
        if (mark.retryAtMs > monotonicMs) continue;
        const one = { state, level, mark, isOpen: false };
        if (next !== undefined && !isBefore(one, next)) continue;
        if (isDue(state, level, mark, watermarkMs)) next = one;
      }
    }
  }
  return next;
}

function isBefore(one: DueFold, other: DueFold): boolean {
  const [isInTime, isOtherInTime] = [hasClosedInTime(one), hasClosedInTime(other)];
  if (isInTime !== isOtherInTime) return isInTime;
  return closesAtMs(one.state, one.mark) < closesAtMs(other.state, other.mark);
}

/** Late points touch groups, and the window as a whole only where there is no room for these. */
function hasClosedInTime({ state, mark }: DueFold): boolean {
  return mark.whole !== undefined && !mark.isRebuild && !needsQuiet(state, mark);
}

/** An open window whose rows are older than `early` allows, the finest first; undefined: none. */
export function nextEarly(
  states: readonly AggregateState[],
  watermarkMs: number,
  monotonicMs: number,
): DueFold | undefined {
  for (const state of states) {
    if (state.aggregate.earlyMs === undefined) continue;
    for (const [level, { marks }] of state.levels.entries()) {
      for (const mark of marks.all()) {
        if (closesAtMs(state, mark) <= watermarkMs || mark.nextEarlyMs > monotonicMs) continue;
        if (mark.retryAtMs > monotonicMs) continue;
        // It is of a device whose clock is ahead.
        if (mark.span.startMs > watermarkMs) continue;
        const { shownGeneration } = mark;
        if (shownGeneration === undefined || isChangedSince(mark, shownGeneration)) {
          return { state, level, mark, isOpen: true };
        }
      }
    }
  }
  return undefined;
}

function isChangedSince({ whole, groups }: WindowMark, generation: number): boolean {
  if (whole !== undefined) return whole > generation;
  return [...groups.values()].some((touched) => touched > generation);
}

function closesAtMs(state: AggregateState, { span }: WindowMark): number {
  return state.closesAtMs(span);
}

function isDue(state: AggregateState, level: number, mark: WindowMark, watermarkMs: number): boolean {
  if (closesAtMs(state, mark) > watermarkMs) return false;
  if (level > 0) return !hasFinerMark(state, level, mark);
  if (needsQuiet(state, mark)) mark.waitsSinceMs ??= mark.touchedAtMs;
  return quietAtMs(state, mark) <= watermarkMs;
}

/**
 * The watermark since when a window can be computed; undefined: it cannot yet. `knownFromMs` is the first watermark of this
 * process: the first points may be of the past, and nobody could have computed their windows before.
 */
export function dueSinceMs(
  state: AggregateState,
  level: number,
  mark: WindowMark,
  { watermarkMs, knownFromMs }: { readonly watermarkMs: number; readonly knownFromMs: number },
): number | undefined {
  if (level > 0 && hasFinerMark(state, level, mark)) return undefined;
  const sinceMs = Math.max(
    level > 0 ? closesAtMs(state, mark) : quietAtMs(state, mark),
    mark.markedAtMs ?? Number.NEGATIVE_INFINITY,
    mark.touchedAtMs === Number.NEGATIVE_INFINITY ? knownFromMs : Number.NEGATIVE_INFINITY,
  );
  return sinceMs <= watermarkMs ? sinceMs : undefined;
}

/** When points have been quiet for long enough, where the window has closed. */
function quietAtMs(state: AggregateState, mark: WindowMark): number {
  if (!needsQuiet(state, mark)) return closesAtMs(state, mark);
  const quietMs = Math.max(state.aggregate.latenessMs, MIN_QUIET_MS);
  const waitsSinceMs = mark.waitsSinceMs ?? mark.touchedAtMs;
  return Math.min(mark.touchedAtMs + quietMs, waitsSinceMs + MAX_QUIETS * quietMs);
}

/** Points that came before it closed need no quiet. */
function needsQuiet(state: AggregateState, mark: WindowMark): boolean {
  return !mark.isRebuild && mark.touchedAtMs >= closesAtMs(state, mark);
}

/** A window whose parts will be computed waits for them. */
function hasFinerMark(state: AggregateState, level: number, { span }: WindowMark): boolean {
  const finer = state.levels[level - 1]!;
  if (finer.marks.size === 0) return false;
  for (const part of finer.spans.within(span)) {
    if (finer.marks.get(part.startMs) !== undefined) return true;
  }
  return false;
}
