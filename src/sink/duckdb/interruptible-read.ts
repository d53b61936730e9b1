import type { DuckDBConnection } from '@duckdb/node-api';
import { SluiceError } from '../../lib/errors.js';

/** DuckDB forgets an interrupt that comes between two statements, so it is repeated until the read has ended. */
const INTERRUPT_EVERY_MS = 20;

/** Runs the statements of one query, and can be interrupted by a time limit or by `end`. */
export class InterruptibleRead {
  readonly #connection: DuckDBConnection;
  #endedBecause: string | SluiceError | undefined;
  #interrupts: NodeJS.Timeout | undefined;

  constructor(connection: DuckDBConnection) {
    this.#connection = connection;
  }

  get isEnded(): boolean {
    return this.#endedBecause !== undefined;
  }

  /**
   * Runs `work` for `maxMs` at most. Rejects with the SluiceError that it was ended with or that `work` throws, else with
   * SINK_QUERY_FAILED.
   */
  async run<T>(
    work: (read: InterruptibleRead) => Promise<T>,
    maxMs: number,
    tooLong: string | SluiceError = `it took longer than ${maxMs / 1_000} s; ask for a shorter time`,
  ): Promise<T> {
    const limit = setTimeout(() => this.end(tooLong), maxMs);
    try {
      return await work(this);
    } catch (thrown) {
      if (this.#endedBecause instanceof SluiceError) throw this.#endedBecause;
      if (thrown instanceof SluiceError) throw thrown;
      // DuckDB's own text quotes the statement, which is nothing for a client; the cause is logged.
      const reason = this.#endedBecause ?? 'it could not answer the query; the log of the gateway says why';
      throw new SluiceError('SINK_QUERY_FAILED', `DuckDB: ${reason}`, { cause: thrown });
    } finally {
      clearTimeout(limit);
      clearInterval(this.#interrupts);
    }
  }

  /** Resolves with all rows of one statement. */
  async rows(sql: string): Promise<readonly (readonly unknown[])[]> {
    this.#throwIfEnded();
    return (await this.#connection.runAndReadAll(sql)).getRows();
  }

  /** Resolves with the columns of what one statement would answer; it is not run. */
  async columns(sql: string): Promise<readonly { readonly name: string; readonly type: string }[]> {
    this.#throwIfEnded();
    const prepared = await this.#connection.prepare(sql);
    try {
      return Array.from({ length: prepared.columnCount }, (_, index) => ({
        name: prepared.columnName(index),
        type: String(prepared.columnType(index)),
      }));
    } finally {
      prepared.destroySync();
    }
  }

  /**
   * Calls `take` with each row of one statement. The thread is free between some rows: for statements with thousands.
   * Not by `stream`: a stream that is not read to its end keeps the file open until it is collected as garbage.
   */
  async each(sql: string, take: (row: readonly unknown[]) => void): Promise<void> {
    this.#throwIfEnded();
    const result = await this.#connection.run(sql);
    for await (const rows of result.yieldRows()) rows.forEach(take);
  }

  /** Runs `work` on one state of the data. */
  async snapshot<T>(work: () => Promise<T>): Promise<T> {
    // An interrupt may have reached the last ROLLBACK, and every BEGIN fails on a connection that is in a transaction.
    await this.#rollback();
    await this.rows('BEGIN TRANSACTION READ ONLY');
    try {
      return await work();
    } finally {
      await this.#rollback();
    }
  }

  #throwIfEnded(): void {
    if (this.#endedBecause !== undefined) throw new Error('the read was ended');
  }

  async #rollback(): Promise<void> {
    await this.#connection.run('ROLLBACK').catch(() => undefined); // it fails where there is no transaction
  }

  /**
   * Interrupts the running statement and prevents further ones.
   *
   * @param reason what `run` rejects with; a text becomes a SINK_QUERY_FAILED
   */
  end(reason: string | SluiceError): void {
    if (this.#endedBecause !== undefined) return;
    this.#endedBecause = reason;
    this.#connection.interrupt();
    this.#interrupts = setInterval(() => this.#connection.interrupt(), INTERRUPT_EVERY_MS);
  }
}
