import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { HISTORY_RANGES } from '../../timeline/recorded-rates.js';
import { historyAnswer, incidentsAnswer } from '../answer-schemas.js';
import type { GatewayView } from '../gateway-view.js';
import { sendError } from '../http-answers.js';
import { parseRequest } from '../request-parameters.js';

const historyParameters = z.strictObject({
  range: z.enum(HISTORY_RANGES, `must be one of ${HISTORY_RANGES.join(', ')}`).default('3m'),
});

const INCIDENTS = {
  summary: 'What went wrong and when: those that go on, then the others, the newest first.',
  answer: incidentsAnswer,
};
const HISTORY = {
  summary: 'The rates of the stages, and how far behind the gateway was, in equal steps of time.',
  query: historyParameters,
  answer: historyAnswer,
};

/** What happened to the gateway over time. */
export function addTimelineRoutes(app: FastifyInstance, view: GatewayView): void {
  app.get('/api/incidents', { config: { describes: INCIDENTS } }, (_request, reply) =>
    reply.send({ incidents: view.incidents() }),
  );

  app.get('/api/history', { config: { describes: HISTORY } }, (request, reply) => {
    const asked = parseRequest(historyParameters, request.query);
    if (!asked.ok) return sendError(reply, 'QUERY_INVALID', asked.reason);
    return reply.send(view.history(asked.value.range));
  });
}
