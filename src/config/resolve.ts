import { hostname } from 'node:os';
import { dirname, resolve } from 'node:path';
import { DEFAULT_JSON_LIMITS } from '../formats/json/json-value.js';
import { isLoopbackHost } from '../lib/remote-address.js';
import { DEFAULT_CARDINALITY, DUCKDB_FIELDS, type PolicyOptions } from '../rules/policies/policy-options.js';
import { DEFAULT_RULES, type RuleOptions, type TimeOptions } from '../rules/rule-options.js';
import type { Findings } from './findings.js';
import { resolveFormat } from './resolve-format.js';
import { resolveLimits } from './resolve-limits.js';
import { resolveSessions } from './resolve-sessions.js';
import { resolveSink } from './resolve-sink.js';
import { resolveTables } from './resolve-tables.js';
import { resolveWindows, withRetentions } from './resolve-windows.js';
import type { Written } from './schema.js';
import { selfMeasurements } from './self-measurements.js';
import type {
  HttpConfig,
  KinesisConfig,
  KinesisReaderConfig,
  ListenerConfig,
  MetricsConfig,
  SluiceConfig,
  TlsFiles,
} from './sluice-config.js';

type WrittenRule = NonNullable<Written['rules']>[number];
type WrittenPolicies = NonNullable<WrittenRule['policies']>;
type WrittenTime = Exclude<WrittenRule['time'], 'auto' | undefined>;

/**
 * Converts the keys of the file to the options of the stages.
 *
 * @param directory base of relative paths
 */
export function resolveConfig(written: Written, directory: string, findings: Findings): SluiceConfig {
  const { broker, stream, consumer, http, metrics, log } = written;
  const logDirectory = resolve(directory, stream.log.directory);
  const dataDirectory = dirname(logDirectory);
  const { type: types, ...rulePolicies } = consumer.policies;
  const sink = resolveSink(written.sink, directory, dataDirectory, findings);
  const windows = resolveWindows(written.windows, sink, findings);
  const maxFields = sink.kind === 'duckdb' ? DUCKDB_FIELDS : DEFAULT_CARDINALITY.fields;
  const resolvedMetrics = resolveMetrics(metrics);
  return {
    dataDirectory,
    broker: {
      listeners: broker.listeners.map((listener) => resolveListener(listener, directory)),
      accessFile: broker.access && resolve(directory, broker.access),
      insecure: broker.insecure,
      maxPacketBytes: broker.maxPacketSize,
      maxConnections: broker.maxConnections,
      maxConnectionsPerAddress: broker.maxConnectionsPerAddress,
      connectTimeoutMs: broker.connectTimeout,
      packetTimeoutMs: broker.packetTimeout,
      maxKeepaliveMs: broker.maxKeepalive,
      ...(broker.serverReference !== undefined && { serverReference: broker.serverReference }),
      retained: { maxMessages: broker.retained.maxMessages, maxBytes: broker.retained.maxSize },
      maxInFlightPerClient: broker.maxInFlightPerClient,
      maxInFlightBytes: broker.maxInFlightBytes,
      limits: resolveLimits(broker.limits),
      sessions: resolveSessions(broker.sessions),
    },
    stream: {
      log: {
        directory: logDirectory,
        maxSizeBytes: stream.log.maxSize,
        segmentSizeBytes: stream.log.segmentSize,
        whenFull: stream.log.whenFull,
      },
      kinesis: stream.mode === 'kinesis' ? resolveKinesis(stream.kinesis) : undefined,
    },
    rules:
      written.rules?.map((rule, index) => {
        const format =
          rule.format && resolveFormat(rule.format, ['rules', index, 'format'], directory, findings);
        return { ...resolveRule(rule, maxFields), ...(format !== undefined && { format }) };
      }) ?? DEFAULT_RULES,
    mapping: {
      match: consumer.match,
      formats: (consumer.formats ?? []).map(({ topic, format }, index) => {
        const path = ['consumer', 'formats', index, 'format'];
        return { topic, format: resolveFormat(format, path, directory, findings) };
      }),
      policies: resolvePolicies(rulePolicies, maxFields),
      tables: resolveTables(consumer.tables, directory, findings),
      reservedMeasurements: selfMeasurements({ metrics: resolvedMetrics, windows }),
    },
    consumer: {
      maxBatchRecords: consumer.batch.records,
      maxBatchBytes: consumer.batch.bytes,
      lingerMs: consumer.batch.linger,
      checkpointIntervalMs: consumer.checkpointInterval,
      payload: {
        ...DEFAULT_JSON_LIMITS,
        maxPayloadBytes: consumer.payload.maxSize,
        maxDepth: consumer.payload.maxDepth,
        maxKeys: consumer.payload.maxKeys,
      },
      types,
      deadLetter: {
        maxSizeBytes: consumer.deadLetter.maxSize,
        whenFull: consumer.deadLetter.whenFull,
        clientSharePercent: consumer.deadLetter.clientShare,
      },
    },
    windows,
    sink: withRetentions(sink, windows),
    http: http === false ? undefined : resolveHttp(http, broker.access !== undefined, directory),
    metrics: resolvedMetrics,
    log,
  };
}

