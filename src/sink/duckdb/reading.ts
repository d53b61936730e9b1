import type { DuckDBConnection } from '@duckdb/node-api';
import { errorText, SluiceError } from '../../errors.js';

/** An interrupt that comes between two statements is lost, so it is repeated until the reading has ended. */
const INTERRUPT_EVERY_MS = 20;

/** The statements behind one question, which can be ended from outside. */
export class Reading {
  readonly #connection: DuckDBConnection;
  #endedBecause: string | undefined;
  #interrupts: NodeJS.Timeout | undefined;

  constructor(connection: DuckDBConnection) {
    this.#connection = connection;
  }

  /** Runs `work`, at most for `maxMs`. Rejects with SINK_QUERY_FAILED or with the SluiceError of `work`. */
  async run<T>(work: (reading: Reading) => Promise<T>, maxMs: number): Promise<T> {
    const limit = setTimeout(() => {
      this.end(`it took longer than ${maxMs / 1_000} s; ask for a shorter time`);
    }, maxMs);
    try {
      return await work(this);
    } catch (thrown) {
      if (thrown instanceof SluiceError) throw thrown;
      const reason = this.#endedBecause ?? errorText(thrown);
      throw new SluiceError('SINK_QUERY_FAILED', `DuckDB: ${reason}`, { cause: thrown });
    } finally {
      clearTimeout(limit);
      clearInterval(this.#interrupts);
    }
  }

  /** All rows of one statement. */
  async rows(sql: string): Promise<readonly (readonly unknown[])[]> {
    if (this.#endedBecause !== undefined) throw new Error(this.#endedBecause);
    return (await this.#connection.runAndReadAll(sql)).getRows();
  }

  end(reason: string): void {
    if (this.#endedBecause !== undefined) return;
    this.#endedBecause = reason;
    this.#connection.interrupt();
    this.#interrupts = setInterval(() => this.#connection.interrupt(), INTERRUPT_EVERY_MS);
  }
}
