import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Audit, AuditEntry } from '../lib/audit.js';
import { needOf } from './sign-in/route-need.js';

/** Logs every change that is asked for, with its outcome. Must be called before the routes are added. */
export function auditChanges(app: FastifyInstance, audit: Audit): void {
  app.addHook('onRoute', ({ method, url, config = {} }) => {
    for (const one of [method].flat()) {
      if (needOf({ method: one, config }) !== 'change' || config.changes !== undefined) continue;
      throw new TypeError(`the route ${one} ${url} does not say what it changes`);
    }
  });
  app.addHook('onResponse', (request, reply, done) => {
    const { config } = request.routeOptions;
    if (!request.is404 && needOf({ method: request.method, config }) === 'change') {
      audit(entryOf(request, reply, config.changes!));
    }
    done();
  });
}

function entryOf(request: FastifyRequest, reply: FastifyReply, change: string): AuditEntry {
  const { caller, raw, body } = request;
  const { remoteAddress = '' } = raw.socket;
  const { statusCode: status } = reply;
  const who = caller.kind === 'known' ? caller.identity : undefined;
  return {
    change,
    user: who?.user,
    method: who?.method ?? 'anonymous',
    remoteAddress,
    outcome: status < 400 ? 'done' : status < 500 ? 'refused' : 'failed',
    reason: status < 400 ? undefined : String(status),
    parameters: body ?? undefined,
  };
}
