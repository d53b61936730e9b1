import { SluiceError } from '../../../lib/errors.js';
import { parseShardPosition, type ShardPosition, shardPositionText } from '../shard-position.js';
import { isEnded, type MergeLedgers, mergedLedgers } from './lease.js';
import { ATTRIBUTE, count, leaseOfRow, ledgerText, set, text } from './lease-row.js';
import type { LeaseRows, Row } from './lease-rows.js';

/** What outlives the shards: one row for the whole application, which KCL does not take for a lease. */
export interface ApplicationLedger {
  readonly version: number;
  /** Set until the first start is complete: where the shards begin that are listed then. */
  readonly firstStart?: ShardPosition;
  /** The sum of the ledgers of shards whose rows have been removed. */
  readonly totals: string;
  readonly records: number;
  /** Shards whose ledger is already in `totals` although their row may still be there: it must not count twice. */
  readonly compacted: readonly string[];
  /** Which stream of that name the leases are of; absent in tables of version 0.1. */
  readonly streamCreatedAtMs?: number;
}

export const LEDGER_KEY = 'sluice-ledger';
/** The key until version 0.1. */
export const OLD_LEDGER_KEY = 'sluice-books';
const LEDGER_ENTITY = 'SLUICE_LEDGER';
const COMPACTED = 'sluiceFoldedShardIds';
const FIRST_START = 'sluiceFirstStart';
const STREAM_CREATED_AT = 'sluiceStreamCreatedAtMs';

/** While the row of version 0.1 has not been carried forward, this is what that row holds. */
export async function readLedger(rows: LeaseRows): Promise<ApplicationLedger | undefined> {
  // The new row is read a second time in case another worker carries the old one forward between the two reads.
  const row =
    (await rows.get(LEDGER_KEY)) ?? (await rows.get(OLD_LEDGER_KEY)) ?? (await rows.get(LEDGER_KEY));
  return row === undefined ? undefined : ledgerOfRow(row);
}

/**
 * Moves the row of version 0.1 to its new key; does nothing where there is none. The old row does not change any
 * more, because all consumers of version 0.1 are stopped for the upgrade (docs/kinesis.md). A crash between the two
 * steps, or another worker that does the same, leaves a state in which the ledger counts once, because the old row
 * is read only while the new one is absent, and the new one is never removed:
 * 1. the new row is created, unless it is there;
 * 2. the old row is removed.
 */
export async function carryLedgerForward(rows: LeaseRows): Promise<void> {
  const old = await rows.get(OLD_LEDGER_KEY);
  if (old === undefined) return;
  const ledger = ledgerOfRow(old);
  await rows.write(LEDGER_KEY, { ...changeTo(ledger), when: { [ATTRIBUTE.key]: null } });
  await rows.remove(OLD_LEDGER_KEY, { [ATTRIBUTE.counter]: ledger.version });
}

/**
 * Creates the row, or returns what another worker has written there. `firstStart` is absent when the table already
 * has leases, which are then KCL's.
 */
export async function openLedger(
  rows: LeaseRows,
  firstStart: ShardPosition | undefined,
  streamCreatedAtMs?: number,
): Promise<ApplicationLedger> {
  const counts = { totals: '', records: 0, compacted: [] };
  const fresh: ApplicationLedger = { version: 0, firstStart, streamCreatedAtMs, ...counts };
  const isCreated = await rows.write(LEDGER_KEY, { ...changeTo(fresh), when: { [ATTRIBUTE.key]: null } });
  if (isCreated) return fresh;
  const ledger = await readLedger(rows);
  if (ledger !== undefined) return ledger;
  throw new SluiceError('LEASE_TABLE_UNUSABLE', `row "${LEDGER_KEY}" was removed from the lease table`);
}

/**
 * After this, a shard that appears begins at its oldest record. When the version has moved on, another worker has
 * done it already.
 */
