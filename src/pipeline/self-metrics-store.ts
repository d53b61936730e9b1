import { SystemClock } from '../lib/clock.js';
import { SluiceError } from '../lib/errors.js';
import type { Warn } from '../lib/warnings.js';
import type { SinkOptions } from '../sink/create-sink.js';
import { InfluxSink } from '../sink/influx/influx-sink.js';
import type { Point } from '../sink/point.js';
import type { Rejection, Sink } from '../sink/sink.js';

/** How long a write may occupy a sink that it shares with the consumer: records come first. */
const SHARED_WRITE_MS = 5_000;

/**
 * Where the metrics of the gateway itself go: into its store, but past the consumer's sink, where they would wait
 * behind a batch that is retried. InfluxDB gets a connection of its own. DuckDB lets one instance open the file, so the
 * consumer's sink is shared.
 */
export class SelfMetricsStore {
  readonly #sink: Pick<Sink, 'write'>;
  /** The sink again, if it is not shared with the consumer. */
  readonly #own: Sink | undefined;
  readonly #warn: Warn;
  readonly #giveUps = new Set<AbortController>();
  #isClosed = false;

  private constructor(sink: Pick<Sink, 'write'>, own: Sink | undefined, warn: Warn) {
    this.#sink = sink;
    this.#own = own;
    this.#warn = warn;
  }

  static create(config: SinkOptions, consumerWrites: Pick<Sink, 'write'>, warn: Warn): SelfMetricsStore {
    if (config.kind === 'duckdb') return new SelfMetricsStore(consumerWrites, undefined, warn);
    const own: Warn = (fields, sentence) => warn({ ...fields, of: 'metrics.store' }, sentence);
    const sink = new InfluxSink(
      { ...config.influx, concurrency: 1 },
      { clock: new SystemClock(), warn: own },
    );
    return new SelfMetricsStore(sink, sink, warn);
  }

  /**
   * Resolves with how many points the store will never take. A sink of its own is waited for as long as it takes.
   * Rejects with SINK_ABORTED once closed, or when a write to a shared sink takes too long.
   */
  async write(points: readonly Point[]): Promise<number> {
    if (this.#isClosed) throw new SluiceError('SINK_ABORTED', 'the store is closed');
    const giveUp = new AbortController();
    this.#giveUps.add(giveUp);
    const timeout = this.#own === undefined ? setTimeout(() => giveUp.abort(), SHARED_WRITE_MS) : undefined;
    try {
      const rejections = await this.#sink.write(points, giveUp.signal);
      if (rejections.length > 0) this.#warnRejected(rejections);
      return rejections.length;
    } finally {
      clearTimeout(timeout);
      this.#giveUps.delete(giveUp);
    }
  }

  /** Must be called before the consumer's sink is closed. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const giveUp of this.#giveUps) giveUp.abort();
    await this.#own?.close();
  }

  #warnRejected(rejections: readonly Rejection[]): void {
    this.#warn(
      { code: 'OWN_METRICS_REFUSED', points: rejections.length, reason: rejections[0]!.reason },
      'the store rejects some metrics of the gateway itself; they are omitted',
    );
  }
}
