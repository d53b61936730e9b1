import { describe, expect, it } from 'vitest';
import { incidentFindings, logFullReason } from '../../src/gateway/incident-findings.js';
import type { StatusParts } from '../../src/gateway/status-parts.js';
import type { ReadinessProblem } from '../../src/http/gateway-view.js';

const HEALTHY = { state: 'healthy', detail: '' };
const RETRYING = { state: 'retrying', detail: 'why' };

function found(
  changes: { ingest?: object; forward?: object; consume?: object; isImplausible?: boolean },
  stuck: readonly ReadinessProblem[] = [],
) {
  const { isImplausible = false, ingest, forward, consume } = changes;
  const parts = {
    ingest: ingest && {
      log: { isBlocked: false, diskFullFreeBytes: undefined, ...ingest },
      broker: { isListening: true, ...ingest },
    },
    workers: {
      forward: forward && { report: { status: HEALTHY, counters: { retried: 4 }, ...forward } },
      consume: consume && {
        report: {
          consumer: {},
          sink: { kind: 'influx', status: HEALTHY, retries: 3 },
          sinkContact: {},
          ...consume,
        },
      },
    },
    clockWatch: { facts: () => ({ isImplausible, steps: 0 }) },
  } as unknown as StatusParts;
  const findings = incidentFindings(parts, (stage) => stuck.filter((of) => of.stage === stage));
  return {
    failing: findings.filter(({ state }) => state === 'failing'),
    states: Object.fromEntries(findings.map(({ key, state }) => [key, state])),
    logFull: logFullReason(parts),
  };
}

const store = (trouble: string, state = 'retrying') => ({
  sink: { kind: 'influx', status: { state, detail: 'why' }, retries: 3 },
  sinkContact: { trouble, nextTryMs: 99 },
});

describe('what can fail', () => {
  it('is well where nothing does, and is looked at only where it runs', () => {
    expect(found({ ingest: {}, forward: {}, consume: { kinesis: { status: HEALTHY } } }).states).toEqual({
      clock: 'well',
      broker: 'well',
      disk: 'well',
      'dead-letter': 'well',
      kinesis: 'well',
      forwarder: 'well',
      store: 'well',
      consumer: 'well',
    });
    expect(found({}).states).toEqual({ clock: 'well', 'dead-letter': 'well' });
  });

  it('a store that was never tried is neither well nor away', () => {
    const untried = { sink: { kind: 'influx', status: { state: 'untried', detail: '' }, retries: 0 } };
    expect(found({ consume: untried }).states.store).toBe('unknown');
  });

  it.each([
    ['no-answer', 'store-no-answer'],
    ['unavailable', 'store-unavailable'],
    ['configuration', 'store-configuration'],
    ['held', 'store-held'],
    ['many-refused', 'store-refuses-points'],
    ['retention', 'store-retention'],
  ])('a store in the trouble %s has the cause %s', (trouble, cause) => {
    expect(found({ consume: store(trouble) }).failing).toEqual([
      { key: 'store', state: 'failing', cause, subject: 'InfluxDB', detail: 'why', nextTryMs: 99, tries: 3 },
    ]);
  });

  it.each([
    ['broker-closed', { ingest: { isListening: false } }],
    ['disk-full', { ingest: { diskFullFreeBytes: 17 } }],
    ['dead-letter-full', { consume: { consumer: { blockedBy: 'no room' } } }],
    ['dead-letter-full', { forward: { blockedBy: 'no room' } }],
    ['kinesis-send', { forward: { status: RETRYING } }],
    ['kinesis-read', { consume: { kinesis: { status: RETRYING } } }],
    ['windows-failing', { consume: { windows: { problem: 'p' } } }],
    ['windows-blocked', { consume: { windows: { problem: 'p', blockedBy: 'b' } } }],
    ['clock-implausible', { isImplausible: true }],
  ])('%s', (cause, changes) => {
    expect(found(changes).failing).toMatchObject([{ cause, detail: expect.stringMatching(/\w/) as string }]);
  });

  it('what keeps both halves from Kinesis is one thing', () => {
    const both = { forward: { status: RETRYING }, consume: { kinesis: { status: RETRYING } } };
    expect(found(both).failing).toMatchObject([{ key: 'kinesis', cause: 'kinesis-send', tries: 4 }]);
    const reading = { forward: {}, consume: { kinesis: { status: RETRYING } } };
    expect(found(reading).failing).toMatchObject([{ key: 'kinesis', cause: 'kinesis-read' }]);
  });

  it('a worker that is stuck is', () => {
    const stuck = [
      { stage: 'consumer' as const, reason: 'c' },
      { stage: 'producer' as const, reason: 'p' },
    ];
    expect(found({ consume: {}, forward: {} }, stuck).failing).toMatchObject([
      { cause: 'forwarder-stuck', detail: 'p' },
      { cause: 'consumer-stuck', detail: 'c' },
    ]);
  });

  it('a log is full where no full disk explains it', () => {
    expect(found({ ingest: { isBlocked: true } }).logFull).toContain('stream.log.maxSize');
    expect(found({ ingest: { isBlocked: true, diskFullFreeBytes: 1 } }).logFull).toBeUndefined();
    expect(found({ ingest: {} }).logFull).toBeUndefined();
  });
});
