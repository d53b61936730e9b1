import type { FastifyInstance, FastifyReply } from 'fastify';
import type { GatewayView } from '../gateway-view.js';
import { sendError } from '../http-answers.js';
import { parseLatestRequest } from '../latest-request.js';
import { MAX_SERIES_GROUPS, parseSeriesRequest } from '../series-request.js';
import { MAX_STORE_QUESTIONS, StoreQuestions } from '../store-questions.js';

/** What is in the store, for the charts and the table of devices. */
export function addStoreRoutes(app: FastifyInstance, view: GatewayView): void {
  const questions = new StoreQuestions();

  async function askStore(
    reply: FastifyReply,
    question: object,
    ask: () => Promise<object>,
  ): Promise<FastifyReply> {
    const answer = questions.ask(question, ask);
    if (answer !== undefined) return reply.send(await answer);
    reply.header('retry-after', '1');
    return sendError(
      reply,
      'TOO_MANY_QUERIES',
      `The store is answering ${MAX_STORE_QUESTIONS} queries already.`,
    );
  }

  app.get('/api/measurements', (_request, reply) =>
    askStore(reply, { kind: 'measurements' }, async () => ({ measurements: await view.measurements() })),
  );

  app.get('/api/series', async (request, reply) => {
    const query = parseSeriesRequest(request.query);
    if (!query.ok) return sendError(reply, 'QUERY_INVALID', query.reason);
    return askStore(reply, { kind: 'series', ...query.value }, async () => {
      const { timesMs, groups } = await view.series(query.value);
      return {
        bucketMs: query.value.bucketMs,
        timesMs,
        groups: groups.slice(0, MAX_SERIES_GROUPS),
        moreGroups: groups.length > MAX_SERIES_GROUPS,
      };
    });
  });

  app.get('/api/latest', async (request, reply) => {
    const query = parseLatestRequest(request.query);
    if (!query.ok) return sendError(reply, 'QUERY_INVALID', query.reason);
    return askStore(reply, { kind: 'latest', ...query.value }, () => view.latest(query.value));
  });
}
