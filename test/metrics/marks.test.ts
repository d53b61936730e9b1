import { expect, test } from 'vitest';
import { downstreamMarks, forwardingMarks } from '../../src/metrics/marks.js';
import type { DownstreamReport } from '../../src/threads/downstream-protocol.js';
import type { ForwardingReport } from '../../src/threads/forwarding-protocol.js';

const HEALTHY = { state: 'healthy', detail: '' };
const AWAY = { state: 'retrying', detail: 'it does not answer' };
const WRONG = { state: 'misconfigured', detail: 'no such database' };

function report(sink: object, kinesis?: object): DownstreamReport {
  return { sink: { status: sink }, ...(kinesis === undefined ? {} : { kinesis }) } as DownstreamReport;
}
function reading(status: object, { gaps = 0, shardsEnded = 0, taken = 0, lost = 0 } = {}): object {
  return { status, counters: { gaps, shardsEnded }, leases: { taken, lost } };
}

test.each([
  ['the first report of a healthy store', report(HEALTHY), undefined, []],
  ['a store that goes away', report(AWAY), report(HEALTHY), ['outage: the store fails: it does not answer']],
  [
    'one that is away from the start',
    report(AWAY),
    undefined,
    ['outage: the store fails: it does not answer'],
  ],
  ['another cause of the same outage', report(WRONG), report(AWAY), []],
  ['its end', report(HEALTHY), report(WRONG), ['recovered: the store works again']],
  [
    'Kinesis beside it',
    report(HEALTHY, reading(AWAY)),
    report(HEALTHY, reading(HEALTHY)),
    ['outage: reading Kinesis fails: it does not answer'],
  ],
  [
    'shards that come and go, and records that are gone',
    report(HEALTHY, reading(HEALTHY, { gaps: 2, shardsEnded: 1, taken: 3, lost: 1 })),
    report(HEALTHY, reading(HEALTHY, { gaps: 1, taken: 1, lost: 0 })),
    [
      'records-gone: records left the stream before they were read',
      'reshard: one shard read to the end: others follow',
      'leases-taken: 2 shards taken over',
      'leases-lost: one shard lost to another consumer',
    ],
  ],
  [
    'the same again',
    report(HEALTHY, reading(HEALTHY, { gaps: 1, taken: 1 })),
    report(HEALTHY, reading(HEALTHY, { gaps: 1, taken: 1 })),
    [],
  ],
] as const)('%s is marked once', (_what, now, before, expected) => {
  expect(downstreamMarks(now, before).map(({ kind, text }) => `${kind}: ${text}`)).toEqual(expected);
});

test('sending to Kinesis has marks of its own', () => {
  const marks = forwardingMarks(
    { status: AWAY } as ForwardingReport,
    { status: HEALTHY } as ForwardingReport,
  );
  expect(marks).toEqual([{ kind: 'outage', text: 'sending to Kinesis fails: it does not answer' }]);
});
