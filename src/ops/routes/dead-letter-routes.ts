import type { FastifyInstance } from 'fastify';
import type { ParkedSelection } from '../../dead-letter/selection.js';
import type { SettlingStatus } from '../../dead-letter/settling-status.js';
import { boundedDetail } from '../dead-letter-detail.js';
import { parseDeadLettersRequest, parseSelection } from '../dead-letter-request.js';
import type { GatewayView } from '../gateway-view.js';
import { sendError } from '../http-answers.js';

const ID = /^\d{1,20}$/;

/** What is parked, and the two ways out of there. */
export function addDeadLetterRoutes(app: FastifyInstance, view: GatewayView): void {
  app.get('/api/dead-letters', async (request, reply) => {
    const asked = parseDeadLettersRequest(request.query);
    if (!asked.ok) return sendError(reply, 'QUERY_INVALID', asked.reason);
    const { limit, ...filter } = asked.value;
    return reply.send({ deadLetters: await view.parked(limit, filter) });
  });

  app.get<{ Params: { id: string } }>('/api/dead-letters/:id', async (request, reply) => {
    const { id } = request.params;
    const found = ID.test(id) ? await view.deadLetter(id) : undefined;
    if (found === undefined) return sendError(reply, 'NOT_FOUND', 'No parked record has this id.');
    return reply.send(boundedDetail(found));
  });

  const settle = (path: string, begin: (selection: ParkedSelection) => Promise<SettlingStatus>) =>
    app.post(path, async (request, reply) => {
      const selection = parseSelection(request.body);
      if (!selection.ok) return sendError(reply, 'QUERY_INVALID', selection.reason);
      return reply.code(202).send(await begin(selection.value));
    });
  settle('/api/dead-letters/replay', (selection) => view.replay(selection));
  settle('/api/dead-letters/purge', (selection) => view.purge(selection));
}
