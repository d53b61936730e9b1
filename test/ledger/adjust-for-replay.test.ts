import { describe, expect, it } from 'vitest';
import { adjustForReplay } from '../../src/ledger/adjust-for-replay.js';
import { type LedgerTotals, NO_RECORDS } from '../../src/ledger/ledger.js';

function totals(outcomes: Partial<LedgerTotals>): LedgerTotals {
  return { ...NO_RECORDS, ...outcomes };
}

describe('replay and purge', () => {
  /** Kinesis rejected 10: a replay wrote 4, filtered 1 and parked 2 again, of which 1 was purged since; 3 were purged at once. */
  const REJECTED_BY_KINESIS = {
    ledger: 'log' as const,
    totals: {
      replayed: { 'stream-refused': 7 },
      purged: { 'stream-refused': 3 },
      outcome: { written: 4, filtered: { cold: 1 }, parked: { 'rule-none': 1, purged: 1 } },
    },
  };
  const INGEST = { processed: 100, totals: totals({ written: 90, parked: { 'stream-refused': 10 } }) };
  const CONSUME = {
    received: 90,
    processed: 90,
    totals: totals({ written: 88, parked: { 'rule-none': 2 } }),
  };

  it('count what Kinesis rejected in the ledger of the consumer, as if it had come through the stream', () => {
    const { forwarded, consumed } = adjustForReplay(
      { forwarded: INGEST, consumed: CONSUME, isDirect: false },
      [REJECTED_BY_KINESIS],
    );
    expect(forwarded).toEqual({ processed: 100, totals: totals({ written: 97, parked: { purged: 3 } }) });
    expect(consumed).toEqual({
      received: 97,
      processed: 97,
      totals: totals({ written: 92, filtered: { cold: 1 }, parked: { 'rule-none': 3, purged: 1 } }),
    });
  });

  it('change the ledger of a gateway that only forwards, where nothing can be replayed', () => {
    const purged = {
      ...REJECTED_BY_KINESIS.totals,
      replayed: {},
      outcome: { written: 0, filtered: {}, parked: {} },
    };
    const { forwarded, consumed } = adjustForReplay(
      { forwarded: INGEST, consumed: undefined, isDirect: false },
      [{ ledger: 'log', totals: purged }],
    );
    expect(consumed).toBeUndefined();
    expect(forwarded!.totals.parked).toEqual({ 'stream-refused': 7, purged: 3 });
  });

  it('change one ledger in direct mode, whichever reader parked the record', () => {
    const { consumed } = adjustForReplay({ forwarded: undefined, consumed: INGEST, isDirect: true }, [
      REJECTED_BY_KINESIS,
    ]);
    expect(consumed).toEqual({
      processed: 100,
      totals: totals({ written: 94, filtered: { cold: 1 }, parked: { purged: 4, 'rule-none': 1 } }),
    });
  });

  it('of a Kinesis consumer change its own ledger and not that of another application', () => {
    const all = REJECTED_BY_KINESIS.totals;
    const own = { ledger: 'kinesis' as const, totals: { ...all, replayed: { 'rule-none': 2 }, purged: {} } };
    const { forwarded, consumed } = adjustForReplay(
      { forwarded: INGEST, consumed: CONSUME, isDirect: false },
      [own, { ledger: 'other', totals: all }],
    );
    expect(forwarded).toEqual(INGEST);
    expect(consumed).toMatchObject({ received: 90, processed: 90, totals: { written: 92 } });
  });
});
