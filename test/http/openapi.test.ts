import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { z } from 'zod';
import {
  latestAnswer,
  ledgerAnswer,
  measurementsAnswer,
  parkedGroupsAnswer,
  seriesAnswer,
} from '../../src/http/answer-schemas.js';
import { createHttpApp } from '../../src/http/http-app.js';
import { isPageRoute } from '../../src/http/routes/page-routes.js';
import { FakeAccess } from '../support/fake-access.js';
import { FakeGatewayView, parkedDetail } from '../support/fake-gateway-view.js';
import { routesOf } from '../support/routes-of.js';

interface Operation {
  readonly summary: string;
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly required: boolean }[];
  readonly requestBody?: object;
  readonly responses: Readonly<Record<string, object>>;
}

const view = new FakeGatewayView();
let app: FastifyInstance;
let document: {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Record<string, Operation>>>;
};

const OPTIONS = {
  view,
  clock: { nowNs: () => 5_000_000_000n, monotonicMs: () => 1 },
  pageFiles: { version: 'none', files: new Map() },
  mqttPort: 1883,
  changes: 'always' as const,
  requestTimeoutMs: 10_000,
};

beforeAll(async () => {
  view.stored = [{ name: 'm', tags: ['device'], fields: [{ name: 'f', type: 'float' }] }];
  view.deadLetters = [parkedDetail({ id: '1' }), parkedDetail({ id: '2', rule: 'r' })];
  app = createHttpApp({
    host: '127.0.0.1',
    ...OPTIONS,
  });
  await app.ready();
  document = (await app.inject({ url: '/openapi.json' })).json();
});
afterAll(() => app.close());

it('has every route of the gateway but the files of the page', () => {
  const described = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`),
  );
  const routes = routesOf(app).filter((route) => !isPageRoute(route.replace('GET ', '')));
  expect(routes.length).toBeGreaterThan(15);
  expect(described.sort()).toEqual(routes.sort());
  expect(document.openapi).toBe('3.1.0');
});

it('names the parameters that a route takes, and which of them it needs', () => {
  const { parameters } = document.paths['/api/series']!.get!;
  const names = parameters.map(({ name }) => name);
  expect(names).toEqual(
    expect.arrayContaining(['measurement', 'field', 'fn', 'by', 'from', 'to', 'resolution', 'top', 'only']),
  );
  expect(parameters.filter(({ required }) => required).map(({ name }) => name)).toEqual([
    'measurement',
    'field',
    'from',
  ]);
  const [id] = document.paths['/api/dead-letters/{id}']!.get!.parameters;
  expect(id).toMatchObject({ name: 'id', in: 'path', required: true });
});

it('refuses each parameter that it does not name', async () => {
  for (const [path, { get }] of Object.entries(document.paths)) {
    // InfluxDB ignores parameters that it does not know, and so does what answers in its place.
    if (path === '/query') continue;
    if (get === undefined || get.parameters.every((parameter) => parameter.in === 'path')) continue;
    const answer = await app.inject({ url: `${path.replace('{id}', '1')}?no-such=1` });
    expect([path, answer.statusCode]).toEqual([path, 400]);
    expect(Object.keys(get.responses)).toContain('400');
  }
});

it('has a body for each change, and says what refuses it', () => {
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const method of ['post', 'put']) {
      const operation = operations[method];
      if (operation === undefined) continue;
      expect(operation.requestBody, path).toBeDefined();
      expect(Object.keys(operation.responses), path).toContain('403');
    }
  }
});

it.each<[string, z.ZodObject]>([
  ['/api/ledger', ledgerAnswer],
  ['/api/measurements', measurementsAnswer],
  ['/api/series?measurement=m&field=f&from=1000&to=2000&by=device', seriesAnswer],
  ['/api/latest?measurement=m&from=1000&silentBefore=2000', latestAnswer],
  ['/api/dead-letters/groups', parkedGroupsAnswer],
])('%s is answered in the form that it describes', async (url, schema) => {
  const { statusCode, body } = await app.inject({ url });
  expect(statusCode, body).toBe(200);
  const answer = JSON.parse(body) as object;
  expect(schema.safeParse(answer).error?.issues ?? []).toEqual([]);
  for (const key of Object.keys(answer)) expect(Object.keys(schema.shape)).toContain(key);
});

it('with users, says which routes need one', async () => {
  const secured = createHttpApp({
    host: '0.0.0.0',
    ...OPTIONS,
    access: new FakeAccess(),
  });
  const { paths, components } = (
    await secured.inject({ url: '/openapi.json', headers: { authorization: 'Bearer reader-token' } })
  ).json();
  await secured.close();
  expect(Object.keys(components.securitySchemes)).toEqual(['bearer', 'basic', 'session']);
  const any = [{ bearer: [] }, { basic: [] }, { session: [] }];
  expect(paths['/api/ledger'].get.security).toEqual(any);
  expect(paths['/api/reload'].post.security).toEqual(any);
  expect(paths['/readyz'].get.security).toEqual([{}, ...any]);
  expect(paths['/api/sign-in'].post.security).toEqual([]);
  expect(document).not.toHaveProperty('components.securitySchemes');
});
