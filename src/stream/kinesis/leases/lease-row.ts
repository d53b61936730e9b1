import { errorText, SluiceError } from '../../../lib/errors.js';
import { parseShardPosition, type ShardPosition } from '../shard-position.js';
import type { Lease, NewLease } from './lease.js';
import type { Attribute, LeaseRows, Row } from './lease-rows.js';

/**
 * The attributes of KCL's lease table (DynamoDBLeaseSerializer, KCL 2 and 3) and ours beside them, which KCL
 * leaves alone: it updates single attributes. Rows that are no leases carry another `entityType`, as in KCL 3.
 */
export const ATTRIBUTE = {
  key: 'leaseKey',
  owner: 'leaseOwner',
  counter: 'leaseCounter',
  checkpoint: 'checkpoint',
  subSequenceNumber: 'checkpointSubSequenceNumber',
  ownerSwitches: 'ownerSwitchesSinceCheckpoint',
  parents: 'parentShardId',
  children: 'childShardIds',
  startingHashKey: 'startingHashKey',
  endingHashKey: 'endingHashKey',
  /** KCL 3: who may still checkpoint a lease that was promised to another. */
  checkpointOwner: 'checkpointOwner',
  pendingCheckpoint: 'pendingCheckpoint',
  pendingSubSequenceNumber: 'pendingCheckpointSubSequenceNumber',
  pendingState: 'pendingCheckpointState',
  entityType: 'entityType',
  /** Only in tables shared by several streams. */
  streamName: 'streamName',
  records: 'sluiceRecords',
  ledger: 'sluiceLedger',
  /** The name of `ledger` until version 0.1: read where the new one is absent, and removed when that is written. */
  oldLedger: 'sluiceBooks',
  /** KCL keeps the time of AT_TIMESTAMP in its configuration; here it has to survive a change of the configuration. */
  timestampMs: 'sluiceTimestampMs',
  watermarkMs: 'sluiceWatermarkMs',
} as const;

export const LEASE_ENTITY = 'LEASE';

/**
 * Returns `undefined` for a row that is something else. Throws LEASE_TABLE_UNUSABLE for a lease that cannot be
 * understood.
 */
export function leaseOfRow(row: Row): Lease | undefined {
  const entityType = row[ATTRIBUTE.entityType];
  if (entityType !== undefined && entityType !== LEASE_ENTITY) return undefined;
  if (row[ATTRIBUTE.streamName] !== undefined) return undefined;
  try {
    const watermarkMs = count(row, ATTRIBUTE.watermarkMs);
    return {
      shardId: required(row, ATTRIBUTE.key, text),
      owner: text(row, ATTRIBUTE.owner),
      counter: required(row, ATTRIBUTE.counter, count),
      checkpoint: checkpointOfRow(row),
      parents: set(row, ATTRIBUTE.parents),
      children: set(row, ATTRIBUTE.children),
      startingHashKey: text(row, ATTRIBUTE.startingHashKey),
      endingHashKey: text(row, ATTRIBUTE.endingHashKey),
      ownerSwitches: count(row, ATTRIBUTE.ownerSwitches) ?? 0,
      records: count(row, ATTRIBUTE.records) ?? 0,
      ledger: ledgerText(row),
      ...(watermarkMs !== undefined && { watermarkMs }),
    };
  } catch (thrown) {
    throw new SluiceError(
      'LEASE_TABLE_UNUSABLE',
      `row "${String(row[ATTRIBUTE.key])}" of the lease table is not a lease: ${errorText(thrown)}`,
      { cause: thrown },
    );
  }
}

/** The row of a shard that nobody has read yet. */
export function rowOfNewLease(lease: NewLease): Row {
  return {
    [ATTRIBUTE.entityType]: LEASE_ENTITY,
    [ATTRIBUTE.counter]: 0,
    [ATTRIBUTE.ownerSwitches]: 0,
    [ATTRIBUTE.startingHashKey]: lease.startingHashKey,
    [ATTRIBUTE.endingHashKey]: lease.endingHashKey,
    ...(lease.parents.length === 0 ? {} : { [ATTRIBUTE.parents]: lease.parents }),
    ...rowOfCheckpoint(lease.checkpoint),
  };
}

