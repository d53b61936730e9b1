import { type AddressInfo, createServer, type Socket } from 'node:net';
import { errorText, SluiceError, systemErrorCode } from '../../lib/errors.js';
import { LISTEN_BACKLOG } from '../../lib/listen-backlog.js';
import { isOutOfFiles } from '../../lib/open-files.js';
import type { RevocationList } from '../../lib/tls/revocation-list.js';
import type { TlsContexts } from '../../lib/tls/tls-contexts.js';
import type { TlsFiles } from '../../lib/tls/tls-files.js';
import type { ConnectionFacts, ListenerHooks } from './listener-hooks.js';
import { proxyHeaderReader } from './proxied-connections.js';
import { MAX_REJECTED, type RejectedConnections } from './rejected-connections.js';
import { TlsAcceptor } from './tls-acceptor.js';
import { WebSocketServing } from './web-socket-serving.js';

export type ListenerProtocol = 'mqtt' | 'mqtts' | 'ws' | 'wss';

export interface ListenerOptions {
  readonly protocol: ListenerProtocol;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Needed with `mqtts` and `wss`: absolute paths of PEM files. */
  readonly tls?: TlsFiles;
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

export interface ListenerLimits {
  readonly maxConnections: number;
  readonly maxPacketBytes: number;
  /** For each step before the CONNECT: PROXY header, first byte of TLS, TLS handshake, WebSocket handshake. */
  readonly connectTimeoutMs: number;
}

export interface ListenerDeps {
  readonly tls: TlsContexts;
  readonly revocations?: RevocationList;
  /** Answers the connections for which there is no room. */
  readonly rejected: RejectedConnections;
}

/** Takes accepted connections; `close` ends what watches for it. */
interface Layer {
  accept(socket: Socket, facts: ConnectionFacts): void;
  close(): void;
}

/** Resolves when it listens; rejects with LISTENER_FAILED or TLS_FILES_INVALID. */
export async function openListener(
  options: ListenerOptions,
  limits: ListenerLimits,
  deps: ListenerDeps,
  hooks: ListenerHooks,
): Promise<Listener> {
  const layer = await layersOf(options, limits, deps, hooks);
  const pending = new Set<Socket>();
  const server = createServer(
    { noDelay: true },
    acceptor(options, limits, hooks, layer, deps.rejected, pending),
  );
  // Those that are rejected are held beside the others.
  server.maxConnections = limits.maxConnections + MAX_REJECTED;
  server.on('drop', (dropped) => {
    hooks.onRejected('too-many-connections', dropped?.remoteAddress ?? '', tooMany(limits));
  });
  return new Promise((resolve, reject) => {
    const onStartFailure = (thrown: Error) => {
      layer.close();
      reject(listenerFailed(options, thrown));
    };
    server.once('error', onStartFailure);
    server.listen({ port: options.port, host: options.host, backlog: LISTEN_BACKLOG }, () => {
      server.off('error', onStartFailure);
      // Without a listener an error of `accept` would end the process.
      server.on('error', (thrown) => {
        hooks.onRejected(isOutOfFiles(thrown) ? 'no-open-files' : 'unexpected', '', errorText(thrown));
      });
      const { address, port } = server.address() as AddressInfo;
      const stopAccepting = () => {
        server.close();
        layer.close();
        for (const socket of pending) socket.destroy();
      };
      resolve({ protocol: options.protocol, host: address, port, stopAccepting });
    });
  });
}

/** What a connection passes through: TLS, WebSocket, and then the broker. */
async function layersOf(
  options: ListenerOptions,
  limits: ListenerLimits,
  { tls, revocations, rejected }: ListenerDeps,
  hooks: ListenerHooks,
): Promise<Layer> {
  const isWebSocket = options.protocol === 'ws' || options.protocol === 'wss';
  const isTls = options.protocol === 'mqtts' || options.protocol === 'wss';
  if (isTls && options.tls === undefined) {
    throw listenerFailed(options, new Error('it needs the section `tls`'));
  }
  const context = isTls ? await tls.open(options.tls!) : undefined;
  const onConnection: ListenerHooks['onConnection'] = (stream, facts, ...more) => {
    if (facts.isRejected === true) void rejected.answer(stream);
    else hooks.onConnection(stream, facts, ...more);
  };
  const inner: Layer = isWebSocket
    ? new WebSocketServing(options, limits, { onConnection, onRejected: hooks.onRejected })
    : { accept: (socket, facts) => onConnection(socket, facts), close: () => undefined };
  if (context === undefined) return inner;
  const acceptor = new TlsAcceptor(
    {
      context,
      protocols: isWebSocket ? ['http/1.1'] : ['mqtt'],
      timeoutMs: limits.connectTimeoutMs,
      revocations,
    },
    { onSecure: (socket, facts) => inner.accept(socket, facts), onRejected: hooks.onRejected },
  );
  const close = () => {
    acceptor.close();
    inner.close();
  };
  return { accept: (socket, facts) => void acceptor.accept(socket, facts), close };
}

/** `pending` has the connections whose PROXY header is not read. */
function acceptor(
  { proxy, protocol }: ListenerOptions,
  limits: ListenerLimits,
  hooks: ListenerHooks,
  layer: Layer,
  rejected: RejectedConnections,
  pending: Set<Socket>,
): (socket: Socket) => void {
  // A TLS handshake costs more than all the rest of a connection: what has no room does not get one.
  const answersRejected = protocol === 'mqtt' || protocol === 'ws';
  let open = 0;
  const admit = (socket: Socket, remoteAddress: string): boolean => {
    if (open < limits.maxConnections) return hooks.admit(socket, remoteAddress);
    hooks.onRejected('too-many-connections', remoteAddress, tooMany(limits));
    return false;
  };
  const accept = (socket: Socket, remoteAddress: string, isProxied: boolean) => {
    const facts = { remoteAddress, isProxied, isEncrypted: false };
    if (admit(socket, remoteAddress)) {
      open += 1;
      socket.once('close', () => {
        open -= 1;
      });
      layer.accept(socket, facts);
    } else if (!answersRejected) socket.destroy();
    else if (rejected.hold(socket)) layer.accept(socket, { ...facts, isRejected: true });
  };
  if (proxy === undefined) {
    return (socket) => {
      socket.on('error', ignore);
      accept(socket, socket.remoteAddress ?? '', false);
    };
  }
  const readHeader = proxyHeaderReader(proxy, limits.connectTimeoutMs);
  return async (socket) => {
    socket.on('error', ignore);
    pending.add(socket);
    const source = await readHeader(socket);
    pending.delete(socket);
    if (source?.kind === 'from') {
      accept(socket, source.remoteAddress, true);
      return;
    }
    if (source !== undefined) hooks.onRejected('proxy-refused', source.remoteAddress, source.detail);
    socket.destroy();
  };
}

function tooMany({ maxConnections }: ListenerLimits): string {
  return `${maxConnections} connections are open`;
}

/** A connection may break before anything listens to it, which must not end the process. Its end is seen by `close`. */
function ignore(): void {}

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
