import { describe, expect, it } from 'vitest';
import { KinesisProducer } from '../../../../src/stream/kinesis/producer/kinesis-producer.js';
import { FakeKinesis } from '../../../support/fake-kinesis.js';
import { deAggregate } from './de-aggregate.js';
import { OPTIONS, PLAIN, record } from './producer-fixture.js';
import { VirtualTime } from './virtual-time.js';

const DEVICES = 40;
const RECORDS = 4_000;

describe.each([
  ['with aggregation', OPTIONS],
  ['without aggregation', PLAIN],
])('the producer %s on a stream with the rates of Kinesis', (_name, options) => {
  it('keeps the order of each device while shards are split and merged, and is only slowed by the rates', async () => {
    const time = new VirtualTime();
    const stream = new FakeKinesis({
      shards: 2,
      clock: () => time.nowMs,
      shardLimits: true,
      storeOrder: 'reversed',
    });
    const api = stream.api();
    const producer = new KinesisProducer(options, {
      api: {
        putRecords: async (entries) => {
          await time.pause(5);
          return api.putRecords(entries);
        },
      },
      clock: time,
      random: Math.random,
      schedule: time.schedule,
      warn: () => undefined,
    });
    let stored = 0;
    for (let n = 0; n < RECORDS; n += 1) {
      // Large enough for the byte rate to count with aggregation, many enough for the record rate without it.
      producer.send(record(`d${n % DEVICES}`, `${n}`.padEnd(800)), () => {
        stored += 1;
      });
      if (n % 4 === 0) await time.pass(1);
      if (n === 1_000) stream.split('shardId-000000000000');
      if (n === 3_000) stream.merge('shardId-000000000002', 'shardId-000000000003');
    }
    await time.until(() => stored === RECORDS);

    const inner = stream
      .stored()
      .flatMap((kinesisRecord) =>
        deAggregate({ data: kinesisRecord.data, partitionKey: kinesisRecord.partitionKey }),
      );
    expect(inner.length).toBe(RECORDS);
    for (let d = 0; d < DEVICES; d += 1) {
      const order = inner
        .filter(({ partitionKey }) => partitionKey === `d${d}`)
        .map(({ payload }) => Number(payload));
      expect(order).toEqual(Array.from({ length: RECORDS / DEVICES }, (_, i) => i * DEVICES + d));
    }
    expect(producer.counters().throttled).toBeGreaterThan(0);
  });
});
