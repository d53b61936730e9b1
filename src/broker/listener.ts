import { createServer as createHttpServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { createWebSocketStream, WebSocketServer } from 'ws';
import { errorText, SluiceError, systemErrorCode } from '../errors.js';

export interface ListenerOptions {
  readonly protocol: 'mqtt' | 'ws';
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
}

export interface Listener {
  readonly protocol: 'mqtt' | 'ws';
  readonly host: string;
  readonly port: number;
  /** Takes no new connections; the open ones stay. */
  stopAccepting(): void;
}

export interface ListenerHooks {
  readonly onConnection: (stream: Duplex, remoteAddress: string, request?: IncomingMessage) => void;
  /** A connection was turned away because there are too many. */
  readonly onTooMany: () => void;
}

export interface ListenerLimits {
  readonly maxConnections: number;
  readonly maxPacketBytes: number;
  readonly connectTimeoutMs: number;
}

/** Resolves when it listens; rejects with LISTENER_FAILED. */
export function openListener(
  options: ListenerOptions,
  limits: ListenerLimits,
  hooks: ListenerHooks,
): Promise<Listener> {
  const server = options.protocol === 'mqtt' ? mqttServer(hooks) : webSocketServer(limits, hooks);
  server.maxConnections = limits.maxConnections;
  server.on('drop', hooks.onTooMany);
  return new Promise((resolve, reject) => {
    server.once('error', (thrown) => reject(listenerFailed(options, thrown)));
    server.listen(options.port, options.host, () => {
      const { address, port } = server.address() as AddressInfo;
      resolve({
        protocol: options.protocol,
        host: address,
        port,
        stopAccepting: () => void server.close(),
      });
    });
  });
}

function mqttServer(hooks: ListenerHooks): Server {
  return createServer({ noDelay: true }, (socket) => {
    hooks.onConnection(socket, socket.remoteAddress ?? '');
  });
}

function webSocketServer(limits: ListenerLimits, hooks: ListenerHooks): Server {
  const http = createHttpServer((_request, response) => {
    response.writeHead(426, { 'content-type': 'text/plain' }).end('This port speaks MQTT over WebSocket.\n');
  });
  http.headersTimeout = limits.connectTimeoutMs;
  http.requestTimeout = limits.connectTimeoutMs;
  const webSockets = new WebSocketServer({
    server: http,
    // A packet may come in several frames and several packets in one; a frame is never larger than a packet may be.
    maxPayload: limits.maxPacketBytes + 1024,
    perMessageDeflate: false,
    handleProtocols: (offered) =>
      offered.has('mqtt') ? 'mqtt' : offered.has('mqttv3.1') ? 'mqttv3.1' : false,
    verifyClient: ({ origin, req }: { origin?: string; req: IncomingMessage }) => isOwnOrigin(origin, req),
  });
  webSockets.on('connection', (webSocket, request) => {
    hooks.onConnection(createWebSocketStream(webSocket), request.socket.remoteAddress ?? '', request);
  });
  return http;
}

/** Browsers let any page open a WebSocket to any host, loopback too: only pages of this host may. */
function isOwnOrigin(origin: string | undefined, request: IncomingMessage): boolean {
  if (origin === undefined) return true;
  const ownName = (request.headers.host ?? '').replace(/:\d+$/, '');
  return URL.canParse(origin) && new URL(origin).hostname === ownName;
}

function listenerFailed(options: ListenerOptions, thrown: unknown): SluiceError {
  const place = `${options.protocol} listener on ${options.host}:${options.port}`;
  const hints: Record<string, string> = {
    EADDRINUSE:
      'the port is in use by another program; stop that one or set another port in broker.listeners',
    EACCES: 'this user may not listen there; use a port above 1023',
    EADDRNOTAVAIL: 'this machine has no such address',
  };
  const why = hints[systemErrorCode(thrown) ?? ''] ?? errorText(thrown);
  return new SluiceError('LISTENER_FAILED', `${place}: ${why}`, { cause: thrown });
}
