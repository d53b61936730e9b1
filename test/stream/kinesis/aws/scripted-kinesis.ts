import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

export interface ScriptedRequest {
  /** The operation, such as `PutRecords`. */
  readonly call: string;
  readonly body: Record<string, unknown>;
  /** With the key that signed it. */
  readonly authorization: string;
  /** Number of the connection it came on, from 1. */
  readonly connection: number;
}

/** Answers one request, or leaves it without an answer. */
export type Answer = (response: ServerResponse, request: ScriptedRequest) => void;

export interface ScriptedKinesis {
  readonly endpoint: string;
  /** What came, in order. */
  readonly requests: ScriptedRequest[];
  /** Connections made so far. */
  connections(): number;
  /** Cuts every connection there is. */
  cut(): void;
  stop(): Promise<void>;
}

/** An HTTP server that answers the requests one after the other, and with the last answer when there are more requests. */
export async function scriptedKinesis(...answers: Answer[]): Promise<ScriptedKinesis> {
  const requests: ScriptedRequest[] = [];
  const sockets = new Map<Socket, number>();
  let connections = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const scripted = {
        call: String(request.headers['x-amz-target']).replace('Kinesis_20131202.', ''),
        body: JSON.parse(Buffer.concat(chunks).toString() || '{}') as Record<string, unknown>,
        authorization: String(request.headers.authorization ?? ''),
        connection: sockets.get(request.socket)!,
      };
      const answer = answers[Math.min(requests.length, answers.length - 1)]!;
      requests.push(scripted);
      answer(response, scripted);
    });
  });
  server.on('connection', (socket: Socket) => {
    connections += 1;
    sockets.set(socket, connections);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const cut = () => {
    for (const socket of sockets.keys()) socket.destroy();
  };
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    requests,
    connections: () => connections,
    cut,
    async stop() {
      const closed = once(server, 'close');
      server.close();
      cut();
      await closed;
    },
  };
}

export function ok(body: unknown): Answer {
  return json(200, body);
}

/** An error as Kinesis sends it. */
export function error(type: string, message: string, status = 400): Answer {
  return json(status, { __type: type, message });
}

export function json(status: number, body: unknown): Answer {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(JSON.stringify(body));
  };
}

export function raw(status: number, contentType: string, body: string): Answer {
  return (response) => {
    response.writeHead(status, { 'content-type': contentType });
    response.end(body);
  };
}

/** The request is read, and no answer comes. */
export const silence: Answer = () => {};

/** The answer begins and stops in the middle. */
export const halfAnAnswer: Answer = (response) => {
  response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1', 'content-length': '1000' });
  response.write('{"Shards":[');
};

/** The connection is reset instead of an answer. */
export const reset: Answer = (response) => {
  response.socket?.resetAndDestroy();
};
