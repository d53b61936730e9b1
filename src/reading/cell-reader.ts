import type { StatisticsCell, StatisticsPart } from '../sink/statistics.js';
import { askSegment, type SeriesStores } from './ask-segment.js';
import { mergeCells } from './merge-cells.js';
import { planReading } from './plan-reading.js';
import { usableRows } from './usable-rows.js';

/** Asks for the numbers of a field in cells of time. */
export interface CellQuery {
  readonly measurement: string;
  readonly field: string;
  readonly by?: string;
  /** Only these groups; absent: all. */
  readonly names?: readonly string[];
  /** A multiple of `cellMs`, ms since 1970. */
  readonly fromMs: number;
  readonly cells: number;
  readonly cellMs: number;
  readonly parts: ReadonlySet<StatisticsPart>;
}

/** The cells of each group that have a value, in the order of time; each begins at a multiple of the width. */
export type CellAnswer = ReadonlyMap<string, readonly StatisticsCell[]>;

/** Reads cells of equal width: from rows of windows where they say the same as the points, else from points. */
export async function readCells(stores: SeriesStores, query: CellQuery): Promise<CellAnswer> {
  const { measurement, fromMs, cells, cellMs, parts } = query;
  const readable = stores.readable(measurement);
  const toMs = fromMs + cells * cellMs;
  const edges = Array.from({ length: cells + 1 }, (_, nth) => fromMs + nth * cellMs);
  const sources = {
    levels: usableRows(readable, query, parts),
    fallbacks: usableRows(readable, query, new Set()).toReversed(),
    pointsFromMs: stores.pointsFromMs(measurement) ?? Number.NEGATIVE_INFINITY,
  };
  const { segments } = planReading(edges, { startMs: fromMs, endMs: toMs }, sources);
  const groups = new Map<string, Map<number, StatisticsCell>>();
  for (const segment of segments) {
    const asked = { ...query, fn: 'mean', fromMs: segment.startMs, toMs: segment.endMs } as const;
    for (const [name, found] of await askSegment(stores, segment, asked)) {
      const known = groups.get(name) ?? new Map<number, StatisticsCell>();
      groups.set(name, known);
      for (const cell of found) {
        const before = known.get(cell.startMs);
        known.set(cell.startMs, before === undefined ? cell : mergeCells([before, cell])!);
      }
    }
  }
  return new Map([...groups].map(([name, found]) => [name, [...found.values()]]));
}
