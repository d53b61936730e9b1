import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { KinesisConfig, KinesisReaderConfig } from '../config/sluice-config.js';
import type { Checkpoint, CheckpointStore } from '../ledger/checkpoint-store.js';
import { addTotals, Ledger, type LedgerTotals, NO_RECORDS, type ReaderLedger } from '../ledger/ledger.js';
import { replaceFile } from '../lib/durable-files.js';
import { SluiceError, systemErrorCode } from '../lib/errors.js';
import { readFile } from '../lib/files.js';
import { pause } from '../lib/timers.js';
import { parseDelivered } from '../stream/kinesis/leases/lease.js';
import { LeaseCoordinator } from '../stream/kinesis/leases/lease-coordinator.js';
import { LeaseTable } from '../stream/kinesis/leases/lease-table.js';
import type { ComponentStatus } from '../stream/stream.js';
import type { LeaseReport } from './consume-protocol.js';
import type { KinesisCheckpoints, KinesisCheckpointsParts } from './kinesis-checkpoints.js';
import {
  leaseRows,
  type SharedWindowsSource,
  sharedStream,
  type WindowsOfSource,
} from './kinesis-shared-windows.js';

type LeaseOptions = NonNullable<KinesisReaderConfig['leases']> & { readonly workerId: string };

const HEALTHY: ComponentStatus = { state: 'healthy', detail: '' };

/** After so many fail-over times without a scan of the table the consumer is no longer healthy. */
const STALE_AFTER = 1;

/**
 * `checkpoints: dynamodb`: several processes share the shards; position and ledger of a shard are one row of the table,
 * written together and only while the lease is held.
 */
export class LeaseCheckpoints implements KinesisCheckpoints, CheckpointStore {
  readonly ledger = new Ledger();
  readonly deadLetterFolder: string;
  /** A checkpoint that processes share cannot name an end of the dead letter of this one. */
  readonly deadLetterEnd = undefined;
  readonly reasonsEnd = undefined;
  readonly windows: SharedWindowsSource;
  readonly #failoverMs: number;
  readonly #newAssigner: (streamCreatedAtMs?: number) => LeaseCoordinator;
  #assigner: LeaseCoordinator;
  #usedBy: WindowsOfSource | undefined;

