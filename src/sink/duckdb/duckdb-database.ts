import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { errorText, SluiceError } from '../../lib/errors.js';
import { SharedAccess } from '../../lib/shared-access.js';
import { syncDirectory } from '../../lib/sync-directory.js';

const DAY_MS = 86_400_000;

export interface DuckdbSinkOptions {
  /** Path of the database file; its directory is created when it is missing. */
  readonly path: string;
  /** Age in ms (by a point's timestamp) at which points are rejected and rows deleted; 0 keeps all. */
  readonly retentionMs?: number;
  /** The same for single measurements, in place of `retentionMs`. */
  readonly retentions?: ReadonlyMap<string, number>;
  /** Memory for DuckDB's buffers; above it DuckDB spills to `<path>.tmp`. */
  readonly memoryLimitBytes?: number;
  /** Number of DuckDB's threads for one query. */
  readonly threads?: number;
}

export const DUCKDB_DEFAULTS = {
  retentionMs: 7 * DAY_MS,
  memoryLimitBytes: 128 * 1024 * 1024,
  threads: 1,
} as const;

/** The DuckDB package. It is optional, so only `loadDuckdb` may import it as a value. */
export type DuckdbApi = typeof import('@duckdb/node-api');

/** Loads DuckDB. Rejects with SINK_UNUSABLE when the package is missing or has no build for the platform. */
export async function loadDuckdb(
  load: () => Promise<DuckdbApi> = () => import('@duckdb/node-api'),
): Promise<DuckdbApi> {
  try {
    return await load();
  } catch (thrown) {
    const reason = errorText(thrown).split('\n', 1)[0];
    throw new SluiceError(
      'SINK_UNUSABLE',
      `DuckDB, the store when none is configured, cannot be loaded on ${process.platform}-${process.arch} (${reason}); configure an InfluxDB store instead: sink.influx.`,
      { cause: thrown },
    );
  }
}

/** An open database file with one connection for writing, one for the live page and one for windows. */
export class DuckdbDatabase {
  readonly api: DuckdbApi;
  readonly writer: DuckDBConnection;
  readonly reader: DuckDBConnection;
  readonly windowReader: DuckDBConnection;
  /** All reads must run as its shared tasks: see `checkpoint`. */
  readonly reads = new SharedAccess();
  readonly memoryLimitBytes: number;
  readonly #instance: DuckDBInstance;
  readonly #path: string;
  readonly #inode: bigint;
  /** Identity of the write-ahead log whose directory entry is durable. */
  #syncedLog = '';

  private constructor(
    api: DuckdbApi,
    instance: DuckDBInstance,
    connections: { writer: DuckDBConnection; reader: DuckDBConnection; windowReader: DuckDBConnection },
    { path, memoryLimitBytes = DUCKDB_DEFAULTS.memoryLimitBytes }: DuckdbSinkOptions,
  ) {
    this.api = api;
    this.memoryLimitBytes = memoryLimitBytes;
    this.#instance = instance;
    this.writer = connections.writer;
    this.reader = connections.reader;
    this.windowReader = connections.windowReader;
    this.#path = path;
    this.#inode = statSync(path, { bigint: true }).ino;
  }

  /** Opens the file. Rejects with SINK_UNUSABLE and the reason. */
  static async open(api: DuckdbApi, options: DuckdbSinkOptions): Promise<DuckdbDatabase> {
    try {
      mkdirSync(dirname(options.path), { recursive: true, mode: 0o700 });
      // The cache makes a second `open` in this process share the database: two instances on one file would corrupt
      // it, and the file lock does not prevent that because it is held per process.
      const instance = await api.DuckDBInstance.fromCache(options.path, duckdbSettings(options));
      const connections: DuckDBConnection[] = [];
      try {
        for (let nth = 0; nth < 3; nth++) connections.push(await instance.connect());
        const [writer, reader, windowReader] = connections as [
          DuckDBConnection,
          DuckDBConnection,
          DuckDBConnection,
        ];
        const database = new DuckdbDatabase(api, instance, { writer, reader, windowReader }, options);
        // Rows in the log of an earlier process may not be on disk if its last sync failed, and a replay that finds
        // them writes nothing. A checkpoint writes them again and syncs.
        await database.checkpoint();
        return database;
      } catch (thrown) {
        // With a connection left, the next `fromCache` would wait until it is collected as garbage.
        for (const connection of connections) connection.disconnectSync();
        instance.closeSync();
        throw thrown;
      }
    } catch (thrown) {
      throw new SluiceError('SINK_UNUSABLE', unusableSentence(options.path, errorText(thrown)), {
        cause: thrown,
      });
    }
  }

  /**
   * Makes earlier commits durable; rejects when they would be lost.
   *
   * A file that was removed or replaced while open accepts every commit and keeps none. DuckDB 1.5 syncs its log at
   * each commit, but unlinks it after a checkpoint and creates a new one without syncing the directory (seen with
   * strace); so this method syncs the directory when the log is new.
   */
  async ensureDurable(): Promise<void> {
    if (statSync(this.#path, { bigint: true, throwIfNoEntry: false })?.ino !== this.#inode) {
      throw new Error(`the file ${this.#path} was removed or replaced while it was in use`);
    }
    const log = statSync(`${this.#path}.wal`, { bigint: true, throwIfNoEntry: false });
    if (log === undefined) return;
    // The inode number alone is reused for the next file at once; the birth time distinguishes the two.
    const identity = `${log.ino} ${log.birthtimeNs}`;
    if (identity === this.#syncedLog) return;
    await syncDirectory(dirname(this.#path));
    this.#syncedLog = identity;
  }

  /**
   * Moves all commits from the log into the file, and frees their memory.
   *
   * Reads wait meanwhile: DuckDB 1.5 refuses a checkpoint after an update, or after a new table or column, while a
   * statement that began before that is still running. Its own FORCE CHECKPOINT would wait on a thread that the reads need.
   */
  async checkpoint(): Promise<void> {
    await this.reads.exclusive(() => this.writer.run('CHECKPOINT'));
  }

  /** Closes the file. No query may be running: closing frees the memory that it uses. */
  close(): void {
    this.reader.disconnectSync();
    this.windowReader.disconnectSync();
    this.writer.disconnectSync();
    this.#instance.closeSync();
  }
}

/** Returns DuckDB's settings. A file can be opened twice in one process only with the same settings. */
export function duckdbSettings(options: DuckdbSinkOptions): Record<string, string> {
  return {
    memory_limit: `${options.memoryLimitBytes ?? DUCKDB_DEFAULTS.memoryLimitBytes} bytes`,
    // Each column of a table takes blocks in memory while it is written: with the default of 256 KiB, 500 columns or
    // 300 measurements did not fit into 128 MiB. An existing file keeps its block size.
    default_block_size: '16384',
    threads: String(options.threads ?? DUCKDB_DEFAULTS.threads),
    // An unknown function in a query must fail, not fetch code from the network.
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  };
}

function unusableSentence(path: string, text: string): string {
  const holder = /Conflicting lock is held in (.*?) ?\(PID (\d+)\)/.exec(text);
  if (holder !== null) {
    return `The DuckDB file ${path} is locked by another process: ${holder[1]}, process id ${holder[2]}. Stop it, or configure another file.`;
  }
  if (/Could not set lock/.test(text)) {
    return `The DuckDB file ${path} is locked by another process. Stop it, or configure another file.`;
  }
  return `The DuckDB file ${path} cannot be opened: ${text}`;
}
