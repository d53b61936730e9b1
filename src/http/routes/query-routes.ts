import { rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { SluiceError } from '../../lib/errors.js';
import { open } from '../../lib/files.js';
import type { QueryFormat, StoreQuery, StoreQueryAnswer } from '../../sink/store-query.js';
import type { GatewayView } from '../gateway-view.js';
import { sendError } from '../http-answers.js';
import type { HttpRefusalCounts } from '../http-refusals.js';
import type { RouteDescription } from '../openapi.js';
import type { Parsed } from '../request-parameters.js';
import { parseQueryBody, parseQueryRequest, queryBody, queryParameters } from './query-requests.js';

/** The answers that are sent at once: each is a file on the disk until it is read. */
export const MAX_ANSWERS_SENT = 4;
/** A client that has not read its answer by then is disconnected. */
const MAX_SEND_MS = 600_000;

const CONTENT_TYPES: Readonly<Partial<Record<QueryFormat, string>>> = {
  json: 'application/json; charset=utf-8',
  csv: 'text/csv; charset=utf-8; header=present',
  parquet: 'application/vnd.apache.parquet',
};

const SUMMARY = 'The rows of one SQL statement that only reads the embedded store, as JSON, CSV or Parquet.';
const ERRORS = [
  'QUERY_LIMIT_REACHED',
  'TOO_MANY_QUERIES',
  'SINK_QUERY_FAILED',
  'SINK_QUERY_UNSUPPORTED',
] as const;
const DESCRIPTIONS = {
  get: { summary: SUMMARY, query: queryParameters, errors: ERRORS },
  post: { summary: SUMMARY, body: queryBody, errors: [...ERRORS, 'CHANGE_REFUSED'] },
} as const satisfies Record<string, RouteDescription>;

/** SQL over the embedded store. The whole answer is in a file before the first byte is sent, so an error has its status. */
export function addQueryRoutes(app: FastifyInstance, view: GatewayView, refusals: HttpRefusalCounts): void {
  let sending = 0;

  async function answer(reply: FastifyReply, query: Parsed<StoreQuery>): Promise<FastifyReply> {
    if (!query.ok) return sendError(reply, 'QUERY_INVALID', query.reason);
    if (sending >= MAX_ANSWERS_SENT) {
      refusals['too-many-queries'] += 1;
      reply.header('retry-after', '1');
      return sendError(
        reply,
        'TOO_MANY_QUERIES',
        `${MAX_ANSWERS_SENT} answers of queries are being read already.`,
      );
    }
    sending += 1;
    reply.raw.once('close', () => {
      sending -= 1;
    });
    const found = await askedBy(reply, (signal) => view.query(query.value, signal));
    return sendAnswer(reply, query.value.format, found, refusals);
  }

  app.get('/api/query', { config: { describes: DESCRIPTIONS.get } }, (request, reply) =>
    answer(reply, parseQueryRequest(request.query)),
  );
  app.post('/api/query', { config: { describes: DESCRIPTIONS.post, needs: 'read' } }, (request, reply) =>
    answer(reply, parseQueryBody(request.body)),
  );
}

/** Runs the query, and ends it when the client is gone. */
async function askedBy(
  reply: FastifyReply,
  ask: (signal: AbortSignal) => Promise<StoreQueryAnswer>,
): Promise<StoreQueryAnswer> {
  const gone = new AbortController();
  const onClose = () => gone.abort();
  reply.raw.once('close', onClose);
  try {
    return await ask(gone.signal);
  } finally {
    reply.raw.off('close', onClose);
  }
}

async function sendAnswer(
  reply: FastifyReply,
  format: QueryFormat,
  answer: StoreQueryAnswer,
  refusals: HttpRefusalCounts,
): Promise<FastifyReply> {
  const { path, rows, isLimitReached } = answer;
  const file = await open(path).catch((cause: unknown) => {
    throw new SluiceError('SINK_QUERY_FAILED', 'The answer is gone: the store was closed. Try again.', {
      cause,
    });
  });
  // From here on the file has no name: it is gone with the last who reads it, also when this process is killed.
  await rm(path, { force: true });
  reply.raw.once('close', () => void file.close().catch(() => undefined)); // it may be closed already
  if (reply.raw.destroyed) await file.close();
  const [head, tail] = format === 'json' ? jsonAround(answer) : ['', ''];
  const body = Readable.from(parts(head, file.createReadStream(), tail));
  const deadline = setTimeout(() => {
    refusals['reads-too-slowly'] += 1;
    reply.raw.destroy();
  }, MAX_SEND_MS).unref();
  reply.raw.once('close', () => clearTimeout(deadline));
  return reply
    .header('content-type', CONTENT_TYPES[format])
    .header('sluice-rows', String(rows))
    .header('sluice-limit-reached', String(isLimitReached))
    .send(body);
}

function jsonAround({ columns, rows, isLimitReached }: StoreQueryAnswer): [head: string, tail: string] {
  const about = JSON.stringify({ columns, rowCount: rows, limitReached: isLimitReached });
  return [`${about.slice(0, -1)},"rows":`, '}\n'];
}

async function* parts(head: string, body: AsyncIterable<Buffer>, tail: string): AsyncGenerator<Buffer> {
  if (head !== '') yield Buffer.from(head);
  yield* body;
  if (tail !== '') yield Buffer.from(tail);
}