export async function endFirstStart(rows: LeaseRows, ledger: ApplicationLedger): Promise<void> {
  const { firstStart: _done, ...rest } = ledger;
  await replaceLedger(rows, ledger, rest);
}

/** Notes which stream the leases are of. Resolves false when another worker has changed the row since it was read. */
export function noteStream(
  rows: LeaseRows,
  ledger: ApplicationLedger,
  streamCreatedAtMs: number,
): Promise<boolean> {
  return replaceLedger(rows, ledger, { ...ledger, streamCreatedAtMs });
}

/**
 * Removes the row of a shard that has ended and keeps its ledger in the totals. A crash between any two steps leaves
 * a state in which every ledger counts once (that of each row whose shard is not in `compacted`, and the totals),
 * and which another call completes:
 * 1. the ledger of the shard is added to the totals, and the shard to `compacted`;
 * 2. its row is removed;
 * 3. the shard is removed from `compacted`.
 * The row of the shard is read after the application's ledger, whose version guards step 1: a row that is there then
 * cannot have been compacted before. Resolves false when another worker was faster or the shard has not ended.
 */
export async function compactLease(rows: LeaseRows, shardId: string, merge: MergeLedgers): Promise<boolean> {
  const known = await readLedger(rows);
  if (known === undefined) return false;
  if (!known.compacted.includes(shardId)) {
    const row = await rows.get(shardId);
    const lease = row === undefined ? undefined : leaseOfRow(row);
    if (lease === undefined || !isEnded(lease)) return false;
    const isAdded = await replaceLedger(rows, known, {
      ...known,
      totals: mergedLedgers(merge, known.totals, lease.ledger),
      records: known.records + lease.records,
      compacted: [...known.compacted, shardId],
    });
    if (!isAdded) return false;
  }
  await rows.remove(shardId, { [ATTRIBUTE.checkpoint]: 'SHARD_END' });
  if ((await rows.get(shardId)) !== undefined) return false;
  const later = await readLedger(rows);
  if (later === undefined || !later.compacted.includes(shardId)) return true;
  return replaceLedger(rows, later, { ...later, compacted: later.compacted.filter((id) => id !== shardId) });
}

function replaceLedger(
  rows: LeaseRows,
  known: ApplicationLedger,
  next: Omit<ApplicationLedger, 'version'>,
): Promise<boolean> {
  return rows.write(LEDGER_KEY, {
    ...changeTo({ ...next, version: known.version + 1 }),
    when: { [ATTRIBUTE.counter]: known.version },
  });
}

function ledgerOfRow(row: Row): ApplicationLedger {
  const firstStart = text(row, FIRST_START);
  return {
    version: count(row, ATTRIBUTE.counter) ?? 0,
    firstStart: firstStart === undefined ? undefined : parseShardPosition(firstStart),
    totals: ledgerText(row),
    records: count(row, ATTRIBUTE.records) ?? 0,
    compacted: set(row, COMPACTED),
    streamCreatedAtMs: count(row, STREAM_CREATED_AT),
  };
}

function changeTo(ledger: ApplicationLedger): { set: Row; remove: readonly string[] } {
  const { version, firstStart, totals, records, compacted, streamCreatedAtMs } = ledger;
  const values: Readonly<Record<string, Row[string] | undefined>> = {
    [ATTRIBUTE.entityType]: LEDGER_ENTITY,
    [ATTRIBUTE.counter]: version,
    [ATTRIBUTE.records]: records,
    [ATTRIBUTE.ledger]: totals === '' ? undefined : totals,
    [COMPACTED]: compacted.length === 0 ? undefined : compacted,
    [FIRST_START]: firstStart === undefined ? undefined : shardPositionText(firstStart),
    [STREAM_CREATED_AT]: streamCreatedAtMs,
  };
  const present = Object.entries(values).filter(
    (entry): entry is [string, Row[string]] => entry[1] !== undefined,
  );
  return {
    set: Object.fromEntries(present),
    remove: Object.keys(values).filter((name) => values[name] === undefined),
  };
}
