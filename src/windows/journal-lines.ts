import type { InexactRange } from './inexact-ranges.js';
import type { AggregateLayout } from './layout.js';
import type { GroupKey } from './window-marks.js';

/*
 * The lines of the journal. `measurement` is that of a resolution, which names it in all configurations. Times are ms
 * since 1970.
 */

/** Windows that have to be computed from now on; durable before the store has the points that make it so. */
export interface MarkLine {
  readonly kind: 'mark';
  readonly marks: readonly SavedMark[];
}

export interface SavedMark {
  readonly measurement: string;
  readonly startMs: number;
  /** Absent: the whole window. */
  readonly groups?: readonly GroupKey[];
  readonly isForced?: boolean;
  readonly isRebuild?: boolean;
}

/** A fold is complete and its rows are in the store; with the windows of the next resolution that it touched. */
export interface FoldedLine {
  readonly kind: 'folded';
  readonly aggregate: string;
  readonly measurement: string;
  readonly startMs: number;
  /** Values that waited for this fold, and what became of them. */
  readonly values: number;
  readonly outcome: 'aggregated' | 'beyondRetention';
  /** What does not wait any more: groups, the whole window, or nothing because it changed meanwhile. */
  readonly done: readonly GroupKey[] | 'whole' | 'none';
  readonly marks: readonly SavedMark[];
}

/** The counts of values that fit to a position of the consumer; written before the checkpoint of that position. */
export interface CountsLine {
  readonly kind: 'counts';
  readonly position: string;
  readonly counts: Readonly<Record<string, ValueCounts>>;
  /** The values that wait for windows of the finest resolution, where they have changed since the line before. */
  readonly waiting: readonly (readonly [aggregate: string, startMs: number, values: number])[];
}

/** Everything that is known; each file begins with one. */
export interface SnapshotLine {
  readonly kind: 'snapshot';
  readonly position: string;
  readonly counts: Readonly<Record<string, ValueCounts>>;
  readonly waiting: CountsLine['waiting'];
  readonly marks: readonly SavedMark[];
  /** Aggregate → as in its last `InexactLine`; absent in files of earlier versions. */
  readonly inexact?: Readonly<Record<string, readonly InexactRange[]>>;
  /** Aggregate → what must not change under its name; also of those that are no longer configured. */
  readonly layouts: Readonly<Record<string, AggregateLayout>>;
}

/** The times whose rows have to say that they lack values: all of them, in place of what an earlier line says. */
export interface InexactLine {
  readonly kind: 'inexact';
  readonly aggregate: string;
  readonly ranges: readonly InexactRange[];
}

/** A person has given up the rows of an aggregate, and what was known of it; written while no gateway runs. */
export interface DroppedLine {
  readonly kind: 'dropped';
  readonly aggregate: string;
  readonly measurements: readonly string[];
}

export type JournalLine = MarkLine | FoldedLine | CountsLine | SnapshotLine | InexactLine | DroppedLine;

/** Counts of values that are not awaiting any more, and of all that the store took. */
export interface ValueCounts {
  readonly accepted: number;
  readonly aggregated: number;
  readonly beyondMemory: number;
  readonly beyondRetention: number;
}

export const NO_VALUES: ValueCounts = {
  accepted: 0,
  aggregated: 0,
  beyondMemory: 0,
  beyondRetention: 0,
};

/** What the journal says at a position of the consumer, and what was marked and computed after it. */
export interface SavedWindows {
  readonly counts: Map<string, ValueCounts>;
  /** Measurement of the resolution → start → window. */
  readonly marks: Map<string, Map<number, SavedWindow>>;
  /** Aggregate → times whose rows have to say that they lack values. */
  readonly inexact: Map<string, readonly InexactRange[]>;
  /** Also of aggregates that are no longer configured. */
  layouts: Readonly<Record<string, AggregateLayout>>;
  /** The aggregates that the last process computed. */
  configured: Set<string>;
  /** False: no counts fit to the position, because the state is from another time; marks may be missing. */
  isAtPosition: boolean;
}

export interface SavedWindow {
  isWhole: boolean;
  readonly groups: Set<GroupKey>;
  values: number;
  isForced: boolean;
  isRebuild: boolean;
}

/** The measurement of an aggregate's finest resolution; '' for one that is no longer configured. */
type FinestOf = (aggregate: string) => string;

/**
 * Puts lines together. Everything is taken up to the last counts of the position. What comes after it is marked or computed by the
 * time of the crash, but the records behind the position are read again: their values are counted then.
 */
