import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { onTestFinished } from 'vitest';

/** What a hostile peer does once a request has arrived; it stops when the socket is closed. */
export type Hostility = (socket: Socket) => void;

export interface HostilePeer {
  readonly url: string;
  readonly port: number;
  /** Bytes that were written to all connections. */
  bytesSent(): number;
  connections(): number;
  openConnections(): number;
}

/** Starts a TCP server on 127.0.0.1 that answers HTTP by hand, as no server library would. */
export async function hostilePeer(hostility: Hostility): Promise<HostilePeer> {
  const sockets = new Set<Socket>();
  let connections = 0;
  let closedBytes = 0;
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => {
      closedBytes += socket.bytesWritten;
      sockets.delete(socket);
    });
    socket.once('data', () => {
      socket.resume();
      hostility(socket);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    bytesSent: () => [...sockets].reduce((sum, { bytesWritten }) => sum + bytesWritten, closedBytes),
    connections: () => connections,
    openConnections: () => sockets.size,
  };
}

const CHUNK = Buffer.from(`10000\r\n${'x'.repeat(65_536)}\r\n`);

function head(status: number, headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} As Scripted\r\n${lines.join('')}\r\n`;
}

/** A body without end, as fast as it is read. */
export function endlessBody(status: number, headers: Readonly<Record<string, string>> = {}): Hostility {
  return (socket) => {
    socket.write(head(status, { ...headers, 'transfer-encoding': 'chunked' }));
    const more = () => {
      while (!socket.destroyed && socket.write(CHUNK));
    };
    socket.on('drain', more);
    more();
  };
}

/** 100 MB of zeros as 100 kB of gzip. */
const BOMB = gzipSync(Buffer.alloc(100 * 1024 * 1024));

/** A small body that decodes to a very large one. */
export function gzipBomb(status: number, headers: Readonly<Record<string, string>> = {}): Hostility {
  return (socket) => {
    socket.write(
      head(status, { ...headers, 'content-encoding': 'gzip', 'content-length': String(BOMB.length) }),
    );
    socket.end(BOMB);
  };
}

/** Headers without end. */
export const endlessHeaders: Hostility = (socket) => {
  socket.write('HTTP/1.1 200 OK\r\n');
  const more = () => {
    while (!socket.destroyed && socket.write(`x-more: ${'x'.repeat(1_000)}\r\n`));
  };
  socket.on('drain', more);
  more();
};

/** One byte of the text at a time, a few milliseconds apart: it never ends within any time-out. */
function drip(socket: Socket, text: string): void {
  let at = 0;
  const timer = setInterval(() => socket.write(text[at++ % text.length]!), 5);
  socket.once('close', () => clearInterval(timer));
}

export const drippedHeaders: Hostility = (socket) => {
  socket.write('HTTP/1.1 200 OK\r\nx-slow: ');
  drip(socket, 'x');
};

export function drippedBody(status: number): Hostility {
  return (socket) => {
    socket.write(head(status, { 'content-length': '1000000000' }));
    drip(socket, 'x');
  };
}
