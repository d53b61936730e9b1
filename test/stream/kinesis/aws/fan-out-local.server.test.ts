import { afterAll, beforeAll, expect, it } from 'vitest';
import { AwsKinesis } from '../../../../src/stream/kinesis/aws/aws-kinesis.js';
import { AwsFanOut } from '../../../../src/stream/kinesis/aws/fan-out.js';
import { createTestStream, type StandIn, startKinesisLocal } from '../../../support/kinesis-servers.js';

let server: StandIn;
beforeAll(async () => {
  server = await startKinesisLocal();
  await createTestStream(server.endpoint, 'telemetry', 1);
});
afterAll(() => server?.stop());

it('registers once, and gets what is stored before and during the subscription', async () => {
  const options = { streamName: 'telemetry', endpoint: server.endpoint, registrationPollMs: 20 };
  const api = new AwsKinesis(options);
  const fanOut = new AwsFanOut(options);
  const put = (data: string) => api.putRecords([{ data: Buffer.from(data), partitionKey: 'k' }]);
  const arn = await fanOut.registerConsumer('c');
  expect(await fanOut.registerConsumer('c')).toBe(arn);
  await put('before');
  const stop = new AbortController();
  const seen: string[] = [];
  const start = { type: 'TRIM_HORIZON' } as const;
  for await (const page of fanOut.subscribe(arn, 'shardId-000000000000', start, stop.signal)) {
    seen.push(...page.records.map((record) => Buffer.from(record.data).toString()));
    if (seen.length === 1) await put('during');
    if (seen.length === 2) stop.abort();
  }
  expect(seen).toEqual(['before', 'during']);
  fanOut.close();
  api.close();
});
