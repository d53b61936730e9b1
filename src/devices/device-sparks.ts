import { RecentAnswers } from '../lib/recent-answers.js';
import type { SeriesStores } from '../reading/ask-segment.js';
import { type CellQuery, readCells } from '../reading/cell-reader.js';

const DAY_MS = 86_400_000;
/** A sparkline changes slowly. */
const KEEP_MS = 60_000;
const MAX_KEPT = 8;

/** Name → the mean of each part of the last 24 h; null: no value. */
export type Sparks = ReadonlyMap<string, readonly (number | null)[]>;

export interface SparkQuery extends Pick<CellQuery, 'measurement' | 'by' | 'field'> {
  /** Into how many parts the time is divided. */
  readonly parts: number;
}

/** DeviceSparks reads the sparklines of a page of devices, and shares them between pages with the same devices. */
export class DeviceSparks {
  readonly #stores: SeriesStores;
  readonly #recent = new RecentAnswers<Sparks>(KEEP_MS, MAX_KEPT);

  constructor(stores: SeriesStores) {
    this.#stores = stores;
  }

  of(query: SparkQuery, names: readonly string[], nowMs: number): Promise<Sparks> {
    const sorted = names.toSorted();
    return this.#recent.get(JSON.stringify([query, sorted]), () => this.#read(query, sorted, nowMs));
  }

  /** One query for all devices, to each store that has a part of the day. */
  async #read({ parts, ...of }: SparkQuery, names: readonly string[], nowMs: number): Promise<Sparks> {
    const cellMs = Math.ceil(DAY_MS / parts);
    const fromMs = Math.floor(nowMs / cellMs + 1 - parts) * cellMs;
    const answer = await readCells(this.#stores, {
      ...of,
      ...(of.by !== undefined && { names }),
      fromMs,
      cells: parts,
      cellMs,
      parts: new Set(['sum']),
    });
    const empty: (number | null)[] = Array.from({ length: parts }, () => null);
    return new Map(
      names.map((name) => {
        const means = [...empty];
        for (const { startMs, sum, count } of answer.get(name) ?? []) {
          const nth = (startMs - fromMs) / cellMs;
          if (sum !== undefined && nth >= 0 && nth < parts) means[Math.floor(nth)] = sum / count;
        }
        return [name, means];
      }),
    );
  }
}
