import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { EPOCHS, type Epoch, errorJson, type InfluxqlRequest } from '../../influxql/answer.js';
import { errorText, SluiceError } from '../../lib/errors.js';
import type { GatewayView } from '../gateway-view.js';
import { errorAnswer, HTTP_ERROR_CODES } from '../http-answers.js';
import type { HttpRefusalCounts } from '../http-refusals.js';

/** Queries of dashboards that are open at once; they are answered one after the other. A dashboard has some dozens of panels. */
export const MAX_OPEN_INFLUXQL = 64;
/** Bytes of answers that their readers have not taken yet, all connections. One alone may be larger. */
export const MAX_UNSENT_BYTES = 64 * 1024 * 1024;
/** What SHOW DATABASES says to a client that names no database. Every name is accepted. */
const DEFAULT_DATABASE = 'telemetry';

export const QUERY_PATH = '/query';
const FORM = 'application/x-www-form-urlencoded';

/** Of the address, and of a form. They are documentation: others are ignored, as in InfluxDB. */
const parameters = z.object({
  q: z.string().describe('One or several statements of InfluxQL.'),
  db: z.string().optional().describe('Any name: the gateway has one database.'),
  epoch: z.string().optional().describe('ns, u, ms, s, m or h; RFC 3339 without it.'),
  pretty: z.string().optional(),
  params: z.string().optional().describe('A JSON object with the values of $name in q.'),
});
const PING = { summary: 'Whether the gateway answers InfluxQL, for clients of InfluxDB 1.', status: 204 };
const QUERY = {
  summary: 'InfluxQL over the embedded store, in the form of InfluxDB 1.',
  errors: [
    'SINK_QUERY_UNSUPPORTED',
    'SINK_QUERY_FAILED',
    'TOO_MANY_QUERIES',
    'CROSS_SITE_REFUSED',
    'CHANGE_REFUSED',
  ],
} as const;

/** The query interface of InfluxDB 1 over the embedded store, for Grafana and other clients. It only reads. */
export function addInfluxqlRoutes(
  app: FastifyInstance,
  view: GatewayView,
  refusals: HttpRefusalCounts,
): void {
  let open = 0;
  let unsentBytes = 0;
  app.addContentTypeParser(FORM, { parseAs: 'string' }, (_request, body, done) => done(null, body));

  app.get('/ping', { config: { describes: PING } }, (_request, reply) =>
    reply.headers(versionHeaders(view)).code(204).send(),
  );

  const refuse = (reply: FastifyReply, reason: string, pretty: boolean): FastifyReply => {
    refusals['too-many-queries'] += 1;
    reply.header('retry-after', '1');
    return sendJson(reply, HTTP_ERROR_CODES.TOO_MANY_QUERIES, errorJson(reason, pretty));
  };

  const answer = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    reply.headers(versionHeaders(view));
    const asked = parseInfluxqlRequest(request.query, request.body);
    if ('problem' in asked) return sendJson(reply, 400, errorJson(asked.problem, false));
    if (open >= MAX_OPEN_INFLUXQL) {
      return refuse(reply, `${MAX_OPEN_INFLUXQL} queries are being answered already`, asked.pretty);
    }
    open += 1;
    try {
      const { status, json } = await view.influxql(asked);
      const bytes = Buffer.from(json);
      if (unsentBytes > 0 && unsentBytes + bytes.length > MAX_UNSENT_BYTES) {
        return refuse(reply, 'earlier answers have not been read yet', asked.pretty);
      }
      unsentBytes += bytes.length;
      reply.raw.once('close', () => {
        unsentBytes -= bytes.length;
      });
      return sendJson(reply, status, bytes);
    } catch (thrown) {
      if (!(thrown instanceof SluiceError)) throw thrown;
      const { status, body } = errorAnswer(thrown);
      return sendJson(reply, status, errorJson(body.reason, asked.pretty));
    } finally {
      open -= 1;
    }
  };
  app.get(QUERY_PATH, { config: { describes: { ...QUERY, query: parameters } } }, answer);
  app.post(QUERY_PATH, { config: { describes: { ...QUERY, body: parameters }, needs: 'read' } }, answer);
}

/** The version says which interface this is, and honestly who answers. */
function versionHeaders({ version }: GatewayView) {
  return { 'x-influxdb-version': `1.8.0-sluice.${version}`, 'x-influxdb-build': 'Sluice' };
}

function sendJson(reply: FastifyReply, status: number, json: string | Buffer): FastifyReply {
  return reply.code(status).header('content-type', 'application/json').send(json);
}

/** Takes `q`, `db`, `epoch`, `pretty` and `params` of the address and of a form, which goes first. Others are ignored, as in InfluxDB. */
export function parseInfluxqlRequest(
  query: unknown,
  body: unknown,
): InfluxqlRequest | { readonly problem: string } {
  const form = new URLSearchParams(typeof body === 'string' ? body : '');
  const inAddress = (query ?? {}) as Readonly<Record<string, unknown>>;
  const parameter = (name: string): string | undefined => {
    const value = form.get(name) ?? [inAddress[name]].flat()[0];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const q = parameter('q');
  if (q === undefined) return { problem: 'missing required parameter "q"' };
  const epoch = parameter('epoch');
  if (epoch !== undefined && !isEpoch(epoch)) {
    return { problem: `epoch must be one of ${Object.keys(EPOCHS).join(', ')}` };
  }
  const parameters = parseParameters(parameter('params') ?? '{}');
  if (typeof parameters === 'string') return { problem: parameters };
  return {
    query: q,
    ...(epoch === undefined ? {} : { epoch }),
    pretty: parameter('pretty') === 'true',
    parameters,
    database: parameter('db') ?? DEFAULT_DATABASE,
  };
}

function isEpoch(text: string): text is Epoch {
  return Object.hasOwn(EPOCHS, text);
}

/** Returns what is wrong with them as a text. */
function parseParameters(json: string): InfluxqlRequest['parameters'] | string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch (thrown) {
    return `error parsing query parameters: ${errorText(thrown)}`;
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    return 'error parsing query parameters: a JSON object is expected';
  }
  const found = new Map<string, string | bigint | number | boolean>();
  for (const [name, value] of Object.entries(parsed)) {
    if (typeof value === 'number') found.set(name, Number.isSafeInteger(value) ? BigInt(value) : value);
    else if (typeof value === 'string' || typeof value === 'boolean') found.set(name, value);
    else return `error parsing query parameters: ${name} must be a text, a number or a boolean`;
  }
  return found;
}
