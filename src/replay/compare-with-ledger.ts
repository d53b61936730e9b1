import { isFolderOfLog, KINESIS_DEAD_LETTER, readerFolder } from '../dead-letter/dead-letter-files.js';
import { type Counts, DROPPED, PURGED } from '../dead-letter/replay-totals.js';
import { type Checkpoint, CONSUMER_READER, FORWARDER_READER } from '../ledger/checkpoint-store.js';
import { type LedgerTotals, summarize } from '../ledger/ledger.js';
import type { Warn } from '../lib/warnings.js';
import type { InspectedFolder } from './inspect-folder.js';

/** Records that a ledger counts as parked and that no file has, found at a start. It holds until the next one. */
export interface UnreadableRecords {
  /** Those that were never replayed, by the folder of the reader that parked them; '' for all readers of the log. */
  readonly first: ReadonlyMap<string, Counts>;
  /** Those that a replay had parked again, by folder. */
  readonly again: ReadonlyMap<string, Counts>;
}

/**
 * Compares the ledger of each checkpoint with the parked files, code by code. What the ledger has and no file has can no
 * longer be read: the file was cut, damaged or removed, or the sums of removed journals were. It needs nothing that is
 * saved: as long as the damage is there, each start comes to the same result.
 */
export function compareWithLedger(
  inspected: ReadonlyMap<string, InspectedFolder>,
  checkpoints: ReadonlyMap<string, Checkpoint>,
  warn: Warn,
): UnreadableRecords {
  const first = new Map<string, Counts>();
  const again = new Map<string, Counts>();
  for (const [reader, ledger] of ledgersOf(checkpoints)) {
    const folders = [...inspected].filter(([folder]) => readerOf(folder) === reader);
    const missing = new Counter();
    missing.add(ledger.parked, 1);
    missing.add(ledger.onlyCounted ?? {}, -1);
    let records = 0;
    for (const [folder, { found, totals: replayed }] of folders) {
      missing.add(replayed.replayed, -1);
      missing.add(replayed.purged, -1);
      missing.add(replayed.dropped ?? {}, -1);
      missing.add(Object.fromEntries(found.first), -1);
      const missingAgain = new Counter();
      const { [PURGED]: _purged, [DROPPED]: _dropped, ...parkedAgain } = replayed.outcome.parked;
      missingAgain.add(parkedAgain, 1);
      missingAgain.add(Object.fromEntries(found.again), -1);
      if (missingAgain.sum > 0) again.set(folder, missingAgain.counts());
      records += Math.max(0, missingAgain.sum);
    }
    // A journal that lost a line hides under which code a record is parked now: the sum is 0 then, not each code.
    if (missing.sum >= 0 && missing.hasAny) first.set(reader, missing.counts());
    records += Math.max(0, missing.sum);
    if (records > 0) {
      const cutFiles = folders.map(([, { shortFile }]) => shortFile).filter((file) => file !== undefined);
      const paths = folders.map(([, { path }]) => path);
      warn(
        { code: 'DEAD_LETTER_DAMAGED', heldBack: 0, records, folders: paths, cutFiles },
        'parked records are in no file any more; the ledger counts them as parked for the reason unreadable',
      );
    }
  }
  return { first, again };
}

/** The ledger behind the folders of each reader. The readers of the log count the same records: the newer one holds. */
function ledgersOf(checkpoints: ReadonlyMap<string, Checkpoint>): Map<string, LedgerTotals> {
  const ledgers = new Map<string, LedgerTotals>();
  const ofLog = [CONSUMER_READER, FORWARDER_READER]
    .map((reader) => checkpoints.get(reader)?.ledger)
    .filter((ledger) => ledger !== undefined)
    .sort((one, other) => outcomes(other) - outcomes(one));
  if (ofLog[0] !== undefined) ledgers.set('', ofLog[0]);
  for (const [reader, { ledger }] of checkpoints) {
    if (reader.startsWith(KINESIS_DEAD_LETTER)) ledgers.set(reader, ledger);
  }
  return ledgers;
}

function outcomes(totals: LedgerTotals): number {
  return Object.values(summarize(totals)).reduce((sum, records) => sum + records, 0);
}

function readerOf(folder: string): string {
  return isFolderOfLog(folder) ? '' : readerFolder(folder);
}

/** Counts by code, which may be below zero. */
class Counter {
  readonly #counts = new Map<string, number>();

  add(counts: Counts, sign: 1 | -1): void {
    for (const [code, count] of Object.entries(counts)) {
      this.#counts.set(code, (this.#counts.get(code) ?? 0) + sign * count);
    }
  }

  get sum(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }

  get hasAny(): boolean {
    return [...this.#counts.values()].some((count) => count !== 0);
  }

  counts(): Counts {
    return Object.fromEntries([...this.#counts].filter(([, count]) => count !== 0));
  }
}
