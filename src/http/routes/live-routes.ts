import type { FastifyInstance } from 'fastify';
import { senderOf } from '../../lib/remote-address.js';
import { sendError } from '../http-answers.js';
import { LiveFeed, type LiveFeedOptions } from '../live-feed.js';
import { type LiveStateSource, liveState } from '../live-state.js';

/** The number of pages that may be open at once. Each of them holds a connection. */
export const MAX_STREAMS = 64;

/** The number of pages that one address may have open: one client must not keep the others from the page. */
export const MAX_STREAMS_PER_ADDRESS = 8;

const STREAM_HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  // nginx would hold the events back until its buffer is full.
  'x-accel-buffering': 'no',
} as const;

const STATE = { summary: 'Everything that the page shows of the gateway, once.' };
const LIVE = {
  summary: 'The same as server-sent events, once a second.',
  contentType: 'text/event-stream',
  errors: ['TOO_MANY_STREAMS'],
} as const;

export interface LiveRoutesOptions extends LiveFeedOptions {
  /** 8 by default. */
  readonly maxStreamsPerAddress?: number;
}

/** The state that the page shows: `/api/state` once, `/api/live` as server-sent events. */
export function addLiveRoutes(
  app: FastifyInstance,
  source: LiveStateSource,
  options: LiveRoutesOptions,
): void {
  const maxOfAddress = options.maxStreamsPerAddress ?? MAX_STREAMS_PER_ADDRESS;
  const streamsOf = new Map<string, number>();
  const feed = new LiveFeed(source, options);
  app.addHook('preClose', (done) => {
    feed.close();
    done();
  });

  app.get('/api/state', { config: { describes: STATE } }, () => liveState(source, false));
  app.get('/api/live', { config: { describes: LIVE } }, (request, reply) => {
    reply.headers(STREAM_HEADERS);
    // A HEAD request has the same route but no body to stream.
    if (request.method === 'HEAD') return reply.send();
    const address = senderOf(request.raw.socket.remoteAddress ?? '');
    const ofAddress = streamsOf.get(address) ?? 0;
    if (feed.streams >= MAX_STREAMS || ofAddress >= maxOfAddress) {
      options.refusals['too-many-streams'] += 1;
      reply.header('retry-after', '5').header('content-type', 'application/json; charset=utf-8');
      const open =
        ofAddress >= maxOfAddress ? `${maxOfAddress} pages of this address` : `${MAX_STREAMS} pages`;
      return sendError(reply, 'TOO_MANY_STREAMS', `${open} are open already.`);
    }
    streamsOf.set(address, ofAddress + 1);
    reply.raw.once('close', () => {
      const left = (streamsOf.get(address) ?? 1) - 1;
      if (left === 0) streamsOf.delete(address);
      else streamsOf.set(address, left);
    });
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