export function restoreLines(
  lines: readonly JournalLine[],
  position: string,
  finestOf: FinestOf,
): SavedWindows {
  const isCounts = (line: JournalLine) => line.kind === 'counts' || line.kind === 'snapshot';
  const found = lines.findLastIndex((line) => isCounts(line) && (line as CountsLine).position === position);
  const at = found >= 0 ? found : lines.findLastIndex(isCounts);
  const saved: SavedWindows = {
    counts: new Map(),
    marks: new Map(),
    inexact: new Map(),
    layouts: {},
    configured: new Set(),
    isAtPosition: found >= 0,
  };
  for (const [nth, line] of lines.entries()) apply(saved, line, nth <= at, finestOf);
  return saved;
}

function apply(saved: SavedWindows, line: JournalLine, isBefore: boolean, finestOf: FinestOf): void {
  switch (line.kind) {
    case 'mark':
      for (const mark of line.marks) addMark(saved, mark);
      return;
    case 'folded':
      for (const mark of line.marks) addMark(saved, mark);
      applyFolded(saved, line);
      return;
    case 'snapshot':
      saved.layouts = line.layouts;
      saved.configured = new Set(Object.keys(line.counts));
      for (const mark of line.marks) addMark(saved, mark);
      for (const [name, ranges] of Object.entries(line.inexact ?? {})) saved.inexact.set(name, ranges);
      if (!isBefore) return;
      // It is complete: what an earlier process has counted and not brought to a checkpoint is not in it.
      for (const windows of saved.marks.values()) for (const window of windows.values()) window.values = 0;
      applyCounts(saved, line, finestOf);
      return;
    case 'inexact':
      saved.inexact.set(line.aggregate, line.ranges);
      return;
    case 'dropped': {
      const { [line.aggregate]: _dropped, ...layouts } = saved.layouts;
      saved.layouts = layouts;
      saved.configured.delete(line.aggregate);
      saved.counts.delete(line.aggregate);
      saved.inexact.delete(line.aggregate);
      for (const measurement of line.measurements) saved.marks.delete(measurement);
      return;
    }
    case 'counts':
      if (isBefore) applyCounts(saved, line, finestOf);
      return;
  }
}

/**
 * A window that values waited for and that is not marked any more was computed between the time of the counts and their
 * line: they are in its rows.
 */
function applyCounts(
  saved: SavedWindows,
  { counts, waiting }: Pick<CountsLine, 'counts' | 'waiting'>,
  finestOf: FinestOf,
): void {
  for (const [name, one] of Object.entries(counts)) saved.counts.set(name, one);
  for (const [name, startMs, values] of waiting) {
    const window = saved.marks.get(finestOf(name))?.get(startMs);
    if (window !== undefined) window.values = values;
    else addTo(saved, name, 'aggregated', values);
  }
}

function addTo(saved: SavedWindows, aggregate: string, outcome: keyof ValueCounts, values: number): void {
  const before = saved.counts.get(aggregate) ?? NO_VALUES;
  saved.counts.set(aggregate, { ...before, [outcome]: before[outcome] + values });
}

/** The values that waited at the counts are computed by it: they were in the store before the fold began. */
function applyFolded(
  saved: SavedWindows,
  { aggregate, measurement, startMs, values, outcome, done }: FoldedLine,
): void {
  const windows = saved.marks.get(measurement);
  const window = windows?.get(startMs);
  if (windows === undefined || window === undefined) return;
  const moved = Math.min(values, window.values);
  window.values -= moved;
  addTo(saved, aggregate, outcome, moved);
  if (done === 'whole') window.isWhole = false;
  else if (done !== 'none') for (const group of done) window.groups.delete(group);
  if (!window.isWhole && window.groups.size === 0) windows.delete(startMs);
}

function addMark(
  saved: SavedWindows,
  { measurement, startMs, groups, isForced, isRebuild }: SavedMark,
): void {
  let windows = saved.marks.get(measurement);
  if (windows === undefined) {
    windows = new Map();
    saved.marks.set(measurement, windows);
  }
  let window = windows.get(startMs);
  if (window === undefined) {
    window = { isWhole: false, groups: new Set(), values: 0, isForced: false, isRebuild: false };
    windows.set(startMs, window);
  }
  if (groups === undefined) {
    window.isWhole = true;
    window.groups.clear();
  } else for (const group of groups) window.groups.add(group);
  window.isForced ||= isForced === true;
  window.isRebuild ||= isRebuild === true;
}
