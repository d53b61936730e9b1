import { hostname } from 'node:os';
import { dirname, resolve } from 'node:path';
import { DEFAULT_JSON_LIMITS } from '../consumer/formats/json/json-limits.js';
import { DEFAULT_RULES } from '../consumer/rules/default-rules.js';
import type { FieldOptions, RuleOptions, TimeOptions } from '../consumer/rules/rule-options.js';
import type { Findings } from './findings.js';
import { resolveKinesis } from './resolve-kinesis.js';
import { resolveSink } from './resolve-sink.js';
import type { Written } from './schema.js';
import type { MetricsConfig, SluiceConfig } from './sluice-config.js';

type WrittenRule = NonNullable<Written['rules']>[number];
type WrittenField = Exclude<WrittenRule['fields'], 'auto'>[string];
type WrittenTime = Exclude<WrittenRule['time'], 'auto' | undefined>;

/** From the keys of the file to what the stages take. `directory`: what relative paths are relative to. */
export function resolveConfig(written: Written, directory: string, findings: Findings): SluiceConfig {
  const { broker, stream, consumer, http, metrics, log } = written;
  const logDirectory = resolve(directory, stream.log.directory);
  const dataDirectory = dirname(logDirectory);
  return {
    dataDirectory,
    broker: {
      listeners: broker.listeners,
      insecure: broker.insecure,
      maxPacketBytes: broker.maxPacketSize,
      maxConnections: broker.maxConnections,
      connectTimeoutMs: broker.connectTimeout,
      maxKeepaliveMs: broker.maxKeepalive,
      maxInFlightPerClient: broker.maxInFlightPerClient,
      maxInFlightBytes: broker.maxInFlightBytes,
    },
    stream: {
      log: {
        directory: logDirectory,
        maxSizeBytes: stream.log.maxSize,
        segmentSizeBytes: stream.log.segmentSize,
        whenFull: stream.log.whenFull,
      },
      ...(stream.mode === 'kinesis' ? { kinesis: resolveKinesis(stream.kinesis) } : {}),
    },
    rules: written.rules?.map(resolveRule) ?? DEFAULT_RULES,
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
      deadLetter: { maxSizeBytes: consumer.deadLetter.maxSize },
    },
    sink: resolveSink(written.sink, directory, dataDirectory, findings),
    ...(http === false ? {} : { http }),
    metrics: resolveMetrics(metrics),
    log,
  };
}

function resolveMetrics({ instance, store, otlp }: Written['metrics']): MetricsConfig {
  return {
    instance: instance ?? hostname(),
    ...(store.enabled ? { store: { intervalMs: store.interval, measurement: store.measurement } } : {}),
    ...(otlp === undefined
      ? {}
      : {
          otlp: {
            url: otlp.url,
            intervalMs: otlp.interval,
            timeoutMs: otlp.timeout,
            headers: otlp.headers,
            ...(otlp.traces === undefined ? {} : { traces: otlp.traces }),
          },
        }),
  };
}

function resolveRule({ name, topic, where, measurement, time, tags, fields }: WrittenRule): RuleOptions {
  return {
    name,
    topic,
    measurement,
    tags,
    fields: fields === 'auto' ? fields : mapValues(fields, resolveField),
    ...(where === undefined ? {} : { where }),
    ...(time === undefined ? {} : { time: time === 'auto' ? time : resolveTime(time) }),
  };
}

function resolveTime({ path, unit, window }: WrittenTime): TimeOptions {
  return { path, unit, maxPastMs: window.past, maxFutureMs: window.future };
}

function resolveField({ path, type, range, unit }: WrittenField): FieldOptions {
  return {
    path,
    ...(type === undefined ? {} : { type }),
    ...(range === undefined ? {} : { range }),
    ...(unit === undefined ? {} : { unit }),
  };
}

function mapValues<From, To>(
  record: Readonly<Record<string, From>>,
  map: (value: From) => To,
): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}
