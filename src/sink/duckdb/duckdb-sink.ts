import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type BackOff, backOffMs } from '../../lib/back-off.js';
import { type Clock, SystemClock } from '../../lib/clock.js';
import { errorText, SluiceError } from '../../lib/errors.js';
import { SerialQueue } from '../../lib/serial-queue.js';
import { pause, type Schedule } from '../../lib/timers.js';
import type { Warn } from '../../lib/warnings.js';
import type { FieldChange, FieldChangeResult } from '../field-change.js';
import { IdleProbe } from '../idle-probe.js';
import type { Point } from '../point.js';
import type { Rejection, Sink, SinkContact, SinkCounters, SinkStatus } from '../sink.js';
import { type DuckdbApi, DuckdbDatabase, type DuckdbSinkOptions, loadDuckdb } from './duckdb-database.js';
import { DuckdbQueries } from './duckdb-queries.js';
import { DuckdbReader } from './duckdb-reader.js';
import { DuckdbStore } from './duckdb-store.js';
import { DuckdbWindowReader } from './duckdb-window-reader.js';
import { type KeepFromNs, RowRetention } from './row-retention.js';

const RETENTION_EVERY_MS = 3_600_000;
/** Interval at which an idle sink checks whether retention is due, and pause after a failed run. */
const RETENTION_CHECK_MS = 60_000;
/** Retention waits this long for queries of users; each ends after its own limit of time. */
const RETENTION_WAITS_MS = 600_000;
/** With less a commit fails: DuckDB writes its log before the file. */
const LEAST_FREE_BYTES = 1024 * 1024;
const HEALTHY: SinkStatus = { state: 'healthy', detail: '' };

