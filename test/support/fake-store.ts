import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { gunzipSync } from 'node:zlib';

export interface StoreCall {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  /** The body after decompression. */
  readonly body: string;
  readonly lines: readonly string[];
  /** Number of the connection. */
  readonly connection: number;
}

export interface ScriptedAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/**
 * 'hang': no answer, the connection stays open. 'cut': the connection breaks without an answer.
 * 'half': a 400 whose body breaks off.
 */
export type Script = (call: StoreCall, index: number) => ScriptedAnswer | 'hang' | 'cut' | 'half';

export interface FakeStore {
  readonly url: string;
  readonly calls: readonly StoreCall[];
  /** Returns the number of open connections. */
  openConnections(): number;
  stop(): Promise<void>;
}

/** Starts an HTTP server on 127.0.0.1 that answers by a script, for situations that a real store cannot produce on demand. */
export async function startFakeStore(script: Script): Promise<FakeStore> {
  const calls: StoreCall[] = [];
  const sockets = new Map<Socket, number>();
  let connections = 0;
  const server = createServer((request, response) => {
    void answer(request, response);
  });
  server.on('connection', (socket) => {
    sockets.set(socket, connections++);
    socket.on('close', () => sockets.delete(socket));
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    await once(request, 'end');
    const raw = Buffer.concat(chunks);
    const body = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw).toString();
    const call: StoreCall = {
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.headers,
      body,
      lines: body.split('\n'),
      connection: sockets.get(request.socket) ?? -1,
    };
    const index = calls.push(call) - 1;
    const scripted = script(call, index);
    if (scripted === 'hang') return;
    if (scripted === 'cut') {
      request.socket.destroy();
      return;
    }
    if (scripted === 'half') {
      response.writeHead(400, { 'content-length': '100' });
      response.write('{"error":"par', () => request.socket.destroy());
      return;
    }
    response.writeHead(scripted.status, scripted.headers);
    response.end(scripted.body);
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the fake store has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    calls,
    openConnections: () => sockets.size,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
