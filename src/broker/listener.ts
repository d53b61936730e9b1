import { createServer as createHttpServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createWebSocketStream, type WebSocket, WebSocketServer } from 'ws';
import { errorText, SluiceError, systemErrorCode } from '../lib/errors.js';
import { isOutOfFiles } from '../lib/open-files.js';
import type { BrokerRefusal } from './refusals.js';
import { type OnFrame, watchFrames } from './web-socket-frames.js';

export type ListenerProtocol = 'mqtt' | 'mqtts' | 'ws' | 'wss';

export interface ListenerOptions {
  readonly protocol: ListenerProtocol;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Needed with `mqtts` and `wss`: absolute paths of PEM files. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly clientCa?: string };
  /** Addresses and networks that must send a PROXY header; absent: none is read. */
  readonly proxy?: readonly string[];
  /** Origins of pages that may open a WebSocket, besides those of this host. */
  readonly origins?: readonly string[];
  /** Names that a WebSocket listener answers to, besides addresses and names without a dot. */
  readonly hosts?: readonly string[];
}

export interface Listener {
  readonly protocol: ListenerProtocol;
  readonly host: string;
  readonly port: number;
  /** Accepts no new connections; the open ones stay. */
  stopAccepting(): void;
}

export interface ListenerHooks {
  /** Called with every connection before anything is read of it; false: it is closed at once. */
  readonly admit: (socket: Socket, remoteAddress: string) => boolean;
  /** `watch` sets the receiver of what is kept of unfinished WebSocket frames; absent on plain listeners. */
  readonly onConnection: (
    stream: Duplex,
    remoteAddress: string,
    request?: IncomingMessage,
    watch?: (onFrame: OnFrame) => void,
  ) => void;
  /** A connection was rejected before any MQTT was read. */
  readonly onRejected: (reason: BrokerRefusal, remoteAddress: string, detail: string) => void;
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
  server.on('drop', (dropped) => {
    const detail = `${limits.maxConnections} connections are open`;
    hooks.onRejected('too-many-connections', dropped?.remoteAddress ?? '', detail);
  });
  return new Promise((resolve, reject) => {
    const onStartFailure = (thrown: Error) => reject(listenerFailed(options, thrown));
    server.once('error', onStartFailure);
    server.listen(options.port, options.host, () => {
      server.off('error', onStartFailure);
      // Without a listener an error of `accept` would end the process.
      server.on('error', (thrown) => {
        hooks.onRejected(isOutOfFiles(thrown) ? 'no-open-files' : 'unexpected', '', errorText(thrown));
      });
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
    const remoteAddress = addressOf(socket);
    if (hooks.admit(socket, remoteAddress)) hooks.onConnection(socket, remoteAddress);
    else socket.destroy();
  });
}

function webSocketServer(limits: ListenerLimits, hooks: ListenerHooks): Server {
  // How often Node looks for requests whose time is over; its default of 30 s is longer than the time.
  const connectionsCheckingInterval = Math.min(1000, limits.connectTimeoutMs);
  const http = createHttpServer({ connectionsCheckingInterval }, (request, response) => {
    hooks.onRejected('not-websocket', addressOf(request.socket), `${request.method} without an upgrade`);
    response.writeHead(426, { 'content-type': 'text/plain' }).end('This port speaks MQTT over WebSocket.\n');
  });
  http.on('connection', (socket) => {
    if (!hooks.admit(socket, addressOf(socket))) socket.destroy();
  });
  http.headersTimeout = limits.connectTimeoutMs;
  http.requestTimeout = limits.connectTimeoutMs;
  const webSockets = new WebSocketServer({
    server: http,
    // Packets and frames are independent, but no frame needs to be larger than the largest packet.
    maxPayload: limits.maxPacketBytes + 1024,
    perMessageDeflate: false,
    handleProtocols: (offered) =>
      offered.has('mqtt') ? 'mqtt' : offered.has('mqttv3.1') ? 'mqttv3.1' : false,
    verifyClient: ({ origin, req }: { origin?: string; req: IncomingMessage }) => {
      if (isOwnOrigin(origin, req)) return true;
      hooks.onRejected('origin-refused', addressOf(req.socket), `origin ${origin}`);
      return false;
    },
  });
  http.on('clientError', (error, socket) => {
    const code = systemErrorCode(error);
    if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
      hooks.onRejected('connect-timeout', addressOf(socket), error.message);
      endHttp(socket, '408 Request Timeout');
      return;
    }
    // Any other error means that the client has closed the connection.
    if (code?.startsWith('HPE_')) hooks.onRejected('not-websocket', addressOf(socket), error.message);
    endHttp(socket, '400 Bad Request');
  });
  webSockets.on('wsClientError', (error, socket) => {
    hooks.onRejected('not-websocket', addressOf(socket), error.message);
    endHttp(socket, '400 Bad Request');
  });
  // ws passes on the errors of the server, which are handled there.
  webSockets.on('error', () => undefined);
  webSockets.on('connection', (webSocket: WebSocket, request) => {
    const { socket } = request;
    const watch = (onFrame: OnFrame) => watchFrames(webSocket, socket, onFrame);
    hooks.onConnection(createWebSocketStream(webSocket), addressOf(socket), request, watch);
  });
  return http;
}

function endHttp(socket: Duplex, status: string): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  // The versions that `ws` speaks, for a client whose WebSocket handshake has another.
  const head = `HTTP/1.1 ${status}\r\nConnection: close\r\nSec-WebSocket-Version: 13, 8\r\n\r\n`;
  socket.end(head, () => socket.destroy());
}

function addressOf(socket: Duplex | Socket): string {
  return ('remoteAddress' in socket ? socket.remoteAddress : undefined) ?? '';
}

/** Browsers let any page open a WebSocket to any host, also to loopback: only pages of this host are accepted. */
function isOwnOrigin(origin: string | undefined, request: IncomingMessage): boolean {
  if (origin === undefined) return true;
  const ownName = (request.headers.host ?? '').replace(/:\d+$/, '');
  return URL.canParse(origin) && new URL(origin).hostname === ownName;
}

function listenerFailed(options: ListenerOptions, thrown: unknown): SluiceError {
  const address = `${options.protocol} listener on ${options.host}:${options.port}`;
  const hints: Record<string, string> = {
    EADDRINUSE:
      'the port is in use by another program; stop that one or set another port in broker.listeners',
    EACCES: 'this user may not listen there; use a port above 1023',
    EADDRNOTAVAIL: 'this machine has no such address',
  };
  const why = hints[systemErrorCode(thrown) ?? ''] ?? errorText(thrown);
  return new SluiceError('LISTENER_FAILED', `${address}: ${why}`, { cause: thrown });
}
