import type { Clock } from '../lib/clock.js';
import { SluiceError } from '../lib/errors.js';
import type { Warn } from '../lib/warnings.js';
import type { DuckdbSinkOptions } from './duckdb/duckdb-database.js';
import { DuckdbSink } from './duckdb/duckdb-sink.js';
import type { KeepFromNs } from './duckdb/row-retention.js';
import { type InfluxSinkOptions, influxTarget } from './influx/influx-options.js';
import { InfluxSink } from './influx/influx-sink.js';
import type { Sink } from './sink.js';

/** The kind of store and its options. */
export type SinkOptions =
  | { readonly kind: 'influx'; readonly influx: InfluxSinkOptions }
  | { readonly kind: 'duckdb'; readonly duckdb: DuckdbSinkOptions };

/**
 * Creates the sink for the configured store; the caller opens it.
 *
 * @param keepFromNs which rows of the embedded store are not deleted yet, although they are past retention
 */
export function createSink(options: SinkOptions, clock: Clock, warn: Warn, keepFromNs?: KeepFromNs): Sink {
  return options.kind === 'influx'
    ? new InfluxSink(options.influx, { clock, warn })
    : new DuckdbSink(options.duckdb, { clock, warn, keepFromNs });
}

/**
 * Creates the sink for rows that go beside the points: into the retention policy (InfluxDB 1), bucket (2) or database (3)
 * `to`. Throws SINK_UNUSABLE for DuckDB, which has one place for all.
 */
export function createTargetSink(options: SinkOptions, to: string, clock: Clock, warn: Warn): Sink {
  if (options.kind === 'duckdb') {
    throw new SluiceError(
      'SINK_UNUSABLE',
      `DuckDB has no retention policy or bucket "${to}": leave out the key to`,
    );
  }
  return new InfluxSink(influxTarget(options.influx, to), { clock, warn });
}
