import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { LOG_LEVELS } from '../gateway-view.js';
import { sendError } from '../http-answers.js';
import { countersAnswer, type LiveStateSource } from '../live-state.js';
import { parseBody, parseRequest, wholeNumber } from '../request-parameters.js';

const warningsParameters = z.strictObject({ after: wholeNumber.optional() });
const levelBody = z.strictObject({ level: z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}`) });

const reloadBody = z.strictObject({});
const INVALID = 'The new configuration is not valid; the gateway goes on with the old one.';

/** The ledger, the counters behind the rates, the newest warnings, the log level, and reloads. */
export function addGatewayRoutes(app: FastifyInstance, source: LiveStateSource): void {
  const { view } = source;
  app.get('/api/ledger', (_request, reply) => reply.send(view.ledger()));

  app.get('/api/counters', (_request, reply) => reply.send(countersAnswer(source)));

  app.get('/api/budgets', (_request, reply) => {
    const { ratios = {}, limits = null, measurements = [] } = view.budgets() ?? {};
    return reply.send({ ratios, limits, measurements });
  });

  app.get('/api/warnings', (request, reply) => {
    const asked = parseRequest(warningsParameters, request.query);
    if (!asked.ok) return sendError(reply, 'QUERY_INVALID', asked.reason);
    return reply.send({ warnings: view.warnings(asked.value.after ?? 0) });
  });

  app.post('/api/reload', async (request, reply) => {
    const asked = parseBody(reloadBody, request.body);
    if (!asked.ok) return sendError(reply, 'QUERY_INVALID', asked.reason);
    const result = await view.reload();
    if (result.outcome !== 'invalid') return reply.send(result);
    const { code, file, problems } = result;
    return reply.code(422).send({ code, reason: INVALID, file, problems });
  });

  app.get('/api/log-level', (_request, reply) => reply.send({ level: view.logLevel() }));

  app.put('/api/log-level', (request, reply) => {
    const asked = parseBody(levelBody, request.body);
    if (!asked.ok) return sendError(reply, 'QUERY_INVALID', asked.reason);
    view.setLogLevel(asked.value.level);
    return reply.send({ level: view.logLevel() });
  });
}
