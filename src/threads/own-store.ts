import { SystemClock } from '../clock.js';
import type { SinkConfig } from '../config/sluice-config.js';
import { SluiceError } from '../errors.js';
import { InfluxSink } from '../sink/influx/influx-sink.js';
import type { Point, Refusal, Sink } from '../sink/sink.js';
import type { Warn } from '../warnings.js';

/** How long a write may hold a sink that is the consumer's, too: records come first. */
const SHARED_TURN_MS = 5_000;

/**
 * Where the metrics of the gateway itself go: into its store, but past the consumer's sink, which would hold them
 * back behind a batch that is tried again. InfluxDB gets a connection of its own. DuckDB lets one instance open the
 * file, so the sink is the consumer's, in turn with it.
 */
export class OwnStore {
  readonly #sink: Pick<Sink, 'write'>;
  /** Absent where the sink is the consumer's. */
  readonly #own: Sink | undefined;
  readonly #warn: Warn;
  readonly #giveUps = new Set<AbortController>();
  #isClosed = false;

  private constructor(sink: Pick<Sink, 'write'>, own: Sink | undefined, warn: Warn) {
    this.#sink = sink;
    this.#own = own;
    this.#warn = warn;
  }

  static create(config: SinkConfig, consumerWrites: Pick<Sink, 'write'>, warn: Warn): OwnStore {
    if (config.kind === 'duckdb') return new OwnStore(consumerWrites, undefined, warn);
    const own: Warn = (fields, sentence) => warn({ ...fields, of: 'metrics.store' }, sentence);
    const sink = new InfluxSink({ ...config.influx, lanes: 1 }, { clock: new SystemClock(), warn: own });
    return new OwnStore(sink, sink, warn);
  }

  /**
   * Resolves with how many points the store will never take. A store of its own is waited for as long as it takes.
   * Rejects with SINK_ABORTED once closed, or when the turn in a shared one is over.
   */
  async write(points: readonly Point[]): Promise<number> {
    if (this.#isClosed) throw new SluiceError('SINK_ABORTED', 'the store is closed');
    const giveUp = new AbortController();
    this.#giveUps.add(giveUp);
    const turn = this.#own === undefined ? setTimeout(() => giveUp.abort(), SHARED_TURN_MS) : undefined;
    try {
      const refusals = await this.#sink.write(points, giveUp.signal);
      if (refusals.length > 0) this.#refused(refusals);
      return refusals.length;
    } finally {
      clearTimeout(turn);
      this.#giveUps.delete(giveUp);
    }
  }

  /** Before the consumer's sink is closed. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const giveUp of this.#giveUps) giveUp.abort();
    await this.#own?.close();
  }

  #refused(refusals: readonly Refusal[]): void {
    this.#warn(
      { code: 'OWN_METRICS_REFUSED', points: refusals.length, reason: refusals[0]!.reason },
      'the store refuses some metrics of the gateway itself; they are left out',
    );
  }
}