  private constructor(
    kinesis: KinesisConfig,
    leases: LeaseOptions,
    newAssigner: (
      watermarkMs: (partition: string) => number | undefined,
      streamCreatedAtMs?: number,
    ) => LeaseCoordinator,
  ) {
    this.deadLetterFolder = `leases-${leases.table}`;
    this.#failoverMs = leases.failoverMs;
    const watermarkMs = (partition: string) => this.#usedBy?.watermarkMs(partition);
    this.#newAssigner = (streamCreatedAtMs) => newAssigner(watermarkMs, streamCreatedAtMs);
    this.#assigner = this.#newAssigner();
    this.windows = {
      ...sharedStream(kinesis, leases, () => this.#assigner.watermarks()),
      use: (windows) => {
        this.#usedBy = windows;
      },
    };
  }

  static async create(
    leases: LeaseOptions,
    { kinesis, api, clock, initial, warn }: KinesisCheckpointsParts & { readonly kinesis: KinesisConfig },
  ): Promise<LeaseCheckpoints> {
    const { workerId, failoverMs, maxLeases } = leases;
    const options = {
      workerId,
      failoverMs,
      initial,
      shardSyncMs: kinesis.reader.shardSyncMs,
      maxLeases,
    };
    const parts = { api, clock, sleep: pause, random: Math.random, mergeLedgers, warn };
    return new LeaseCheckpoints(
      kinesis,
      leases,
      (watermarkMs, streamCreatedAtMs) =>
        new LeaseCoordinator(
          { ...options, streamCreatedAtMs },
          { ...parts, watermarkMs, table: leaseTable(kinesis, leases) },
        ),
    );
  }

  get checkpoints(): CheckpointStore {
    return this;
  }

  async prepare(): Promise<void> {
    await this.#usedBy?.prepare();
  }

  get assigner(): LeaseCoordinator {
    return this.#assigner;
  }

  newAssigner(streamCreatedAtMs: number | undefined): LeaseCoordinator {
    this.#assigner = this.#newAssigner(streamCreatedAtMs);
    return this.#assigner;
  }

  /** The positions are in the table; the assigner reads them. */
  async load(): Promise<undefined> {
    return undefined;
  }

  async save({ position, partitions }: Checkpoint): Promise<void> {
    try {
      await this.#assigner.save(position, (partition) =>
        JSON.stringify(partitions?.get(partition) ?? NO_RECORDS),
      );
    } catch (thrown) {
      throw retryableSave(thrown);
    }
    const held = new Set(parseDelivered(this.#assigner.position()).keys());
    for (const partition of partitions?.keys() ?? []) if (!held.has(partition)) this.ledger.close(partition);
  }

  /** The ledger of the whole application as its consumers have saved it, and what this one has received beyond. */
  readerLedger(): ReaderLedger {
    const { totalOf, recordsTotal, shards } = this.#assigner.status();
    const saved = new Map(shards.map(({ shardId, records }) => [shardId, records]));
    let unsaved = 0;
    for (const [partition, { records }] of parseDelivered(this.#assigner.position())) {
      unsaved += Math.max(0, records - (saved.get(shardOf(partition)) ?? 0));
    }
    return { received: recordsTotal + unsaved, processed: recordsTotal, totals: totalsOf(totalOf()) };
  }

  status(): ComponentStatus {
    const { lastScanAgeMs } = this.#assigner.status();
    if (lastScanAgeMs <= STALE_AFTER * this.#failoverMs) return HEALTHY;
    return { state: 'retrying', detail: 'the lease table has not been read for longer than leases.failover' };
  }

  leases(): LeaseReport {
    const { held, taken, lost, released, workers } = this.#assigner.status();
    return { held, taken, lost, released, workers };
  }
}

export function leaseTable(
  kinesis: Pick<KinesisConfig, 'region'>,
  leases: Pick<LeaseOptions, 'table' | 'endpoint' | 'failoverMs'>,
): LeaseTable {
  return new LeaseTable(leaseRows(kinesis, leases));
}

export function mergeLedgers(a: string, b: string): string {
  return JSON.stringify(addTotals(totalsOf(a), totalsOf(b)));
}

function totalsOf(saved: string): LedgerTotals {
  return saved === '' ? NO_RECORDS : (JSON.parse(saved) as LedgerTotals);
}

/** The partition of an assignment is `<shard id>#<number>`. */
function shardOf(partition: string): string {
  return partition.slice(0, partition.lastIndexOf('#'));
}

/** Once the consumer runs, a table that refuses is retried like one that does not answer: no record depends on it. */
function retryableSave(thrown: unknown): unknown {
  if (!(thrown instanceof SluiceError) || thrown.code !== 'LEASE_TABLE_UNUSABLE') return thrown;
  return new SluiceError('LEASE_TABLE_UNREACHABLE', thrown.message, { cause: thrown });
}

const WORKER_ID_FILE = 'worker-id';

/**
 * The name of this consumer in the lease table. It is kept in the data directory, whose lock makes it unique: after a
 * crash the consumer goes on with its own leases at once instead of waiting until they have expired. A directory that
 * was copied to another host gets a new name, because no two live consumers may share one.
 */
export async function workerIdOf(dataDirectory: string, host = hostname()): Promise<string> {
  const path = join(dataDirectory, WORKER_ID_FILE);
  const kept = await readFile(path, 'utf8').catch((thrown: unknown) => {
    if (systemErrorCode(thrown) === 'ENOENT') return '';
    throw thrown;
  });
  const id = kept.trim();
  if (id.startsWith(`${host}-`)) return id;
  const fresh = `${host}-${randomBytes(6).toString('hex')}`;
  await replaceFile(path, `${fresh}\n`);
  return fresh;
}
