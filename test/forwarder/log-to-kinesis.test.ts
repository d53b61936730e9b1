import { describe, expect, it, onTestFinished } from 'vitest';
import { dataDirectory, prepareDataDirectory } from '../../src/data-directory/data-directory.js';
import { DeadLetterWriter } from '../../src/dead-letter/dead-letter-writer.js';
import { Forwarder } from '../../src/forwarder/forwarder.js';
import { FileCheckpointStore } from '../../src/ledger/checkpoint-store.js';
import { Ledger } from '../../src/ledger/ledger.js';
import { SystemClock } from '../../src/lib/clock.js';
import { SluiceError } from '../../src/lib/errors.js';
import type { PutEntry, PutResult } from '../../src/stream/kinesis/kinesis-api.js';
import {
  DEFAULT_AGGREGATE_BYTES,
  KinesisProducer,
} from '../../src/stream/kinesis/producer/kinesis-producer.js';
import { deAggregate } from '../stream/kinesis/producer/de-aggregate.js';
import { FakeKinesis } from '../support/fake-kinesis.js';
import { TestLog, testRecord } from '../support/log-fixture.js';
import { tempDirectory } from '../support/temp-directory.js';

const RECORDS = 30_000;
const PAYLOAD_BYTES = 200;

/** Every third call fails in one way or another. */
function faulty(stream: FakeKinesis) {
  let calls = 0;
  return async (entries: readonly PutEntry[]): Promise<readonly PutResult[]> => {
    calls += 1;
    await new Promise<void>((resolve) => setImmediate(resolve));
    if (calls % 9 === 3) throw new SluiceError('KINESIS_UNREACHABLE', 'not stored');
    const failing =
      calls % 9 === 6
        ? new Map([...entries.keys()].filter((at) => at % 2 === 0).map((at) => [at, 'throttled'] as const))
        : undefined;
    const results = stream.put(entries, failing);
    if (calls % 9 === 0) throw new SluiceError('KINESIS_UNREACHABLE', 'stored');
    return results;
  };
}

describe.each([true, false])('the log, forwarded to Kinesis with aggregation %s', (aggregation) => {
  it('arrives byte for byte and in the order of each device, while calls fail', async () => {
    const root = tempDirectory();
    const directory = dataDirectory(root);
    await prepareDataDirectory(directory);
    const log = await TestLog.open(directory.log);
    onTestFinished(() => log.writer.close());
    await log.append(0, RECORDS, PAYLOAD_BYTES);
    const stream = new FakeKinesis({ shards: 4, storeOrder: 'reversed' });
    const clock = new SystemClock();
    const producer = new KinesisProducer(
      {
        aggregation,
        buckets: 64,
        aggregateBytes: DEFAULT_AGGREGATE_BYTES,
        lingerMs: 20,
        maxRecordBytes: 1 << 20,
        maxConcurrentRequests: 4,
        partitionBy: 'client',
        format: 'raw',
        gateway: 'gw',
      },
      { api: { putRecords: faulty(stream) }, clock, random: () => 0.01, warn: () => undefined },
    );
    const deadLetter = await DeadLetterWriter.open({
      directory: directory.deadLetter,
      maxSizeBytes: 1 << 20,
    });
    const reader = log.reader();
    const forwarder = new Forwarder(
      {
        maxBatchRecords: 500,
        maxBatchBytes: 1 << 20,
        lingerMs: 0,
        checkpointIntervalMs: 10,
        maxInFlightRecords: 20_000,
        maxInFlightBytes: 4 << 20,
      },
      {
        reader,
        outgoing: producer,
        deadLetter,
        checkpoints: new FileCheckpointStore(directory.checkpoints, 'forwarder'),
        ledger: new Ledger(),
        clock,
        position: '0',
        onProgress: () => undefined,
        onCheckpoint: () => undefined,
        warn: () => undefined,
      },
    );
    forwarder.drain();
    await forwarder.run();
    await Promise.all([producer.close(), deadLetter.close(), reader.close()]);

    expect(forwarder.progress()).toMatchObject({
      position: `${RECORDS}`,
      ledger: { written: RECORDS, parked: {} },
    });
    // First occurrences: what was sent again is there twice.
    const arrived = new Map<string, Set<string>>();
    for (const { data, partitionKey } of stream.stored()) {
      for (const inner of deAggregate({ data, partitionKey })) {
        const of = arrived.get(inner.partitionKey) ?? new Set();
        arrived.set(inner.partitionKey, of.add(inner.payload));
      }
    }
    const sent = new Map<string, string[]>();
    for (let n = 0; n < RECORDS; n += 1) {
      const { clientId, payload } = testRecord(n, PAYLOAD_BYTES);
      const of = sent.get(clientId) ?? [];
      of.push(payload.toString());
      sent.set(clientId, of);
    }
    for (const [clientId, payloads] of sent) expect([...arrived.get(clientId)!]).toEqual(payloads);
  });
});
