import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { errorText, SluiceError } from '../../errors.js';
import { syncDirectory } from '../../sync-directory.js';
import { DUCKDB_DEFAULTS, type DuckdbSinkOptions } from './duckdb-options.js';

/** The package as a value: it is optional, so nothing may import it but `loadDuckdb`. */
export type DuckdbApi = typeof import('@duckdb/node-api');

/** Rejects with SINK_UNUSABLE where the package is missing or has no build for the platform. */
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

/** DuckDB's settings for these options. The same file can be opened twice in one process only with the same settings. */
export function duckdbSettings(options: DuckdbSinkOptions): Record<string, string> {
  return {
    memory_limit: `${options.memoryLimitBytes ?? DUCKDB_DEFAULTS.memoryLimitBytes} bytes`,
    // A column of a table takes blocks in memory while it is written: with the usual 256 KiB, 500 columns or 300
    // measurements did not fit into 128 MiB. An existing file keeps the size it was made with.
    default_block_size: '16384',
    threads: String(options.threads ?? DUCKDB_DEFAULTS.threads),
    // An unknown function in a query must fail, not fetch code from the network.
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  };
}

/** One open database file: a connection that writes and one that reads. */
export class DuckdbDatabase {
  readonly api: DuckdbApi;
  readonly writer: DuckDBConnection;
  readonly reader: DuckDBConnection;
  readonly memoryLimitBytes: number;
  readonly #instance: DuckDBInstance;
  readonly #path: string;
  readonly #inode: bigint;
  /** The log whose name is known to be durable. */
  #syncedLog = '';

  private constructor(
    api: DuckdbApi,
    instance: DuckDBInstance,
    connections: { writer: DuckDBConnection; reader: DuckDBConnection },
    { path, memoryLimitBytes = DUCKDB_DEFAULTS.memoryLimitBytes }: DuckdbSinkOptions,
  ) {
    this.api = api;
    this.memoryLimitBytes = memoryLimitBytes;
    this.#instance = instance;
    this.writer = connections.writer;
    this.reader = connections.reader;
    this.#path = path;
    this.#inode = statSync(path, { bigint: true }).ino;
  }

  /** Rejects with SINK_UNUSABLE and a sentence that says what is in the way. */
  static async open(api: DuckdbApi, options: DuckdbSinkOptions): Promise<DuckdbDatabase> {
    try {
      mkdirSync(dirname(options.path), { recursive: true, mode: 0o700 });
      // The cache makes a second opening in this process share the database: two instances on one file corrupt it,
      // and the file lock does not see it because it is held per process.
      const instance = await api.DuckDBInstance.fromCache(options.path, duckdbSettings(options));
      try {
        const writer = await instance.connect();
        const reader = await instance.connect();
        const database = new DuckdbDatabase(api, instance, { writer, reader }, options);
        // What the log of an earlier process holds may never have reached the disk if its last sync failed; a replay
        // finds these rows and writes nothing. A checkpoint writes them anew and syncs.
        await writer.run('CHECKPOINT');
        return database;
      } catch (thrown) {
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
   * After a commit: rejects when what was committed would not be found again.
   *
   * A file that was removed or replaced while open takes every commit and keeps none. DuckDB 1.5 syncs its log at
   * each commit but unlinks it after a checkpoint and makes a new one without syncing the directory (seen with
   * strace); so the name of a new log is made durable here.
   */
  async settle(): Promise<void> {
    if (statSync(this.#path, { bigint: true, throwIfNoEntry: false })?.ino !== this.#inode) {
      throw new Error(`the file ${this.#path} was removed or replaced while it was in use`);
    }
    const log = statSync(`${this.#path}.wal`, { bigint: true, throwIfNoEntry: false });
    if (log === undefined) return;
    // The number alone is given to the next file at once; the birth time tells them apart.
    const identity = `${log.ino} ${log.birthtimeNs}`;
    if (identity === this.#syncedLog) return;
    await syncDirectory(dirname(this.#path));
    this.#syncedLog = identity;
  }

  /** Only when no query is running: closing frees what a running one uses. */
  close(): void {
    this.reader.disconnectSync();
    this.writer.disconnectSync();
    this.#instance.closeSync();
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
