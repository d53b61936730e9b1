import { mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { errorText, SluiceError } from '../../lib/errors.js';
import { SharedAccess } from '../../lib/shared-access.js';
import { syncDirectory } from '../../lib/sync-directory.js';
import { literal } from './identifiers.js';
import type { InterruptibleRead } from './interruptible-read.js';
import { MemoryWatch } from './memory-watch.js';

const DAY_MS = 86_400_000;

/** What DuckDB may spill to `<path>.tmp`: the least, and by its memory. Its default is most of the disk. */
const MIN_SPILL_BYTES = 2 ** 30;
const SPILL_FACTOR = 4;

/**
 * Each statement takes one of the four threads that a process of Node has for files, unless UV_THREADPOOL_SIZE says
 * otherwise. One has to be left: with four long statements an fdatasync of the log waited for seconds.
 */
const MAX_READS = 3;

/** A checkpoint of the writer waits this long for queries of users before it ends them. */
const CHECKPOINT_WAITS_MS = 250;

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
  /** Opens the file for reading only: for a command beside a gateway that is stopped. */
  readonly isReadOnly?: boolean;
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

interface Connections {
  readonly writer: DuckDBConnection;
  readonly reader: DuckDBConnection;
  readonly windowReader: DuckDBConnection;
  readonly queries: DuckDBConnection;
  readonly watch: DuckDBConnection;
}

/** The folder that answers of queries are written to; DuckDB may touch no other file beside its own. */
export function answersFolder(path: string): string {
  return `${resolve(path)}.answers`;
}

/** An open database file with a connection for each that uses it. */
export class DuckdbDatabase {
  readonly api: DuckdbApi;
  readonly writer: DuckDBConnection;
  readonly reader: DuckDBConnection;
  readonly windowReader: DuckDBConnection;
  /** For queries of users. */
  readonly queries: DuckDBConnection;
  readonly memoryWatch: MemoryWatch;
  /** Reads that a checkpoint ends when they take long. */
  readonly yielding = new Set<InterruptibleRead>();
  /** All reads must run as its shared tasks: see `checkpoint`. */
  readonly reads = new SharedAccess(MAX_READS);
  readonly memoryLimitBytes: number;
  readonly #instance: DuckDBInstance;
  readonly #watch: DuckDBConnection;
  readonly #path: string;
  readonly #inode: bigint;
  /** Identity of the write-ahead log whose directory entry is durable. */
  #syncedLog = '';

  private constructor(
    api: DuckdbApi,
    instance: DuckDBInstance,
    connections: Connections,
    { path, memoryLimitBytes = DUCKDB_DEFAULTS.memoryLimitBytes }: DuckdbSinkOptions,
  ) {
    this.api = api;
    this.memoryLimitBytes = memoryLimitBytes;
    this.#instance = instance;
    this.writer = connections.writer;
    this.reader = connections.reader;
    this.windowReader = connections.windowReader;
    this.queries = connections.queries;
    this.#watch = connections.watch;
    this.memoryWatch = new MemoryWatch(this.#watch, { memoryLimitBytes });
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
      const connect = async () => {
        const connection = await instance.connect();
        connections.push(connection);
        return connection;
      };
      try {
        const writer = await connect();
        await restrict(writer, options);
        const database = new DuckdbDatabase(
          api,
          instance,
          {
            writer,
            reader: await connect(),
            windowReader: await connect(),
            queries: await connect(),
            watch: await connect(),
          },
          options,
        );
        if (options.isReadOnly === true) return database;
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
   * A query of a user that takes long is ended, so that the writer need not wait for it.
   */
  async checkpoint(): Promise<void> {
    const waited = setTimeout(() => {
      for (const read of this.yielding) {
        read.end('the store had to write its file, and did not wait for the query; try again');
      }
    }, CHECKPOINT_WAITS_MS);
    try {
      await this.reads.exclusive(() => this.writer.run('CHECKPOINT'));
    } finally {
      clearTimeout(waited);
    }
  }

  /** Closes the file. No query may be running: closing frees the memory that it uses. */
  close(): void {
    this.reader.disconnectSync();
    this.windowReader.disconnectSync();
    this.queries.disconnectSync();
    this.#watch.disconnectSync();
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
    ...(options.isReadOnly === true && { access_mode: 'READ_ONLY' }),
  };
}

/**
 * Takes from DuckDB what only a query of a user would need: files, code, and the settings themselves. It cannot be undone
 * while the file is open. DuckDB's own files are not concerned: its log, and what it spills.
 */
async function restrict(connection: DuckDBConnection, options: DuckdbSinkOptions): Promise<void> {
  const locked = await connection.runAndReadAll(`SELECT current_setting('lock_configuration')`);
  // It was opened before in this process.
  if (locked.getRows()[0]?.[0] === true) return;
  const { memoryLimitBytes = DUCKDB_DEFAULTS.memoryLimitBytes } = options;
  const spillBytes = Math.max(MIN_SPILL_BYTES, SPILL_FACTOR * memoryLimitBytes);
  for (const setting of [
    `TimeZone = 'UTC'`,
    `max_temp_directory_size = '${spillBytes} bytes'`,
    `allowed_directories = [${literal(answersFolder(options.path))}]`,
    'enable_external_access = false',
    'lock_configuration = true',
  ]) {
    await connection.run(`SET GLOBAL ${setting}`);
  }
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
