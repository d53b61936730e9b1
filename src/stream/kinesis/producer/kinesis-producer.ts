import type { Clock } from '../../../lib/clock.js';
import { type Schedule, scheduleOnTimer } from '../../../lib/timers.js';
import type { Warn } from '../../../lib/warnings.js';
import type { ComponentStatus, OutgoingStream, StreamRecord, StreamRejection } from '../../stream.js';
import { HashKeyBuckets } from '../aggregation/hash-key-buckets.js';
import type { KinesisApi } from '../kinesis-api.js';
import { recordEncoder } from '../records/cloud-event-encoder.js';
import { deviceKeyOf, partitionKeyOf } from '../records/partition-key.js';
import { AggregatePacking } from './aggregate-packing.js';
import { type Packing, SinglePacking, type UserRecord } from './packing.js';
import { PartitionQueue } from './partition-queue.js';
import { noTotals, type ProducerCounters } from './producer-counters.js';
import { ProducerHealth } from './producer-health.js';
import { MAX_REQUEST_BYTES } from './ready-queues.js';
import { RequestDispatch } from './request-dispatch.js';

export interface KinesisProducerOptions {
  /** Puts several user records into one Kinesis record, in KPL's format. */
  readonly aggregation: boolean;
  /** A power of two, fixed for the life of a stream: another number moves devices to other shards. */
  readonly buckets: number;
  /** An aggregate is closed before it, with its key, gets larger than this. */
  readonly aggregateBytes: number;
  /** How long an aggregate waits for more user records after its first. */
  readonly lingerMs: number;
  /** The stream's limit for a Kinesis record with its key. More than 4.5 MiB counts as 4.5 MiB. */
  readonly maxRecordBytes: number;
  readonly maxConcurrentRequests: number;
  readonly partitionBy: 'device' | 'client' | 'topic';
  readonly format: 'cloudevents' | 'raw';
  /** The name of this gateway in the encoded records. */
  readonly gateway: string;
}

export interface KinesisProducerDeps {
  /** The caller closes it, not the producer. */
  readonly api: Pick<KinesisApi, 'putRecords'>;
  readonly clock: Clock;
  /** Returns a number in [0, 1), for the jitter of the back-offs. */
  readonly random: () => number;
  /** When absent, Node's timers are used. */
  readonly schedule?: Schedule;
  readonly warn: Warn;
}

/** The default is just below one PUT payload unit. */
export const DEFAULT_AGGREGATE_BYTES = 24_950;

/**
 * KinesisProducer sends records to Kinesis. Invariants:
 * 1. Each record is completed once: either stored (Kinesis gave its Kinesis record a sequence number), or rejected
 *    because Kinesis can never store it. Everything else is tried again, without end.
 * 2. The records of one queue, and so of one device, are stored in the order of `send`: at most one Kinesis record of
 *    a queue is in flight, and a failed one is sent again before any newer one.
 * 3. Every request has at most 500 entries and less than 5 MiB.
 * AggregatePacking documents how much memory this takes in addition to the caller's records; without aggregation it is
 * one encoded record for each waiting device. RequestPace documents how much is sent at once after an outage.
 */
export class KinesisProducer implements OutgoingStream {
  readonly #options: KinesisProducerOptions;
  readonly #clock: Clock;
  readonly #buckets: HashKeyBuckets;
  readonly #encode: (record: StreamRecord) => Uint8Array;
  /** Holds only queues with records in them; otherwise there would be one for each device ever seen. */
  readonly #queues = new Map<string | number, PartitionQueue>();
  readonly #dispatch: RequestDispatch;
  readonly #health: ProducerHealth;
  readonly #totals = noTotals();
  #incomplete = 0;
  #isClosed = false;

  constructor(options: KinesisProducerOptions, deps: KinesisProducerDeps) {
    const maxRecordBytes = Math.min(options.maxRecordBytes, MAX_REQUEST_BYTES);
    const aggregateBytes = Math.min(options.aggregateBytes, maxRecordBytes);
    this.#options = { ...options, maxRecordBytes, aggregateBytes };
    this.#clock = deps.clock;
    this.#buckets = new HashKeyBuckets(options.buckets);
    this.#encode = recordEncoder(options.format, options.gateway);
    this.#health = new ProducerHealth(deps.warn, deps.clock);
    this.#dispatch = new RequestDispatch({
      api: deps.api,
      clock: deps.clock,
      random: deps.random,
      schedule: deps.schedule ?? scheduleOnTimer,
      maxConcurrentRequests: options.maxConcurrentRequests,
      health: this.#health,
      totals: this.#totals,
      complete: (userRecord, rejection) => this.#complete(userRecord, rejection),
      onEmpty: (queue) => this.#remove(queue),
    });
  }

  send(record: StreamRecord, completed: (rejection?: StreamRejection) => void): void {
    if (this.#isClosed) return;
    const partitionKey = partitionKeyOf(deviceKeyOf(record, this.#options.partitionBy));
    const queue = this.#queueOf(partitionKey);
    const nowMs = this.#clock.monotonicMs();
    this.#incomplete += 1;
    queue.add({ record, partitionKey, completed, dueMs: nowMs + this.#options.lingerMs });
    this.#dispatch.lookAt(queue, nowMs);
  }

  flush(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const queue of this.#queues.values()) {
      queue.makeDue();
      this.#dispatch.lookAt(queue, nowMs);
    }
    this.#dispatch.sendReady();
  }

  status(): ComponentStatus {
    return this.#health.status();
  }

  counters(): ProducerCounters {
    let oldest: bigint | undefined;
    for (const queue of this.#queues.values()) {
      const receivedAtNs = queue.oldest?.record.receivedAtNs;
      if (receivedAtNs !== undefined && (oldest === undefined || receivedAtNs < oldest))
        oldest = receivedAtNs;
    }
    return {
      ...this.#totals,
      oldestIncompleteNs: oldest,
      inFlightRequests: this.#dispatch.inFlight,
      waitingRecords: this.#incomplete,
      busyQueues: this.#queues.size,
    };
  }

  /** Does not wait for calls in flight. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#dispatch.close();
    this.#queues.clear();
  }

  #queueOf(partitionKey: string): PartitionQueue {
    const key = this.#options.aggregation ? this.#buckets.bucketOf(partitionKey) : partitionKey;
    let queue = this.#queues.get(key);
    if (queue === undefined) {
      queue = new PartitionQueue(key, this.#packingOf(key));
      this.#queues.set(key, queue);
    }
    return queue;
  }

  #packingOf(key: string | number): Packing {
    const { maxRecordBytes, aggregateBytes } = this.#options;
    const options = { maxRecordBytes, aggregateBytes, encode: this.#encode, reject: this.#reject };
    return typeof key === 'number'
      ? new AggregatePacking(this.#buckets.explicitHashKey(key), options)
      : new SinglePacking(options);
  }

  /** Called while packing, perhaps inside `send`; the record is completed after that has returned. */
  readonly #reject = (userRecord: UserRecord, rejection: StreamRejection): void => {
    queueMicrotask(() => this.#complete(userRecord, rejection));
  };

  #remove(queue: PartitionQueue): void {
    // A queue that was removed before may still be in the due queue; there may be another of its key now.
    if (this.#queues.get(queue.key) === queue) this.#queues.delete(queue.key);
  }

  #complete(userRecord: UserRecord, rejection?: StreamRejection): void {
    if (this.#isClosed) return;
    this.#incomplete -= 1;
    if (rejection !== undefined) this.#totals.refused += 1;
    userRecord.completed(rejection);
  }
}
