import type { FastifyInstance } from 'fastify';
import type { GatewayView } from '../gateway-view.js';
import type { HttpAccess } from '../sign-in/http-access.js';

/** The paths that are answered whatever else is open. */
export const HEALTH_PATHS: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/metrics']);

const HEALTHZ = { summary: 'Whether the process works; 503 only where a restart would help.' };
const READYZ = {
  summary: 'Whether every stage is ready, with what is wrong and the backlog; 503 while one is not.',
};
const METRICS = { summary: 'The metrics for Prometheus.', contentType: 'text/plain' };

/** For supervisors and Prometheus. `/healthz` fails only when a restart would help, `/readyz` while a stage is not ready. */
export function addHealthRoutes(
  app: FastifyInstance,
  view: GatewayView,
  httpAccess: HttpAccess | undefined,
): void {
  app.get('/healthz', { config: { describes: HEALTHZ, needs: 'nothing' } }, (_request, reply) => {
    if (view.alive()) return reply.send({ status: 'ok' });
    return reply.code(503).send({ status: 'failed', reason: 'The gateway cannot go on; restart it.' });
  });

  app.get('/readyz', { config: { describes: READYZ, needs: 'health' } }, (request, reply) => {
    const problems = view.problems();
    const ready = problems.length === 0;
    reply.code(ready ? 200 : 503);
    if (httpAccess?.mayRead(request.caller) === false) return reply.send({ ready });
    const notes = view.notes();
    return reply.send({
      ready,
      problems,
      notes: notes.length > 0 ? notes : undefined,
      backlog: view.backlog(),
    });
  });

  app.get('/metrics', { config: { describes: METRICS } }, async (_request, reply) => {
    const { contentType, text } = await view.metrics();
    return reply.header('content-type', contentType).send(text);
  });
}
