import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ParkedDetail } from '../../src/http/gateway-view.js';
import { errorAnswer, HTTP_ERROR_CODES } from '../../src/http/http-answers.js';
import { createHttpApp } from '../../src/http/http-app.js';
import { isPageRoute } from '../../src/http/routes/page-routes.js';
import { ERROR_CODES, type ErrorCode, SluiceError } from '../../src/lib/errors.js';
import { FakeGatewayView, parkedDetail } from '../support/fake-gateway-view.js';
import { routesOf } from '../support/routes-of.js';
import { page, tableBelow } from './pages.js';

const doc = page('docs/http-api.md');
/** `GET /healthz` → the text below that heading. */
const sections = new Map(
  [...doc.text.matchAll(/^### `((?:GET|POST|PUT|DELETE) [^`]+)`\n([\s\S]*?)(?=^##)/gm)].map((match) => [
    match[1]!,
    match[2]!,
  ]),
);

const view = new FakeGatewayView();
let app: FastifyInstance;
beforeAll(async () => {
  app = createHttpApp({
    host: '127.0.0.1',
    view,
    clock: { nowNs: () => 5_000_000_000n, monotonicMs: () => 1 },
    pageFiles: { version: 'none', files: new Map() },
    mqttPort: 1883,
    changes: 'always',
    requestTimeoutMs: 10_000,
  });
  await app.ready();
});
afterAll(() => app.close());

describe('the routes of docs/http-api.md', () => {
  it('are all that the gateway has', () => {
    expect([...sections.keys()].sort()).toEqual(routesOf(app).sort());
  });

  it('have an example answer each, which is JSON where it is marked so', () => {
    for (const [route, text] of sections) {
      if (isFile(route)) continue;
      expect(text, route).toMatch(/^```/m);
      for (const example of jsonExamples(text)) expect(() => JSON.parse(example), route).not.toThrow();
    }
  });

  it.each([
    'GET /healthz',
    'GET /api/ledger',
    'GET /api/counters',
    'GET /api/measurements',
    'GET /api/first-steps',
    'GET /api/series',
    'GET /api/latest',
    'GET /api/needs-look',
    'GET /api/dead-letters',
    'GET /api/dead-letters/groups',
    'GET /api/warnings',
    'GET /api/log-level',
    'GET /api/incidents',
    'GET /api/history',
  ])('%s answers with the keys of its example', async (route) => {
    const [, path = ''] = route.split(' ');
    const { statusCode, body } = await app.inject({ url: `${path}${QUERIES[path] ?? ''}` });
    expect(statusCode, body).toBe(200);
    expect(Object.keys(JSON.parse(body) as object).sort()).toEqual(keysOf(route));
  });

  it('an opened parked record has the keys of its example, and those of a list fewer', async () => {
    const example = exampleOf('GET /api/dead-letters/:id') as unknown as ParkedDetail;
    view.deadLetters = [parkedDetail({ ...example })];
    const { body } = await app.inject({ url: `/api/dead-letters/${example.id}` });
    for (const key of keysOf('GET /api/dead-letters/:id'))
      expect(Object.keys(JSON.parse(body) as object)).toContain(key);
  });

  it('/api/state has the keys of /api/counters and of its own example', async () => {
    const { body } = await app.inject({ url: '/api/state' });
    const documented = new Set([...keysOf('GET /api/counters'), ...keysOf('GET /api/state')]);
    expect(Object.keys(JSON.parse(body) as object).sort()).toEqual([...documented].sort());
  });
});

it('the table of errors has every code that a request can get, with its status, and no other', () => {
  const statuses = new Map<string, number>(Object.entries(HTTP_ERROR_CODES));
  for (const code of Object.keys(ERROR_CODES) as ErrorCode[]) {
    const { status, body } = errorAnswer(new SluiceError(code, ''));
    statuses.set(body.code, status);
  }
  const rows = tableBelow(doc, '## Errors');
  expect(rows.map(([code]) => code!.replaceAll('`', '')).sort()).toEqual([...statuses.keys()].sort());
  for (const [code, status] of rows) {
    const [documented] = status!.split(', ');
    expect(Number(documented), code).toBe(statuses.get(code!.replaceAll('`', '')));
  }
});

const QUERIES: Readonly<Record<string, string>> = {
  '/api/series': '?measurement=home&field=temperature&from=1000&to=2000',
  '/api/latest': '?measurement=home&from=1000&silentBefore=2000',
};

function isFile(route: string): boolean {
  return isPageRoute(route.replace('GET ', ''));
}

function exampleOf(route: string): Record<string, unknown> {
  return JSON.parse(jsonExamples(sections.get(route) ?? '')[0] ?? '') as Record<string, unknown>;
}

function keysOf(route: string): string[] {
  return Object.keys(exampleOf(route)).sort();
}

function jsonExamples(text: string): string[] {
  return [...text.matchAll(/^```json\n([\s\S]*?)^```$/gm)].map(([, example]) => example!);
}
