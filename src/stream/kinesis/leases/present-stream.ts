import { SluiceError } from '../../../lib/errors.js';
import { type KinesisApi, parentsOf } from '../kinesis-api.js';
import type { ApplicationLedger } from './application-ledger.js';
import type { MergeLedgers } from './lease.js';
import type { LeaseTable, TableContents } from './lease-table.js';

export interface PresentStreamParts {
  readonly api: Pick<KinesisApi, 'listShards'>;
  readonly table: LeaseTable;
  readonly mergeLedgers: MergeLedgers;
  readonly streamCreatedAtMs?: number;
}

/** Other workers may write meanwhile. */
const MAX_ATTEMPTS = 5;

/**
 * Makes leases of an earlier stream leases of the present one, whose shards have the same ids: each begins at its oldest
 * record, or is at its end where the present stream has no such shard; the counts stay. Several workers may do it at once,
 * and a crash leaves a state that the next call completes, because the ledger names the stream last. A worker that still
 * reads the earlier stream loses its leases. It never goes back: a worker may have described the stream before it was made
 * again.
 *
 * Resolves with 'moved' when this call has done the last step, and with 'noted' when the table did not say yet of which
 * stream its leases are. Rejects with the codes of KinesisApi and LeaseTable.
 */
export async function moveToPresentStream(
  parts: PresentStreamParts,
  known: TableContents,
): Promise<'unchanged' | 'noted' | 'moved'> {
  const { table, streamCreatedAtMs } = parts;
  let contents = known;
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    const { ledger } = contents;
    // Without the row nobody has read anything yet; or KCL has, whose table does not say of which stream.
    if (streamCreatedAtMs === undefined || ledger === undefined) return 'unchanged';
    if (ledger.streamCreatedAtMs === undefined) {
      if (await table.noteStream(ledger, streamCreatedAtMs)) return 'noted';
    } else if (ledger.streamCreatedAtMs >= streamCreatedAtMs) {
      return 'unchanged';
    } else if (await moveAll(parts, { ...contents, ledger })) {
      if (await table.noteStream(ledger, streamCreatedAtMs)) return 'moved';
    }
    contents = await table.scan();
  }
  throw new SluiceError(
    'LEASE_TABLE_UNREACHABLE',
    'the lease table changes while its leases are moved to another stream',
  );
}

async function moveAll(
  { api, table, mergeLedgers }: PresentStreamParts,
  { leases, ledger }: TableContents & { readonly ledger: ApplicationLedger },
): Promise<boolean> {
  // The ledger of a half compacted shard is in two places: its row must go before it can be of a new shard.
  for (const shardId of ledger.compacted) await table.compact(shardId, mergeLedgers);
  if (ledger.compacted.length > 0) return false;
  const listed = new Map((await api.listShards()).map((shard) => [shard.shardId, shard]));
  let isMoved = true;
  for (const lease of leases.values()) {
    const shard = listed.get(lease.shardId);
    const to = shard === undefined ? ({ kind: 'SHARD_END' } as const) : ({ kind: 'TRIM_HORIZON' } as const);
    if (!(await table.reset(lease, to, shard === undefined ? [] : parentsOf(shard)))) isMoved = false;
  }
  return isMoved;
}
