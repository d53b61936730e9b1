import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { ArrivalsFeed, type ArrivalsFeedOptions } from '../arrivals-feed.js';
import { EventStreams, type EventStreamsOptions } from '../event-streams.js';
import type { GatewayView } from '../gateway-view.js';
import { sendError } from '../http-answers.js';
import type { RouteDescription } from '../openapi.js';
import { name, parseRequest, text } from '../request-parameters.js';

const MAX_SEARCH_CHARACTERS = 200;

const watchParameters = z.strictObject({
  find: text(MAX_SEARCH_CHARACTERS).min(1, 'must not be empty').optional(),
});
const lastParameters = z
  .strictObject({ device: name.optional(), topic: name.optional() })
  .refine(({ device, topic }) => (device === undefined) !== (topic === undefined), {
    message: 'give either device or topic',
  });

const DESCRIPTIONS = {
  watch: {
    summary: 'What arrives, as server-sent events: one message a second, or with find all that match.',
    query: watchParameters,
    contentType: 'text/event-stream',
    errors: ['TOO_MANY_STREAMS'],
  },
  last: {
    summary: 'The last message of a device or topic that was seen while somebody watched.',
    query: lastParameters,
    errors: ['NOT_FOUND'],
  },
} as const satisfies Record<string, RouteDescription>;

const NOT_SEEN =
  'No message of it was seen while a page watched what arrives. Open /api/arrivals with find, and wait for its next one.';

/** What arrives: `/api/arrivals` as server-sent events, `/api/arrivals/last` the last message of a device. */
export function addArrivalsRoutes(
  app: FastifyInstance,
  { arrivals }: Pick<GatewayView, 'arrivals'>,
  options: ArrivalsFeedOptions & EventStreamsOptions,
): void {
  const streams = new EventStreams(options);
  const feed = new ArrivalsFeed(arrivals, options);
  app.addHook('preClose', (done) => {
    feed.close();
    done();
  });

  app.get('/api/arrivals', { config: { describes: DESCRIPTIONS.watch } }, (request, reply) => {
    const asked = parseRequest(watchParameters, request.query);
    if (!asked.ok) return sendError(reply, 'QUERY_INVALID', asked.reason);
    const search = asked.value.find?.toLowerCase();
    if (!arrivals.hasRoomFor(search)) {
      streams.refuse(reply, 'Too many different searches run already.');
      return reply;
    }
    const stream = streams.open(request, reply);
    if (stream !== undefined) feed.add(stream, search);
    return reply;
  });

  app.get('/api/arrivals/last', { config: { describes: DESCRIPTIONS.last } }, (request, reply) => {
    const asked = parseRequest(lastParameters, request.query);
    if (!asked.ok) return sendError(reply, 'QUERY_INVALID', asked.reason);
    const { device, topic } = asked.value;
    const last = arrivals.last(device === undefined ? { topic: topic ?? '' } : { device });
    return last === undefined ? sendError(reply, 'NOT_FOUND', NOT_SEEN) : reply.send(last);
  });
}
