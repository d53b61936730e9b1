import type { FastifyInstance, FastifyReply } from 'fastify';
import { RecentAnswers } from '../../lib/recent-answers.js';
import type { SeriesAnswer, SeriesQuery } from '../../reading/series-query.js';
import { latestAnswer, measurementsAnswer, needsLookAnswer, seriesAnswer } from '../answer-schemas.js';
import type { GatewayView } from '../gateway-view.js';
import { sendError } from '../http-answers.js';
import type { HttpRefusalCounts } from '../http-refusals.js';
import type { RouteDescription } from '../openapi.js';
import {
  latestParameters,
  parseLatestRequest,
  parseSeriesRequest,
  seriesParameters,
} from './store-requests.js';

/** The number of queries that the store answers at once: the page must not slow down the writer. */
export const MAX_STORE_QUERIES = 8;
/** Pages ask about as often as this, so many open pages cost the store as much as one. */
const ANSWER_LIFETIME_MS = 2_000;
const MAX_ANSWERS = 32;

/** The answer of `/api/series`. */
export interface SeriesResponse extends SeriesAnswer {
  /** Whether there are more groups than those in the answer. */
  readonly moreGroups: boolean;
}

const STORE_ERRORS = ['SINK_QUERY_UNSUPPORTED', 'SINK_QUERY_FAILED', 'TOO_MANY_QUERIES'] as const;
const DESCRIPTIONS = {
  measurements: {
    summary: 'The measurements in the store with their tags and fields, and what the rules state about them.',
    answer: measurementsAnswer,
    errors: STORE_ERRORS,
  },
  series: {
    summary: 'The values of a number field over time, by group.',
    query: seriesParameters,
    answer: seriesAnswer,
    errors: [...STORE_ERRORS, 'QUERY_NAMES_UNKNOWN'],
  },
  latest: {
    summary: 'A page of devices with their state and the newest value of each field.',
    query: latestParameters,
    answer: latestAnswer,
    errors: STORE_ERRORS,
  },
  needsLook: {
    summary: 'The devices that need a look: unreadable, outside of an expected range, or silent.',
    answer: needsLookAnswer,
    errors: STORE_ERRORS,
  },
} as const satisfies Record<string, RouteDescription>;

/** The contents of the store, for the charts and the table of devices. */
export function addStoreRoutes(app: FastifyInstance, view: GatewayView, refusals: HttpRefusalCounts): void {
  const queries = new StoreQueries();

  async function askStore(
    reply: FastifyReply,
    query: object,
    ask: () => Promise<object>,
  ): Promise<FastifyReply> {
    const answer = queries.ask(query, ask);
    if (answer !== undefined) return reply.send(await answer);
    refusals['too-many-queries'] += 1;
    reply.header('retry-after', '1');
    return sendError(
      reply,
      'TOO_MANY_QUERIES',
      `The store is answering ${MAX_STORE_QUERIES} queries already.`,
    );
  }

  app.get('/api/measurements', { config: { describes: DESCRIPTIONS.measurements } }, (_request, reply) =>
    askStore(reply, { kind: 'measurements' }, async () => ({ measurements: await view.measurements() })),
  );

  app.get('/api/series', { config: { describes: DESCRIPTIONS.series } }, async (request, reply) => {
    const query = parseSeriesRequest(request.query);
    if (!query.ok) return sendError(reply, 'QUERY_INVALID', query.reason);
    return askStore(reply, { kind: 'series', ...query.value }, () => seriesResponse(view, query.value));
  });

  app.get('/api/latest', { config: { describes: DESCRIPTIONS.latest } }, async (request, reply) => {
    const query = parseLatestRequest(request.query);
    if (!query.ok) return sendError(reply, 'QUERY_INVALID', query.reason);
    return askStore(reply, { kind: 'latest', ...query.value }, () => view.latest(query.value));
  });

  app.get('/api/needs-look', { config: { describes: DESCRIPTIONS.needsLook } }, (_request, reply) =>
    askStore(reply, { kind: 'needs-look' }, () => view.needsLook()),
  );
}

async function seriesResponse(view: GatewayView, query: SeriesQuery): Promise<SeriesResponse> {
  const answer = await view.series(query);
  return { ...answer, moreGroups: answer.found > query.offset + answer.groups.length };
}

/** Limits the queries to the store and shares their answers; all routes of this file ask through it. */
class StoreQueries {
  readonly #recent = new RecentAnswers<object>(ANSWER_LIFETIME_MS, MAX_ANSWERS);
  #open = 0;

  /**
   * Returns the answer of `ask`, or of an earlier call with the same query; undefined when the store is busy.
   *
   * @param query plain JSON; two calls with equal JSON share an answer
   */
  ask(query: object, ask: () => Promise<object>): Promise<object> | undefined {
    const key = JSON.stringify(query);
    if (!this.#recent.has(key) && this.#open >= MAX_STORE_QUERIES) return undefined;
    return this.#recent.get(key, () => this.#counted(ask));
  }

  async #counted(ask: () => Promise<object>): Promise<object> {
    this.#open += 1;
    try {
      return await ask();
    } finally {
      this.#open -= 1;
    }
  }
}
