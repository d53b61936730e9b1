import type { Point, Refusal } from '../sink.js';
import { admit, objectionToPoint } from './admission.js';
import { Catalog } from './catalog.js';
import type { DuckdbDatabase } from './duckdb-database.js';
import { type MeasurementTable, maxColumns, SCHEMA } from './measurement-table.js';
import { RowBatch } from './row-batch.js';
import { writeRows } from './row-writer.js';
import { SeriesEntries } from './series-entries.js';
import { identifySeries } from './series-ids.js';

const MIN_INT64 = -(2n ** 63n);

/**
 * DuckDB 1.5 keeps up to 256 KiB for each column that a transaction appends to and cannot spill it before the
 * commit: 300 measurements of five columns in one transaction did not fit into 128 MiB.
 */
const MEMORY_PER_COLUMN_BYTES = 2 ** 20;

/** Until a checkpoint DuckDB keeps 16 KiB for each column that has grown, however few its new rows; taken twice. */
const MEMORY_PER_GROWN_COLUMN_BYTES = 2 ** 15;

/** series and time of the points, series and tags of the series. */
const OWN_COLUMNS = 4;

/**
 * An open file and what is known of it. Calls do not overlap. After a rejection what is in memory may be ahead
 * of the file: the store is to be closed and opened anew.
 */
export class DuckdbStore {
  readonly database: DuckdbDatabase;
  readonly #catalog: Catalog;
  readonly #entries: SeriesEntries;
  /** Tables written to since the last checkpoint made here. */
  readonly #grown = new Set<MeasurementTable>();

  private constructor(database: DuckdbDatabase, catalog: Catalog) {
    this.database = database;
    this.#catalog = catalog;
    this.#entries = new SeriesEntries(catalog);
  }

  static async open(database: DuckdbDatabase): Promise<DuckdbStore> {
    return new DuckdbStore(database, await Catalog.load(database.writer));
  }

  /**
   * Resolved: the points but the refused are committed, and the commits are synced to disk.
   *
   * @param oldestNs points before it are refused
   */
  async write(points: readonly Point[], oldestNs: bigint = MIN_INT64): Promise<readonly Refusal[]> {
    this.#entries.forgetWhenFull();
    const limits = { oldestNs, maxColumns: maxColumns(this.database.memoryLimitBytes) };
    const refusals: Refusal[] = [];
    const batches = new Map<MeasurementTable, RowBatch>();
    for (const [index, point] of points.entries()) {
      const entry = this.#entries.entry(point.series);
      const { table } = entry;
      const objection = entry.objection ?? objectionToPoint(point, table, limits);
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
    for (const together of this.#transactionsOf([...batches.values()])) {
      await this.#transaction(async () => {
        for (const batch of together) await identifySeries(api, writer, batch);
        await writeRows(api, writer, together);
      });
      for (const { table } of together) this.#grown.add(table);
      await this.#checkpointWhenWide();
    }
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

  /**
   * Before the rows and not with them: a table altered and updated in one transaction is not something DuckDB
   * promises. A transaction a table, for the memory it takes.
   */
  async #saveSchema(tables: readonly MeasurementTable[]): Promise<void> {
    for (const table of tables) {
      await this.#transaction(async () => {
        await this.database.writer.run(table.schemaSql());
      });
      table.schemaStored();
    }
  }

  /** The memory of many tables is given back sooner than DuckDB would, which looks at the size of its log only. */
  async #checkpointWhenWide(): Promise<void> {
    let columns = 0;
    for (const table of this.#grown) columns += table.columnCount + OWN_COLUMNS;
    if (columns * MEMORY_PER_GROWN_COLUMN_BYTES < this.database.memoryLimitBytes / 2) return;
    await this.database.writer.run('CHECKPOINT');
    this.#grown.clear();
  }

  /** In the usual case one. */
  #transactionsOf(batches: readonly RowBatch[]): RowBatch[][] {
    const most = Math.floor(this.database.memoryLimitBytes / MEMORY_PER_COLUMN_BYTES);
    const transactions: RowBatch[][] = [];
    let columns = most;
    for (const batch of batches) {
      columns += batch.table.columnCount;
      if (columns > most) {
        transactions.push([]);
        columns = batch.table.columnCount;
      }
      transactions.at(-1)?.push(batch);
    }
    return transactions;
  }

  async #transaction(work: () => Promise<void>): Promise<void> {
    const { writer } = this.database;
    try {
      await writer.run('BEGIN');
      await work();
      await writer.run('COMMIT');
    } catch (thrown) {
      // Also after a BEGIN or COMMIT that failed: a connection left inside a transaction would fail every BEGIN.
      await writer.run('ROLLBACK').catch(() => undefined); // the first failure is the one to tell
      throw thrown;
    }
  }
}
