import type { Checkpoint, CheckpointStore } from '../books/checkpoint-store.js';
import { addTotals, Ledger, type LedgerTotals, NO_RECORDS } from '../books/ledger.js';
import type { KinesisConfig, KinesisReaderConfig } from '../config/sluice-config.js';
import { SluiceError } from '../errors.js';
import { pause } from '../pause.js';
import { DynamoLeaseRows } from '../stream/kinesis/leases/dynamo-lease-rows.js';
import { parseHandedOut } from '../stream/kinesis/leases/handed-out.js';
import { LeaseCoordinator } from '../stream/kinesis/leases/lease-coordinator.js';
import { LeaseTable } from '../stream/kinesis/leases/lease-table.js';
import type { OutletStatus } from '../stream/stream.js';
import type { Book } from './book.js';
import type { LeaseReport } from './downstream-protocol.js';
import type { KinesisPlace, PlaceParts } from './kinesis-place.js';

type LeaseOptions = NonNullable<KinesisReaderConfig['leases']> & { readonly workerId: string };

const HEALTHY: OutletStatus = { state: 'healthy', detail: '' };

/** After so many fail-over times without a look at the table the consumer is not healthy any more. */
const STALE_AFTER = 1;

/**
 * `checkpoints: dynamodb`: several processes share the shards; place and books of a shard are one row of the table,
 * written together and only while the lease is held.
 */
export class LeasedPlace implements KinesisPlace, CheckpointStore {
  readonly ledger = new Ledger();
  readonly deadLetterFolder: string;
  /** A place that others share says nothing of the dead letter of this process. */
  readonly deadLetterEnd = undefined;
  readonly #failoverMs: number;
  readonly #newOwner: () => LeaseCoordinator;
  #owner: LeaseCoordinator;

  private constructor(deadLetterFolder: string, failoverMs: number, newOwner: () => LeaseCoordinator) {
    this.deadLetterFolder = deadLetterFolder;
    this.#failoverMs = failoverMs;
    this.#newOwner = newOwner;
    this.#owner = newOwner();
  }

  static async create(
    leases: LeaseOptions,
    { kinesis, api, clock, initial, warn }: PlaceParts & { readonly kinesis: KinesisConfig },
  ): Promise<LeasedPlace> {
    const { workerId, failoverMs, maxLeases } = leases;
    const options = {
      workerId,
      failoverMs,
      initial,
      shardSyncMs: kinesis.reader.shardSyncMs,
      ...(maxLeases === undefined ? {} : { maxLeases }),
    };
    const parts = { api, clock, sleep: pause, random: Math.random, mergeBooks, warn };
    return new LeasedPlace(
      `leases-${leases.table}`,
      failoverMs,
      () => new LeaseCoordinator(options, { ...parts, table: leaseTable(kinesis, leases) }),
    );
  }

  get checkpoints(): CheckpointStore {
    return this;
  }

  get owner(): LeaseCoordinator {
    return this.#owner;
  }

  newOwner(): LeaseCoordinator {
    this.#owner = this.#newOwner();
    return this.#owner;
  }

  /** The places are in the table. */
  async load(): Promise<undefined> {
    return undefined;
  }

  async save({ position, accounts }: Checkpoint): Promise<void> {
    try {
      await this.#owner.save(position, (partition) => JSON.stringify(accounts?.get(partition) ?? NO_RECORDS));
    } catch (thrown) {
      throw retryableSave(thrown);
    }
    const held = new Set(parseHandedOut(this.#owner.position()).keys());
    for (const partition of accounts?.keys() ?? []) if (!held.has(partition)) this.ledger.close(partition);
  }

  /** Of the whole application, as its consumers have saved it, and what this one has taken beyond. */
  book(): Book {
    const { booksTotal, recordsTotal, shards } = this.#owner.status();
    const saved = new Map(shards.map(({ shardId, records }) => [shardId, records]));
    let unsaved = 0;
    for (const [partition, { records }] of parseHandedOut(this.#owner.position())) {
      unsaved += Math.max(0, records - (saved.get(shardOf(partition)) ?? 0));
    }
    return { received: recordsTotal + unsaved, decided: recordsTotal, fates: totalsOf(booksTotal()) };
  }

  status(): OutletStatus {
    const { lastScanAgeMs } = this.#owner.status();
    if (lastScanAgeMs <= STALE_AFTER * this.#failoverMs) return HEALTHY;
    return { state: 'retrying', detail: 'the lease table has not been read for longer than leases.failover' };
  }

  leases(): LeaseReport {
    const { held, taken, lost, released, workers } = this.#owner.status();
    return { held, taken, lost, released, workers };
  }
}

/** Twice a write and a read have to fit into the fail-over time. */
const CALLS_PER_FAILOVER = 5;
const MAX_REQUEST_TIMEOUT_MS = 2_000;

export function leaseTable(
  { region }: Pick<KinesisConfig, 'region'>,
  { table, endpoint, failoverMs }: Pick<LeaseOptions, 'table' | 'endpoint' | 'failoverMs'>,
): LeaseTable {
  const rows = new DynamoLeaseRows({
    table,
    requestTimeoutMs: Math.min(MAX_REQUEST_TIMEOUT_MS, failoverMs / CALLS_PER_FAILOVER),
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
  });
  return new LeaseTable(rows);
}

export function mergeBooks(a: string, b: string): string {
  return JSON.stringify(addTotals(totalsOf(a), totalsOf(b)));
}

function totalsOf(books: string): LedgerTotals {
  return books === '' ? NO_RECORDS : (JSON.parse(books) as LedgerTotals);
}

/** Of a tenure: `<shard id>#<number>`. */
function shardOf(partition: string): string {
  return partition.slice(0, partition.lastIndexOf('#'));
}

/** Once the consumer runs, a table that refuses is waited out like one that does not answer: no record depends on it. */
function retryableSave(thrown: unknown): unknown {
  if (!(thrown instanceof SluiceError) || thrown.code !== 'LEASE_TABLE_UNUSABLE') return thrown;
  return new SluiceError('LEASE_TABLE_UNREACHABLE', thrown.message, { cause: thrown });
}
