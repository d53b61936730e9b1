import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SystemClock } from '../../../../src/lib/clock.js';
import { AwsKinesis } from '../../../../src/stream/kinesis/aws/aws-kinesis.js';
import { KinesisProducer } from '../../../../src/stream/kinesis/producer/kinesis-producer.js';
import type { StreamRejection } from '../../../../src/stream/stream.js';
import { deAggregate } from './de-aggregate.js';
import { OPTIONS, PLAIN, record } from './producer-fixture.js';

const kinesalite = createRequire(import.meta.url)('kinesalite') as (options: object) => Server;

async function kinesis(): Promise<AwsKinesis> {
  const server = kinesalite({ createStreamMs: 5, shardLimit: 10 });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const { port } = server.address() as AddressInfo;
  const api = new AwsKinesis({ streamName: 'telemetry', endpoint: `http://127.0.0.1:${port}` });
  onTestFinished(async () => {
    api.close();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });
  return api;
}

async function storedIn(api: AwsKinesis): Promise<Map<string, string[]>> {
  const stored = new Map<string, string[]>();
  for (const { shardId } of await api.listShards()) {
    let iterator: string | undefined = await api.shardIterator(shardId, { type: 'TRIM_HORIZON' });
    while (iterator !== undefined) {
      const page = await api.getRecords(iterator, 10_000);
      for (const { data, partitionKey } of page.records) {
        for (const inner of deAggregate({ data, partitionKey })) {
          stored.set(inner.partitionKey, [...(stored.get(inner.partitionKey) ?? []), inner.payload]);
        }
      }
      iterator = page.records.length === 0 ? undefined : page.nextIterator;
    }
  }
  return stored;
}

describe.each([
  ['with aggregation', OPTIONS],
  ['without aggregation', PLAIN],
])('the producer %s over HTTP', (_name, options) => {
  it('waits until the stream is created, then stores all in the order of each device, and reports one that is refused', async () => {
    const api = await kinesis();
    const warnings: string[] = [];
    const producer = new KinesisProducer(
      // The records are larger than kinesalite takes: it refuses the whole request they are in.
      { ...options, lingerMs: 50, maxRecordBytes: 4 << 20 },
      {
        api,
        clock: new SystemClock(),
        random: Math.random,
        warn: (_fields, sentence) => warnings.push(sentence),
      },
    );
    onTestFinished(() => producer.close());
    const completed: (StreamRejection | undefined)[] = [];
    const sent = new Map<string, string[]>();
    const send = (device: string, payload: string) =>
      new Promise<void>((resolve) => {
        producer.send(record(device, payload), (rejection) => {
          completed.push(rejection);
          resolve();
        });
      });
    const all: Promise<void>[] = [];
    for (let n = 0; n < 2_000; n += 1) {
      const device = `device-${n % 25}`;
      if (n === 700) all.push(send(device, 'x'.repeat(1_500_000)));
      all.push(send(device, `reading ${n}`));
      sent.set(device, [...(sent.get(device) ?? []), `reading ${n}`]);
    }
    while (warnings.length === 0) await new Promise<void>((resolve) => setImmediate(resolve));
    expect(producer.status()).toMatchObject({ state: 'misconfigured' });
    await api.createStream(3);
    await Promise.all(all);

    const refused = completed.filter((rejection) => rejection !== undefined);
    expect(refused.length).toBe(1);
    expect(refused[0]).toMatchObject({
      code: 'stream-refused',
      reason: expect.stringMatching(/1048576|less than/),
    });
    const stored = await storedIn(api);
    for (const [device, payloads] of sent) expect([...new Set(stored.get(device))]).toEqual(payloads);
    expect(producer.status()).toEqual({ state: 'healthy', detail: '' });
  });
});
