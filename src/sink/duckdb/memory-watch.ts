import type { DuckDBConnection } from '@duckdb/node-api';
import { SluiceError } from '../../lib/errors.js';

const EVERY_MS = 20;

/** Reads may take this part of the memory. */
const WATCHED_DIVISOR = 2;

/**
 * While a read runs the process may grow by twice DuckDB's memory, and at least by this: load makes it grow, too, and the
 * memory that DuckDB counts is part of it.
 */
const MIN_GROWTH_BYTES = 2 ** 29;

/**
 * What DuckDB frees when others need memory, and what the writer holds until its next checkpoint. All else belongs to
 * queries that run.
 */
const NOT_OF_QUERIES = "('BASE_TABLE', 'IN_MEMORY_TABLE', 'METADATA')";

const USED_SQL = `SELECT coalesce(sum(memory_usage_bytes), 0)::BIGINT FROM duckdb_memory() WHERE tag NOT IN ${NOT_OF_QUERIES}`;

/** A read that can be ended. */
interface Watched {
  end(reason: SluiceError): void;
}

export interface MemoryWatchOptions {
  /** DuckDB's limit; at half of it the watched reads are ended. */
  readonly memoryLimitBytes: number;
  /** Memory of this process; tests replace it. */
  readonly processBytes?: () => number;
}

/**
 * Ends reads before they take the memory that the writer needs for its commits. DuckDB has one limit for all connections,
 * and a COMMIT that gets no memory fails. DuckDB does not count all that a query allocates, so the memory of the process is
 * watched as well.
 */
export class MemoryWatch {
  readonly #connection: DuckDBConnection;
  readonly #memoryLimitBytes: number;
  readonly #processBytes: () => number;
  readonly #watched = new Map<Watched, number>();
  #timer: NodeJS.Timeout | undefined;
  #asking: Promise<void> | undefined;

  constructor(connection: DuckDBConnection, { memoryLimitBytes, processBytes }: MemoryWatchOptions) {
    this.#connection = connection;
    this.#memoryLimitBytes = memoryLimitBytes;
    this.#processBytes = processBytes ?? (() => process.memoryUsage.rss());
  }

  /** Runs `work`, and ends the read while it runs when memory gets scarce. */
  async around<T>(read: Watched, work: () => Promise<T>): Promise<T> {
    this.#watched.set(read, this.#processBytes());
    this.#timer ??= setInterval(() => this.#look(), EVERY_MS);
    try {
      return await work();
    } finally {
      this.#watched.delete(read);
      if (this.#watched.size === 0) {
        clearInterval(this.#timer);
        this.#timer = undefined;
        // The connection is closed next, perhaps.
        await this.#asking;
      }
    }
  }

  #look(): void {
    const nowBytes = this.#processBytes();
    const maxGrowthBytes = Math.max(2 * this.#memoryLimitBytes, MIN_GROWTH_BYTES);
    for (const [read, startBytes] of this.#watched) {
      if (nowBytes - startBytes > maxGrowthBytes) read.end(tooMuch());
    }
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
  }

  async #ask(): Promise<void> {
    const usedBytes = await this.#usedBytes();
    if (usedBytes < this.#memoryLimitBytes / WATCHED_DIVISOR) return;
    for (const read of this.#watched.keys()) read.end(tooMuch());
  }

  /** When there is not even memory for the question, it is all used. */
  async #usedBytes(): Promise<number> {
    try {
      const [row] = (await this.#connection.runAndReadAll(USED_SQL)).getRows();
      return Number(row?.[0]);
    } catch {
      return this.#memoryLimitBytes;
    }
  }
}

function tooMuch(): SluiceError {
  return new SluiceError(
    'QUERY_LIMIT_REACHED',
    'the query needs more memory than the writer can spare: ask for fewer rows or groups, or raise sink.duckdb.memoryLimit',
  );
}
