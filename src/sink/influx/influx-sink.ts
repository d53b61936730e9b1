import { backOffMs } from '../../back-off.js';
import type { Clock } from '../../clock.js';
import { LimitedWarning } from '../../limited-warning.js';
import { type Pause, pause } from '../../pause.js';
import type { Warn } from '../../warnings.js';
import type { Point, Refusal, Sink, SinkCounters, SinkStatus, StoreReader } from '../sink.js';
import { type InfluxSettings, type InfluxSinkOptions, influxSettings } from './influx-options.js';
import { InfluxReader } from './influx-reader.js';
import { chunkBounds, type Lane, LaneSorter } from './lanes.js';
import { LineEncoder } from './line.js';
import { AVAILABILITY_BACK_OFF, CONFIGURATION_BACK_OFF, Poster } from './poster.js';
import { pauseUnlessAborted } from './sink-aborted.js';
import { StatusBoard } from './status-board.js';
import type { StoreWarning } from './store-warning.js';
import { InfluxTransport } from './transport.js';
import { type ChunkPort, type LineRefusal, type PauseCause, writeChunk } from './write-chunk.js';

export interface InfluxSinkParts {
  readonly clock: Clock;
  readonly warn: Warn;
  /** [0, 1), for the jitter. */
  readonly random?: () => number;
  readonly pause?: Pause;
}

/** Measurement of the line that tells a sick store from a bad line. */
export const HEALTH_MEASUREMENT = 'sluice_health';

/** Between the two refusals that make a line a bad line. */
const CONFIRM_AFTER_MS = 250;
const NS_PER_MINUTE = 60_000_000_000n;
const REFUSALS = 'refusals';
/** More refused lines of a request than this, and at least so many, point to a schema or configuration fault. */
const ALARM_SHARE = 0.1;
const ALARM_LINES = 20;

/**
 * Writes points to InfluxDB 1, 2 or 3, or to what speaks their write endpoint.
 *
 * Nothing is lost: a request the store cannot take now (time-out, 429, 5xx, wrong credentials, missing database)
 * is tried again for ever; a line it will never take is refused with the store's words, for the caller to park.
 *
 * When more than a tenth of a request (and 20 lines) is refused, a schema or the configuration is wrong rather
 * than a line. By default the sink then raises the alarm (status 'misconfigured', a repeating warning) and still
 * goes on: a fleet whose firmware changed a field's type must not keep every other device from the store, and
 * parked points can be replayed after the fault is mended. With `maxRefusedShare` below 1 it holds such a request
 * and tries it again, backing off to a minute, until a person has mended the store.
 */
export class InfluxSink implements Sink {
  readonly kind = 'influx';
  readonly reader: StoreReader;
  readonly #settings: InfluxSettings;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #pause: Pause;
  readonly #transport: InfluxTransport;
  readonly #sorter: LaneSorter;
  readonly #board = new StatusBoard();
  readonly #warning: LimitedWarning<StoreWarning>;
  readonly #poster: Poster;
  #pointsWritten = 0;
  #pointsRefused = 0;

  /** Throws SINK_UNUSABLE when the options cannot work. */
  constructor(options: InfluxSinkOptions, parts: InfluxSinkParts) {
    const settings = influxSettings(options);
    this.#settings = settings;
    this.#clock = parts.clock;
    this.#random = parts.random ?? Math.random;
    this.#pause = parts.pause ?? pause;
    this.#warning = new LimitedWarning(parts.warn, parts.clock);
    this.#transport = new InfluxTransport(settings);
    this.#sorter = new LaneSorter(new LineEncoder(), settings.lanes);
    this.#poster = new Poster({
      settings,
      transport: this.#transport,
      board: this.#board,
      warning: this.#warning,
      clock: this.#clock,
      random: this.#random,
      pause: this.#pause,
    });
    this.reader = new InfluxReader(settings, this.#transport);
  }

  /** Nothing to prepare: the store is reached by the first write, and waited for if it is not there yet. */
  async open(): Promise<void> {}

  async write(points: readonly Point[], signal: AbortSignal): Promise<readonly Refusal[]> {
    const refusals: Refusal[] = [];
    const lanes = this.#sorter.sort(points, refusals);
    // One lane that fails ends the others, which would otherwise wait for the store for ever.
    const stop = new AbortController();
    const abort = () => stop.abort();
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    try {
      const writing = lanes.map(async (lane, i) => {
        try {
          await this.#writeLane(lane, `lane ${i}`, refusals, stop.signal);
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
    this.#pointsRefused += refusals.length;
    this.#pointsWritten += points.length - refusals.length;
    return refusals.sort((a, b) => a.index - b.index);
  }

  status(): SinkStatus {
    return this.#board.status();
  }

  counters(): SinkCounters {
    return {
      pointsWritten: this.#pointsWritten,
      pointsRefused: this.#pointsRefused,
      ...this.#poster.counters(),
    };
  }

  async close(): Promise<void> {
    this.#transport.close();
  }

  async #writeLane(lane: Lane, name: string, refusals: Refusal[], signal: AbortSignal): Promise<void> {
    const port: ChunkPort = {
      post: (lines) => this.#poster.post(lines, name, signal),
      takesHealthLine: () => this.#takesHealthLine(name, signal),
      pause: (cause, attempt, words) => this.#pauseFor(cause, attempt, words, name, signal),
      maxRefusedShare: this.#settings.maxRefusedShare,
    };
    const { maxBatchLines, maxBatchBytes } = this.#settings;
    for (const [from, to] of chunkBounds(lane.lines, maxBatchLines, maxBatchBytes)) {
      const refused = await writeChunk(lane.lines.slice(from, to), port);
      this.#board.clear(name);
      this.#alarm(refused, to - from);
      for (const { line, code, reason } of refused) {
        refusals.push({ index: lane.indices[from + line]!, code, reason });
      }
    }
  }

  /** A series of its own, one point a minute: near now, as stores refuse what is older than their retention. */
  async #takesHealthLine(lane: string, signal: AbortSignal): Promise<boolean> {
    const minuteNs = (this.#clock.nowNs() / NS_PER_MINUTE) * NS_PER_MINUTE;
    const verdict = await this.#poster.post([`${HEALTH_MEASUREMENT} value=1i ${minuteNs}`], lane, signal);
    return verdict.kind === 'written';
  }

  async #pauseFor(
    cause: PauseCause,
    attempt: number,
    words: string,
    lane: string,
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
      ? `${store}: ${words}; held as sink.influx.maxRefusedShare says, nothing is lost`
      : `${store} refuses everything: ${words}; trying again, nothing is lost`;
    this.#board.set(lane, isHeld ? 'misconfigured' : 'retrying', sentence);
    const fields = { attempt, waitMs: Math.round(waitMs) };
    this.#warning.say(isHeld ? 'STORE_REFUSES_MANY' : 'STORE_REFUSES_EVERYTHING', fields, sentence);
    return pauseUnlessAborted(this.#pause, waitMs, signal);
  }

  #alarm(refused: readonly LineRefusal[], lineCount: number): void {
    if (refused.length < ALARM_LINES || refused.length <= lineCount * ALARM_SHARE) {
      this.#board.clear(REFUSALS);
      return;
    }
    const sentence =
      `InfluxDB at ${this.#settings.url.origin} refused ${refused.length} of ${lineCount} lines, the first with: ` +
      `${refused[0]!.reason}; they are parked, the others are written`;
    this.#board.set(REFUSALS, 'misconfigured', sentence);
    this.#warning.say('STORE_REFUSES_MANY', { refused: refused.length, lines: lineCount }, sentence);
  }
}
