import { expect, test } from 'vitest';
import { consumeAnnotations, forwardAnnotations } from '../../src/metrics/annotations.js';
import type { ConsumeReport } from '../../src/pipeline/consume-protocol.js';
import type { ForwardReport } from '../../src/pipeline/forward-protocol.js';

const HEALTHY = { state: 'healthy', detail: '' };
const RETRYING = { state: 'retrying', detail: 'it does not answer' };
const WRONG = { state: 'misconfigured', detail: 'no such database' };

function report(sink: object, kinesis?: object): ConsumeReport {
  return { sink: { status: sink }, kinesis } as ConsumeReport;
}
function readerReport(status: object, { gaps = 0, shardsEnded = 0, taken = 0, lost = 0 } = {}): object {
  return { status, counters: { gaps, shardsEnded }, leases: { taken, lost } };
}

test.each([
  ['the first report of a healthy store', report(HEALTHY), undefined, []],
  [
    'a store that becomes unavailable',
    report(RETRYING),
    report(HEALTHY),
    ['outage: the store fails: it does not answer'],
  ],
  [
    'a store that is unavailable from the start',
    report(RETRYING),
    undefined,
    ['outage: the store fails: it does not answer'],
  ],
  ['another cause of the same outage', report(WRONG), report(RETRYING), []],
  ['the end of an outage', report(HEALTHY), report(WRONG), ['recovered: the store works again']],
  [
    'an outage of Kinesis',
    report(HEALTHY, readerReport(RETRYING)),
    report(HEALTHY, readerReport(HEALTHY)),
    ['outage: reading Kinesis fails: it does not answer'],
  ],
  [
    'taken, lost and ended shards, and expired records',
    report(HEALTHY, readerReport(HEALTHY, { gaps: 2, shardsEnded: 1, taken: 3, lost: 1 })),
    report(HEALTHY, readerReport(HEALTHY, { gaps: 1, taken: 1, lost: 0 })),
    [
      'records-gone: records are gone from the stream that may not have been read',
      'reshard: one shard read to the end; reading continues with their successors',
      'leases-taken: 2 shards taken over',
      'leases-lost: one shard lost to another consumer',
    ],
  ],
  [
    'the same again',
    report(HEALTHY, readerReport(HEALTHY, { gaps: 1, taken: 1 })),
    report(HEALTHY, readerReport(HEALTHY, { gaps: 1, taken: 1 })),
    [],
  ],
] as const)('%s is annotated once', (_what, now, before, expected) => {
  expect(consumeAnnotations(now, before).map(({ kind, text }) => `${kind}: ${text}`)).toEqual(expected);
});

test('sending to Kinesis has its own annotations', () => {
  const annotations = forwardAnnotations(
    { status: RETRYING } as ForwardReport,
    { status: HEALTHY } as ForwardReport,
  );
  expect(annotations).toEqual([{ kind: 'outage', text: 'sending to Kinesis fails: it does not answer' }]);
});
