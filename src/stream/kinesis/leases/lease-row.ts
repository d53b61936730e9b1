import { errorText, SluiceError } from '../../../errors.js';
import { parseShardPosition, type ShardPosition } from '../shard-position.js';
import type { Lease, NewLease } from './lease.js';
import type { Attribute, Row } from './lease-rows.js';

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
  books: 'sluiceBooks',
  /** KCL keeps the time of AT_TIMESTAMP in its configuration; here it has to survive a change of the configuration. */
  timestampMs: 'sluiceTimestampMs',
} as const;

export const LEASE_ENTITY = 'LEASE';

/** `undefined`: the row is something else. Throws LEASE_TABLE_UNUSABLE when it is a lease that cannot be understood. */
export function leaseOfRow(row: Row): Lease | undefined {
  const entityType = row[ATTRIBUTE.entityType];
  if (entityType !== undefined && entityType !== LEASE_ENTITY) return undefined;
  if (row[ATTRIBUTE.streamName] !== undefined) return undefined;
  try {
    const owner = text(row, ATTRIBUTE.owner);
    const startingHashKey = text(row, ATTRIBUTE.startingHashKey);
    const endingHashKey = text(row, ATTRIBUTE.endingHashKey);
    return {
      shardId: required(row, ATTRIBUTE.key, text),
      ...(owner === undefined ? {} : { owner }),
      counter: required(row, ATTRIBUTE.counter, count),
      checkpoint: checkpointOfRow(row),
      parents: set(row, ATTRIBUTE.parents),
      children: set(row, ATTRIBUTE.children),
      ...(startingHashKey === undefined ? {} : { startingHashKey }),
      ...(endingHashKey === undefined ? {} : { endingHashKey }),
      ownerSwitches: count(row, ATTRIBUTE.ownerSwitches) ?? 0,
      records: count(row, ATTRIBUTE.records) ?? 0,
      books: text(row, ATTRIBUTE.books) ?? '',
    };
  } catch (thrown) {
    throw new SluiceError(
      'LEASE_TABLE_UNUSABLE',
      `row "${String(row[ATTRIBUTE.key])}" of the lease table is not a lease: ${errorText(thrown)}`,
      { cause: thrown },
    );
  }
}

/** The row a shard begins with: free, never written. */
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
  // KCL's LATEST and its AT_TIMESTAMP name a moment that is not in the row, and everything since would have to be
  // guessed. What is read twice does no harm, what is skipped is lost.
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
