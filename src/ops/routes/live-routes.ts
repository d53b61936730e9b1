import type { FastifyInstance } from 'fastify';
import { sendError } from '../http-answers.js';
import type { HttpLogger } from '../http-logger.js';
import { LiveFeed } from '../live-feed.js';
import { type LiveStateSource, liveState } from '../live-state.js';

/** Pages open at once; each holds a connection for as long as it is looked at. */
export const MAX_STREAMS = 64;

/** What the page shows: `/api/state` once, `/api/live` as server-sent events. */
export function addLiveRoutes(app: FastifyInstance, source: LiveStateSource, logger?: HttpLogger): void {
  const feed = new LiveFeed(source, logger);
  app.addHook('preClose', (done) => {
    feed.close();
    done();
  });

  app.get('/api/state', () => liveState(source));
  app.get('/api/live', (request, reply) => {
    reply.headers(STREAM_HEADERS);
    // Answered by the same route; without a body there is nothing to stream.
    if (request.method === 'HEAD') return reply.send();
    if (feed.streams >= MAX_STREAMS) {
      reply.header('retry-after', '5').header('content-type', 'application/json; charset=utf-8');
      return sendError(reply, 'TOO_MANY_STREAMS', `${MAX_STREAMS} pages are open already.`);
    }
    const headers = reply.getHeaders();
    reply.hijack();
    for (const [name, value] of Object.entries(headers))
      if (value !== undefined) reply.raw.setHeader(name, value);
    reply.raw.writeHead(200);
    const lastId = request.headers['last-event-id'];
    feed.add(reply.raw, typeof lastId === 'string' ? lastId : undefined);
    return reply;
  });
}

const STREAM_HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  // nginx would hold the events back until its buffer is full.
  'x-accel-buffering': 'no',
} as const;
