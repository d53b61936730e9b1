import type { DuckDBConnection } from '@duckdb/node-api';
import { SluiceError } from '../../lib/errors.js';

/** DuckDB forgets an interrupt that comes between two statements, so it is repeated until the read has ended. */
const INTERRUPT_EVERY_MS = 20;

/** Runs the statements of one query, and can be interrupted by a time limit or by `end`. */
export class InterruptibleRead {
  readonly #connection: DuckDBConnection;
  #endedBecause: string | undefined;
  #interrupts: NodeJS.Timeout | undefined;

  constructor(connection: DuckDBConnection) {
    this.#connection = connection;
  }

  /** Runs `work` for `maxMs` at most. Rejects with SINK_QUERY_FAILED, or with the SluiceError that `work` throws. */
  async run<T>(work: (read: InterruptibleRead) => Promise<T>, maxMs: number): Promise<T> {
    const limit = setTimeout(() => {
      this.end(`it took longer than ${maxMs / 1_000} s; ask for a shorter time`);
    }, maxMs);
    try {
      return await work(this);
    } catch (thrown) {
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
    if (this.#endedBecause !== undefined) throw new Error(this.#endedBecause);
    return (await this.#connection.runAndReadAll(sql)).getRows();
  }

  /**
   * Calls `take` with each row of one statement. The thread is free between some rows: for statements with thousands.
   * Not by `stream`: a stream that is not read to its end keeps the file open until it is collected as garbage.
   */
  async each(sql: string, take: (row: readonly unknown[]) => void): Promise<void> {
    if (this.#endedBecause !== undefined) throw new Error(this.#endedBecause);
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

  async #rollback(): Promise<void> {
    await this.#connection.run('ROLLBACK').catch(() => undefined); // it fails where there is no transaction
  }

  /** Interrupts the running statement and prevents further ones. */
  end(reason: string): void {
    if (this.#endedBecause !== undefined) return;
    this.#endedBecause = reason;
    this.#connection.interrupt();
    this.#interrupts = setInterval(() => this.#connection.interrupt(), INTERRUPT_EVERY_MS);
  }
}
