import type { FastifyInstance } from 'fastify';
import type { GatewayView } from '../gateway-view.js';

/** The paths that are answered whatever else is open. */
export const HEALTH_PATHS: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/metrics']);

/** For supervisors and Prometheus. `/healthz` fails only when a restart would help, `/readyz` while a stage is not ready. */
export function addHealthRoutes(app: FastifyInstance, view: GatewayView): void {
  app.get('/healthz', (_request, reply) => {
    if (view.alive()) return reply.send({ status: 'ok' });
    return reply.code(503).send({ status: 'failed', reason: 'The gateway cannot go on; restart it.' });
  });

  app.get('/readyz', (_request, reply) => {
    const problems = view.problems();
    const notes = view.notes();
    return reply.code(problems.length === 0 ? 200 : 503).send({
      ready: problems.length === 0,
      problems,
      notes: notes.length > 0 ? notes : undefined,
      backlog: view.backlog(),
    });
  });

  app.get('/metrics', async (_request, reply) => {
    const { contentType, text } = await view.metrics();
    return reply.header('content-type', contentType).send(text);
  });
}
