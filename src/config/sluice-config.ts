import type { JsonLimits } from '../formats/json/json-value.js';
import type { LogConfig } from '../lib/logger.js';
import type { TypePolicy } from '../rules/policies/field-types.js';
import type { RuleOptions } from '../rules/rule-options.js';
import type { RuleSetOptions } from '../rules/rule-set.js';
import type { SinkOptions } from '../sink/create-sink.js';
import type { WindowsOptions } from '../windows/aggregate.js';

/** The configuration in force: defaults filled in, units resolved, secrets read, paths absolute. It is deeply frozen. */
export interface SluiceConfig {
  /** The folder with log/, dead-letter/, checkpoints/ and, by default, telemetry.duckdb. */
  readonly dataDirectory: string;
  readonly broker: BrokerConfig;
  readonly stream: StreamConfig;
  /** At least one rule. */
  readonly rules: readonly RuleOptions[];
  /** Which rules take a record, and the tables that they look values up in. */
  readonly mapping: Required<Omit<RuleSetOptions, 'readClock'>>;
  readonly consumer: ConsumerConfig;
  /** Absent without aggregates. */
  readonly windows?: WindowsOptions;
  readonly sink: SinkOptions;
  /** Absent when the HTTP server is switched off. */
  readonly http?: HttpConfig;
  readonly metrics: MetricsConfig;
  readonly log: LogConfig;
}

export interface BrokerConfig {
  readonly listeners: readonly ListenerConfig[];
  /** Absolute path of the access file; absent: clients are not authenticated. */
  readonly accessFile?: string;
  readonly insecure: boolean;
  readonly maxPacketBytes: number;
  readonly maxConnections: number;
  /** Half of all connections when absent, and no limit for loopback. */
  readonly maxConnectionsPerAddress?: number;
  readonly connectTimeoutMs: number;
  /** Each KiB of a packet that has arrived adds a second. */
  readonly packetTimeoutMs: number;
  readonly maxKeepaliveMs: number;
  /** The server reference for clients of MQTT 5. */
  readonly serverReference?: string;
  readonly retained: RetainedConfig;
  /** Limit in packets. */
  readonly maxInFlightPerClient: number;
  /** Limit for all clients together. */
  readonly maxInFlightBytes: number;
  readonly limits: LimitsConfig;
  readonly sessions: SessionsConfig;
}

/** What is kept for subscribers. */
export interface SessionsConfig {
  readonly maxSessions: number;
  readonly expiryMs: number;
  readonly maxQueuedMessages: number;
  readonly maxQueuedBytes: number;
  readonly maxTotalBytes: number;
}

export interface RetainedConfig {
  readonly maxMessages: number;
  readonly maxBytes: number;
}

export interface LimitsConfig {
  /** From one address. */
  readonly newConnectionsPerSecond: number;
  /** Nine tenths of all connections when absent. */
  readonly connectionsPerUser?: number;
  readonly perClient: RateConfig;
  readonly perUser: RateConfig;
  readonly perAddress: RateConfig;
  readonly burstMs: number;
  readonly disconnectAfterMs: number;
  readonly silentAfterMs: number;
  readonly closesSilent: boolean;
  readonly maxLagMs: number;
  /** Nine tenths of the memory that the process may use when absent. */
  readonly maxMemoryBytes?: number;
}

/** No limit when absent. */
export interface RateConfig {
  readonly messagesPerSecond?: number;
  readonly bytesPerSecond?: number;
}

export interface ListenerConfig {
  readonly protocol: 'mqtt' | 'mqtts' | 'ws' | 'wss';
  readonly host: string;
  /** 0 stands for any free port. */
  readonly port: number;
  /** Present with `mqtts` and `wss`. */
  readonly tls?: TlsFiles & { readonly clientCa?: string };
  /** A listener without TLS beyond this machine is meant. */
  readonly allowPlain?: boolean;
  /** Addresses and networks that must send a PROXY header; absent: none is read. */
  readonly proxy?: readonly string[];
  readonly origins?: readonly string[];
  readonly hosts?: readonly string[];
}

/** Absolute paths of PEM files. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

export interface StreamConfig {
  /** Present only in Kinesis mode. */
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
  /** The AWS SDK finds it when absent. */
  readonly region?: string;
  /** AWS when absent. */
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
  /** Where the reader begins; LATEST means the time of the first start. */
  readonly start:
    | { readonly kind: 'TRIM_HORIZON' | 'LATEST' }
    | { readonly kind: 'AT_TIMESTAMP'; readonly timestampMs: number };
  readonly fanOut: boolean;
  readonly bufferBytes: number;
  readonly shardSyncMs: number;
  /** Present only with `checkpoints: dynamodb`. */
  readonly leases?: {
    readonly table: string;
    readonly endpoint?: string;
    /** A unique one is generated when absent. */
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
  readonly types: TypePolicy;
  readonly deadLetter: {
    readonly maxSizeBytes: number;
    readonly whenFull: 'keep-reason' | 'block' | 'drop-oldest';
    readonly clientSharePercent: number;
  };
}

export interface HttpConfig {
  readonly host: string;
  /** 0 stands for any free port. */
  readonly port: number;
  readonly insecure: boolean;
  readonly tls?: TlsFiles;
  readonly hosts?: readonly string[];
  readonly read: 'open' | 'token';
  readonly changes: 'loopback' | 'always' | 'never';
  readonly maxConnectionsPerAddress: number;
  readonly maxStreamsPerAddress: number;
}

export interface MetricsConfig {
  /** Name of this gateway in its metrics. */
  readonly instance: string;
  /** Absent when metrics are not written into the store. */
  readonly store?: { readonly intervalMs: number; readonly measurement: string };
  readonly otlp?: OtlpConfig;
}

export interface OtlpConfig {
  readonly url: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** The values are secrets. */
  readonly headers: Readonly<Record<string, string>>;
  readonly traces?: { readonly url: string; readonly oneIn: number };
}
