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

/** The closed window that waits longest; of several, finer ones come first. Undefined: nothing is due. */
export function nextDue(states: readonly AggregateState[], watermarkMs: number): DueFold | undefined {
  let next: DueFold | undefined;
  for (const state of states) {
    for (const [level, { marks }] of state.levels.entries()) {
      for (const mark of marks.all()) {
        if (next !== undefined && closesAtMs(state, mark) >= closesAtMs(next.state, next.mark)) continue;
        if (isDue(state, level, mark, watermarkMs)) next = { state, level, mark, isOpen: false };
      }
    }
  }
  return next;
}

/** An open window whose rows are older than `early` allows; undefined: none. */
export function nextEarly(
  states: readonly AggregateState[],
  watermarkMs: number,
  monotonicMs: number,
): DueFold | undefined {
  for (const state of states) {
    if (state.aggregate.earlyMs === undefined) continue;
    const isFineTime = monotonicMs >= state.nextEarlyMs;
    for (const [level, { marks }] of state.levels.entries()) {
      if (level === 0 ? !isFineTime : !state.showsCoarser) continue;
      for (const mark of marks.all()) {
        const hasNews = mark.shownGeneration === undefined || isChangedSince(mark, mark.shownGeneration);
        if (hasNews && closesAtMs(state, mark) > watermarkMs) return { state, level, mark, isOpen: true };
      }
    }
    // All that is open has been written.
    state.showsCoarser = false;
    if (isFineTime) state.nextEarlyMs = monotonicMs + state.aggregate.earlyMs;
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
  const closedAtMs = closesAtMs(state, mark);
  if (closedAtMs > watermarkMs) return false;
  if (level > 0) return !hasFinerMark(state, level, mark);
  // Points that came before it closed need no quiet.
  if (mark.isRebuild || mark.touchedAtMs < closedAtMs) return true;
  const quietMs = Math.max(state.aggregate.latenessMs, MIN_QUIET_MS);
  mark.waitsSinceMs ??= mark.touchedAtMs;
  const isQuiet = watermarkMs - mark.touchedAtMs >= quietMs;
  return isQuiet || watermarkMs - mark.waitsSinceMs >= MAX_QUIETS * quietMs;
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
