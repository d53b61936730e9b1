import type { Point, Refusal } from '../sink.js';
import { admit, objectionToPoint } from './admission.js';
import { Catalog } from './catalog.js';
import type { DuckdbDatabase } from './duckdb-database.js';
import { type MeasurementTable, SCHEMA } from './measurement-table.js';
import { RowBatch } from './row-batch.js';
import { identifySeries, writeRows } from './row-writer.js';
import { SeriesEntries } from './series-entries.js';

const MIN_INT64 = -(2n ** 63n);

/**
 * An open file and what is known of it. Calls do not overlap. After a rejection what is in memory may be ahead
 * of the file: the store is to be closed and opened anew.
 */
export class DuckdbStore {
  readonly database: DuckdbDatabase;
  readonly #catalog: Catalog;
  readonly #entries: SeriesEntries;

  private constructor(database: DuckdbDatabase, catalog: Catalog) {
    this.database = database;
    this.#catalog = catalog;
    this.#entries = new SeriesEntries(catalog);
  }

  static async open(database: DuckdbDatabase): Promise<DuckdbStore> {
    return new DuckdbStore(database, await Catalog.load(database.writer));
  }

  /**
   * Resolved: the points but the refused are committed, and the commit is synced to disk.
   *
   * @param oldestNs points before it are refused
   */
  async write(points: readonly Point[], oldestNs: bigint = MIN_INT64): Promise<readonly Refusal[]> {
    this.#entries.forgetWhenFull();
    const refusals: Refusal[] = [];
    const batches = new Map<MeasurementTable, RowBatch>();
    for (const [index, point] of points.entries()) {
      const entry = this.#entries.entry(point.series);
      const { table } = entry;
      const objection = entry.objection ?? objectionToPoint(point, table, oldestNs);
      if (objection !== undefined) {
        refusals.push({ index, ...objection });
        continue;
      }
      admit(point, table);
      let batch = batches.get(table);
      if (batch === undefined) {
        batch = new RowBatch(table);
        batches.set(table, batch);
      }
      batch.add(point, entry);
    }
    if (batches.size === 0) return refusals;
    await this.#saveSchema([...batches.keys()].filter((table) => table.hasPending));
    const { api, writer } = this.database;
    await this.#transaction(async () => {
      for (const batch of batches.values()) {
        await identifySeries(api, writer, batch);
        await writeRows(api, writer, batch);
      }
    });
    return refusals;
  }

  /** Deletes what is older, then the series left without a point, and gives the space back to the file. */
  async deleteBefore(oldestNs: bigint): Promise<void> {
    await this.#transaction(async () => {
      for (const { pointsTable, seriesTable } of this.#catalog.stored()) {
        const deleted = await this.database.writer.run(
          `DELETE FROM ${SCHEMA}.${pointsTable} WHERE time < make_timestamp_ns(${oldestNs})`,
        );
        if (deleted.rowsChanged === 0) continue;
        await this.database.writer.run(
          `DELETE FROM ${SCHEMA}.${seriesTable} s WHERE NOT EXISTS (FROM ${SCHEMA}.${pointsTable} p WHERE p.series = s.series)`,
        );
      }
    });
    // A deleted series comes back under a new id.
    this.#entries.forget();
    await this.database.writer.run('CHECKPOINT');
  }

  close(): void {
    this.database.close();
  }

  /** On its own, before the rows: a table altered and updated in one transaction is not something DuckDB promises. */
  async #saveSchema(tables: readonly MeasurementTable[]): Promise<void> {
    if (tables.length === 0) return;
    await this.#transaction(async () => {
      for (const table of tables) await this.database.writer.run(table.schemaSql());
    });
    for (const table of tables) table.schemaStored();
  }

  async #transaction(work: () => Promise<void>): Promise<void> {
    const { writer } = this.database;
    await writer.run('BEGIN');
    try {
      await work();
    } catch (thrown) {
      await writer.run('ROLLBACK').catch(() => undefined); // the first failure is the one to tell
      throw thrown;
    }
    await writer.run('COMMIT');
  }
}
