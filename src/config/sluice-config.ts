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
  readonly metrics: MetricsConfig;
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
  /** Present in Kinesis mode. */
  readonly kinesis?: KinesisConfig;
  readonly log: {
    readonly directory: string;
    readonly maxSizeBytes: number;
    readonly segmentSizeBytes: number;
    readonly whenFull: 'block' | 'drop-oldest';
  };
}

export interface KinesisConfig {
  readonly name: string;
  /** Absent: as the AWS SDK finds it. */
  readonly region?: string;
  /** Absent: AWS. */
  readonly endpoint?: string;
  readonly producer: KinesisProducerConfig;
  readonly reader: KinesisReaderConfig;
}

export interface KinesisProducerConfig {
  readonly gateway: string;
  readonly format: 'cloudevents' | 'raw';
  readonly partitionBy: 'device' | 'client' | 'topic';
  readonly aggregation: boolean;
  readonly aggregateBytes: number;
  readonly buckets: number;
  readonly lingerMs: number;
  readonly maxRecordBytes: number;
  readonly maxInFlightBytes: number;
}

export interface KinesisReaderConfig {
  readonly application: string;
  /** LATEST is the time of the first start. */
  readonly start:
    | { readonly kind: 'TRIM_HORIZON' | 'LATEST' }
    | { readonly kind: 'AT_TIMESTAMP'; readonly timestampMs: number };
  readonly fanOut: boolean;
  readonly bufferBytes: number;
  readonly shardSyncMs: number;
  /** Present with `checkpoints: dynamodb`. */
  readonly leases?: {
    readonly table: string;
    readonly endpoint?: string;
    /** Absent: one that no other has. */
    readonly workerId?: string;
    readonly failoverMs: number;
    readonly maxLeases?: number;
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
  readonly changes: 'loopback' | 'always' | 'never';
}

export interface MetricsConfig {
  /** Name of this gateway in its metrics. */
  readonly instance: string;
  /** Absent: not into the store. */
  readonly store?: { readonly intervalMs: number; readonly measurement: string };
  readonly otlp?: OtlpConfig;
}

export interface OtlpConfig {
  readonly url: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Secrets. */
  readonly headers: Readonly<Record<string, string>>;
  readonly traces?: { readonly url: string; readonly oneIn: number };
}

export interface LogConfig {
  readonly level: LogLevel;
  readonly format: 'auto' | 'json' | 'pretty';
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
