import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { gunzipSync } from 'node:zlib';

export interface RecordingStore {
  readonly url: string;
  /** Lines that the server behind has accepted, in that order. */
  readonly lines: readonly string[];
  /** While true, requests are answered 503 and nothing reaches the server behind. */
  isDown: boolean;
  stop(): Promise<void>;
}

/** Starts a proxy in front of an InfluxDB 1 that records the accepted lines in order, because the database sorts by time. */
export async function startRecordingStore(behind: string): Promise<RecordingStore> {
  const lines: string[] = [];
  const server = createServer((request, response) => {
    void bodyOf(request).then(async (raw) => {
      if (store.isDown) {
        response.writeHead(503).end();
        return;
      }
      const answer = await fetch(`${behind}${request.url}`, {
        method: request.method ?? 'GET',
        headers: forwarded(request),
        body: raw.length > 0 ? new Uint8Array(raw) : undefined,
      });
      const text = await answer.text();
      if (answer.status === 204 && request.url?.startsWith('/write')) {
        const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw;
        for (const line of body.toString().split('\n')) if (line !== '') lines.push(line);
      }
      response.writeHead(answer.status).end(text);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const store: RecordingStore = {
    url: `http://127.0.0.1:${port}`,
    lines,
    isDown: false,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return store;
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function forwarded({ headers }: IncomingMessage): Record<string, string> {
  const kept = ['content-type', 'content-encoding', 'authorization'];
  return Object.fromEntries(
    kept.flatMap((name) => (typeof headers[name] === 'string' ? [[name, headers[name]]] : [])),
  );
}
