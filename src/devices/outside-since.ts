import { BoundedCache } from '../lib/bounded-cache.js';
import { type LeftRangeQuery, MAX_LEFT_RANGE_GROUPS, type StoreReader } from '../sink/store-reader.js';

const LOOK_BACK_MS = 86_400_000;
/** What was found is looked up again only in what came since, and a little before that. */
const OVERLAP_MS = 60_000;
const FORGET_AFTER_MS = 3_600_000;
export const MAX_REMEMBERED_OUTSIDE = 5_000;

export interface OutsideQuery extends Pick<LeftRangeQuery, 'measurement' | 'field' | 'by'> {
  readonly expected: readonly [low: number, high: number];
}

interface Found {
  readonly sinceMs?: number;
  readonly checkedMs: number;
}

/** OutsideSince says since when numbers are outside of their expected range: as far as points of the last 24 h say it. */
export class OutsideSince {
  readonly #reader: Pick<StoreReader, 'leftRange'>;
  readonly #found = new BoundedCache<Found>(MAX_REMEMBERED_OUTSIDE);

  constructor(reader: Pick<StoreReader, 'leftRange'>) {
    this.#reader = reader;
  }

  /** @param names devices whose newest number is outside; those beyond MAX_LEFT_RANGE_GROUPS are not asked for */
  async of(
    query: OutsideQuery,
    names: readonly string[],
    nowMs: number,
  ): Promise<ReadonlyMap<string, number>> {
    const asked = names.slice(0, MAX_LEFT_RANGE_GROUPS);
    const keyOf = (name: string) =>
      JSON.stringify([query.measurement, query.by, query.field, query.expected, name]);
    const recent = new Map<string, Found>();
    for (const name of asked) {
      const found = this.#found.get(keyOf(name));
      if (found !== undefined && nowMs - found.checkedMs <= FORGET_AFTER_MS) recent.set(name, found);
    }
    const checkedMs = Math.min(...[...recent.values()].map((found) => found.checkedMs));
    const unknown = asked.filter((name) => !recent.has(name));
    const left = new Map([
      ...(await this.#ask(query, [...recent.keys()], checkedMs - OVERLAP_MS)),
      ...(await this.#ask(query, unknown, nowMs - LOOK_BACK_MS)),
    ]);
    const all = new Map<string, number>();
    for (const name of asked) {
      const sinceMs = left.get(name) ?? recent.get(name)?.sinceMs;
      this.#found.set(keyOf(name), { checkedMs: nowMs, ...(sinceMs !== undefined && { sinceMs }) });
      if (sinceMs !== undefined) all.set(name, sinceMs);
    }
    return all;
  }

  async #ask(
    { measurement, field, by, expected: [low, high] }: OutsideQuery,
    names: readonly string[],
    fromMs: number,
  ): Promise<ReadonlyMap<string, number>> {
    if (names.length === 0) return new Map();
    const grouped = by === undefined ? {} : { by };
    return this.#reader.leftRange({ measurement, field, ...grouped, names, low, high, fromMs });
  }
}
