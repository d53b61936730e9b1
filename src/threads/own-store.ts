import { type Clock, SystemClock } from '../clock.js';
import type { SinkConfig } from '../config/sluice-config.js';
import { SluiceError } from '../errors.js';
import { InfluxSink } from '../sink/influx/influx-sink.js';
import type { Point, Sink } from '../sink/sink.js';
import type { Warn } from '../warnings.js';

/**
 * Where the metrics of the gateway itself go: into its store, but past the consumer's sink, which would hold them
 * back behind a batch that is tried again. InfluxDB gets a connection of its own. DuckDB lets one instance open the
 * file, so the sink is the consumer's: it takes one piece of work after the other, whoever brings it.
 */
export class OwnStore {
  readonly #sink: Sink;
  readonly #isShared: boolean;
  readonly #warn: Warn;
  readonly #giveUp = new AbortController();

  private constructor(sink: Sink, isShared: boolean, warn: Warn) {
    this.#sink = sink;
    this.#isShared = isShared;
    this.#warn = warn;
  }

  static create(config: SinkConfig, consumerSink: Sink, warn: Warn): OwnStore {
    if (config.kind === 'duckdb') return new OwnStore(consumerSink, true, warn);
    const clock: Clock = new SystemClock();
    const sink = new InfluxSink({ ...config.influx, lanes: 1 }, { clock, warn });
    return new OwnStore(sink, false, warn);
  }

  /** Resolves with how many points the store will never take; waits for the store for as long as it takes. Rejects with SINK_ABORTED once closed. */
  async write(points: readonly Point[]): Promise<number> {
    if (this.#giveUp.signal.aborted) throw new SluiceError('SINK_ABORTED', 'the store is closed');
    const refusals = await this.#sink.write(points, this.#giveUp.signal);
    if (refusals.length > 0) {
      this.#warn(
        { code: 'OWN_METRICS_REFUSED', points: refusals.length, reason: refusals[0]!.reason },
        'the store refuses some metrics of the gateway itself; they are left out',
      );
    }
    return refusals.length;
  }

  /** Before the consumer's sink is closed. */
  async close(): Promise<void> {
    this.#giveUp.abort();
    if (!this.#isShared) await this.#sink.close();
  }
}
