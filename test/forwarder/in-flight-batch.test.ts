import { expect, it } from 'vitest';
import { InFlightBatch } from '../../src/forwarder/in-flight-batch.js';
import type { StreamRecord } from '../../src/stream/stream.js';
import { testRecord } from '../support/log-fixture.js';

function bytesOf(record: StreamRecord): number {
  const batch = {
    parts: [{ partition: 'log', records: [record], lost: { damaged: 0, dropped: 0 } }],
    position: '1',
    release: () => undefined,
  };
  return new InFlightBatch(batch, () => undefined).bytes;
}

it('counts the message properties of what it holds', () => {
  const properties = { correlationData: Buffer.alloc(5_000) };
  const more = bytesOf({ ...testRecord(0), properties }) - bytesOf(testRecord(0));
  expect(more).toBeGreaterThanOrEqual(5_003);
  expect(more).toBeLessThan(5_100);
});
