import { describe, expect, it } from 'vitest';
import { type LedgerTotals, NO_RECORDS } from '../src/books/ledger.js';
import { SystemClock } from '../src/clock.js';
import { parseConfig } from '../src/config/load-config.js';
import { gatewayOptions } from '../src/gateway-options.js';
import { GatewayStatus, type StatusParts } from '../src/gateway-status.js';
import { RecentWarnings } from '../src/recent-warnings.js';
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
    recentWarnings: new RecentWarnings(),
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
