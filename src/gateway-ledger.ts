import { addTotals, type LedgerTotals, NO_RECORDS, summarize } from './books/ledger.js';
import { booksOf } from './gateway-books.js';
import type { BookView, LedgerView } from './ops/gateway-view.js';
import type { Book } from './threads/book.js';

/**
 * The ledger of this process. `stored`: what the log has taken, which is what its reader has received or will. It is
 * counted apart from the fates, so `balanced` is a comparison of two counts and not a definition.
 */
export function ledgerView(
  stored: number,
  forwarding: Parameters<typeof booksOf>[0],
  downstream: Parameters<typeof booksOf>[1],
): LedgerView {
  const books = booksOf(forwarding, downstream);
  const forwarded = books.forwarded && bookView(books.forwarded, stored);
  const consumed = books.consumed && bookView(books.consumed, stored);
  if (forwarded === undefined || consumed === undefined) return (forwarded ?? consumed)!;
  return { ...wholeBook(forwarded, consumed), books: { ingest: forwarded, consume: consumed } };
}

function bookView(book: Book, stored: number): BookView {
  const { decided, fates } = book;
  const received = book.received ?? stored;
  const sums = summarize(fates);
  return {
    received,
    ...sums,
    buffered: received - decided,
    balanced: sums.written + sums.parked + sums.filtered + sums.lost === decided,
    reasons: reasonsOf(fates),
  };
}

/**
 * Both halves as one path. Between them is the stream: what was forwarded and not yet taken up counts as buffered;
 * what was taken up beyond it (sent twice after a crash, or by other gateways) as received, too. Exact while this
 * process is the only gateway and the only consumer of the stream.
 */
function wholeBook(ingest: BookView, consume: BookView): BookView {
  const between = ingest.written - consume.received;
  const { written, filtered } = consume;
  return {
    received: ingest.received + Math.max(0, -between),
    written,
    parked: ingest.parked + consume.parked,
    filtered: ingest.filtered + filtered,
    buffered: ingest.buffered + Math.max(0, between) + consume.buffered,
    lost: ingest.lost + consume.lost,
    balanced: ingest.balanced && consume.balanced,
    reasons: reasonsOf(addTotals(totalsOf(ingest), totalsOf(consume))),
  };
}

function totalsOf({ reasons }: BookView): LedgerTotals {
  return { ...NO_RECORDS, ...reasons };
}

function reasonsOf({ parked, filtered, lost }: LedgerTotals): BookView['reasons'] {
  return { parked, filtered, lost };
}
