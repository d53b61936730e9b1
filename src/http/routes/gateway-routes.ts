import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { firstStepsAnswer, ledgerAnswer } from '../answer-schemas.js';
import { LOG_LEVELS } from '../gateway-view.js';
import { sendError } from '../http-answers.js';
import { countersAnswer, type LiveStateSource } from '../live-state.js';
import type { RouteDescription } from '../openapi.js';
import { parseBody, parseRequest, wholeNumber } from '../request-parameters.js';

const warningsParameters = z.strictObject({ after: wholeNumber.optional() });
const levelBody = z.strictObject({ level: z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}`) });

const reloadBody = z.strictObject({});

const DESCRIPTIONS = {
  ledger: {
    summary: 'What became of every record since the data directory was made.',
    answer: ledgerAnswer,
  },
  counters: { summary: 'The counters of every stage since the process started.' },
  firstSteps: {
    summary: 'Where to send a first message, and one that the rules take.',
    answer: firstStepsAnswer,
  },
  budgets: { summary: 'How many series and fields there are, and how many are allowed.' },
  warnings: { summary: 'The last warnings of the log.', query: warningsParameters },
  reload: {
    summary: 'Reads the configuration again and replaces the rules.',
    body: reloadBody,
    errors: ['CHANGE_REFUSED', 'CONFIG_INVALID', 'CONFIG_UNREADABLE', 'RELOAD_BUSY', 'RELOAD_FAILED'],
  },
  level: { summary: 'The log level.' },
  setLevel: {
    summary: 'Sets the log level until the next start.',
    body: levelBody,
    errors: ['CHANGE_REFUSED'],
  },
} as const satisfies Record<string, RouteDescription>;
const INVALID = 'The new configuration is not valid; the gateway goes on with the old one.';

/** The ledger, first steps, the counters behind the rates, the newest warnings, the log level, and reloads. */
export function addGatewayRoutes(app: FastifyInstance, source: LiveStateSource): void {
  const { view } = source;
  app.get('/api/ledger', { config: { describes: DESCRIPTIONS.ledger } }, (_request, reply) =>
    reply.send(view.ledger()),
  );

  app.get('/api/counters', { config: { describes: DESCRIPTIONS.counters } }, (_request, reply) =>
    reply.send(countersAnswer(source)),
  );

  app.get('/api/first-steps', { config: { describes: DESCRIPTIONS.firstSteps } }, (_request, reply) =>
    reply.send(view.firstSteps()),
  );

  app.get('/api/budgets', { config: { describes: DESCRIPTIONS.budgets } }, (_request, reply) => {
    const { ratios = {}, limits = null, measurements = [] } = view.budgets() ?? {};
    return reply.send({ ratios, limits, measurements });
  });

  app.get('/api/warnings', { config: { describes: DESCRIPTIONS.warnings } }, (request, reply) => {
    const asked = parseRequest(warningsParameters, request.query);
    if (!asked.ok) return sendError(reply, 'QUERY_INVALID', asked.reason);
    return reply.send({ warnings: view.warnings(asked.value.after ?? 0) });
  });

  app.post(
    '/api/reload',
    { config: { describes: DESCRIPTIONS.reload, changes: 'reload' } },
    async (request, reply) => {
      const asked = parseBody(reloadBody, request.body);
      if (!asked.ok) return sendError(reply, 'QUERY_INVALID', asked.reason);
      const result = await view.reload();
      if (result.outcome !== 'invalid') return reply.send(result);
      const { code, file, problems, access } = result;
      return reply.code(422).send({ code, reason: INVALID, file, problems, access });
    },
  );

  app.get('/api/log-level', { config: { describes: DESCRIPTIONS.level } }, (_request, reply) =>
    reply.send({ level: view.logLevel() }),
  );

  app.put(
    '/api/log-level',
    { config: { describes: DESCRIPTIONS.setLevel, changes: 'log-level' } },
    (request, reply) => {
      const asked = parseBody(levelBody, request.body);
      if (!asked.ok) return sendError(reply, 'QUERY_INVALID', asked.reason);
      view.setLogLevel(asked.value.level);
      return reply.send({ level: view.logLevel() });
    },
  );
}
