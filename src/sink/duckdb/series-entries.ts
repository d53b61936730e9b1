import type { Series, Tag } from '../point.js';
import { type Objection, objectionToSeries } from './admission.js';
import type { Catalog } from './catalog.js';
import type { MeasurementTable } from './measurement-table.js';

/** What the store knows about one series. */
export interface SeriesEntry {
  readonly table: MeasurementTable;
  readonly series: Series;
  /** The tag set as one text; equal tag sets have equal keys, also in different `Series` objects. */
  readonly key: string;
  readonly objection: Objection | undefined;
  /** Id in the file; undefined until it has been looked up or added. */
  id: number | undefined;
}

/** Limit of cached series, about 300 bytes each. Above it the cache is cleared and the ids are looked up again. */
const MAX_ENTRIES = 100_000;

/** A cache of the series ids in the file; the file stays authoritative. */
export class SeriesEntries {
  readonly #catalog: Catalog;
  #bySeries = new WeakMap<Series, SeriesEntry>();
  readonly #byKey = new Map<MeasurementTable, Map<string, SeriesEntry>>();
  #count = 0;

  constructor(catalog: Catalog) {
    this.#catalog = catalog;
  }

  /** Returns the entry of a series, and adds it when it is new. */
  entry(series: Series): SeriesEntry {
    const known = this.#bySeries.get(series);
    if (known !== undefined) return known;
    const table = this.#catalog.table(series.measurement);
    const key = keyOfTags(series.tags);
    let byKey = this.#byKey.get(table);
    if (byKey === undefined) {
      byKey = new Map();
      this.#byKey.set(table, byKey);
    }
    let entry = byKey.get(key);
    if (entry === undefined) {
      entry = { table, series, key, objection: objectionToSeries(series), id: undefined };
      byKey.set(key, entry);
      this.#count++;
    }
    this.#bySeries.set(series, entry);
    return entry;
  }

  /** Clears a full cache. Call it only between two writes: the entries of one write must stay the same objects. */
  clearWhenFull(): void {
    if (this.#count > MAX_ENTRIES) this.clear();
  }

  clear(): void {
    this.#bySeries = new WeakMap();
    this.#byKey.clear();
    this.#count = 0;
  }
}

/** Returns a tag set as text: what the column `tags` of the series table has. */
function keyOfTags(tags: readonly Tag[]): string {
  return JSON.stringify(tags.map(({ name, value }) => [name, value]));
}

export function tagsOfKey(key: string): Tag[] {
  const tags = JSON.parse(key) as readonly (readonly [string, string])[];
  return tags.map(([name, value]) => ({ name, value }));
}

/** Returns the id of a series; throws before `identifySeries` has run. */
export function seriesId({ key, id }: SeriesEntry): number {
  if (id === undefined) throw new Error(`series ${key} has no id`);
  return id;
}
