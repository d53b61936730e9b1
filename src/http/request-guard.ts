import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Audit } from '../lib/audit.js';
import type { HostGuard } from '../lib/host-guard.js';
import { foreignChange, foreignRead, SECURITY_HEADERS } from './guards.js';
import { sendError } from './http-answers.js';
import type { HttpRefusalCounts } from './http-refusals.js';
import { QUERY_PATH } from './routes/influxql-routes.js';
import { accessRefusal, auditRefusedSignIn, sendAccessRefusal } from './sign-in/access-refusal.js';
import { ANONYMOUS } from './sign-in/caller.js';
import type { HttpAccess } from './sign-in/http-access.js';
import { needOf } from './sign-in/route-need.js';

export interface RequestGuardOptions {
  readonly mayAnswer: HostGuard;
  /** Whether anybody may change anything here. */
  readonly mayChange: boolean;
  /** Absent: there are no users. */
  readonly httpAccess: HttpAccess | undefined;
  readonly refusals: HttpRefusalCounts;
  readonly audit: Audit;
}

const HOST_REFUSED =
  'This server answers to localhost, to IP addresses, and to names without a dot. For another name in the address, list it in the setting http.hosts.';
const NO_CHANGES =
  'Changes are switched off here; the setting http.changes decides where they work (by default on loopback only). The command line always works.';

/** Refuses what must not be answered, before the body is read. Must be called before the routes are added. */
export function guardRequests(app: FastifyInstance, options: RequestGuardOptions): void {
  const { mayAnswer, refusals } = options;
  const allowed = allowedMethods(app);
  app.addHook('onRequest', async (request, reply) => {
    request.caller = ANONYMOUS;
    reply.headers(SECURITY_HEADERS).header('cache-control', 'no-store');
    if (!mayAnswer(request.headers.host)) {
      refusals['host-refused'] += 1;
      return sendError(reply, 'HOST_REFUSED', HOST_REFUSED);
    }
    if (request.is404) {
      if (request.method === 'GET' || request.method === 'HEAD') return;
      const methods = allowed(request.url);
      reply.header('allow', methods);
      return withoutBody(reply, () =>
        sendError(reply, 'METHOD_NOT_ALLOWED', `Only ${methods} is answered here.`),
      );
    }
    return refuseForeign(request, reply) ?? refuseByNeed(request, reply, options);
  });
}

/** Returns the answer to a request that another web site lets a browser send. */
function refuseForeign(request: FastifyRequest, reply: FastifyReply): FastifyReply | undefined {
  const { method, headers, routeOptions } = request;
  const path = routeOptions.url ?? '';
  // A query may be too long for an address: it is sent as a form, and changes nothing.
  if (method !== 'GET' && method !== 'HEAD' && path !== QUERY_PATH) {
    const refusal = foreignChange(headers);
    if (refusal === undefined) return undefined;
    return withoutBody(reply, () => sendError(reply, 'CHANGE_REFUSED', refusal));
  }
  const refusal = path.startsWith('/api/') || path === QUERY_PATH ? foreignRead(headers) : undefined;
  return refusal === undefined ? undefined : sendError(reply, 'CROSS_SITE_REFUSED', refusal);
}

/** Resolves with the answer to a caller who may not do what the route does. */
async function refuseByNeed(
  request: FastifyRequest,
  reply: FastifyReply,
  { mayChange, httpAccess, refusals, audit }: RequestGuardOptions,
): Promise<FastifyReply | undefined> {
  const need = needOf({ method: request.method, config: request.routeOptions.config });
  if (need === 'change' && !mayChange) {
    return withoutBody(reply, () => sendError(reply, 'CHANGE_REFUSED', NO_CHANGES));
  }
  // `nothing` leaves the caller to the route.
  if (httpAccess === undefined || need === 'nothing') return undefined;
  if (need !== 'change' && httpAccess.read === 'open') return undefined;
  request.caller = await httpAccess.callerOf(request);
  // The route gives no details to those who may not read.
  if (need === 'health') return undefined;
  const refusal = accessRefusal(request.caller, need);
  if (refusal === undefined) return undefined;
  refusals[refusal.counted] += 1;
  if (request.caller.kind === 'refused') auditRefusedSignIn(audit, request, request.caller.user, refusal);
  return withoutBody(reply, () => sendAccessRefusal(reply, refusal));
}

/** Closing the connection avoids reading a body that nobody needs. */
function withoutBody(reply: FastifyReply, answer: () => FastifyReply): FastifyReply {
  const { method } = reply.request;
  if (method !== 'GET' && method !== 'HEAD') reply.header('connection', 'close');
  return answer();
}

/** The methods of a path, or GET and HEAD for an unknown path. */
function allowedMethods(app: FastifyInstance): (url: string) => string {
  const byPath = new Map<string, string[]>();
  app.addHook('onRoute', ({ url, method }) => {
    byPath.set(url, [...(byPath.get(url) ?? []), ...[method].flat()]);
  });
  return (url) => (byPath.get(url.split('?')[0]!) ?? ['GET', 'HEAD']).join(', ');
}
