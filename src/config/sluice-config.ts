import type { JsonLimits } from '../consumer/formats/json/json-limits.js';
import type { RuleOptions } from '../consumer/rules/rule-options.js';
import type { DuckdbSinkOptions } from '../sink/duckdb/duckdb-options.js';
import type { InfluxSinkOptions } from '../sink/influx/influx-options.js';

/** The configuration in force: defaults filled in, units resolved, secrets read, paths absolute. Frozen all through. */
export interface SluiceConfig {
  /** Holds log/, dead-letter/, checkpoints/ and, by default, telemetry.duckdb. */
  readonly dataDirectory: string;
  readonly broker: BrokerConfig;
  readonly stream: StreamConfig;
  /** At least one. */
  readonly rules: readonly RuleOptions[];
  readonly consumer: ConsumerConfig;
  readonly sink: SinkConfig;
  /** Absent: switched off. */
  readonly http?: HttpConfig;
  readonly log: LogConfig;
}

export interface BrokerConfig {
  readonly listeners: readonly ListenerConfig[];
  readonly insecure: boolean;
  readonly maxPacketBytes: number;
  readonly maxConnections: number;
  readonly connectTimeoutMs: number;
  readonly maxKeepaliveMs: number;
  /** Packets. */
  readonly maxInFlightPerClient: number;
  /** Of all clients together. */
  readonly maxInFlightBytes: number;
}

export interface ListenerConfig {
  readonly protocol: 'mqtt' | 'ws';
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
}

export interface StreamConfig {
  readonly mode: 'direct';
  readonly log: {
    readonly directory: string;
    readonly maxSizeBytes: number;
    readonly segmentSizeBytes: number;
    readonly whenFull: 'block' | 'drop-oldest';
  };
}

export interface ConsumerConfig {
  readonly maxBatchRecords: number;
  readonly maxBatchBytes: number;
  readonly lingerMs: number;
  readonly checkpointIntervalMs: number;
  readonly payload: JsonLimits;
  readonly deadLetter: { readonly maxSizeBytes: number };
}

export type SinkConfig =
  | { readonly kind: 'influx'; readonly influx: InfluxSinkOptions }
  | { readonly kind: 'duckdb'; readonly duckdb: DuckdbSinkOptions };

export interface HttpConfig {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly insecure: boolean;
}

export interface LogConfig {
  readonly level: LogLevel;
  readonly format: 'auto' | 'json' | 'pretty';
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
