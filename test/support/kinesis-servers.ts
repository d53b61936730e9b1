import { once } from 'node:events';
import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CreateStreamCommand,
  DeleteStreamCommand,
  DescribeStreamSummaryCommand,
  KinesisClient,
  MergeShardsCommand,
  SplitShardCommand,
} from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { startLocalKinesis } from '../../simulators/kinesis/local-kinesis.js';

/** A stand-in on 127.0.0.1; `stop` resolves when nothing of it is left. */
export interface StandIn {
  /** Without a trailing slash. */
  readonly endpoint: string;
  stop(): Promise<void>;
}

/** All stand-ins and test clients: kinesis-local shows a stream to its own region only. */
export const TEST_REGION = 'us-east-1';
const ACTIVE_WITHIN_MS = 20_000;

/** In this process; streams are ready after a few ms. */
export function startKinesalite(): Promise<StandIn> {
  return serve('kinesalite', {
    createStreamMs: 10,
    deleteStreamMs: 10,
    updateStreamMs: 10,
    shardLimit: 1_000,
  });
}

/** A DynamoDB, in this process. */
export function startDynalite(): Promise<StandIn> {
  return serve('dynalite', { createTableMs: 10, deleteTableMs: 10, updateTableMs: 10 });
}

/** In a process of its own; takes 1 to 2.5 s. */
export async function startKinesisLocal(): Promise<StandIn> {
  const kinesis = await startLocalKinesis({ port: 0, region: TEST_REGION });
  return { endpoint: kinesis.endpoint, stop: () => kinesis.stop() };
}

/** Resolves when the stream is ACTIVE. */
export async function createTestStream(endpoint: string, name: string, shards: number): Promise<void> {
  await withClient(endpoint, async (client) => {
    await client.send(new CreateStreamCommand({ StreamName: name, ShardCount: shards }));
    await untilActive(client, name);
  });
}

/** Resolves when the request is taken; the stream is gone a moment later. */
export async function deleteTestStream(endpoint: string, name: string): Promise<void> {
  await withClient(endpoint, async (client) => {
    await client.send(new DeleteStreamCommand({ StreamName: name }));
  });
}

/** `at`: first hash key of the second child. Resolves when the stream is ACTIVE again. */
export async function splitShard(
  endpoint: string,
  stream: string,
  shardId: string,
  at: bigint,
): Promise<void> {
  await withClient(endpoint, async (client) => {
    await client.send(
      new SplitShardCommand({ StreamName: stream, ShardToSplit: shardId, NewStartingHashKey: String(at) }),
    );
    await untilActive(client, stream);
  });
}

/** Resolves when the stream is ACTIVE again. */
export async function mergeShards(endpoint: string, stream: string, a: string, b: string): Promise<void> {
  await withClient(endpoint, async (client) => {
    await client.send(
      new MergeShardsCommand({ StreamName: stream, ShardToMerge: a, AdjacentShardToMerge: b }),
    );
    await untilActive(client, stream);
  });
}

async function untilActive(client: KinesisClient, name: string): Promise<void> {
  const deadlineMs = performance.now() + ACTIVE_WITHIN_MS;
  for (;;) {
    const answer = await client.send(new DescribeStreamSummaryCommand({ StreamName: name }));
    const status = answer.StreamDescriptionSummary?.StreamStatus;
    if (status === 'ACTIVE') return;
    if (performance.now() > deadlineMs) throw new Error(`stream ${name} is still ${status}`);
    await sleep(20);
  }
}

async function withClient(endpoint: string, run: (client: KinesisClient) => Promise<void>): Promise<void> {
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
  const client = new KinesisClient({
    endpoint,
    region: TEST_REGION,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    requestHandler: new NodeHttpHandler({
      requestTimeout: 10_000,
      throwOnRequestTimeout: true,
      httpAgent: { keepAlive: true },
    }),
  });
  try {
    await run(client);
  } finally {
    client.destroy();
  }
}

/** Both packages give a node:http server whose `close` also closes the store, and have no types. */
async function serve(name: 'kinesalite' | 'dynalite', options: Record<string, number>): Promise<StandIn> {
  const create = createRequire(import.meta.url)(name) as (options: Record<string, number>) => Server;
  const server = create(options);
  // Not `closeAllConnections`: it knows the connections of requests only, and a kept-alive one delays `close`.
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error(`${name} has no port`);
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    stop: async () => {
      const closed = new Promise<void>((resolve, reject) => {
        server.close((error) => (error === undefined || error === null ? resolve() : reject(error)));
      });
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
