import type { FastifyInstance, FastifyReply } from 'fastify';
import type { GatewayView } from '../gateway-view.js';
import { sendError } from '../http-answers.js';
import { latestPage } from '../latest-page.js';
import { MAX_SERIES_GROUPS, parseLatestRequest, parseSeriesRequest } from '../series-request.js';

/** Questions the store may be working on at once: charts must not take it from the writer. */
const MAX_STORE_QUERIES = 8;

/** What is in the store, for the charts. */
export function addStoreRoutes(app: FastifyInstance, view: GatewayView): void {
  let openQueries = 0;

  async function askStore(reply: FastifyReply, ask: () => Promise<object>): Promise<FastifyReply> {
    if (openQueries >= MAX_STORE_QUERIES) {
      reply.header('retry-after', '1');
      return sendError(
        reply,
        'TOO_MANY_QUERIES',
        `The store is answering ${MAX_STORE_QUERIES} queries already.`,
      );
    }
    openQueries += 1;
    try {
      return reply.send(await ask());
    } finally {
      openQueries -= 1;
    }
  }

  app.get('/api/measurements', (_request, reply) =>
    askStore(reply, async () => ({ measurements: await view.measurements() })),
  );

  app.get('/api/series', async (request, reply) => {
    const query = parseSeriesRequest(request.query);
    if (!query.ok) return sendError(reply, 'QUERY_INVALID', query.reason);
    return askStore(reply, async () => {
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
    const asked = parseLatestRequest(request.query);
    if (!asked.ok) return sendError(reply, 'QUERY_INVALID', asked.reason);
    return askStore(reply, async () => latestPage(await view.latest(asked.value.query), asked.value));
  });
}
