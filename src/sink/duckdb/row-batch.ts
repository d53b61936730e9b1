import type { Point } from '../point.js';
import type { Column, MeasurementTable } from './measurement-table.js';
import type { SeriesEntry } from './series-entries.js';

export type ColumnValue = number | bigint | string | boolean | null;

/** The points of one write for one table, merged by identity: the last value of a field wins. */
export class RowBatch {
  readonly table: MeasurementTable;
  readonly series: SeriesEntry[] = [];
  readonly timesNs: bigint[] = [];
  /** The values of each column by row; null when the point does not name the field. */
  readonly columns = new Map<Column, ColumnValue[]>();
  readonly #rowOf = new Map<SeriesEntry, Map<bigint, number>>();

  constructor(table: MeasurementTable) {
    this.table = table;
  }

  add(point: Point, entry: SeriesEntry): void {
    const row = this.#row(entry, point.timestampNs);
    for (const field of point.fields) {
      const column = this.table.fields.get(field.name);
      if (column === undefined) throw new Error(`field "${field.name}" was not admitted`);
      let values = this.columns.get(column);
      if (values === undefined) {
        values = [];
        this.columns.set(column, values);
      }
      while (values.length < row) values.push(null);
      // `+ 0` converts -0 to 0, as line protocol does.
      values[row] = field.type === 'float' ? field.value + 0 : field.value;
    }
  }

  #row(entry: SeriesEntry, timestampNs: bigint): number {
    let rowsByTime = this.#rowOf.get(entry);
    if (rowsByTime === undefined) {
      rowsByTime = new Map();
      this.#rowOf.set(entry, rowsByTime);
    }
    const known = rowsByTime.get(timestampNs);
    if (known !== undefined) return known;
    const row = this.timesNs.length;
    rowsByTime.set(timestampNs, row);
    this.series.push(entry);
    this.timesNs.push(timestampNs);
    return row;
  }
}
