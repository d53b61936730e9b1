import { SluiceError } from '../../../errors.js';
import { parseShardPosition, type ShardPosition, shardPositionText } from '../shard-position.js';
import { isEnded, type MergeBooks, mergedBooks } from './lease.js';
import { ATTRIBUTE, count, leaseOfRow, set, text } from './lease-row.js';
import type { LeaseRows, Row } from './lease-rows.js';

/** What outlives the shards: one row of the whole application, which KCL does not take for a lease. */
export interface ApplicationAccount {
  readonly version: number;
  /** Set until the first start is complete: where the shards begin that are listed then. */
  readonly firstStart?: ShardPosition;
  /** The ledgers of shards whose rows are gone. */
  readonly books: string;
  readonly records: number;
  /** Shards whose ledger is already in `books` although their row may still be there: not to be counted twice. */
  readonly folded: readonly string[];
}

export const ACCOUNT_KEY = 'sluice-books';
const ACCOUNT_ENTITY = 'SLUICE_BOOKS';
const FOLDED = 'sluiceFoldedShardIds';
const FIRST_START = 'sluiceFirstStart';

export function accountOfRow(row: Row): ApplicationAccount {
  const firstStart = text(row, FIRST_START);
  return {
    version: count(row, ATTRIBUTE.counter) ?? 0,
    ...(firstStart === undefined ? {} : { firstStart: parseShardPosition(firstStart) }),
    books: text(row, ATTRIBUTE.books) ?? '',
    records: count(row, ATTRIBUTE.records) ?? 0,
    folded: set(row, FOLDED),
  };
}

export async function readAccount(rows: LeaseRows): Promise<ApplicationAccount | undefined> {
  const row = await rows.get(ACCOUNT_KEY);
  return row === undefined ? undefined : accountOfRow(row);
}

/** Creates the row, or finds what another worker made of it. `firstStart` absent: the table has leases already, KCL's. */
export async function openAccount(
  rows: LeaseRows,
  firstStart: ShardPosition | undefined,
): Promise<ApplicationAccount> {
  const fresh: ApplicationAccount = {
    version: 0,
    ...(firstStart === undefined ? {} : { firstStart }),
    books: '',
    records: 0,
    folded: [],
  };
  const isMine = await rows.write(ACCOUNT_KEY, { ...changeTo(fresh), when: { [ATTRIBUTE.key]: null } });
  if (isMine) return fresh;
  const account = await readAccount(rows);
  if (account !== undefined) return account;
  throw new SluiceError('LEASE_TABLE_UNUSABLE', `row "${ACCOUNT_KEY}" was removed from the lease table`);
}

/** From now on a shard that appears begins at its oldest record. A version that has moved on: somebody else did it. */
export async function endFirstStart(rows: LeaseRows, account: ApplicationAccount): Promise<void> {
  const { firstStart: _done, ...rest } = account;
  await replaceAccount(rows, account, rest);
}

/**
 * Takes the row of a shard that has ended out of the table and keeps its books. A crash between any two steps
 * leaves a state in which every ledger counts once (all rows but the folded, and the account), and which
 * another call brings to its end:
 * 1. the ledger goes into the account, and the shard into the folded;
 * 2. the row goes;
 * 3. the shard goes from the folded.
 * The row is read after the account whose version guards step 1: a row that is there then cannot have been
 * folded before. Resolves false when another worker was faster or the shard has not ended.
 */
export async function foldLease(rows: LeaseRows, shardId: string, merge: MergeBooks): Promise<boolean> {
  const account = await readAccount(rows);
  if (account === undefined) return false;
  if (!account.folded.includes(shardId)) {
    const row = await rows.get(shardId);
    const lease = row === undefined ? undefined : leaseOfRow(row);
    if (lease === undefined || !isEnded(lease)) return false;
    const isAdded = await replaceAccount(rows, account, {
      ...account,
      books: mergedBooks(merge, account.books, lease.books),
      records: account.records + lease.records,
      folded: [...account.folded, shardId],
    });
    if (!isAdded) return false;
  }
  await rows.remove(shardId, { [ATTRIBUTE.checkpoint]: 'SHARD_END' });
  if ((await rows.get(shardId)) !== undefined) return false;
  const later = await readAccount(rows);
  if (later === undefined || !later.folded.includes(shardId)) return true;
  return replaceAccount(rows, later, { ...later, folded: later.folded.filter((id) => id !== shardId) });
}

function replaceAccount(
  rows: LeaseRows,
  known: ApplicationAccount,
  next: Omit<ApplicationAccount, 'version'>,
): Promise<boolean> {
  return rows.write(ACCOUNT_KEY, {
    ...changeTo({ ...next, version: known.version + 1 }),
    when: { [ATTRIBUTE.counter]: known.version },
  });
}

function changeTo(account: ApplicationAccount): { set: Row; remove: readonly string[] } {
  const { version, firstStart, books, records, folded } = account;
  const values: Readonly<Record<string, Row[string] | undefined>> = {
    [ATTRIBUTE.entityType]: ACCOUNT_ENTITY,
    [ATTRIBUTE.counter]: version,
    [ATTRIBUTE.records]: records,
    [ATTRIBUTE.books]: books === '' ? undefined : books,
    [FOLDED]: folded.length === 0 ? undefined : folded,
    [FIRST_START]: firstStart === undefined ? undefined : shardPositionText(firstStart),
  };
  const present = Object.entries(values).filter(
    (entry): entry is [string, Row[string]] => entry[1] !== undefined,
  );
  return {
    set: Object.fromEntries(present),
    remove: Object.keys(values).filter((name) => values[name] === undefined),
  };
}
