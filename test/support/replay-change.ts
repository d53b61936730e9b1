import { adjustForReplay, type ReplayedFolder } from '../../src/ledger/adjust-for-replay.js';
import { type LedgerTotals, NO_RECORDS } from '../../src/ledger/ledger.js';

/** What replays and purges change in the ledger of a consumer that reads the log itself. */
export function replayChange(folders: readonly Pick<ReplayedFolder, 'totals'>[]): LedgerTotals {
  const consumed = { processed: 0, totals: NO_RECORDS };
  const replayed = folders.map(({ totals }) => ({ totals, ledger: 'log' as const }));
  return adjustForReplay({ forwarded: undefined, consumed, isDirect: true }, replayed).consumed!.totals;
}
