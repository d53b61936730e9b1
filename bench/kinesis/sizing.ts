import { onDemandMonth, provisionedMonth, putUnits } from './prices.js';
import type { StoredSizes } from './stored-sizes.js';

/** Limits of a shard [AWS Kinesis service-sizes-and-limits, 2026], with MB as 10^6 bytes. */
const SHARD_BYTES_PER_SECOND = 1_000_000;
const SHARD_RECORDS_PER_SECOND = 1_000;

const BUCKETS_PER_SHARD = 8;
const LEAST_BUCKETS = 64;
const MOST_BUCKETS = 65_536;

/**
 * What one gateway takes and forwards, in messages a second: `end to end` of part e2e-kinesis in docs/benchmarks.md, on
 * two cores that also ran load generator and stand-in. Half of it is planned with: AWS answers later than a stand-in.
 */
export const MEASURED_GATEWAY_RATE = 94_191;
const PLANNED_SHARE = 0.5;

export interface SizingInput {
  /** Of all devices together, spread evenly over the buckets. */
  readonly messagesPerSecond: number;
  readonly sizes: StoredSizes;
  readonly lingerMs: number;
}

export interface Sizing {
  readonly messagesPerSecond: number;
  readonly gateways: number;
  readonly buckets: number;
  readonly aggregated: StreamLoad;
  readonly plain: StreamLoad;
}

/** What a stream has to take, and what it costs. */
export interface StreamLoad {
  readonly recordsPerAggregate: number;
  /** Aggregates; without aggregation messages. */
  readonly kinesisRecordsPerSecond: number;
  readonly putUnitsPerSecond: number;
  /** Partition keys included. */
  readonly bytesPerSecond: number;
  readonly shards: number;
  /** US dollars a month. */
  readonly provisioned: number;
  /** US dollars a month for what comes in. */
  readonly onDemandIn: number;
}

/** Throws a RangeError for more messages than fit into one stream. */
export function sizingOf({ messagesPerSecond, sizes, lingerMs }: SizingInput): Sizing {
  const gateways = Math.ceil(messagesPerSecond / (MEASURED_GATEWAY_RATE * PLANNED_SHARE));
  const { buckets, aggregated } = aggregatedLoad(messagesPerSecond, gateways, sizes, lingerMs);
  return { messagesPerSecond, gateways, buckets, aggregated, plain: plainLoad(messagesPerSecond, sizes) };
}

/**
 * How many records an aggregate leaves with. Its first one opens it; while it lingers, others of its bucket on its
 * gateway join, as many as come in that time; more than fill it never do.
 */
export function recordsPerAggregate(
  messagesPerSecond: number,
  aggregatesOpen: number,
  lingerMs: number,
  full: number,
): number {
  return Math.min(full, 1 + (messagesPerSecond * lingerMs) / 1000 / aggregatesOpen);
}

/** The smallest power of two that is at least 8 times the shards, and at least the default. */
export function bucketsFor(shards: number): number {
  const wise = 2 ** Math.ceil(Math.log2(shards * BUCKETS_PER_SHARD));
  return Math.min(MOST_BUCKETS, Math.max(LEAST_BUCKETS, wise));
}

function aggregatedLoad(
  messagesPerSecond: number,
  gateways: number,
  sizes: StoredSizes,
  lingerMs: number,
): { readonly buckets: number; readonly aggregated: StreamLoad } {
  for (let shards = 1; shards <= MOST_BUCKETS / BUCKETS_PER_SHARD; shards += 1) {
    const buckets = bucketsFor(shards);
    const records = recordsPerAggregate(
      messagesPerSecond,
      buckets * gateways,
      lingerMs,
      sizes.aggregateBytes.length,
    );
    const perSecond = messagesPerSecond / records;
    const recordBytes = aggregateBytes(sizes, records);
    // Buckets cannot be divided: the fullest shard has one more than its even share.
    const fullestShare = Math.ceil(buckets / shards) / buckets;
    if (fitsShard(perSecond * fullestShare, recordBytes)) {
      return { buckets, aggregated: loadOf(shards, records, perSecond, recordBytes) };
    }
  }
  throw new RangeError(`${messagesPerSecond} messages a second need more shards than there may be buckets`);
}

function plainLoad(messagesPerSecond: number, { plainBytes }: StoredSizes): StreamLoad {
  const shards = Math.max(
    Math.ceil(messagesPerSecond / SHARD_RECORDS_PER_SECOND),
    Math.ceil((messagesPerSecond * plainBytes) / SHARD_BYTES_PER_SECOND),
  );
  return loadOf(shards, 1, messagesPerSecond, plainBytes);
}

function fitsShard(recordsPerSecond: number, recordBytes: number): boolean {
  return (
    recordsPerSecond <= SHARD_RECORDS_PER_SECOND && recordsPerSecond * recordBytes <= SHARD_BYTES_PER_SECOND
  );
}

function loadOf(shards: number, records: number, perSecond: number, recordBytes: number): StreamLoad {
  return {
    recordsPerAggregate: records,
    kinesisRecordsPerSecond: perSecond,
    putUnitsPerSecond: perSecond * putUnits(recordBytes),
    bytesPerSecond: perSecond * recordBytes,
    shards,
    provisioned: provisionedMonth(shards, perSecond, recordBytes),
    onDemandIn: onDemandMonth(perSecond, recordBytes),
  };
}

/** Between two whole numbers of records in proportion. */
function aggregateBytes({ aggregateBytes: sizes }: StoredSizes, records: number): number {
  const below = Math.floor(records);
  const bytes = sizes[below - 1]!;
  return bytes + (records - below) * ((sizes[below] ?? bytes) - bytes);
}
