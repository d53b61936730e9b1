import type { Server as HttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Access } from '../access/access.js';
import { type Clock, SystemClock } from '../lib/clock.js';
import { errorText, SluiceError, systemErrorCode } from '../lib/errors.js';
import { bracketed } from '../lib/host-guard.js';
import { isOutOfFiles, MAX_HTTP_CONNECTIONS } from '../lib/open-files.js';
import type { TlsContext } from '../lib/tls/tls-context.js';
import type { GatewayView } from './gateway-view.js';
import type { WhereChanges } from './guards.js';
import { createHttpApp } from './http-app.js';
import { ConnectionLimits } from './http-connection-limits.js';
import { createHttpRefusalCounts, type HttpRefusalCounts } from './http-refusals.js';
import type { HttpLogger } from './live-feed.js';
import { type PageFiles, readPageFiles } from './page-files.js';

export interface HttpServerOptions {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly view: GatewayView;
  /** The port of the plain MQTT listener, where one is open. */
  readonly mqttPort?: number;
  /** Further names in `Host` headers that are answered. */
  readonly hosts?: readonly string[];
  /** Where replay, purge and changes of the log level are allowed; `loopback` by default. */
  readonly changes?: WhereChanges;
  /** Who may read and change; absent: there are no users. */
  readonly access?: Access;
  /** Whether reading needs a user; by default where others reach the address. Without `access` it means nothing. */
  readonly read?: 'open' | 'token';
  /** The certificate of https, which may be replaced while the server runs; absent: http. */
  readonly tls?: Pick<TlsContext, 'options' | 'serve'>;
  readonly logger?: HttpLogger;
  readonly clock?: Clock;
  /** The files of the live page; those of the package by default. */
  readonly pageFiles?: PageFiles;
  /** Counts what limits close and refuse. */
  readonly refusals?: HttpRefusalCounts;
  /** Fewer than usual where open files are scarce. */
  readonly maxConnections?: number;
  /** The limit for the headers, and for the whole request. */
  readonly requestTimeoutMs?: number;
  /** The period of the states that the page gets; a second by default. */
  readonly livePeriodMs?: number;
  /** How many connections one address may have open; 64 by default. */
  readonly maxConnectionsPerAddress?: number;
  /** How many event streams one address may have open; 8 by default. */
  readonly maxStreamsPerAddress?: number;
  /** How long `close` waits for requests that are still being answered. */
  readonly closeGraceMs?: number;
}

export interface HttpServer {
  /** The bound IP address. */
  readonly address: string;
  readonly port: number;
  /** Where a person opens the live page. */
  readonly url: string;
  /** Ends idle connections at once and busy ones after their answer, or after a second. May be called twice. */
  close(): Promise<void>;
}

const REQUEST_TIMEOUT_MS = 10_000;
const CLOSE_GRACE_MS = 1_000;
/** A browser opens six connections, a scraper one or two. */
const MAX_CONNECTIONS_PER_ADDRESS = 64;
/** For health requests, beyond the limits. */
const RESERVE = 32;

/** Serves the API and the live page. Rejects with LISTENER_FAILED when it cannot listen on the address. */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { host, port, view, logger } = options;
  const refusals = options.refusals ?? createHttpRefusalCounts();
  const connections = new ConnectionLimits({
    maxConnections: options.maxConnections ?? MAX_HTTP_CONNECTIONS,
    maxPerAddress: options.maxConnectionsPerAddress ?? MAX_CONNECTIONS_PER_ADDRESS,
    reserve: RESERVE,
    refusals,
  });
  const app = createHttpApp({
    host,
    hosts: options.hosts,
    view,
    logger,
    clock: options.clock ?? new SystemClock(),
    pageFiles: options.pageFiles ?? (await readPageFiles()),
    mqttPort: options.mqttPort ?? null,
    changes: options.changes ?? 'loopback',
    access: options.access,
    read: options.read,
    tls: options.tls?.options,
    requestTimeoutMs: options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS,
    livePeriodMs: options.livePeriodMs,
    maxStreamsPerAddress: options.maxStreamsPerAddress,
    connections,
    refusals,
  });
  connections.watch(app.server);
  const withdraw = options.tls?.serve(app.server as unknown as HttpsServer);
  app.addHook('onClose', async () => withdraw?.());

  try {
    await app.listen({ host, port });
  } catch (cause) {
    await app.close();
    throw new SluiceError('LISTENER_FAILED', listenFailure(host, port, cause), { cause });
  }

  // Without a listener an error of `accept` would end the process.
  app.server.on('error', (thrown) => {
    const code = isOutOfFiles(thrown) ? 'OPEN_FILES_EXHAUSTED' : 'HTTP_FAILED';
    logger?.error({ code, reason: errorText(thrown) }, 'an HTTP connection could not be accepted');
  });
  const bound = app.server.address() as AddressInfo;
  return {
    address: bound.address,
    port: bound.port,
    url: `${options.tls === undefined ? 'http' : 'https'}://${bracketed(reachable(host))}:${bound.port}`,
    close: () => closeWithin(app, options.closeGraceMs ?? CLOSE_GRACE_MS),
  };
}

async function closeWithin(app: FastifyInstance, graceMs: number): Promise<void> {
  // Not unref'd: Node counts a connection that never sent a byte as busy, and it would block the stop for ever.
  const cut = setTimeout(() => app.server.closeAllConnections(), graceMs);
  try {
    await app.close();
  } finally {
    clearTimeout(cut);
  }
}

/** A wildcard address is only for binding; a browser opens the loopback address. */
function reachable(host: string): string {
  return host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
}

function listenFailure(host: string, port: number, cause: unknown): string {
  const address = `${bracketed(host)}:${port}`;
  switch (systemErrorCode(cause)) {
    case 'EADDRINUSE':
      return `Cannot listen on ${address}: another program uses the port. Stop it or set http.port to a free one.`;
    case 'EACCES':
      return `Cannot listen on ${address}: not permitted. Set http.port to one above 1023.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `Cannot listen on ${address}: this machine has no such address. Check http.host (and http.port).`;
    default:
      return `Cannot listen on ${address}: ${errorText(cause)}. Check http.host and http.port.`;
  }
}
