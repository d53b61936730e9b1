import type { Clock } from '../../../clock.js';
import { type Schedule, scheduleOnTimer } from '../../../timers.js';
import type { Warn } from '../../../warnings.js';
import type { OutletRefusal, OutletStatus, RecordOutlet, StreamRecord } from '../../stream.js';
import { partitionKeyOf } from '../aggregation/aggregate-builder.js';
import { HashKeyBuckets } from '../aggregation/hash-key-buckets.js';
import type { KinesisApi } from '../kinesis-api.js';
import { deviceKeyOf } from '../records/device-key.js';
import { recordEncoder } from '../records/record-encoder.js';
import { AggregatePacking } from './aggregate-packing.js';
import { Lane } from './lane.js';
import { LaneDispatch } from './lane-dispatch.js';
import type { Packing } from './packing.js';
import { noTotals, type ProducerCounters } from './producer-counters.js';
import { ProducerHealth } from './producer-health.js';
import { MAX_REQUEST_BYTES } from './ready-lanes.js';
import { SinglePacking } from './single-packing.js';
import type { UserRecord } from './user-record.js';

export interface KinesisProducerOptions {
  /** Several user records in one Kinesis record, in KPL's format. */
  readonly aggregation: boolean;
  /** Power of two, fixed for the life of a stream: another number moves devices to other shards. */
  readonly buckets: number;
  /** An aggregate with its key is closed before it grows over this. */
  readonly aggregateBytes: number;
  /** How long an aggregate waits for company after its first user record. */
  readonly lingerMs: number;
  /** Of a Kinesis record with its key: the limit of the stream. Above 4.5 MiB counts as 4.5 MiB. */
  readonly maxRecordBytes: number;
  readonly maxConcurrentRequests: number;
  readonly partitionBy: 'device' | 'client' | 'topic';
  readonly format: 'cloudevents' | 'raw';
  /** Name of this gateway in the encoded records. */
  readonly gateway: string;
}

export interface KinesisProducerDeps {
  /** Stays the caller's: the producer does not close it. */
  readonly api: Pick<KinesisApi, 'putRecords'>;
  readonly clock: Clock;
  /** [0, 1): jitter of the back-offs. */
  readonly random: () => number;
  /** Absent: Node's timers. */
  readonly schedule?: Schedule;
  readonly warn: Warn;
}

/** Just under one PUT payload unit. */
export const DEFAULT_AGGREGATE_BYTES = 24_950;

/**
 * Sends records to Kinesis. Invariants:
 * 1. A record is settled once: stored (Kinesis gave its Kinesis record a sequence number), or refused by its nature.
 *    Anything else is tried again, for ever.
 * 2. Records of one lane, so of one device, are stored in the order of `send`: at most one Kinesis record of a lane is
 *    under way, and a failed one goes again before any newer.
 * 3. Every request has at most 500 entries and less than 5 MiB.
 * Memory beside the caller's records: see AggregatePacking; without aggregation one encoded record a waiting device.
 * How much goes at once after an outage: see RequestPace.
 */
export class KinesisProducer implements RecordOutlet {
  readonly #options: KinesisProducerOptions;
  readonly #clock: Clock;
  readonly #buckets: HashKeyBuckets;
  readonly #encode: (record: StreamRecord) => Uint8Array;
  /** Those that hold something: a lane is dropped when it is empty, or there would be one of each device ever seen. */
  readonly #lanes = new Map<string | number, Lane>();
  readonly #dispatch: LaneDispatch;
  readonly #health: ProducerHealth;
  readonly #totals = noTotals();
  #unsettled = 0;
  #isClosed = false;

  constructor(options: KinesisProducerOptions, deps: KinesisProducerDeps) {
    const maxRecordBytes = Math.min(options.maxRecordBytes, MAX_REQUEST_BYTES);
    const aggregateBytes = Math.min(options.aggregateBytes, maxRecordBytes);
    this.#options = { ...options, maxRecordBytes, aggregateBytes };
    this.#clock = deps.clock;
    this.#buckets = new HashKeyBuckets(options.buckets);
    this.#encode = recordEncoder(options.format, options.gateway);
    this.#health = new ProducerHealth(deps.warn, deps.clock);
    this.#dispatch = new LaneDispatch({
      api: deps.api,
      clock: deps.clock,
      random: deps.random,
      schedule: deps.schedule ?? scheduleOnTimer,
      maxConcurrentRequests: options.maxConcurrentRequests,
      health: this.#health,
      totals: this.#totals,
      settle: (userRecord, refusal) => this.#settle(userRecord, refusal),
      onEmpty: (lane) => this.#drop(lane),
    });
  }

  send(record: StreamRecord, settled: (refusal?: OutletRefusal) => void): void {
    if (this.#isClosed) return;
    const partitionKey = partitionKeyOf(deviceKeyOf(record, this.#options.partitionBy));
    const lane = this.#laneOf(partitionKey);
    const nowMs = this.#clock.monotonicMs();
    this.#unsettled += 1;
    lane.add({ record, partitionKey, settled, dueMs: nowMs + this.#options.lingerMs });
    this.#dispatch.lookAt(lane, nowMs);
  }

  flush(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const lane of this.#lanes.values()) {
      lane.hurry();
      this.#dispatch.lookAt(lane, nowMs);
    }
    this.#dispatch.hurry();
  }

  status(): OutletStatus {
    return this.#health.status();
  }

  counters(): ProducerCounters {
    let oldest: bigint | undefined;
    for (const lane of this.#lanes.values()) {
      const receivedAtNs = lane.oldest?.record.receivedAtNs;
      if (receivedAtNs !== undefined && (oldest === undefined || receivedAtNs < oldest))
        oldest = receivedAtNs;
    }
    return {
      ...this.#totals,
      oldestUnsettledNs: oldest,
      inFlightRequests: this.#dispatch.underWay,
      waitingRecords: this.#unsettled,
      busyLanes: this.#lanes.size,
    };
  }

  /** A call under way ends when it ends; nobody waits for it. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#dispatch.close();
    this.#lanes.clear();
  }

  #laneOf(partitionKey: string): Lane {
    const key = this.#options.aggregation ? this.#buckets.bucketOf(partitionKey) : partitionKey;
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      lane = new Lane(key, this.#packingOf(key));
      this.#lanes.set(key, lane);
    }
    return lane;
  }

  #packingOf(key: string | number): Packing {
    const { maxRecordBytes, aggregateBytes } = this.#options;
    const options = { maxRecordBytes, aggregateBytes, encode: this.#encode, refuse: this.#refuse };
    return typeof key === 'number'
      ? new AggregatePacking(this.#buckets.explicitHashKey(key), options)
      : new SinglePacking(options);
  }

  /** While packing, perhaps inside `send`: settled behind it. */
  readonly #refuse = (userRecord: UserRecord, refusal: OutletRefusal): void => {
    queueMicrotask(() => this.#settle(userRecord, refusal));
  };

  #drop(lane: Lane): void {
    // A lane that was dropped before may still be in the due queue; another may stand in its place now.
    if (this.#lanes.get(lane.key) === lane) this.#lanes.delete(lane.key);
  }

  #settle(userRecord: UserRecord, refusal?: OutletRefusal): void {
    if (this.#isClosed) return;
    this.#unsettled -= 1;
    if (refusal !== undefined) this.#totals.refused += 1;
    userRecord.settled(refusal);
  }
}
