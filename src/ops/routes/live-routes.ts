import type { FastifyInstance } from 'fastify';
import { sendError } from '../http-answers.js';
import { LiveFeed } from '../live-feed.js';
import type { LiveStateSource } from '../live-state.js';

/** Pages open at once; each holds a connection for as long as it is looked at. */
const MAX_STREAMS = 64;

/** `/api/live`: what the page shows, as server-sent events. */
export function addLiveRoutes(app: FastifyInstance, source: LiveStateSource): void {
  const feed = new LiveFeed(source);
  app.addHook('preClose', (done) => {
    feed.close();
    done();
  });

  app.get('/api/live', (_request, reply) => {
    if (feed.streams >= MAX_STREAMS) {
      reply.header('retry-after', '5');
      return sendError(reply, 'TOO_MANY_STREAMS', `${MAX_STREAMS} pages are open already.`);
    }
    reply.header('content-type', 'text/event-stream; charset=utf-8');
    const headers = reply.getHeaders();
    reply.hijack();
    for (const [name, value] of Object.entries(headers))
      if (value !== undefined) reply.raw.setHeader(name, value);
    reply.raw.writeHead(200);
    feed.add(reply.raw);
    return reply;
  });
}
