import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { systemErrorCode } from '../../lib/errors.js';
import { hostGuard } from '../../lib/host-guard.js';
import type { ConnectionFacts, ListenerHooks } from './listener-hooks.js';
import { TLS_HANDSHAKE_BYTE, TLS_ON_PLAIN } from './tls-failure.js';
import { type OnFrame, watchFrames } from './web-socket-frames.js';
import { WebSocketStream } from './web-socket-stream.js';

export interface WebSocketOptions {
  readonly host: string;
  /** Names that the listener answers to, besides addresses and names without a dot. */
  readonly hosts?: readonly string[];
  /** Origins of pages that may open a WebSocket, besides those of this host. */
  readonly origins?: readonly string[];
}

export interface WebSocketLimits {
  readonly maxPacketBytes: number;
  readonly connectTimeoutMs: number;
}

/** WebSocketServing speaks MQTT over WebSocket on connections that a listener has accepted, with TLS or without. */
export class WebSocketServing {
  readonly #http: Server;
  readonly #hooks: Pick<ListenerHooks, 'onConnection' | 'onRejected'>;
  readonly #facts = new WeakMap<Duplex, ConnectionFacts>();

  constructor(
    options: WebSocketOptions,
    limits: WebSocketLimits,
    hooks: Pick<ListenerHooks, 'onConnection' | 'onRejected'>,
  ) {
    this.#hooks = hooks;
    // How often Node looks for requests whose time is over; its default of 30 s is longer than the time.
    const connectionsCheckingInterval = Math.min(1000, limits.connectTimeoutMs);
    this.#http = createServer({ connectionsCheckingInterval }, (request, response) => {
      this.#reject('not-websocket', request.socket, `${request.method} without an upgrade`);
      response
        .writeHead(426, { 'content-type': 'text/plain' })
        .end('This port speaks MQTT over WebSocket.\n');
    });
    this.#http.headersTimeout = limits.connectTimeoutMs;
    this.#http.requestTimeout = limits.connectTimeoutMs;
    this.#http.on('clientError', (error, socket) => this.#clientError(error, socket));
    this.#upgrades(options, limits);
    // It never listens itself, but only then it looks for requests whose time is over.
    this.#http.emit('listening');
  }

  accept(socket: Socket, facts: ConnectionFacts): void {
    this.#facts.set(socket, facts);
    this.#http.emit('connection', socket);
  }

  /** Open connections stay. */
  close(): void {
    this.#http.close();
  }

  #upgrades(options: WebSocketOptions, limits: WebSocketLimits): void {
    const mayAskFor = hostGuard(options.hosts ?? [], options.host);
    const origins = new Set((options.origins ?? []).map((origin) => origin.toLowerCase()));
    const webSockets = new WebSocketServer({
      server: this.#http,
      // Packets and frames are independent, but no frame needs to be larger than the largest packet.
      maxPayload: limits.maxPacketBytes + 1024,
      perMessageDeflate: false,
      handleProtocols: (offered) => (offered.has('mqtt') ? 'mqtt' : 'mqttv3.1'),
      verifyClient: ({ origin, req }: { origin?: string; req: IncomingMessage }) => {
        if (!mayAskFor(req.headers.host)) {
          this.#reject('host-refused', req.socket, `host ${req.headers.host}`);
          return false;
        }
        if (!offersMqtt(req)) {
          this.#reject('not-websocket', req.socket, 'the client does not offer the sub-protocol mqtt');
          return false;
        }
        if (isOwnOrigin(origin, req) || origins.has(origin!.toLowerCase())) return true;
        this.#reject('origin-refused', req.socket, `origin ${origin}`);
        return false;
      },
    });
    webSockets.on('wsClientError', (error, socket) => {
      this.#reject('not-websocket', socket, error.message);
      endHttp(socket, '400 Bad Request');
    });
    // ws passes on the errors of the server, which are handled there.
    webSockets.on('error', () => undefined);
    webSockets.on('connection', (webSocket: WebSocket, request) => {
      const { socket } = request;
      const watch = (onFrame: OnFrame) => watchFrames(webSocket, socket, onFrame);
      this.#hooks.onConnection(
        new WebSocketStream(webSocket, socket),
        this.#facts.get(socket)!,
        request,
        watch,
      );
    });
  }

  #clientError(error: Error & { readonly rawPacket?: Buffer }, socket: Duplex): void {
    const code = systemErrorCode(error);
    if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
      this.#reject('connect-timeout', socket, error.message);
      endHttp(socket, '408 Request Timeout');
      return;
    }
    // Any other error means that the client has closed the connection.
    if (code?.startsWith('HPE_')) {
      const isTls = error.rawPacket?.[0] === TLS_HANDSHAKE_BYTE;
      if (isTls) this.#reject('tls-failed', socket, TLS_ON_PLAIN);
      else this.#reject('not-websocket', socket, error.message);
    }
    endHttp(socket, '400 Bad Request');
  }

  #reject(reason: Parameters<ListenerHooks['onRejected']>[0], socket: Duplex, detail: string): void {
    this.#hooks.onRejected(reason, this.#facts.get(socket)?.remoteAddress ?? '', detail);
  }
}

/** [MQTT-6.0.0-3]; `mqttv3.1` is what clients of MQTT 3.1 offer. */
function offersMqtt({ headers }: IncomingMessage): boolean {
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
  return offered.includes('mqtt') || offered.includes('mqttv3.1');
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

/** Browsers let any page open a WebSocket to any host, also to loopback: only pages of this host are accepted. */
function isOwnOrigin(origin: string | undefined, request: IncomingMessage): boolean {
  if (origin === undefined) return true;
  const ownName = (request.headers.host ?? '').toLowerCase().replace(/:\d+$/, '');
  return URL.canParse(origin) && new URL(origin).hostname === ownName;
}
