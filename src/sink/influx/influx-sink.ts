import { backOffMs } from '../../lib/back-off.js';
import type { Clock } from '../../lib/clock.js';
import { SluiceError } from '../../lib/errors.js';
import { LimitedWarning } from '../../lib/limited-warning.js';
import { type Pause, pause, type Schedule } from '../../lib/timers.js';
import type { Warn } from '../../lib/warnings.js';
import type { FieldChange, FieldChangeResult } from '../field-change.js';
import { IdleProbe } from '../idle-probe.js';
import type { Point } from '../point.js';
import type { Rejection, Sink, SinkContact, SinkCounters, SinkStatus } from '../sink.js';
import type { StoreReader } from '../store-reader.js';
import { changeFieldAdvice, removalAdvice } from './change-field-advice.js';
import type { ChunkPort, PauseCause } from './chunk-port.js';
import {
  HEALTH_MEASUREMENT,
  type InfluxSettings,
  type InfluxSinkOptions,
  influxSettings,
} from './influx-options.js';
import { InfluxReader } from './influx-reader.js';
import { InfluxWindowReader } from './influx-window-reader.js';
import { LineEncoder } from './line.js';
import { chunkBounds, LineDistributor, type LineQueue } from './line-distributor.js';
import { AVAILABILITY_BACK_OFF, CONFIGURATION_BACK_OFF, Poster, type StoreWarning } from './poster.js';
import { StatusBoard } from './status-board.js';
import { StoreRetention } from './store-retention.js';
import { InfluxTransport, pauseUnlessAborted } from './transport.js';
import { type LineRejection, withoutConflicts, writeChunk } from './write-chunk.js';

/** Pause between the two refusals that make a line a bad line. */
const CONFIRM_AFTER_MS = 250;
const NS_PER_MS = 1_000_000n;
const NS_PER_MINUTE = 60_000_000_000n;
/** Source of the alarm on the status board. */
const ALARM = 'rejections';
/** More rejected lines of a request than this share, and at least so many, point to a schema or configuration fault. */
const ALARM_SHARE = 0.1;
const ALARM_LINES = 20;

export interface InfluxSinkParts {
  readonly clock: Clock;
  readonly warn: Warn;
  /** Returns a number in [0, 1) for the jitter. */
  readonly random?: () => number;
  readonly pause?: Pause;
  /** When an idle store is probed; tests replace it. */
  readonly scheduleProbe?: Schedule;
  /** How long the store may send nothing while a window is read; tests shorten it. */
  readonly silenceMs?: number;
}

/**
 * Writes points to InfluxDB 1, 2 or 3, or to a server with the same write endpoint.
 *
 * Nothing is lost: a request that the store cannot accept now (time-out, 429, 5xx, wrong credentials, missing
 * database) is retried for ever; a line that it will never accept is rejected with the store's message, and the
 * caller parks it.
 *
 * When the store refuses more than a tenth of a request (and at least 20 lines), the cause is a schema or the
 * configuration rather than a line. By default the sink then raises an alarm (status 'misconfigured', a repeated
 * warning) and continues: a fleet whose firmware changed a field's type must not keep every other device from the
 * store, and parked points can be replayed after the fault is fixed. With `maxRefusedShare` below 1 the sink holds
 * such a request and retries it, at least once a minute, until the operator has fixed the store.
 */
export class InfluxSink implements Sink {
  readonly kind = 'influx';
  readonly reader: StoreReader;
  readonly windows: InfluxWindowReader;
  readonly #settings: InfluxSettings;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #pause: Pause;
  readonly #transport: InfluxTransport;
  readonly #distributor: LineDistributor;
  readonly #retention: StoreRetention;
  readonly #board: StatusBoard;
  readonly #warning: LimitedWarning<StoreWarning>;
  readonly #poster: Poster;
  /** The store's own words when it last refused the known-good line. */
  #healthLineRefusal = '';
  readonly #probe: IdleProbe;
  #pointsWritten = 0;
  #pointsRefused = 0;

