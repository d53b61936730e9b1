import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { ReplayStatus } from '../../replay/replay-status.js';
import { type ParkedSelection, readSelection } from '../../replay/selection.js';
import { parkedGroupsAnswer } from '../answer-schemas.js';
import type { GatewayView, ParkedDetailPage } from '../gateway-view.js';
import { HTTP_ERROR_CODES, sendError } from '../http-answers.js';
import type { HttpRefusalCounts } from '../http-refusals.js';
import type { RouteDescription } from '../openapi.js';
import { name, numberFrom, type Parsed, parseRequest, text } from '../request-parameters.js';
import { boundedDetail } from './bounded-detail.js';

const ID = /^\d{1,20}$/;
const NOT_FOUND: ParkedDetailPage = {};
const DEFAULT_DEAD_LETTERS = 50;
const MAX_DEAD_LETTERS = 500;

/** A cursor names a place in each folder of the dead letter. */
const cursor = text(4_096).min(1, 'must not be empty');

const detailParameters = z.strictObject({ after: cursor.optional() });

const listParameters = z.strictObject({
  after: cursor.optional(),
  limit: numberFrom(1, MAX_DEAD_LETTERS).optional(),
  code: name.optional(),
  topic: name.optional(),
  rule: name.optional(),
  user: name.optional(),
});

/** As `readSelection` takes it. */
const selectionBody = z.strictObject({
  ids: z.array(z.string()).optional(),
  code: z.string().optional(),
  topic: z.string().optional(),
  rule: z.string().optional(),
  user: z.string().optional(),
  parkedBeforeMs: z.number().optional(),
  all: z.literal(true).optional(),
});
const DESCRIPTIONS = {
  list: {
    summary: 'A page of parked records, newest first.',
    query: listParameters,
    errors: ['DEAD_LETTER_SCANNING', 'DEAD_LETTER_FAILED'],
  },
  groups: {
    summary: 'All parked records by code and rule, and what a replay would make of them.',
    answer: parkedGroupsAnswer,
    errors: ['DEAD_LETTER_FAILED'],
  },
  one: {
    summary: 'One parked record with its payload, and what the present rules make of it.',
    query: detailParameters,
    errors: ['NOT_FOUND', 'SEARCH_INCOMPLETE', 'DEAD_LETTER_SCANNING'],
  },
  replay: {
    summary: 'Starts a replay of parked records.',
    body: selectionBody,
    status: 202,
    errors: ['CHANGE_REFUSED', 'DEAD_LETTER_BUSY', 'REPLAY_UNSUPPORTED'],
  },
  purge: {
    summary: 'Starts a purge of parked records.',
    body: selectionBody,
    status: 202,
    errors: ['CHANGE_REFUSED', 'DEAD_LETTER_BUSY'],
  },
} as const satisfies Record<string, RouteDescription>;

export interface DeadLettersRequest extends Omit<ParkedSelection, 'ids' | 'all'> {
  readonly limit: number;
  /** Where the list before ended. */
  readonly after?: string;
}

/** The list of parked records, one record in full, and replay and purge. */
export function addDeadLetterRoutes(
  app: FastifyInstance,
  view: GatewayView,
  refusals: HttpRefusalCounts,
): void {
  app.get('/api/dead-letters', { config: { describes: DESCRIPTIONS.list } }, async (request, reply) => {
    const asked = parseDeadLettersRequest(request.query);
    if (!asked.ok) return sendError(reply, 'QUERY_INVALID', asked.reason);
    const { limit, after, ...filter } = asked.value;
    return reply.send(await view.parked(limit, filter, after));
  });

  app.get(
    '/api/dead-letters/groups',
    { config: { describes: DESCRIPTIONS.groups } },
    async (_request, reply) => reply.send(await view.parkedGroups()),
  );

  app.get<{ Params: { id: string } }>(
    '/api/dead-letters/:id',
    { config: { describes: DESCRIPTIONS.one } },
    async (request, reply) => {
      const { id } = request.params;
      const asked = parseRequest(detailParameters, request.query);
      if (!asked.ok) return sendError(reply, 'QUERY_INVALID', asked.reason);
      const { detail, next } = ID.test(id) ? await view.deadLetter(id, asked.value.after) : NOT_FOUND;
      if (detail !== undefined) return reply.send(boundedDetail(detail));
      if (next === undefined) return sendError(reply, 'NOT_FOUND', 'No parked record has this id.');
      refusals['search-incomplete'] += 1;
      const reason = 'It was not found within the limits of one search; ask again with after set to next.';
      return reply
        .code(HTTP_ERROR_CODES.SEARCH_INCOMPLETE)
        .send({ code: 'SEARCH_INCOMPLETE', reason, incomplete: true, next });
    },
  );

  const addChange = (
    changes: 'replay' | 'purge',
    describes: RouteDescription,
    begin: (selection: ParkedSelection) => Promise<ReplayStatus>,
  ) =>
    app.post(`/api/dead-letters/${changes}`, { config: { describes, changes } }, async (request, reply) => {
      const selection = parseSelection(request.body);
      if (!selection.ok) return sendError(reply, 'QUERY_INVALID', selection.reason);
      return reply.code(202).send(await begin(selection.value));
    });
  addChange('replay', DESCRIPTIONS.replay, (selection) => view.replay(selection));
  addChange('purge', DESCRIPTIONS.purge, (selection) => view.purge(selection));
}

/** Takes `limit?` up to 500, `after?`, `code?`, `topic?`, `rule?` and `user?`. */
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
