import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import { type FastifyInstance, fastify } from 'fastify';
import type { Access } from '../access/access.js';
import type { Audit } from '../lib/audit.js';
import type { Clock } from '../lib/clock.js';
import { hostGuard } from '../lib/host-guard.js';
import { isLoopbackHost } from '../lib/remote-address.js';
import { auditChanges } from './audit-changes.js';
import type { GatewayView } from './gateway-view.js';
import { SECURITY_HEADERS, type WhereChanges } from './guards.js';
import { errorAnswer, HTTP_ERROR_CODES, MAX_BODY_BYTES, sendError } from './http-answers.js';
import type { ConnectionLimits } from './http-connection-limits.js';
import { createHttpRefusalCounts, type HttpRefusalCounts } from './http-refusals.js';
import type { HttpLogger } from './live-feed.js';
import { addOpenApiRoute } from './openapi.js';
import type { PageFiles } from './page-files.js';
import { guardRequests } from './request-guard.js';
import { addArrivalsRoutes } from './routes/arrivals-routes.js';
import { addDeadLetterRoutes } from './routes/dead-letter-routes.js';
import { addGatewayRoutes } from './routes/gateway-routes.js';
import { addHealthRoutes, HEALTH_PATHS } from './routes/health-routes.js';
import { addInfluxqlRoutes } from './routes/influxql-routes.js';
import { addLiveRoutes } from './routes/live-routes.js';
import { addPageRoutes } from './routes/page-routes.js';
import { addQueryRoutes } from './routes/query-routes.js';
import { addSessionRoutes } from './routes/session-routes.js';
import { addStoreRoutes } from './routes/store-routes.js';
import { addTimelineRoutes } from './routes/timeline-routes.js';
import { HttpAccess } from './sign-in/http-access.js';

export interface HttpAppOptions {
  /** The configured address. */
  readonly host: string;
  /** Further names in `Host` headers that are answered. */
  readonly hosts?: readonly string[];
  readonly view: GatewayView;
  readonly clock: Clock;
  readonly pageFiles: PageFiles;
  /** The port of the plain MQTT listener; null when none is open. */
  readonly mqttPort: number | null;
  /** Where replay, purge, reloads and changes of the log level are allowed; with `access` only `never` matters. */
  readonly changes: WhereChanges;
  /** Who may read and change; absent: there are no users. */
  readonly access?: Access;
  /** Whether reading needs a user; by default where others reach the address. Without `access` it means nothing. */
  readonly read?: 'open' | 'token';
  /** Certificate, key and versions; absent: without TLS. */
  readonly tls?: SecureContextOptions;
  /** The limit for the TLS handshake, for the headers, and for the whole request. */
  readonly requestTimeoutMs: number;
  /** The period of the states that `/api/live` sends; a second by default. */
  readonly livePeriodMs?: number;
  /** How many event streams one address may have open; 8 by default. */
  readonly maxStreamsPerAddress?: number;
  /** Decides on which connections only health requests are answered; absent: on none. */
  readonly connections?: ConnectionLimits;
  /** Counts what limits refuse. */
  readonly refusals?: HttpRefusalCounts;
  readonly logger?: HttpLogger;
}