  /** Throws SINK_UNUSABLE when the options cannot work. */
  constructor(options: InfluxSinkOptions, parts: InfluxSinkParts) {
    const settings = influxSettings(options);
    this.#settings = settings;
    this.#clock = parts.clock;
    this.#board = new StatusBoard(() => this.#nowMs());
    this.#random = parts.random ?? Math.random;
    this.#pause = parts.pause ?? pause;
    this.#warning = new LimitedWarning(parts.warn, parts.clock);
    this.#transport = new InfluxTransport(settings);
    this.#distributor = new LineDistributor(new LineEncoder(), settings.concurrency);
    this.#poster = new Poster({
      settings,
      transport: this.#transport,
      board: this.#board,
      warning: this.#warning,
      clock: this.#clock,
      random: this.#random,
      pause: this.#pause,
    });
    this.#probe = new IdleProbe({
      clock: this.#clock,
      // Rejects only when it is aborted.
      probe: (signal) => this.#poster.probe(signal).catch(() => undefined),
      schedule: parts.scheduleProbe,
    });
    this.#retention = new StoreRetention(settings, this.#transport, this.#clock);
    this.reader = new InfluxReader(settings, this.#transport);
    this.windows = new InfluxWindowReader(settings, parts.silenceMs);
  }

  /** There is nothing to prepare: the first write connects, and waits for the store if necessary. */
  async open(): Promise<void> {
    this.#probe.start();
  }

  write(points: readonly Point[], signal: AbortSignal): Promise<readonly Rejection[]> {
    return this.#probe.around(() => this.#writeAll(points, signal));
  }

  async #writeAll(points: readonly Point[], signal: AbortSignal): Promise<readonly Rejection[]> {
    const rejections: Rejection[] = [];
    const queues = this.#distributor.distribute(points, rejections);
    // A queue that fails aborts the others, which would otherwise wait for the store for ever.
    const stop = new AbortController();
    const abort = () => stop.abort();
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    try {
      const writing = queues.map(async (queue, i) => {
        try {
          await this.#writeQueue(points, queue, `queue ${i}`, rejections, stop.signal);
        } catch (thrown) {
          abort();
          throw thrown;
        }
      });
      const ends = await Promise.allSettled(writing);
      const failure = ends.find((end) => end.status === 'rejected');
      if (failure !== undefined) throw failure.reason;
    } finally {
      signal.removeEventListener('abort', abort);
    }
    this.#pointsRefused += rejections.length;
    this.#pointsWritten += points.length - rejections.length;
    return rejections.sort((a, b) => a.index - b.index);
  }

  async changeField({ measurement }: FieldChange): Promise<FieldChangeResult> {
    throw new SluiceError('USAGE_INVALID', changeFieldAdvice(this.#settings.version, measurement));
  }

  async deleteMeasurement(measurement: string): Promise<number> {
    throw new SluiceError(
      'USAGE_INVALID',
      `only InfluxDB itself can do that: ${removalAdvice(this.#settings.version, measurement)}`,
    );
  }

  /** The first call only asks the store. */
  oldestKeptNs(): bigint | undefined {
    return this.#retention.oldestKeptNs();
  }

  status(): SinkStatus {
    return this.#board.status();
  }

  contact(): SinkContact {
    return this.#board.contact();
  }

  counters(): SinkCounters {
    return {
      pointsWritten: this.#pointsWritten,
      pointsRefused: this.#pointsRefused,
      ...this.#poster.counters(),
    };
  }

  async close(): Promise<void> {
    await this.#probe.stop();
    this.#transport.close();
    this.windows.close();
  }

  async #writeQueue(
    points: readonly Point[],
    queue: LineQueue,
    name: string,
    rejections: Rejection[],
    signal: AbortSignal,
  ): Promise<void> {
    const { lines, indices } = queue;
    const portOf = (from: number): ChunkPort => ({
      post: (numbers) =>
        this.#poster.post(
          numbers.map((line) => lines[from + line]!),
          name,
          signal,
        ),
      pointOf: (line) => points[indices[from + line]!]!,
      acceptsHealthLine: () => this.#acceptsHealthLine(name, signal),
      pause: (cause, attempt, reason) => this.#pauseFor(cause, attempt, reason, name, signal),
      maxRefusedShare: this.#settings.maxRefusedShare,
    });
    const { maxBatchLines, maxBatchBytes } = this.#settings;
    for (const [from, to] of chunkBounds(lines, maxBatchLines, maxBatchBytes)) {
      const rejected = await writeChunk(to - from, portOf(from));
      this.#board.clear(name);
      this.#updateAlarm(withoutConflicts(rejected), to - from);
      for (const { line, ...rejection } of rejected) {
        rejections.push({ index: indices[from + line]!, ...rejection });
      }
    }
  }

  /** Writes one point a minute to a series of its own. The time is near now, because stores refuse points older than their retention. */
  async #acceptsHealthLine(queue: string, signal: AbortSignal): Promise<boolean> {
    const minuteNs = (this.#clock.nowNs() / NS_PER_MINUTE) * NS_PER_MINUTE;
    const verdict = await this.#poster.post([`${HEALTH_MEASUREMENT} value=1i ${minuteNs}`], queue, signal);
    if (verdict.kind === 'written') return true;
    this.#healthLineRefusal = verdict.reason;
    return false;
  }

  async #pauseFor(
    cause: PauseCause,
    attempt: number,
    reason: string,
    queue: string,
    signal: AbortSignal,
  ): Promise<void> {
    if (cause === 'confirm') return pauseUnlessAborted(this.#pause, CONFIRM_AFTER_MS, signal);
    const store = `InfluxDB at ${this.#settings.url.origin}`;
    const isHeld = cause === 'too-many-refused';
    const waitMs = backOffMs(
      attempt + 1,
      isHeld ? CONFIGURATION_BACK_OFF : AVAILABILITY_BACK_OFF,
      this.#random,
    );
    const sentence = isHeld
      ? `${store}: ${reason}; the request is held because of sink.influx.maxRefusedShare, nothing is lost`
      : `${store} refuses everything: ${reason} (${this.#healthLineRefusal}); trying again, nothing is lost`;
    const state = isHeld ? 'misconfigured' : 'retrying';
    const trouble = isHeld ? 'held' : 'unavailable';
    this.#board.set(queue, {
      state,
      trouble,
      detail: sentence,
      nextTryMs: this.#nowMs() + Math.round(waitMs),
    });
    const fields = { attempt, waitMs: Math.round(waitMs) };
    this.#warning.log(isHeld ? manyRefusedCode(reason) : 'STORE_REFUSES_EVERYTHING', fields, sentence);
    return pauseUnlessAborted(this.#pause, waitMs, signal);
  }

  #nowMs(): number {
    return Number(this.#clock.nowNs() / NS_PER_MS);
  }

  /** Raises the alarm when the store refused many lines of a request, and clears it otherwise. */
  #updateAlarm(rejected: readonly LineRejection[], lineCount: number): void {
    if (rejected.length < ALARM_LINES || rejected.length <= lineCount * ALARM_SHARE) {
      this.#board.clear(ALARM);
      return;
    }
    const sentence =
      `InfluxDB at ${this.#settings.url.origin} refused ${rejected.length} of ${lineCount} lines, the first with: ` +
      `${rejected[0]!.reason}; they are parked, the others are written`;
    this.#board.set(ALARM, { state: 'misconfigured', trouble: 'many-refused', detail: sentence });
    const code = manyRefusedCode(rejected[0]!.reason);
    this.#warning.log(code, { refused: rejected.length, lines: lineCount }, sentence);
  }
}

/** The limits of InfluxDB 1 and its managed relatives for the number of series; the advice for them is another. */
const SERIES_LIMIT = /\bmax-(values-per-tag|series-per-database)\b|\bmax series\b|\bcardinality\b/i;

function manyRefusedCode(reason: string): StoreWarning {
  return SERIES_LIMIT.test(reason) ? 'STORE_SERIES_LIMIT' : 'STORE_REFUSES_MANY';
}
