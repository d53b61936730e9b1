import type { FoldedGroup, FoldQuery, RowsQuery, StoredRow, WindowReader } from '../window-reader.js';
import type { DuckdbDatabase } from './duckdb-database.js';
import { planFold } from './fold-plan.js';
import { foldSlice } from './fold-slice.js';
import { ReadQueue } from './read-queue.js';
import { type RowPosition, readRowPage } from './read-rows.js';
import { storedMeasurement } from './stored-measurement.js';

/** One slice takes seconds, or minutes on a very slow machine; a checkpoint of the writer waits for it. */
const MAX_SLICE_MS = 300_000;
/** All statements share DuckDB's memory with the writer, whose commits fail when there is none left. */
const BUDGET_DIVISOR = 8;

/**
 * Computes windows by SQL, on a connection of its own. An answer is read in slices that fit into a part of DuckDB's
 * memory. Nothing is open in DuckDB while the caller works on a slice.
 */
export class DuckdbWindowReader implements WindowReader {
  readonly #queue: ReadQueue;

  constructor(database: () => DuckdbDatabase | undefined) {
    this.#queue = new ReadQueue(database, ({ windowReader }) => windowReader, MAX_SLICE_MS);
  }

  async *fold(query: FoldQuery, signal: AbortSignal): AsyncGenerator<readonly FoldedGroup[]> {
    const of = this.#queue.database;
    const budgetBytes = of.memoryLimitBytes / BUDGET_DIVISOR;
    const plan = await this.#queue.run((read) => planFold(read, query, budgetBytes), { signal, of });
    if (plan === undefined) return;
    for (let slice = 0; slice < plan.slices; slice++) {
      const groups = await this.#queue.run((read) => read.snapshot(() => foldSlice(read, plan, slice)), {
        signal,
        of,
      });
      if (groups.length > 0) yield groups;
    }
  }

  async *rows(query: RowsQuery, signal: AbortSignal): AsyncGenerator<readonly StoredRow[]> {
    const of = this.#queue.database;
    const stored = await this.#queue.run((read) => storedMeasurement(read, query.measurement), {
      signal,
      of,
    });
    if (stored === undefined) return;
    let after: RowPosition | undefined;
    do {
      const page = await this.#queue.run((read) => readRowPage(read, stored, query, after), { signal, of });
      if (page.rows.length > 0) yield page.rows;
      after = page.next;
    } while (after !== undefined);
  }

  /** See `ReadQueue.stop`. */
  stop(): Promise<void> {
    return this.#queue.stop();
  }
}
