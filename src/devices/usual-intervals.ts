import { BoundedCache } from '../lib/bounded-cache.js';
import type { SeriesStores } from '../reading/ask-segment.js';
import { readCells } from '../reading/cell-reader.js';
import type { StatisticsCell } from '../sink/statistics.js';

const DAY_MS = 86_400_000;
const FINEST_CELL_MS = 300_000;
/** Cells of one answer: beyond it they are wider. */
const MAX_CELLS = 150_000;
const FEWEST_CELLS = 12;
/** A longer list of names costs more than reading all groups. */
const MAX_NAMES = 500;
/** It changes seldom. */
const KEEP_MS = 600_000;
export const MAX_REMEMBERED_INTERVALS = 50_000;

/** The devices of a measurement, and the field whose points are counted. */
export interface CountedDevices {
  readonly measurement: string;
  readonly by?: string;
  readonly field: string;
}

/** UsualIntervals says how often devices send a point, from their points of the last 24 h. */
export class UsualIntervals {
  readonly #stores: SeriesStores;
  readonly #known = new BoundedCache<{ readonly intervalMs?: number; readonly asOfMs: number }>(
    MAX_REMEMBERED_INTERVALS,
  );

  constructor(stores: SeriesStores) {
    this.#stores = stores;
  }

  /** Devices that sent too little to tell are absent. */
  async of(
    devices: CountedDevices,
    names: readonly string[],
    nowMs: number,
  ): Promise<ReadonlyMap<string, number>> {
    const keyOf = (name: string) => JSON.stringify([devices.measurement, devices.by, name]);
    const unknown = names.filter((name) => {
      const known = this.#known.get(keyOf(name));
      return known === undefined || nowMs - known.asOfMs > KEEP_MS;
    });
    if (unknown.length > 0) {
      const { cellMs, cells } = cellsFor(unknown.length);
      const answer = await readCells(this.#stores, {
        ...devices,
        ...(devices.by !== undefined && unknown.length <= MAX_NAMES && { names: unknown }),
        fromMs: Math.floor(nowMs / cellMs + 1 - cells) * cellMs,
        cells,
        cellMs,
        parts: new Set(),
      });
      for (const name of unknown) {
        const intervalMs = usualInterval(answer.get(name) ?? [], cellMs);
        this.#known.set(keyOf(name), { asOfMs: nowMs, ...(intervalMs !== undefined && { intervalMs }) });
      }
    }
    const intervals = new Map<string, number>();
    for (const name of names) {
      const intervalMs = this.#known.get(keyOf(name))?.intervalMs;
      if (intervalMs !== undefined) intervals.set(name, intervalMs);
    }
    return intervals;
  }
}

/** For many devices the cells are wider: fewer, and still some of each. */
function cellsFor(devices: number): { readonly cellMs: number; readonly cells: number } {
  const wanted = Math.max(FEWEST_CELLS, Math.floor(MAX_CELLS / devices));
  const cellMs = Math.max(1, Math.ceil(DAY_MS / wanted / FINEST_CELL_MS)) * FINEST_CELL_MS;
  return { cellMs, cells: Math.ceil(DAY_MS / cellMs) };
}

/**
 * The median distance of the cells with points where that is more than one cell, as of a device that sends in bursts; else
 * the width of a cell by the median of its points.
 */
export function usualInterval(
  cells: readonly Pick<StatisticsCell, 'startMs' | 'count'>[],
  cellMs: number,
): number | undefined {
  if (cells.length < 2) return undefined;
  const distances = cells.slice(1).map(({ startMs }, nth) => startMs - cells[nth]!.startMs);
  const distance = median(distances);
  if (distance > cellMs) return distance;
  // The last cell is not over.
  return cellMs / median(cells.slice(0, -1).map(({ count }) => count));
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!;
}
