import { once } from 'node:events';
import { createServer, type Http2Session, type ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import { initialFrame } from './pushed-frames.js';

export interface Subscription {
  readonly stream: ServerHttp2Stream;
  readonly body: Record<string, unknown>;
  /** Resolves when the connection of the subscription is gone. */
  readonly gone: Promise<unknown>;
  /** Breaks every connection, without the GOAWAY frame that destroying a session sends. */
  reset(): void;
}

export interface PushingKinesis {
  readonly endpoint: string;
  readonly subscriptions: Subscription[];
  stop(): Promise<void>;
}

/** An HTTP/2 server that answers SubscribeToShard as configured, once the answer has begun. */
export async function pushingKinesis(
  push: (subscription: Subscription) => void,
  begins: (stream: ServerHttp2Stream) => boolean = () => true,
): Promise<PushingKinesis> {
  const subscriptions: Subscription[] = [];
  const sessions = new Set<Http2Session>();
  const sockets = new Set<Socket>();
  const server = createServer();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  server.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
    session.on('error', () => {});
  });
  server.on('stream', (stream: ServerHttp2Stream) => {
    stream.on('error', () => {});
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>;
      const gone = stream.session === undefined ? Promise.resolve() : once(stream.session, 'close');
      const reset = () => {
        for (const socket of sockets) socket.resetAndDestroy();
      };
      const subscription = { stream, body, gone, reset };
      subscriptions.push(subscription);
      if (!begins(stream)) return;
      stream.respond({ ':status': 200, 'content-type': 'application/vnd.amazon.eventstream' });
      stream.write(initialFrame);
      push(subscription);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    subscriptions,
    async stop() {
      const closed = once(server, 'close');
      server.close();
      for (const session of sessions) session.destroy();
      await closed;
    },
  };
}