export function rowOfCheckpoint(checkpoint: ShardPosition): Row {
  switch (checkpoint.kind) {
    case 'BEHIND':
      return {
        [ATTRIBUTE.checkpoint]: checkpoint.sequenceNumber,
        [ATTRIBUTE.subSequenceNumber]: checkpoint.subSequenceNumber,
      };
    case 'AT_TIMESTAMP':
      return {
        [ATTRIBUTE.checkpoint]: checkpoint.kind,
        [ATTRIBUTE.subSequenceNumber]: 0,
        [ATTRIBUTE.timestampMs]: checkpoint.timestampMs,
      };
    default:
      return { [ATTRIBUTE.checkpoint]: checkpoint.kind, [ATTRIBUTE.subSequenceNumber]: 0 };
  }
}

function checkpointOfRow(row: Row): ShardPosition {
  const checkpoint = required(row, ATTRIBUTE.checkpoint, text);
  // KCL's LATEST and its AT_TIMESTAMP stand for a moment that is not in the row. Reading records twice does no harm;
  // records that are skipped would be lost.
  if (checkpoint === 'LATEST') return { kind: 'TRIM_HORIZON' };
  if (checkpoint === 'AT_TIMESTAMP') {
    const timestampMs = count(row, ATTRIBUTE.timestampMs);
    return timestampMs === undefined ? { kind: 'TRIM_HORIZON' } : { kind: 'AT_TIMESTAMP', timestampMs };
  }
  if (!/^\d+$/.test(checkpoint)) return parseShardPosition(checkpoint);
  return {
    kind: 'BEHIND',
    sequenceNumber: checkpoint,
    subSequenceNumber: count(row, ATTRIBUTE.subSequenceNumber) ?? 0,
  };
}

/** The ledger that a row holds, under its present or its old name; empty where there is none. */
export function ledgerText(row: Row): string {
  return text(row, ATTRIBUTE.ledger) ?? text(row, ATTRIBUTE.oldLedger) ?? '';
}

export function text(row: Row, name: string): string | undefined {
  return ofType(row, name, (value) => typeof value === 'string');
}

export function count(row: Row, name: string): number | undefined {
  return ofType(row, name, (value) => Number.isSafeInteger(value));
}

export function set(row: Row, name: string): readonly string[] {
  return ofType<readonly string[]>(row, name, (value) => Array.isArray(value)) ?? [];
}

function ofType<T extends Attribute>(
  row: Row,
  name: string,
  holds: (value: Attribute) => boolean,
): T | undefined {
  const value = row[name];
  if (value === undefined) return undefined;
  if (!holds(value)) throw new Error(`${name} has another type`);
  return value as T;
}

function required<T>(row: Row, name: string, read: (row: Row, name: string) => T | undefined): T {
  const value = read(row, name);
  if (value === undefined) throw new Error(`${name} is missing`);
  return value;
}

/**
 * WorkerHeartbeat shows that a worker is alive, also while it has no lease. Without it a new worker could only show
 * itself by taking a lease from another by force, in the middle of what that one is processing.
 */
export interface WorkerHeartbeat {
  readonly workerId: string;
  /** Changes with every heartbeat. */
  readonly heartbeat: number;
  /** The most shards that the worker takes; absent when it has no limit. */
  readonly maxLeases?: number;
}

const WORKER_ENTITY = 'SLUICE_WORKER';
const WORKER_ID = 'sluiceWorkerId';
const MAX_LEASES = 'sluiceMaxLeases';

const keyOf = (workerId: string) => `worker#${workerId}`;

export function workerOfRow(row: Row): WorkerHeartbeat | undefined {
  const workerId = text(row, WORKER_ID);
  if (row[ATTRIBUTE.entityType] !== WORKER_ENTITY || workerId === undefined) return undefined;
  return {
    workerId,
    heartbeat: count(row, ATTRIBUTE.counter) ?? 0,
    maxLeases: count(row, MAX_LEASES),
  };
}

export async function writeHeartbeat(rows: LeaseRows, worker: WorkerHeartbeat): Promise<void> {
  const { workerId, heartbeat, maxLeases } = worker;
  await rows.write(keyOf(workerId), {
    set: {
      [ATTRIBUTE.entityType]: WORKER_ENTITY,
      [WORKER_ID]: workerId,
      [ATTRIBUTE.counter]: heartbeat,
      ...(maxLeases === undefined ? {} : { [MAX_LEASES]: maxLeases }),
    },
  });
}

/** Does nothing when the worker has written another heartbeat since. */
export async function removeWorker(rows: LeaseRows, worker: WorkerHeartbeat): Promise<void> {
  await rows.remove(keyOf(worker.workerId), { [ATTRIBUTE.counter]: worker.heartbeat });
}