const DEFAULT_PORTS = { mqtt: 1883, mqtts: 8883, ws: 8083, wss: 8084 } as const;

function resolveListener(
  { port, tls, ...listener }: Written['broker']['listeners'][number],
  directory: string,
): ListenerConfig {
  return {
    ...listener,
    port: port ?? DEFAULT_PORTS[listener.protocol],
    tls: tls && {
      ...resolveTls(tls, directory),
      clientCa: tls.clientCa && resolve(directory, tls.clientCa),
    },
  };
}

function resolveTls({ cert, key }: TlsFiles, directory: string): TlsFiles {
  return { cert: resolve(directory, cert), key: resolve(directory, key) };
}

function resolveHttp(
  { tls, read, ...http }: Exclude<Written['http'], false>,
  hasAccess: boolean,
  directory: string,
): HttpConfig {
  return {
    ...http,
    tls: tls && resolveTls(tls, directory),
    read: read ?? (hasAccess && !isLoopbackHost(http.host) ? 'token' : 'open'),
  };
}

function resolveMetrics({ instance, store, otlp }: Written['metrics']): MetricsConfig {
  return {
    instance: instance ?? hostname(),
    store: store.enabled ? { intervalMs: store.interval, measurement: store.measurement } : undefined,
    otlp: otlp && {
      url: otlp.url,
      intervalMs: otlp.interval,
      timeoutMs: otlp.timeout,
      headers: otlp.headers,
      traces: otlp.traces,
    },
  };
}

/** Converts a rule of the file to the options of the rules. */
export function resolveRule(
  { time, policies, format: _resolved, ...rule }: WrittenRule,
  maxFields = DEFAULT_CARDINALITY.fields,
): RuleOptions {
  return {
    ...rule,
    ...(policies !== undefined && { policies: resolvePolicies(policies, maxFields) }),
    ...(time !== undefined && { time: time === 'auto' ? time : resolveTime(time) }),
  };
}

/** `false` switches budgets off, also where all other rules have them. */
function resolvePolicies({ cardinality, ...rest }: WrittenPolicies, maxFields: number): PolicyOptions {
  if (cardinality === undefined) return rest;
  if (cardinality === false) return { ...rest, cardinality: undefined };
  return { ...rest, cardinality: { ...cardinality, fields: cardinality.fields ?? maxFields } };
}

function resolveTime({ window, ...time }: WrittenTime): TimeOptions {
  return { ...time, maxPastMs: window.past, maxFutureMs: window.future };
}

type WrittenKinesis = Written['stream']['kinesis'];

export function resolveKinesis(written: WrittenKinesis): KinesisConfig {
  const { name, region, endpoint } = written;
  return {
    name,
    region,
    endpoint,
    producer: {
      gateway: written.gateway ?? hostname(),
      format: written.format,
      partitionBy: written.partitionKey,
      aggregation: written.aggregation === 'on',
      aggregateBytes: written.aggregateSize,
      buckets: written.buckets,
      lingerMs: written.linger,
      maxRecordBytes: written.maxRecordSize,
      maxInFlightBytes: written.maxInFlightBytes,
    },
    reader: {
      application: written.application,
      start: resolveStart(written.start),
      fanOut: written.reads === 'enhanced-fan-out',
      bufferBytes: written.readBuffer,
      shardSyncMs: written.shardSync,
      leases: written.checkpoints === 'dynamodb' ? resolveLeases(written) : undefined,
    },
  };
}

function resolveStart(start: string): KinesisReaderConfig['start'] {
  if (start === 'TRIM_HORIZON' || start === 'LATEST') return { kind: start };
  return { kind: 'AT_TIMESTAMP', timestampMs: Date.parse(start) };
}

function resolveLeases({ application, leases }: WrittenKinesis): NonNullable<KinesisReaderConfig['leases']> {
  const { table, endpoint, worker, failover, maxShards } = leases;
  return {
    table: table ?? application,
    endpoint,
    workerId: worker,
    failoverMs: failover,
    maxLeases: maxShards,
  };
}
