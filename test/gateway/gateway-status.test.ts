import { describe, expect, it } from 'vitest';
import { isBalanced } from '../../harness/gateway-process.js';
import { parseConfig } from '../../src/config/load-config.js';
import { GatewayBroker } from '../../src/gateway/gateway-broker.js';
import { gatewayOptions } from '../../src/gateway/gateway-options.js';
import { GatewayStatus } from '../../src/gateway/gateway-status.js';
import type { StatusParts } from '../../src/gateway/status-parts.js';
import { type LedgerTotals, NO_RECORDS, type ReaderLedger } from '../../src/ledger/ledger.js';
import { SystemClock } from '../../src/lib/clock.js';
import { RecentWarnings } from '../../src/lib/recent-warnings.js';
import type { WindowsReport } from '../../src/windows/windows-report.js';
import { windowsReport } from '../support/windows-report.js';

const parsed = parseConfig('stream: { mode: kinesis }', 'sluice.yaml', '/', {});
if (!parsed.ok) throw new Error('the configuration of this test is wrong');
const OPTIONS = gatewayOptions(parsed.loaded.config, 'all');

const eventLoop = () => performance.eventLoopUtilization();

function totals(outcomes: Partial<LedgerTotals>): LedgerTotals {
  return { ...NO_RECORDS, ...outcomes };
}

/** A status of which only the ledger works. */
function statusOf(
  ledgers: { stored: number; ingest: ReaderLedger; consume: ReaderLedger },
  windows?: WindowsReport,
): GatewayStatus {
  const healthy = { state: 'healthy', detail: '' };
  return new GatewayStatus({
    options: OPTIONS,
    version: 'test',
    clock: new SystemClock(),
    ingest: {
      dropped: () => 0,
      log: { durableSequence: ledgers.stored, counters: () => ({}) },
      broker: new GatewayBroker(),
    },
    workers: {
      forward: { report: { ledger: ledgers.ingest, status: healthy, counters: {} }, eventLoop },
      consume: {
        report: {
          ledger: ledgers.consume,
          consumer: {},
          sink: { status: healthy },
          mappingWarnings: {},
          kinesis: undefined,
          windows,
        },
        eventLoop,
      },
    },
    logger: { recentWarnings: new RecentWarnings() },
    signIns: () => undefined,
    selfMetrics: () => undefined,
    isFailed: () => false,
    reload: { totals: () => ({}) },
    clockWatch: { facts: () => ({ isImplausible: false, steps: 0 }), notes: () => [] },
    access: { notes: () => [] },
    tls: { notes: () => [] },
  } as unknown as StatusParts);
}

describe('the ledger of a process that forwards and consumes', () => {
  it('counts what is in the stream as buffered', () => {
    const ledger = statusOf({
      stored: 100,
      ingest: { processed: 90, totals: totals({ written: 89, parked: { 'stream-refused': 1 } }) },
      consume: {
        received: 60,
        processed: 50,
        totals: totals({ written: 45, parked: { 'rule-none': 2 }, filtered: { cold: 3 } }),
      },
    }).ledger();
    // 10 in the log, 29 in the stream, 10 received and not processed.
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
    expect(ledger.parts?.ingest).toMatchObject({ received: 100, written: 89, parked: 1, buffered: 10 });
    expect(ledger.parts?.consume).toMatchObject({ received: 60, written: 45, buffered: 10 });
  });

  it('counts what was sent twice as received twice', () => {
    const ledger = statusOf({
      stored: 100,
      ingest: { processed: 100, totals: totals({ written: 100 }) },
      consume: { received: 107, processed: 107, totals: totals({ written: 107 }) },
    }).ledger();
    expect(ledger).toMatchObject({ received: 107, written: 107, buffered: 0 });
    expect(isBalanced(ledger)).toBe(true);
  });

  it('counts apart what is parked without payload, and what is only counted', () => {
    const counts = { 'payload-not-json': 3 };
    const parked = totals({
      parked: { 'payload-not-json': 9 },
      withoutPayload: counts,
      onlyCounted: { 'payload-not-json': 2 },
    });
    const ledger = statusOf({
      stored: 9,
      ingest: { processed: 9, totals: totals({ written: 9 }) },
      consume: { received: 9, processed: 9, totals: parked },
    }).ledger();
    expect(ledger).toMatchObject({ parked: 9, parkedWithoutPayload: 3, parkedOnlyCounted: 2 });
    expect(ledger.reasons.parkedWithoutPayload).toEqual(counts);
    expect(ledger.parts?.ingest).not.toHaveProperty('parkedOnlyCounted');
  });

  it('is not balanced when one of its two parts is not', () => {
    const ledger = statusOf({
      stored: 100,
      ingest: { processed: 100, totals: totals({ written: 100 }) },
      consume: { received: 100, processed: 100, totals: totals({ written: 99 }) },
    }).ledger();
    expect(ledger.balanced).toBe(false);
    expect(isBalanced(ledger)).toBe(false);
  });
});

it('the windows of the consumer are among the counters, and only where it has some', () => {
  const side = { processed: 0, totals: totals({}) };
  const ledgers = { stored: 0, ingest: side, consume: { ...side, received: 0 } };
  const windows = windowsReport([{ measurement: 'climate_5min', openWindows: 3 }], { problem: 'why' });
  const status = statusOf(ledgers, windows);
  expect(status.counters().windows).toBe(windows);
  expect(status.notes()).toEqual([{ stage: 'windows', note: 'why' }]);
  expect(statusOf(ledgers).counters().windows).toBeUndefined();
});

it('a role other than all needs Kinesis mode', () => {
  const direct = parseConfig('', 'sluice.yaml', '/', {});
  if (!direct.ok) throw new Error('the defaults are wrong');
  expect(() => gatewayOptions(direct.loaded.config, 'consume')).toThrow(
    /--role consume needs stream.mode: kinesis/,
  );
  expect(gatewayOptions(direct.loaded.config, 'all').forward).toBeUndefined();
});
