import type { FieldChange, FieldChangeResult } from '../field-change.js';
import type { Point } from '../point.js';
import type { Rejection } from '../sink.js';
import { admit, type Limits, objectionToPoint } from './admission.js';
import { Catalog, deletionsSql } from './catalog.js';
import type { DuckdbDatabase } from './duckdb-database.js';
import { type Column, type MeasurementTable, maxColumns, SCHEMA } from './measurement-table.js';
import { planChange } from './plan-change.js';
import { RowBatch } from './row-batch.js';
import type { AgeLimit } from './row-retention.js';
import { writeRows } from './row-writer.js';
import { SeriesEntries } from './series-entries.js';
import { identifySeries } from './series-ids.js';

/**
 * DuckDB 1.5 keeps up to 256 KiB for each column that a transaction appends to, and cannot spill it before the
 * commit: 300 measurements with five columns each did not fit into 128 MiB in one transaction.
 */
const MEMORY_PER_COLUMN_BYTES = 2 ** 20;

/** Until a checkpoint DuckDB keeps 16 KiB for each column with new rows, however few; this is twice that. */
const MEMORY_PER_GROWN_COLUMN_BYTES = 2 ** 15;

/** The columns `series` and `time` of the points table, `series` and `tags` of the series table. */
const FIXED_COLUMNS = 4;

/**
 * An open file with its catalog and series ids in memory. Calls must not overlap. After a rejected call the state in
 * memory may be ahead of the file: the caller must close the store and open it again.
 */
export class DuckdbStore {
  readonly database: DuckdbDatabase;
  readonly #catalog: Catalog;
  readonly #entries: SeriesEntries;
  /** Tables with new rows since the last checkpoint of this store. */
  readonly #grown = new Set<MeasurementTable>();
  /** Unused columns of all tables were dropped: a process that was killed may have left some. */
  #isSwept = false;

  private constructor(database: DuckdbDatabase, catalog: Catalog) {
    this.database = database;
    this.#catalog = catalog;
    this.#entries = new SeriesEntries(catalog);
  }

  static async open(database: DuckdbDatabase): Promise<DuckdbStore> {
    return new DuckdbStore(database, await Catalog.load(database.writer));
  }

  /**
   * Writes the points and resolves with those that were rejected. All others are committed, and the commits are synced
   * to disk.
   *
   * @param ageLimit the limit of each measurement; undefined: points of any age are taken
   */
  async write(
    points: readonly Point[],
    ageLimit: (measurement: string) => AgeLimit | undefined,
  ): Promise<readonly Rejection[]> {
    this.#entries.clearWhenFull();
    const limitsOf = new Map<MeasurementTable, Limits>();
    const rejections: Rejection[] = [];
    const batches = new Map<MeasurementTable, RowBatch>();
    for (const [index, point] of points.entries()) {
      const entry = this.#entries.entry(point.series);
      const { table } = entry;
      let limits = limitsOf.get(table);
      if (limits === undefined) {
        const { memoryLimitBytes } = this.database;
        limits = { age: ageLimit(table.measurement), maxColumns: maxColumns(memoryLimitBytes) };
        limitsOf.set(table, limits);
      }
      const objection = entry.objection ?? objectionToPoint(point, table, limits);
      if (objection !== undefined) {
        rejections.push({ index, ...objection });
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
    if (batches.size === 0) return rejections;
    await this.#saveSchema([...batches.keys()].filter((table) => table.hasPending));
    const { api, writer } = this.database;
    for (const group of this.#transactionsOf([...batches.values()])) {
      await this.#transaction(async () => {
        for (const batch of group) await identifySeries(api, writer, batch);
        await writeRows(api, writer, group);
      });
      for (const { table } of group) this.#grown.add(table);
      await this.#checkpointWhenWide();
    }
    return rejections;
  }

