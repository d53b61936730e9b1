import type { Clock } from '../lib/clock.js';
import type { Warn } from '../lib/warnings.js';
import type { DuckdbSinkOptions } from './duckdb/duckdb-database.js';
import { DuckdbSink } from './duckdb/duckdb-sink.js';
import type { KeepFromNs } from './duckdb/row-retention.js';
import type { InfluxSinkOptions } from './influx/influx-options.js';
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
