import { addTotals } from './books/ledger.js';
import { movedIn, movedOn, movedWithin } from './books/moved-books.js';
import type { Book } from './threads/book.js';
import type { DownstreamReport } from './threads/downstream-protocol.js';
import type { ForwardingReport } from './threads/forwarding-protocol.js';

/** The books of this process with what replay and purge moved in them. */
export function booksOf(
  forwarding: Pick<ForwardingReport, 'book' | 'settling'> | undefined,
  downstream: Pick<DownstreamReport, 'book' | 'settling' | 'kinesis'> | undefined,
): { readonly forwarded?: Book; readonly consumed?: Book } {
  // One thread of a process does it, the one with the store if there is one.
  const moved = (downstream ?? forwarding)?.settling?.moved ?? [];
  const ofLog = moved.filter(({ book }) => book === 'log').map(({ totals }) => totals);
  const ofKinesis = moved.filter(({ book }) => book === 'kinesis').map(({ totals }) => totals);
  const isDirect = downstream !== undefined && downstream.kinesis === undefined;
  let forwarded = forwarding?.book;
  let consumed = downstream?.book;
  for (const totals of ofLog) {
    if (forwarded !== undefined) forwarded = changed(forwarded, 0, movedOn(totals));
    if (consumed === undefined) continue;
    const { taken, fates } = isDirect ? { taken: 0, fates: movedWithin(totals) } : movedIn(totals);
    consumed = changed(consumed, taken, fates);
  }
  for (const totals of ofKinesis) {
    if (consumed !== undefined) consumed = changed(consumed, 0, movedWithin(totals));
  }
  return {
    ...(forwarded === undefined ? {} : { forwarded }),
    ...(consumed === undefined ? {} : { consumed }),
  };
}

function changed(book: Book, taken: number, fates: Book['fates']): Book {
  return {
    ...(book.received === undefined ? {} : { received: book.received + taken }),
    decided: book.decided + taken,
    fates: withoutNothing(addTotals(book.fates, fates)),
  };
}

/** A reason that nothing is left of is not shown. */
function withoutNothing({ parked, filtered, ...rest }: Book['fates']): Book['fates'] {
  const some = (counts: Readonly<Record<string, number>>) =>
    Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0));
  return { ...rest, parked: some(parked), filtered: some(filtered) };
}
