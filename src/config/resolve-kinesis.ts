import { hostname } from 'node:os';
import type { Written } from './schema.js';
import type { KinesisConfig, KinesisReaderConfig } from './sluice-config.js';

type WrittenKinesis = Written['stream']['kinesis'];

export function resolveKinesis(written: WrittenKinesis): KinesisConfig {
  const { name, region, endpoint } = written;
  return {
    name,
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
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
      ...(written.checkpoints === 'dynamodb' ? { leases: resolveLeases(written) } : {}),
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
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(worker === undefined ? {} : { workerId: worker }),
    failoverMs: failover,
    ...(maxShards === undefined ? {} : { maxLeases: maxShards }),
  };
}