/** A connection may stay idle this long between two requests. */
const KEEP_ALIVE_MS = 5_000;
/** Node looks for slow requests only this often (its default, 30 s, would turn 10 s into 40 s). */
const SLOW_REQUEST_CHECK_MS = 1_000;
/** A connection on which nothing moves for this long is closed: a client that does not read its answer must not keep it. */
const MOTIONLESS_MS = 60_000;
/** Creates the app with all routes, guards and error handlers. It does not listen yet. */
export function createHttpApp(options: HttpAppOptions): FastifyInstance {
  const { view, logger, requestTimeoutMs } = options;
  const refusals = options.refusals ?? createHttpRefusalCounts();
  const https =
    options.tls === undefined ? {} : { https: { ...options.tls, handshakeTimeout: requestTimeoutMs } };
  const app = fastify({
    ...https,
    logger: false,
    keepAliveTimeout: KEEP_ALIVE_MS,
    requestTimeout: requestTimeoutMs,
    connectionTimeout: MOTIONLESS_MS,
    http: {
      headersTimeout: requestTimeoutMs,
      connectionsCheckingInterval: Math.min(SLOW_REQUEST_CHECK_MS, requestTimeoutMs),
    },
    bodyLimit: MAX_BODY_BYTES,
    forceCloseConnections: 'idle',
    clientErrorHandler: (error, socket) => refuseUnreadable(error.code, socket, refusals),
    frameworkErrors: (_error, _request, reply) => {
      reply.headers(SECURITY_HEADERS);
      sendError(reply, 'REQUEST_MALFORMED', 'The address of the request is not valid.');
    },
  });

  const { access, changes, host, clock } = options;
  const audit: Audit = (entry) => logger?.audit(entry);
  const read = options.read ?? (isLoopbackHost(host) ? 'open' : 'token');
  const httpAccess = access && new HttpAccess({ access, read, clock });
  const mayChange =
    changes === 'always' || (changes === 'loopback' && (access !== undefined || isLoopbackHost(host)));
  app.decorateRequest('caller');
  if (options.connections !== undefined) reserveForHealth(app, options.connections, refusals);
  const mayAnswer = hostGuard(options.hosts ?? [], host);
  guardRequests(app, { mayAnswer, mayChange, httpAccess, refusals, audit });
  auditChanges(app, audit);
  app.setNotFoundHandler((_request, reply) => sendError(reply, 'NOT_FOUND', 'There is nothing here.'));
  app.setErrorHandler((thrown, request, reply) => {
    const { status, body } = errorAnswer(thrown);
    if (status === 500) {
      const { url: route } = request.routeOptions;
      logger?.error({ code: 'HTTP_FAILED', err: thrown, route }, 'HTTP answer failed');
    }
    if (body.code === 'DEAD_LETTER_SCANNING') refusals['too-many-searches'] += 1;
    if (body.code === 'TOO_MANY_QUERIES') refusals['too-many-queries'] += 1;
    if (status === 429 || body.code === 'TOO_MANY_QUERIES') reply.header('retry-after', '1');
    reply.code(status).send(body);
  });

  const source = { view, clock, mqttPort: options.mqttPort, mayChange };
  const streams = {
    maxStreamsPerAddress: options.maxStreamsPerAddress,
    periodMs: options.livePeriodMs,
    refusals,
    httpAccess,
  };
  addOpenApiRoute(app, view.version, httpAccess);
  addHealthRoutes(app, view, httpAccess);
  addSessionRoutes(app, { httpAccess, mayChange, refusals, audit });
  addGatewayRoutes(app, source);
  addLiveRoutes(app, source, { ...streams, logger });
  addTimelineRoutes(app, view);
  addArrivalsRoutes(app, view, streams);
  addStoreRoutes(app, view, refusals);
  addQueryRoutes(app, view, refusals);
  addInfluxqlRoutes(app, view, refusals);
  addDeadLetterRoutes(app, view, refusals);
  addPageRoutes(app, options.pageFiles);
  return app;
}

/** Answers only health requests on the connections of the reserve, and closes each after its answer. */
function reserveForHealth(
  app: FastifyInstance,
  connections: ConnectionLimits,
  refusals: HttpRefusalCounts,
): void {
  app.addHook('onRequest', (request, reply, done) => {
    if (!connections.isReserve(request.raw.socket)) {
      done();
      return;
    }
    reply.header('connection', 'close');
    if (HEALTH_PATHS.has(request.url.split('?')[0]!)) {
      done();
      return;
    }
    refusals['too-many-connections'] += 1;
    reply.headers(SECURITY_HEADERS).header('cache-control', 'no-store').header('retry-after', '5');
    sendError(reply, 'TOO_MANY_CONNECTIONS', 'Too many connections of this address, or of all, are in use.');
  });
}

/** Answers a request that Node's parser could not read: too slow, too long or not HTTP. */
function refuseUnreadable(errorCode: string, socket: Socket, refusals: HttpRefusalCounts): void {
  // A failed TLS handshake comes here too: the other side would not understand an answer.
  if (!/^(HPE_|ERR_HTTP_)/.test(errorCode) || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = errorCode === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : HTTP_ERROR_CODES.REQUEST_MALFORMED;
  if (status === 408) refusals['request-timeout'] += 1;
  const reason = status === 408 ? 'The request took too long.' : 'The request is not valid HTTP.';
  const body = JSON.stringify({ code: 'REQUEST_MALFORMED', reason });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}