async function freeBytesOf(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

export interface DuckdbSinkParts {
  readonly clock?: Clock;
  readonly backOff?: BackOff;
  /** Returns a number in [0, 1) for the jitter of the back-off. */
  readonly random?: () => number;
  /** Loads the DuckDB package. */
  readonly load?: () => Promise<DuckdbApi>;
  /** When an idle store is probed; tests replace it. */
  readonly scheduleProbe?: Schedule;
  /** The free bytes on the disk of a folder; tests replace it. */
  readonly freeBytes?: (folder: string) => Promise<number>;
  /** Rows that windows still have to be computed from; called before each deletion. */
  readonly keepFromNs?: KeepFromNs | undefined;
  /** Receives every failure. */
  readonly warn?: Warn;
}

/**
 * The embedded store: one DuckDB file with one table per measurement.
 *
 * 1. A point is durable when `write` resolves: each commit syncs DuckDB's log.
 * 2. A point's identity is measurement + tag set + timestamp; a replay changes nothing.
 * 3. Writes and retention run one after the other.
 * 4. After a failure the state in memory is discarded: the file is closed and opened again, and the call starts over.
 */
export class DuckdbSink implements Sink {
  readonly kind = 'duckdb';
  readonly reader: DuckdbReader;
  readonly windows: DuckdbWindowReader;
  readonly queries: DuckdbQueries;
  readonly #options: DuckdbSinkOptions;
  readonly #clock: Clock;
  readonly #backOff: BackOff;
  readonly #random: () => number;
  readonly #load: (() => Promise<DuckdbApi>) | undefined;
  readonly #queue = new SerialQueue();
  #api: DuckdbApi | undefined;
  #store: DuckdbStore | undefined;
  #isClosed = false;
  #retentionTimer: NodeJS.Timeout | undefined;
  #retentionDueMs = 0;
  readonly #warn: Warn;
  readonly #probe: IdleProbe;
  readonly #freeBytes: (folder: string) => Promise<number>;
  readonly #retention: RowRetention;
  #writeProblem = '';
  #probeProblem = '';
  #retentionProblem = '';
  #lastAnswerMs: number | undefined;
  #nextTryMs: number | undefined;
  #pointsWritten = 0;
  #pointsRefused = 0;
  #requests = 0;
  #retries = 0;
  #busyMs = 0;

  constructor(options: DuckdbSinkOptions, parts: DuckdbSinkParts = {}) {
    this.#options = options;
    this.#clock = parts.clock ?? new SystemClock();
    this.#backOff = parts.backOff ?? { baseMs: 200, capMs: 30_000 };
    this.#random = parts.random ?? Math.random;
    this.#load = parts.load;
    this.#warn = parts.warn ?? (() => undefined);
    this.#freeBytes = parts.freeBytes ?? freeBytesOf;
    this.#retention = new RowRetention(options, parts.keepFromNs ?? (() => undefined));
    this.#probe = new IdleProbe({
      clock: this.#clock,
      probe: () => this.#queue.run(() => this.#tryStore()),
      schedule: parts.scheduleProbe,
    });
    this.reader = new DuckdbReader(() => this.#store?.database, this.#clock);
    this.windows = new DuckdbWindowReader(() => this.#store?.database);
    this.queries = new DuckdbQueries(() => this.#store?.database, options.path);
  }

  async open(): Promise<void> {
    this.#api = await loadDuckdb(this.#load);
    this.#store = await this.#openStore(this.#api);
    this.#answered();
    this.queries.removeAnswers();
    await this.#queue.run(() => this.#deleteOldRows());
    this.#retentionTimer = setInterval(() => {
      void this.#queue.run(() => this.#deleteOldRowsWhenDue());
    }, RETENTION_CHECK_MS).unref();
    this.#probe.start();
  }

  write(points: readonly Point[], signal: AbortSignal): Promise<readonly Rejection[]> {
    if (points.length === 0) return Promise.resolve([]);
    const written = this.#probe.around(() => this.#queue.run(() => this.#writeUntilStored(points, signal)));
    void this.#queue.run(() => this.#deleteOldRowsWhenDue()); // it runs after the write, which does not wait for it
    return written;
  }

  /** What earlier runs of retention have deleted, and what the next one will. */
  oldestKeptNs(measurement: string): bigint | undefined {
    const deletedNs = this.#store?.deletedBeforeNs(measurement);
    const dueNs = this.#retention.deleteBeforeNs(measurement, this.#clock.nowNs());
    if (deletedNs === undefined || dueNs === undefined) return deletedNs ?? dueNs;
    return deletedNs > dueNs ? deletedNs : dueNs;
  }

  changeField(change: FieldChange): Promise<FieldChangeResult> {
    return this.#change('change the field', (store) => store.changeField(change));
  }

  deleteMeasurement(measurement: string): Promise<number> {
    return this.#change('delete the measurement', (store) => store.deleteMeasurement(measurement));
  }

  status(): SinkStatus {
    const detail = this.#writeProblem || this.#probeProblem || this.#retentionProblem;
    return detail === '' ? HEALTHY : { state: 'retrying', detail };
  }

  contact(): SinkContact {
    const lastAnswerMs = this.#lastAnswerMs;
    if (this.#writeProblem !== '' || this.#probeProblem !== '') {
      return { lastAnswerMs, trouble: 'unavailable', nextTryMs: this.#nextTryMs };
    }
    return this.#retentionProblem === '' ? { lastAnswerMs } : { lastAnswerMs, trouble: 'retention' };
  }

  counters(): SinkCounters {
    return {
      pointsWritten: this.#pointsWritten,
      pointsRefused: this.#pointsRefused,
      requests: this.#requests,
      retries: this.#retries,
      bytesSent: 0, // all data stays in the process
      busyMs: this.#busyMs,
    };
  }

  /** Waits for running work; a `write` that is retrying rejects with SINK_ABORTED after its back-off. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#retentionTimer);
    await this.#probe.stop();
    await this.#queue.run(() => this.#closeStore());
  }

  async #writeUntilStored(points: readonly Point[], signal: AbortSignal): Promise<readonly Rejection[]> {
    for (let attempt = 0; ; attempt++) {
      if (signal.aborted || this.#isClosed) {
        throw new SluiceError('SINK_ABORTED', `Stopped before ${points.length} points were in DuckDB.`);
      }
      const startMs = this.#clock.monotonicMs();
      try {
        this.#requests++;
        const rejections = await this.#writeOnce(points);
        this.#pointsWritten += points.length - rejections.length;
        this.#pointsRefused += rejections.length;
        this.#writeProblem = '';
        this.#answered();
        return rejections;
      } catch (thrown) {
        this.#retries++;
        this.#writeProblem = `DuckDB did not accept the last ${points.length} points, trying again: ${errorText(thrown)}`;
        this.#warn(
          { code: 'STORE_UNAVAILABLE', path: this.#options.path, attempt, reason: errorText(thrown) },
          'DuckDB does not accept points; they wait in the stream and are written again',
        );
      } finally {
        this.#busyMs += this.#clock.monotonicMs() - startMs;
      }
      await this.#closeStore();
      const waitMs = Math.round(backOffMs(attempt + 1, this.#backOff, this.#random));
      this.#nextTryMs = this.#nowMs() + waitMs;
      await pause(waitMs, signal);
    }
  }

  #answered(): void {
    this.#probeProblem = '';
    this.#nextTryMs = undefined;
    this.#lastAnswerMs = this.#nowMs();
  }

  #nowMs(): number {
    return Number(this.#clock.nowNs() / 1_000_000n);
  }

  /** Tries an idle store: the file is there, a statement is answered, and the disk has room for the next commit. */
  async #tryStore(): Promise<void> {
    if (this.#isClosed) return;
    const { path } = this.#options;
    try {
      const { database } = await this.#openedStore();
      await database.ensureDurable();
      await database.writer.run('SELECT 1');
      const free = await this.#freeBytes(dirname(path));
      if (free < LEAST_FREE_BYTES) throw new Error(`the disk of ${path} is full: ${free} bytes are free`);
      this.#answered();
    } catch (thrown) {
      this.#probeProblem = `DuckDB would not accept points now: ${errorText(thrown)}; trying again, nothing is lost`;
      this.#warn(
        { code: 'STORE_UNAVAILABLE', path, reason: errorText(thrown) },
        'DuckDB would not accept points now; it is tried again',
      );
      await this.#closeStore();
    }
  }

  async #writeOnce(points: readonly Point[]): Promise<readonly Rejection[]> {
    const store = await this.#openedStore();
    const nowNs = this.#clock.nowNs();
    const rejections = await store.write(points, (measurement) => this.#retention.limit(measurement, nowNs));
    await store.database.ensureDurable();
    return rejections;
  }

  async #deleteOldRowsWhenDue(): Promise<void> {
    const nowMs = this.#clock.monotonicMs();
    if (this.#isClosed || nowMs < this.#retentionDueMs) return;
    // Its checkpoint would end the query.
    if (this.queries.isBusy && nowMs < this.#retentionDueMs + RETENTION_WAITS_MS) return;
    await this.#deleteOldRows();
  }

  /** Never rejects: rows may stay a little longer without harm, and the status shows the problem. */
  async #deleteOldRows(): Promise<void> {
    const nowNs = this.#clock.nowNs();
    try {
      const store = await this.#openedStore();
      await store.deleteBefore((measurement) => this.#retention.deleteBeforeNs(measurement, nowNs));
      this.#retentionProblem = '';
      this.#retentionDueMs = this.#clock.monotonicMs() + RETENTION_EVERY_MS;
    } catch (thrown) {
      this.#retentionProblem = `DuckDB could not delete the rows past retention, trying again: ${errorText(thrown)}`;
      this.#retentionDueMs = this.#clock.monotonicMs() + RETENTION_CHECK_MS;
      this.#warn(
        { code: 'STORE_RETENTION_FAILED', path: this.#options.path, reason: errorText(thrown) },
        'rows past retention could not be deleted',
      );
      await this.#closeStore();
    }
  }

  /** Runs what an operator asks for between two writes. `what` completes "DuckDB could not …". */
  #change<T>(what: string, work: (store: DuckdbStore) => Promise<T>): Promise<T> {
    return this.#queue.run(async () => {
      try {
        if (this.#isClosed)
          throw new SluiceError('SINK_CHANGE_FAILED', 'DuckDB is closed: nothing was changed');
        const store = await this.#openedStore();
        // A file that was removed or replaced would take the change and keep nothing of it.
        await store.database.ensureDurable();
        const result = await work(store);
        await store.database.ensureDurable();
        return result;
      } catch (thrown) {
        if (thrown instanceof SluiceError) throw thrown;
        await this.#closeStore();
        throw new SluiceError('SINK_CHANGE_FAILED', `DuckDB could not ${what}: ${errorText(thrown)}`, {
          cause: thrown,
        });
      }
    });
  }

  async #openedStore(): Promise<DuckdbStore> {
    if (this.#api === undefined) throw new Error('the sink is not open');
    this.#store ??= await this.#openStore(this.#api);
    return this.#store;
  }

  async #openStore(api: DuckdbApi): Promise<DuckdbStore> {
    const database = await DuckdbDatabase.open(api, this.#options);
    try {
      return await DuckdbStore.open(database);
    } catch (thrown) {
      database.close();
      if (thrown instanceof SluiceError) throw thrown;
      throw new SluiceError(
        'SINK_UNUSABLE',
        `The DuckDB file ${this.#options.path} cannot be used: ${errorText(thrown)}`,
        { cause: thrown },
      );
    }
  }

  async #closeStore(): Promise<void> {
    const store = this.#store;
    this.#store = undefined;
    // From here on the readers find no store, but a running query still uses its connection.
    await Promise.all([this.reader.stop(), this.windows.stop(), this.queries.stop()]);
    try {
      store?.close();
    } catch {
      // Committed data is in the file or in its log, which the next `open` reads.
    }
  }
}
