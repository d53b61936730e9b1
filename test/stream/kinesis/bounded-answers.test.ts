import * as sdk from '@aws-sdk/client-dynamodb';
import { describe, expect, onTestFinished, test } from 'vitest';
import { AwsKinesis } from '../../../src/stream/kinesis/aws/aws-kinesis.js';
import { AwsFanOut } from '../../../src/stream/kinesis/aws/fan-out.js';
import { dynamoClient, leaseTableFault } from '../../../src/stream/kinesis/leases/dynamo-client.js';
import { endlessBody, gzipBomb, type Hostility, hostilePeer } from '../../support/hostile-peer.js';
import { pushingKinesis } from './aws/pushing-kinesis.js';

const MIB = 2 ** 20;
const JSON_TYPE = { 'content-type': 'application/x-amz-json-1.1' };

async function kinesis(hostility: Hostility) {
  const peer = await hostilePeer(hostility);
  const api = new AwsKinesis({ streamName: 'telemetry', endpoint: peer.url });
  onTestFinished(() => api.close());
  return { api, peer };
}

describe('an answer of Kinesis', () => {
  test.each([
    [200, 80],
    [400, 20],
    [500, 20],
  ])('%i without end is given up, and the call may be repeated', async (status, maxMib) => {
    const { api, peer } = await kinesis(endlessBody(status, JSON_TYPE));
    await expect(api.listShards()).rejects.toMatchObject({
      code: 'KINESIS_UNREACHABLE',
      message: expect.stringContaining('which no answer of AWS is'),
    });
    await expect.poll(() => peer.openConnections()).toBe(0);
    expect(peer.bytesSent()).toBeLessThan(maxMib * MIB);
  });

  test.each([200, 400])('%i in an encoding that was not asked for is refused', async (status) => {
    const { api, peer } = await kinesis(gzipBomb(status, JSON_TYPE));
    await expect(api.listShards()).rejects.toMatchObject({
      code: 'KINESIS_UNREACHABLE',
      message: expect.stringContaining('not asked for'),
    });
    await expect.poll(() => peer.openConnections()).toBe(0);
  });
});

test('an answer of DynamoDB without end is given up, and the call may be repeated', async () => {
  const peer = await hostilePeer(endlessBody(400, JSON_TYPE));
  const client = dynamoClient(sdk, { table: 'leases', endpoint: peer.url }, {});
  onTestFinished(() => client.destroy());
  const thrown: unknown = await client
    .send(new sdk.ScanCommand({ TableName: 'leases' }))
    .catch((error: unknown) => error);
  expect(leaseTableFault(thrown, 'leases')).toMatchObject({
    code: 'LEASE_TABLE_UNREACHABLE',
    message: expect.stringContaining('larger than 65536 bytes'),
  });
  await expect.poll(() => peer.openConnections()).toBe(0);
});

test('an event that claims to be larger than any gets no memory', async () => {
  const server = await pushingKinesis(({ stream }) => {
    const prelude = Buffer.alloc(12);
    prelude.writeUInt32BE(0xfffffff0, 0);
    stream.write(prelude);
  });
  const fanOut = new AwsFanOut({ streamName: 'telemetry', endpoint: server.endpoint, http: 'h2' });
  onTestFinished(async () => {
    fanOut.close();
    await server.stop();
  });
  const pages = fanOut.subscribe('arn', 'shard-0', { type: 'TRIM_HORIZON' }, new AbortController().signal);
  await expect(pages[Symbol.asyncIterator]().next()).rejects.toMatchObject({
    code: 'KINESIS_UNREACHABLE',
    message: expect.stringContaining('an event of the answer is larger'),
  });
});
