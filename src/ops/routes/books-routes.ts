import type { FastifyInstance } from 'fastify';
import type { Clock } from '../../clock.js';
import type { GatewayView } from '../gateway-view.js';
import { sendError } from '../http-answers.js';
import { parseLimit } from '../series-request.js';

const DEFAULT_DEAD_LETTERS = 50;
const MAX_DEAD_LETTERS = 500;
const NS_PER_MS = 1_000_000n;

/** The books, the counters behind the rates, and what is parked. */
export function addBooksRoutes(
  app: FastifyInstance,
  { view, clock, mqttPort }: { view: GatewayView; clock: Clock; mqttPort: number | null },
): void {
  app.get('/api/ledger', (_request, reply) => reply.send(view.ledger()));

  app.get('/api/counters', (_request, reply) => {
    const nowMs = Number(clock.nowNs() / NS_PER_MS);
    return reply.send({
      version: view.version,
      startedAtMs: view.startedAtMs,
      nowMs,
      uptimeMs: Math.max(0, nowMs - view.startedAtMs),
      // Taken together with the counters: a rate made from two answers does not depend on how long they travelled.
      sampledAtMs: clock.monotonicMs(),
      mqttPort,
      problems: view.problems(),
      ...view.counters(),
    });
  });

  app.get('/api/dead-letters', async (request, reply) => {
    const limit = parseLimit(request.query, DEFAULT_DEAD_LETTERS, MAX_DEAD_LETTERS);
    if (!limit.ok) return sendError(reply, 'QUERY_INVALID', limit.reason);
    return reply.send({ deadLetters: await view.parked(limit.value) });
  });
}
