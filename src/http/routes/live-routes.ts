import type { FastifyInstance } from 'fastify';
import { sendError } from '../http-answers.js';
import { LiveFeed, type LiveFeedOptions } from '../live-feed.js';
import { type LiveStateSource, liveState } from '../live-state.js';

/** The number of pages that may be open at once. Each of them holds a connection. */
export const MAX_STREAMS = 64;

const STREAM_HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  // nginx would hold the events back until its buffer is full.
  'x-accel-buffering': 'no',
} as const;

/** The state that the page shows: `/api/state` once, `/api/live` as server-sent events. */
export function addLiveRoutes(app: FastifyInstance, source: LiveStateSource, options: LiveFeedOptions): void {
  const feed = new LiveFeed(source, options);
  app.addHook('preClose', (done) => {
    feed.close();
    done();
  });

  app.get('/api/state', () => liveState(source));
  app.get('/api/live', (request, reply) => {
    reply.headers(STREAM_HEADERS);
    // A HEAD request has the same route but no body to stream.
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
