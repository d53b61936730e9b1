import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { ReplayStatus } from '../../replay/replay-status.js';
import { type ParkedSelection, readSelection } from '../../replay/selection.js';
import type { GatewayView } from '../gateway-view.js';
import { sendError } from '../http-answers.js';
import { name, numberFrom, type Parsed, parseRequest } from '../request-parameters.js';
import { boundedDetail } from './bounded-detail.js';

const ID = /^\d{1,20}$/;
const DEFAULT_DEAD_LETTERS = 50;
const MAX_DEAD_LETTERS = 500;

const listParameters = z.strictObject({
  limit: numberFrom(1, MAX_DEAD_LETTERS).optional(),
  code: name.optional(),
  topic: name.optional(),
  rule: name.optional(),
});

export interface DeadLettersRequest extends Omit<ParkedSelection, 'ids' | 'all'> {
  readonly limit: number;
}

/** The list of parked records, one record in full, and replay and purge. */
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

  const addChange = (path: string, begin: (selection: ParkedSelection) => Promise<ReplayStatus>) =>
    app.post(path, async (request, reply) => {
      const selection = parseSelection(request.body);
      if (!selection.ok) return sendError(reply, 'QUERY_INVALID', selection.reason);
      return reply.code(202).send(await begin(selection.value));
    });
  addChange('/api/dead-letters/replay', (selection) => view.replay(selection));
  addChange('/api/dead-letters/purge', (selection) => view.purge(selection));
}

/** Takes `limit?` up to 500, `code?`, `topic?` and `rule?`. */
export function parseDeadLettersRequest(parameters: unknown): Parsed<DeadLettersRequest> {
  const parsed = parseRequest(listParameters, parameters);
  if (!parsed.ok) return parsed;
  const { limit = DEFAULT_DEAD_LETTERS, ...filter } = parsed.value;
  return { ok: true, value: { limit, ...filter } };
}

/** Parses the body of a replay or purge. */
export function parseSelection(body: unknown): Parsed<ParkedSelection> {
  const selection = readSelection(body);
  return typeof selection === 'string'
    ? { ok: false, reason: `${selection}.` }
    : { ok: true, value: selection };
}
