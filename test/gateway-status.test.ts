import { describe, expect, it } from 'vitest';
import { type LedgerTotals, NO_RECORDS } from '../src/books/ledger.js';
import { SystemClock } from '../src/clock.js';
import { parseConfig } from '../src/config/load-config.js';
import { booksOf } from '../src/gateway-books.js';
import { gatewayOptions } from '../src/gateway-options.js';
import { GatewayStatus, type StatusParts } from '../src/gateway-status.js';
import { RecentWarnings } from '../src/recent-warnings.js';
import type { KinesisReaderReport } from '../src/threads/downstream-protocol.js';
import { isBalanced } from './support/gateway-process.js';

const parsed = parseConfig('stream: { mode: kinesis }', 'sluice.yaml', '/', {});
if (!parsed.ok) throw new Error('the configuration of this test is wrong');
const OPTIONS = gatewayOptions(parsed.loaded.config, 'all');

const eventLoop = () => performance.eventLoopUtilization();

function fates(totals: Partial<LedgerTotals>): LedgerTotals {
  return { ...NO_RECORDS, ...totals };
}

/** Only what the books are made of. */
function statusOf(books: {
  stored: number;
  ingest: { decided: number; fates: LedgerTotals };
  consume: { received: number; decided: number; fates: LedgerTotals };
}): GatewayStatus {
  const healthy = { state: 'healthy', detail: '' };
  return new GatewayStatus({
    options: OPTIONS,
    version: 'test',
    clock: new SystemClock(),
    ingest: { log: { durableSequence: books.stored, counters: () => ({}) }, broker: () => undefined },
    forwarding: { report: { book: books.ingest, status: healthy, counters: {} }, eventLoop },
    downstream: {
      report: { book: books.consume, consumer: {}, sink: { status: healthy }, notes: {}, kinesis: undefined },
      eventLoop,
    },
    logger: { recentWarnings: new RecentWarnings() },
    isFailed: () => false,
  } as unknown as StatusParts);
}

describe('the books of both halves together', () => {
  it('count what is in the stream as buffered', () => {
    const ledger = statusOf({
      stored: 100,
      ingest: { decided: 90, fates: fates({ written: 89, parked: { 'stream-refused': 1 } }) },
      consume: {
        received: 60,
        decided: 50,
        fates: fates({ written: 45, parked: { 'rule-none': 2 }, filtered: { cold: 3 } }),
      },
    }).ledger();
    // 10 in the log, 29 in the stream, 10 taken up and not decided.
    expect(ledger).toMatchObject({
      received: 100,
      written: 45,
      parked: 3,
      filtered: 3,
      buffered: 49,
      lost: 0,
    });
    expect(ledger.reasons).toEqual({
      parked: { 'stream-refused': 1, 'rule-none': 2 },
      filtered: { cold: 3 },
      lost: {},
    });
    expect(isBalanced(ledger)).toBe(true);
    expect(ledger.books?.ingest).toMatchObject({ received: 100, written: 89, parked: 1, buffered: 10 });
    expect(ledger.books?.consume).toMatchObject({ received: 60, written: 45, buffered: 10 });
  });

  it('count what was sent twice as received twice', () => {
    const ledger = statusOf({
      stored: 100,
      ingest: { decided: 100, fates: fates({ written: 100 }) },
      consume: { received: 107, decided: 107, fates: fates({ written: 107 }) },
    }).ledger();
    expect(ledger).toMatchObject({ received: 107, written: 107, buffered: 0 });
    expect(isBalanced(ledger)).toBe(true);
  });

  it('are off when one of them is', () => {
    const ledger = statusOf({
      stored: 100,
      ingest: { decided: 100, fates: fates({ written: 100 }) },
      consume: { received: 100, decided: 100, fates: fates({ written: 99 }) },
    }).ledger();
    expect(ledger.balanced).toBe(false);
    expect(isBalanced(ledger)).toBe(false);
  });
});

it('a role other than all needs Kinesis mode', () => {
  const direct = parseConfig('', 'sluice.yaml', '/', {});
  if (!direct.ok) throw new Error('the defaults are wrong');
  expect(() => gatewayOptions(direct.loaded.config, 'consume')).toThrow(
    /--role consume needs stream.mode: kinesis/,
  );
  expect(gatewayOptions(direct.loaded.config, 'all').forwarding).toBeUndefined();
});

describe('what replay and purge moved', () => {
  /** 10 refused by Kinesis: 4 written by a replay, 1 filtered, 2 parked again, 1 of them purged since, 3 purged at once. */
  const REFUSED_BY_KINESIS = {
    book: 'log' as const,
    totals: {
      replayed: { 'stream-refused': 7 },
      purged: { 'stream-refused': 3 },
      outcome: { written: 4, filtered: { cold: 1 }, parked: { 'rule-none': 1, purged: 1 } },
    },
  };
  const INGEST = { decided: 100, fates: fates({ written: 90, parked: { 'stream-refused': 10 } }) };
  const CONSUME = { received: 90, decided: 90, fates: fates({ written: 88, parked: { 'rule-none': 2 } }) };

  it('out of what Kinesis refused goes on from the one book to the other, as if it had come through', () => {
    const { forwarded, consumed } = booksOf(
      { book: INGEST },
      { book: CONSUME, settling: { moved: [REFUSED_BY_KINESIS] }, kinesis: {} as KinesisReaderReport },
    );
    expect(forwarded).toEqual({ decided: 100, fates: fates({ written: 97, parked: { purged: 3 } }) });
    expect(consumed).toEqual({
      received: 97,
      decided: 97,
      fates: fates({ written: 92, filtered: { cold: 1 }, parked: { 'rule-none': 3, purged: 1 } }),
    });
    const ledger = statusOf({
      stored: 100,
      ingest: forwarded!,
      consume: { received: 0, ...consumed! },
    }).ledger();
    expect(ledger).toMatchObject({ received: 100, written: 92, filtered: 1, parked: 7, buffered: 0 });
    expect(isBalanced(ledger)).toBe(true);
  });

  it('is in the ledger of a gateway that forwards alone, where nothing can be replayed', () => {
    const purged = {
      ...REFUSED_BY_KINESIS.totals,
      replayed: {},
      outcome: { written: 0, filtered: {}, parked: {} },
    };
    const { forwarded, consumed } = booksOf(
      { book: INGEST, settling: { moved: [{ book: 'log', totals: purged }] } },
      undefined,
    );
    expect(consumed).toBeUndefined();
    expect(forwarded!.fates.parked).toEqual({ 'stream-refused': 7, purged: 3 });
  });

  it('in direct mode stays in the one book, whoever has parked it', () => {
    const { consumed } = booksOf(undefined, { book: INGEST, settling: { moved: [REFUSED_BY_KINESIS] } });
    expect(consumed).toEqual({
      decided: 100,
      fates: fates({ written: 94, filtered: { cold: 1 }, parked: { purged: 4, 'rule-none': 1 } }),
    });
  });

  it('of a consumer of Kinesis is in its own book, and not in that of another application', () => {
    const { totals } = REFUSED_BY_KINESIS;
    const own = { book: 'kinesis' as const, totals: { ...totals, replayed: { 'rule-none': 2 }, purged: {} } };
    const { forwarded, consumed } = booksOf(
      { book: INGEST },
      {
        book: CONSUME,
        settling: { moved: [own, { book: 'other', totals }] },
        kinesis: {} as KinesisReaderReport,
      },
    );
    expect(forwarded).toEqual(INGEST);
    expect(consumed).toMatchObject({ received: 90, decided: 90, fates: { written: 92 } });
  });
});
