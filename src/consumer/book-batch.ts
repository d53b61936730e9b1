import type { Ledger } from '../books/ledger.js';
import type { PreparedBatch, RefusedSource } from './prepare-batch.js';

/** Enters the fate of every record of a batch; `refused`: the records of points that the store did not take, parked by now. */
export function bookBatch(ledger: Ledger, prepared: PreparedBatch, refused: readonly RefusedSource[]): void {
  for (const [index, part] of prepared.parts.entries()) {
    const refusedHere = refused.filter((source) => source.part === index);
    const account = ledger.account(part.partition);
    account.addWritten(part.sources - refusedHere.length);
    for (const { code } of part.parked) account.addParked(code);
    for (const { parked } of refusedHere) account.addParked(parked.code);
    for (const [rule, records] of part.filtered) account.addFiltered(rule, records);
    account.addLost(part.lost);
  }
}
