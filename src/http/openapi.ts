import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { HTTP_ERROR_CODES, type HttpErrorCode, STATUS_OF_STAGE_CODE } from './http-answers.js';
import type { HttpAccess } from './sign-in/http-access.js';
import { SESSION_COOKIE } from './sign-in/request-credential.js';
import { needOf, type RouteNeed } from './sign-in/route-need.js';

/** What a route says of itself for `/openapi.json`. */
export interface RouteDescription {
  readonly summary: string;
  /** The parameters in the address, as the route parses them. */
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  /** Status of the usual answer; 200 by default. */
  readonly status?: number;
  /** Content type of the usual answer; JSON by default. */
  readonly contentType?: string;
  /** The usual answer, where programs rely on its form. */
  readonly answer?: z.ZodType;
  /** The errors that a caller has to expect beside those of every route. */
  readonly errors?: readonly (HttpErrorCode | keyof typeof STATUS_OF_STAGE_CODE)[];
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A route without it is not part of the API. */
    readonly describes?: RouteDescription;
  }
}

interface Route {
  readonly method: string;
  readonly path: string;
  readonly describes: RouteDescription;
  readonly needs: RouteNeed;
}

/** How a caller shows who it is, where there are users. */
const SECURITY_SCHEMES = {
  bearer: { type: 'http', scheme: 'bearer', description: 'A token of `sluice users add`, or a JWT.' },
  basic: { type: 'http', scheme: 'basic', description: 'A user with its token or password.' },
  session: { type: 'apiKey', in: 'cookie', name: SESSION_COOKIE, description: 'Of /api/sign-in.' },
};
const ANY_SCHEME = Object.keys(SECURITY_SCHEMES).map((scheme) => ({ [scheme]: [] }));

const JSON_TYPE = 'application/json';
const ERROR = z.object({
  code: z.string().describe('One of the codes in docs/http-api.md.'),
  reason: z.string().describe('A sentence for a person.'),
});

/** Serves `/openapi.json`: the routes that are added after the call, as they describe themselves. */
export function addOpenApiRoute(
  app: FastifyInstance,
  version: string,
  httpAccess: Pick<HttpAccess, 'read'> | undefined,
): void {
  const routes: Route[] = [];
  app.addHook('onRoute', ({ url, method, config = {} }) => {
    const { describes } = config;
    if (describes === undefined) return;
    // Each GET is answered as HEAD, too, which is the same operation.
    const methods = [method].flat().filter((one) => one !== 'HEAD');
    for (const one of methods) {
      routes.push({ method: one, path: url, describes, needs: needOf({ method: one, config }) });
    }
  });
  let document: object | undefined;
  const describes = { summary: 'This description.' };
  app.get('/openapi.json', { config: { describes } }, (_request, reply) => {
    document ??= openApiDocument(routes, version, httpAccess?.read);
    return reply.send(document);
  });
}

function openApiDocument(
  routes: readonly Route[],
  version: string,
  read: HttpAccess['read'] | undefined,
): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const { method, path, describes, needs } of routes) {
    const known = paths[templated(path)] ?? {};
    paths[templated(path)] = known;
    known[method.toLowerCase()] = {
      ...operation(path, describes),
      ...(read !== undefined && { security: securityOf(needs, read) }),
    };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Sluice',
      version,
      description: 'The HTTP interface of a gateway. docs/http-api.md explains each route with an example.',
    },
    paths,
    components: {
      schemas: { Error: schemaOf(ERROR) },
      ...(read !== undefined && { securitySchemes: SECURITY_SCHEMES }),
    },
  };
}

function securityOf(needs: RouteNeed, read: HttpAccess['read']): object[] {
  if (needs === 'change' || (needs === 'read' && read === 'token')) return ANY_SCHEME;
  // The empty object of OpenAPI: also without any.
  return needs === 'nothing' ? [] : [{}, ...ANY_SCHEME];
}

/** `/dead-letters/:id` becomes `/dead-letters/{id}`. */
function templated(path: string): string {
  return path.replace(/:(\w+)/g, '{$1}');
}

function operation(path: string, describes: RouteDescription): object {
  const { summary, query, body, status = 200, contentType = JSON_TYPE, answer, errors = [] } = describes;
  const inPath = [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const all = [...errors, ...(query === undefined && body === undefined ? [] : (['QUERY_INVALID'] as const))];
  return {
    summary,
    parameters: [...inPath, ...(query === undefined ? [] : parametersOf(query))],
    ...(body !== undefined && {
      requestBody: { required: true, content: { [JSON_TYPE]: { schema: schemaOf(body) } } },
    }),
    responses: {
      [status]: {
        description: summary,
        content: { [contentType]: { schema: answer === undefined ? {} : schemaOf(answer) } },
      },
      ...errorResponses(all),
      default: errorResponse('An error of every route: see docs/http-api.md.'),
    },
  };
}

function errorResponses(codes: readonly (HttpErrorCode | keyof typeof STATUS_OF_STAGE_CODE)[]): object {
  const byStatus = new Map<number, string[]>();
  for (const code of codes) {
    const status = { ...STATUS_OF_STAGE_CODE, ...HTTP_ERROR_CODES }[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, known]) => [status, errorResponse(known.join(', '))]),
  );
}

function errorResponse(description: string): object {
  return { description, content: { [JSON_TYPE]: { schema: { $ref: '#/components/schemas/Error' } } } };
}

/** The members of an object of parameters. */
function parametersOf(query: z.ZodType): object[] {
  const { properties = {}, required = [] } = schemaOf(query) as {
    properties?: Record<string, { description?: string }>;
    required?: readonly string[];
  };
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    ...(description !== undefined && { description }),
    schema,
  }));
}

/** What a caller sends, before it is parsed. */
function schemaOf(schema: z.ZodType): object {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return rest;
}
