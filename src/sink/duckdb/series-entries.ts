import type { Series } from '../sink.js';
import { type Objection, objectionToSeries } from './admission.js';
import type { Catalog } from './catalog.js';
import type { MeasurementTable } from './measurement-table.js';

/** What the store knows of one series. */
export interface SeriesEntry {
  readonly table: MeasurementTable;
  readonly series: Series;
  /** The tag set as one text: equal for equal tag sets, whoever made the `Series`. */
  readonly key: string;
  readonly objection: Objection | undefined;
  /** In the file; undefined until it was looked up or added. */
  id: number | undefined;
}

/** Above it everything is forgotten and looked up again: some 300 bytes a series. */
const MAX_ENTRIES = 100_000;

/** Series → id of the series in the file. The file is the truth, this only saves asking it. */
export class SeriesEntries {
  readonly #catalog: Catalog;
  #bySeries = new WeakMap<Series, SeriesEntry>();
  readonly #byKey = new Map<MeasurementTable, Map<string, SeriesEntry>>();
  #count = 0;

  constructor(catalog: Catalog) {
    this.#catalog = catalog;
  }

  entry(series: Series): SeriesEntry {
    const known = this.#bySeries.get(series);
    if (known !== undefined) return known;
    const table = this.#catalog.table(series.measurement);
    const key = JSON.stringify(series.tags.map(({ name, value }) => [name, value]));
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

  /** Between two writes only: the entries of one write have to stay the same objects. */
  forgetWhenFull(): void {
    if (this.#count > MAX_ENTRIES) this.forget();
  }

  forget(): void {
    this.#bySeries = new WeakMap();
    this.#byKey.clear();
    this.#count = 0;
  }
}

/** Once the series were identified. */
export function seriesId({ key, id }: SeriesEntry): number {
  if (id === undefined) throw new Error(`series ${key} has no id`);
  return id;
}
