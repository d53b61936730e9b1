import type { DuckDBConnection } from '@duckdb/node-api';
import { SluiceError } from '../../lib/errors.js';
import { SerialQueue } from '../../lib/serial-queue.js';
import type { DuckdbDatabase } from './duckdb-database.js';
import { InterruptibleRead } from './interruptible-read.js';

/** Runs queries on one connection of the open file, one at a time. */
export class ReadQueue {
  readonly #database: () => DuckdbDatabase | undefined;
  readonly #connection: (database: DuckdbDatabase) => DuckDBConnection;
  readonly #maxMs: number;
  readonly #queue = new SerialQueue();
  #current: InterruptibleRead | undefined;

  /** @param maxMs a longer query is interrupted: checkpoints wait for it, and it holds memory that the writer needs */
  constructor(
    database: () => DuckdbDatabase | undefined,
    connection: (database: DuckdbDatabase) => DuckDBConnection,
    maxMs: number,
  ) {
    this.#database = database;
    this.#connection = connection;
    this.#maxMs = maxMs;
  }

  /** The file as it is open now. Throws SINK_QUERY_FAILED when it is not. */
  get database(): DuckdbDatabase {
    const database = this.#database();
    if (database === undefined) throw new SluiceError('SINK_QUERY_FAILED', 'The DuckDB file is not open.');
    return database;
  }

  /**
   * Rejects with SINK_QUERY_FAILED or with the SluiceError that `work` throws.
   *
   * @param of an earlier query whose answer this one continues: the file must not have been closed since
   */
  run<T>(
    work: (read: InterruptibleRead) => Promise<T>,
    { signal, of }: { readonly signal?: AbortSignal; readonly of?: DuckdbDatabase } = {},
  ): Promise<T> {
    return this.#queue.run(async () => {
      const { database } = this;
      if (of !== undefined && of !== database) {
        throw new SluiceError('SINK_QUERY_FAILED', 'The DuckDB file was closed during the query.');
      }
      return database.reads.shared(() => this.#read(database, work, signal));
    });
  }

  /** Interrupts the running query. The database can be closed afterwards; its owner must no longer return it before the call. */
  async stop(): Promise<void> {
    this.#current?.end('the file is being closed');
    await this.#queue.idle();
  }

  async #read<T>(
    database: DuckdbDatabase,
    work: (read: InterruptibleRead) => Promise<T>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    const read = new InterruptibleRead(this.#connection(database));
    const onAbort = () => read.end('the caller stopped the query');
    if (signal?.aborted === true) onAbort();
    signal?.addEventListener('abort', onAbort);
    this.#current = read;
    try {
      return await read.run(work, this.#maxMs);
    } finally {
      this.#current = undefined;
      signal?.removeEventListener('abort', onAbort);
    }
  }
}
