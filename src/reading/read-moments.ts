import type { StatisticsAnswer, StatisticsPart } from '../sink/statistics.js';
import type { Segment, UsableRows } from './plan-reading.js';
import { QUARTER_OF_AN_HOUR_MS } from './series-buckets.js';
import type { Moments, ReadCell } from './series-groups.js';

/** Queries of one answer: groups that were last seen at different times are asked one by one. What is beyond stays unknown. */
export const MAX_MOMENT_QUERIES = 24;
/** A day of points is more than two values are worth. */
const LONGEST_WINDOW_MS = 3_600_000;
const DAY_MS = 86_400_000;

type Edge = 'first' | 'last';

export interface AskedPart {
  readonly fromMs: number;
  readonly toMs: number;
  readonly cellMs?: number;
  readonly names: readonly string[];
  readonly parts: ReadonlySet<StatisticsPart>;
}
export type Ask = (segment: Segment, asked: AskedPart) => Promise<StatisticsAnswer>;

/**
 * The first and the last value of each group, which the buckets do not say: the outermost cell with a value is read again.
 * Of rows the outermost window is looked up, and then the points of that window while they are kept.
 */
export async function readMoments(
  groups: ReadonlyMap<string, readonly ReadCell[]>,
  cellMs: number,
  pointsFromMs: number,
  askStore: Ask,
): Promise<ReadonlyMap<string, Moments>> {
  let left = MAX_MOMENT_QUERIES;
  const ask: Ask = async (segment, asked) => {
    if (left === 0) return new Map();
    left -= 1;
    return askStore(segment, asked);
  };
  const moments = new Map<string, Moments>([...groups.keys()].map((name) => [name, {}]));
  // The newest value is the one that people look at.
  for (const edge of ['last', 'first'] as const) {
    for (const { read, names } of outermost(groups, edge)) {
      const { segment, cell } = read;
      const span = {
        startMs: edge === 'first' ? segment.startMs : Math.max(segment.startMs, cell.startMs),
        endMs: edge === 'last' ? segment.endMs : Math.min(segment.endMs, cell.startMs + cellMs),
      };
      const found = await edgeOf({ ...segment, ...span }, names, edge, pointsFromMs, ask);
      for (const [name, cells] of found) {
        const moment = outer(cells, edge)?.[edge];
        if (moment !== undefined) moments.get(name)![edge] = moment;
      }
    }
  }
  return moments;
}

/** The cell that has the first or last value of a group; groups with the same are asked together. */
function outermost(
  groups: ReadonlyMap<string, readonly ReadCell[]>,
  edge: Edge,
): { readonly read: ReadCell; readonly names: string[] }[] {
  const asked = new Map<string, { readonly read: ReadCell; readonly names: string[] }>();
  for (const [name, cells] of groups) {
    const read = outer(cells, edge);
    if (read === undefined) continue;
    const key = `${read.segment.startMs} ${read.cell.startMs}`;
    const known = asked.get(key) ?? { read, names: [] };
    asked.set(key, known);
    known.names.push(name);
  }
  return [...asked.values()];
}

async function edgeOf(
  segment: Segment,
  names: readonly string[],
  edge: Edge,
  pointsFromMs: number,
  ask: Ask,
): Promise<StatisticsAnswer> {
  const { startMs: fromMs, endMs: toMs, rows } = segment;
  const asked = { fromMs, toMs, names, parts: new Set([edge]) };
  if (rows === undefined) return ask(segment, asked);
  const byWindow = await ask(segment, { ...asked, cellMs: windowCellMs(rows) });
  const found = new Map(byWindow);
  const windows = new Map<number, string[]>();
  for (const [name, cells] of byWindow) {
    const { startMs } = outer(cells, edge)!;
    windows.set(startMs, [...(windows.get(startMs) ?? []), name]);
  }
  for (const [startMs, members] of windows) {
    if (startMs < pointsFromMs || rows.everyMs > LONGEST_WINDOW_MS) continue;
    const { endMs } = rows.spans.latestWith(startMs);
    const window = { ...asked, fromMs: startMs, toMs: endMs, names: members };
    for (const [name, cells] of await ask({ startMs, endMs }, window)) found.set(name, cells);
  }
  return found;
}

function windowCellMs({ everyMs }: UsableRows): number {
  return everyMs % DAY_MS === 0 ? QUARTER_OF_AN_HOUR_MS : everyMs;
}

function outer<One>(all: readonly One[], edge: Edge): One | undefined {
  return edge === 'first' ? all[0] : all.at(-1);
}