  /**
   * Deletes older points, then series without a point, then columns without a value, and makes their space in the file
   * available again.
   *
   * @param beforeNs the time for each measurement; undefined: nothing is deleted
   */
  async deleteBefore(beforeNs: (measurement: string) => bigint | undefined): Promise<void> {
    const limits = new Map<MeasurementTable, bigint>();
    for (const table of this.#catalog.stored()) {
      const oldestNs = beforeNs(table.measurement);
      if (oldestNs !== undefined) limits.set(table, oldestNs);
    }
    if (limits.size === 0) return;
    const shrunk: MeasurementTable[] = [];
    await this.#transaction(async () => {
      for (const [table, oldestNs] of limits) {
        const { pointsTable, seriesTable } = table;
        const deleted = await this.database.writer.run(
          `DELETE FROM ${SCHEMA}.${pointsTable} WHERE time < make_timestamp_ns(${oldestNs})`,
        );
        if (deleted.rowsChanged === 0) continue;
        shrunk.push(table);
        await this.database.writer.run(
          `DELETE FROM ${SCHEMA}.${seriesTable} s WHERE NOT EXISTS (FROM ${SCHEMA}.${pointsTable} p WHERE p.series = s.series)`,
        );
      }
      await this.database.writer.run(deletionsSql(limits));
    });
    for (const [table, oldestNs] of limits) table.noteDeleted(oldestNs);
    // A deleted series gets a new id when it returns.
    this.#entries.clear();
    for (const table of this.#isSwept ? shrunk : this.#catalog.stored()) await this.#dropUnused(table);
    this.#isSwept = true;
    await this.database.checkpoint();
  }

  /** Changes a field, unless that would lose values and is not confirmed. */
  async changeField(change: FieldChange): Promise<FieldChangeResult> {
    const { table, column, sql, result } = await planChange(this.database.writer, this.#catalog, change);
    if (result.lost > 0 && !change.isConfirmed) return { ...result, isDone: false };
    if (change.kind === 'retype' && column.type === change.type) return { ...result, isDone: true };
    await this.#transaction(async () => {
      await this.database.writer.run(sql);
    });
    if (change.kind === 'drop') table.dropped([column]);
    else table.retyped(column, change.type);
    return { ...result, isDone: true };
  }

  /** Deletes all points of a measurement; resolves with how many there were. */
  async deleteMeasurement(measurement: string): Promise<number> {
    const table = this.#catalog.find(measurement);
    if (table === undefined) return 0;
    let deleted = 0;
    await this.#transaction(async () => {
      const points = await this.database.writer.run(`DELETE FROM ${SCHEMA}.${table.pointsTable}`);
      deleted = points.rowsChanged;
      await this.database.writer.run(`DELETE FROM ${SCHEMA}.${table.seriesTable}`);
    });
    // A deleted series gets a new id when it returns.
    this.#entries.clear();
    await this.#dropUnused(table);
    await this.database.checkpoint();
    return deleted;
  }

  /** A name that is dropped can come again, also with another type. */
  async #dropUnused(table: MeasurementTable): Promise<void> {
    const unused: Column[] = [];
    for (const column of [...table.tags.values(), ...table.fields.values()]) {
      const used = await this.database.writer.runAndReadAll(
        `FROM ${SCHEMA}.${table.tableOf(column)} SELECT 1 WHERE ${column.column} IS NOT NULL LIMIT 1`,
      );
      if (used.currentRowCount === 0) unused.push(column);
    }
    if (unused.length === 0) return;
    await this.#transaction(async () => {
      await this.database.writer.run(table.dropSql(unused));
    });
    table.dropped(unused);
  }

  /** The points of a measurement before this time were deleted, also by earlier processes; undefined: none. */
  deletedBeforeNs(measurement: string): bigint | undefined {
    return this.#catalog.find(measurement)?.deletedBeforeNs;
  }

  close(): void {
    this.database.close();
  }

  /**
   * Saves new columns before the rows are written, because DuckDB does not guarantee that a table can be altered and
   * updated in one transaction. Each table has its own transaction to limit the memory.
   */
  async #saveSchema(tables: readonly MeasurementTable[]): Promise<void> {
    for (const table of tables) {
      await this.#transaction(async () => {
        await this.database.writer.run(table.schemaSql());
      });
      table.schemaStored();
    }
  }

  /** Frees the memory of many tables earlier than DuckDB, which considers only the size of its log. */
  async #checkpointWhenWide(): Promise<void> {
    let columns = 0;
    for (const table of this.#grown) columns += table.columnCount + FIXED_COLUMNS;
    if (columns * MEMORY_PER_GROWN_COLUMN_BYTES < this.database.memoryLimitBytes / 2) return;
    await this.database.checkpoint();
    this.#grown.clear();
  }

  /** Groups the batches into transactions that fit into memory; usually there is only one. */
  #transactionsOf(batches: readonly RowBatch[]): RowBatch[][] {
    const maxColumnsAtOnce = Math.floor(this.database.memoryLimitBytes / MEMORY_PER_COLUMN_BYTES);
    const transactions: RowBatch[][] = [];
    let columns = maxColumnsAtOnce;
    for (const batch of batches) {
      columns += batch.table.columnCount;
      if (columns > maxColumnsAtOnce) {
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
      // Also after a failed BEGIN or COMMIT: every BEGIN fails on a connection that is still in a transaction.
      await writer.run('ROLLBACK').catch(() => undefined); // the first failure is the one to report
      throw thrown;
    }
  }
}
