import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { type FastifyInstance, fastify } from 'fastify';
import type { Clock } from '../lib/clock.js';
import { type HostGuard, hostGuard } from '../lib/host-guard.js';
import { isLoopbackHost } from '../lib/remote-address.js';
import type { GatewayView } from './gateway-view.js';
import { foreignChange, foreignRead, SECURITY_HEADERS, type WhereChanges } from './guards.js';
import { errorAnswer, HTTP_ERROR_CODES, MAX_BODY_BYTES, sendError } from './http-answers.js';
import type { ConnectionLimits } from './http-connection-limits.js';
import { createHttpRefusalCounts, type HttpRefusalCounts } from './http-refusals.js';
import type { HttpLogger } from './live-feed.js';
import { addOpenApiRoute } from './openapi.js';
import type { PageFiles } from './page-files.js';
import { addArrivalsRoutes } from './routes/arrivals-routes.js';
import { addDeadLetterRoutes } from './routes/dead-letter-routes.js';
import { addGatewayRoutes } from './routes/gateway-routes.js';
import { addHealthRoutes, HEALTH_PATHS } from './routes/health-routes.js';
import { addInfluxqlRoutes, QUERY_PATH } from './routes/influxql-routes.js';
import { addLiveRoutes } from './routes/live-routes.js';
import { addPageRoutes } from './routes/page-routes.js';
import { addQueryRoutes } from './routes/query-routes.js';
import { addStoreRoutes } from './routes/store-routes.js';
import { addTimelineRoutes } from './routes/timeline-routes.js';

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
  /** Where replay, purge, reloads and changes of the log level are allowed. */
  readonly changes: WhereChanges;
  /** The limit for the headers, and for the whole request. */
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
/** Questions that are too long for an address; they change nothing. */
const READS_BY_POST = new Set(['/api/query']);
const HOST_REFUSED =
  'This server answers to localhost, to IP addresses, and to names without a dot. For another name in the address, list it in the setting http.hosts.';
const NO_CHANGES =
  'Changes are switched off here; the setting http.changes decides where they work (by default on loopback only). The command line always works.';

/** Creates the app with all routes, guards and error handlers. It does not listen yet. */
export function createHttpApp(options: HttpAppOptions): FastifyInstance {
  const { view, logger, requestTimeoutMs } = options;
  const refusals = options.refusals ?? createHttpRefusalCounts();
  const app = fastify({
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

  const mayChange =
    options.changes === 'always' || (options.changes === 'loopback' && isLoopbackHost(options.host));
  if (options.connections !== undefined) reserveForHealth(app, options.connections, refusals);
  guardRequests(app, hostGuard(options.hosts ?? [], options.host), mayChange);
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

  const source = { view, clock: options.clock, mqttPort: options.mqttPort, mayChange };
  addOpenApiRoute(app, view.version);
  addHealthRoutes(app, view);
  addGatewayRoutes(app, source);
  addLiveRoutes(app, source, {
    periodMs: options.livePeriodMs,
    maxStreamsPerAddress: options.maxStreamsPerAddress,
    logger,
    refusals,
  });
  addTimelineRoutes(app, view);
  addArrivalsRoutes(app, view, {
    periodMs: options.livePeriodMs,
    maxStreamsPerAddress: options.maxStreamsPerAddress,
    refusals,
  });
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

function guardRequests(app: FastifyInstance, mayAnswer: HostGuard, mayChange: boolean): void {
  const allowed = allowedMethods(app);
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(SECURITY_HEADERS).header('cache-control', 'no-store');
    if (!mayAnswer(request.headers.host)) {
      sendError(reply, 'HOST_REFUSED', HOST_REFUSED);
      return;
    }
    const path = request.url.split('?')[0]!;
    // A query may be too long for an address: it is sent as a form, and changes nothing.
    const isQuery = path === QUERY_PATH && request.method === 'POST';
    if (request.method === 'GET' || request.method === 'HEAD' || isQuery) {
      const asksStore = path.startsWith('/api/') || path === QUERY_PATH;
      const refusal = asksStore ? foreignRead(request.headers) : undefined;
      if (refusal === undefined) done();
      else sendError(reply, 'CROSS_SITE_REFUSED', refusal);
      return;
    }
    // Closing the connection avoids reading a body that nobody needs.
    if (request.is404) {
      const methods = allowed(request.url);
      reply.header('allow', methods).header('connection', 'close');
      sendError(reply, 'METHOD_NOT_ALLOWED', `Only ${methods} is answered here.`);
      return;
    }
    const mayBeAsked = mayChange || READS_BY_POST.has(request.url.split('?')[0]!);
    const refusal = mayBeAsked ? foreignChange(request.headers) : NO_CHANGES;
    if (refusal === undefined) {
      done();
      return;
    }
    reply.header('connection', 'close');
    sendError(reply, 'CHANGE_REFUSED', refusal);
  });
}

/** The methods of a path, or GET and HEAD for an unknown path. Must be called before the routes are added. */
function allowedMethods(app: FastifyInstance): (url: string) => string {
  const byPath = new Map<string, string[]>();
  app.addHook('onRoute', ({ url, method }) => {
    byPath.set(url, [...(byPath.get(url) ?? []), ...[method].flat()]);
  });
  return (url) => (byPath.get(url.split('?')[0]!) ?? ['GET', 'HEAD']).join(', ');
}

/** Answers a request that Node's parser could not read: too slow, too long or not HTTP. */
function refuseUnreadable(errorCode: string, socket: Socket, refusals: HttpRefusalCounts): void {
  if (errorCode === 'ECONNRESET' || !socket.writable) {
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
