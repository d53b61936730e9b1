import type { FastifyInstance } from 'fastify';
import { EventStreams, type EventStreamsOptions } from '../event-streams.js';
import { LiveFeed, type LiveFeedOptions } from '../live-feed.js';
import { type LiveStateSource, liveState } from '../live-state.js';

const STATE = { summary: 'Everything that the page shows of the gateway, once.' };
const LIVE = {
  summary: 'The same as server-sent events, once a second.',
  contentType: 'text/event-stream',
  errors: ['TOO_MANY_STREAMS'],
} as const;

export interface LiveRoutesOptions extends LiveFeedOptions, EventStreamsOptions {}

/** The state that the page shows: `/api/state` once, `/api/live` as server-sent events. */
export function addLiveRoutes(
  app: FastifyInstance,
  source: LiveStateSource,
  options: LiveRoutesOptions,
): void {
  const streams = new EventStreams(options);
  const feed = new LiveFeed(source, options);
  app.addHook('preClose', (done) => {
    feed.close();
    done();
  });

  app.get('/api/state', { config: { describes: STATE } }, () => liveState(source, false));
  app.get('/api/live', { config: { describes: LIVE } }, (request, reply) => {
    const stream = streams.open(request, reply);
    const lastId = request.headers['last-event-id'];
    if (stream !== undefined) feed.add(stream, typeof lastId === 'string' ? lastId : undefined);
    return reply;
  });
}
