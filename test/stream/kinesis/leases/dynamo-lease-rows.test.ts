import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { dynamoClient, leaseTableFault } from '../../../../src/stream/kinesis/leases/dynamo-client.js';
import { DynamoLeaseRows } from '../../../../src/stream/kinesis/leases/dynamo-lease-rows.js';

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

/** A server that does `answer` with each request and never closes a connection. */
async function server(answer: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const listener: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('data', () => answer(socket)).on('error', () => {});
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  stops.push(() => {
    for (const socket of sockets) socket.destroy();
    listener.close();
  });
  const address = listener.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `http://127.0.0.1:${address.port}`;
}

describe('the rows in DynamoDB', () => {
  it.each([
    ['gives no answer', () => {}],
    [
      'stops in the middle of one',
      (socket: Socket) => {
        socket.write(
          'HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: 500\r\n\r\n{"It',
        );
      },
    ],
  ])('are unreachable within the time-out when a server %s', async (_what, answer) => {
    const rows = new DynamoLeaseRows({
      table: 'leases',
      endpoint: await server(answer),
      requestTimeoutMs: 200,
    });
    stops.push(() => rows.close());
    const beganMs = performance.now();
    await expect(rows.get('shard-0')).rejects.toMatchObject({ code: 'LEASE_TABLE_UNREACHABLE' });
    expect(performance.now() - beganMs).toBeLessThan(2_000);
  });

  it.each([
    ['ProvisionedThroughputExceededException', 400, 'LEASE_TABLE_UNREACHABLE'],
    ['ThrottlingException', 400, 'LEASE_TABLE_UNREACHABLE'],
    ['InternalServerError', 500, 'LEASE_TABLE_UNREACHABLE'],
    ['SomethingNew', 503, 'LEASE_TABLE_UNREACHABLE'],
    ['AccessDeniedException', 400, 'LEASE_TABLE_UNUSABLE'],
    ['UnrecognizedClientException', 400, 'LEASE_TABLE_UNUSABLE'],
    ['ResourceNotFoundException', 400, 'LEASE_TABLE_UNUSABLE'],
    ['ValidationException', 400, 'LEASE_TABLE_UNUSABLE'],
  ])('distinguish transient errors from permanent ones: %s', (name, httpStatusCode, code) => {
    const thrown = Object.assign(new Error('words of the service'), { name, $metadata: { httpStatusCode } });
    expect(leaseTableFault(thrown, 'leases')).toMatchObject({
      code,
      message: expect.stringContaining('words of the service'),
    });
  });

  it('need neither credentials nor a region for a local stand-in, and invent none for AWS', async () => {
    const sdk = await import('@aws-sdk/client-dynamodb');
    const local = dynamoClient(sdk, { table: 'leases', endpoint: 'http://127.0.0.1:8000' }, {});
    expect(await local.config.region()).toBe('us-east-1');
    expect(await local.config.credentials()).toMatchObject({ accessKeyId: 'local' });
    local.destroy();
    const named = dynamoClient(
      sdk,
      { table: 'leases', endpoint: 'http://localhost:8000', region: 'eu-west-1' },
      {},
    );
    expect(await named.config.region()).toBe('eu-west-1');
    named.destroy();
    const given: unknown[] = [];
    const spy = {
      ...sdk,
      DynamoDBClient: class {
        constructor(config: unknown) {
          given.push(config);
        }
      },
    } as unknown as typeof sdk;
    dynamoClient(spy, { table: 'leases', endpoint: 'https://dynamodb.eu-west-1.amazonaws.com' }, {});
    dynamoClient(spy, { table: 'leases', endpoint: 'http://127.0.0.1:8000' }, { AWS_ACCESS_KEY_ID: 'mine' });
    for (const config of given) expect(config).not.toHaveProperty('credentials');
  });
});
