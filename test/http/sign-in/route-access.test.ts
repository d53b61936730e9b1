import type { FastifyInstance, HTTPMethods } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { createHttpApp } from '../../../src/http/http-app.js';
import { isPageRoute } from '../../../src/http/routes/page-routes.js';
import { FakeAccess } from '../../support/fake-access.js';
import { FakeGatewayView } from '../../support/fake-gateway-view.js';
import { routesOf } from '../../support/routes-of.js';

/** All that is answered to everybody. A route that is not here needs `read`, and one that is no GET needs `change`. */
const PUBLIC = new Set([
  'GET /healthz',
  'GET /readyz',
  'GET /api/session',
  'POST /api/sign-in',
  'POST /api/sign-out',
]);
const READS_BY_POST = new Set(['POST /api/query', 'POST /query']);
const STREAMS = new Set(['GET /api/live', 'GET /api/arrivals']);

const CALLERS = {
  'nobody in particular': {},
  'a wrong token': { authorization: 'Bearer wrong' },
  'a header of another kind': { authorization: 'Digest username="owner"' },
  'a user without a role': { authorization: 'Bearer nobody-token' },
  'a reader': { authorization: 'Bearer reader-token' },
  'a reader by Basic': { authorization: `Basic ${Buffer.from('reader:reader-token').toString('base64')}` },
  'one who may change': { authorization: 'Bearer owner-token' },
  'an unknown cookie': { cookie: `sluice-session=${'A'.repeat(43)}` },
} as const;
type Caller = keyof typeof CALLERS;

const apps: FastifyInstance[] = [];
afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
});

function appOn(host: string, read?: 'open' | 'token', access: FakeAccess | null = new FakeAccess()) {
  const app = createHttpApp({
    host,
    view: new FakeGatewayView(),
    clock: { nowNs: () => 5_000_000_000n, monotonicMs: () => 1 },
    pageFiles: { version: 'none', files: new Map() },
    mqttPort: 1883,
    changes: 'loopback',
    requestTimeoutMs: 10_000,
    access: access ?? undefined,
    read,
  });
  apps.push(app);
  return app;
}

function needOf(route: string): 'nothing' | 'read' | 'change' {
  if (PUBLIC.has(route) || isPageRoute(route.replace('GET ', ''))) return 'nothing';
  return route.startsWith('GET ') || READS_BY_POST.has(route) ? 'read' : 'change';
}

/** 401 and 403 of the guard; undefined: the route itself answers. */
function refusalOf(need: ReturnType<typeof needOf>, caller: Caller, isReadOpen: boolean): string | undefined {
  if (need === 'nothing' || (need === 'read' && isReadOpen)) return undefined;
  switch (caller) {
    case 'nobody in particular':
    case 'an unknown cookie':
      return '401 SIGN_IN_NEEDED';
    case 'a wrong token':
    case 'a header of another kind':
      return '401 SIGN_IN_REFUSED';
    case 'a user without a role':
      return '403 ROLE_NEEDED';
    case 'a reader':
    case 'a reader by Basic':
      return need === 'read' ? undefined : '403 ROLE_NEEDED';
    case 'one who may change':
      return undefined;
  }
}

const GUARDS = ['401 SIGN_IN_NEEDED', '401 SIGN_IN_REFUSED', '403 ROLE_NEEDED', '403 CHANGE_REFUSED'];

describe.each([
  ['127.0.0.1', undefined, true],
  ['127.0.0.1', 'token', false],
  ['0.0.0.0', undefined, false],
  ['0.0.0.0', 'open', true],
] as const)('every route on %s with http.read %s [access 10] [access 6]', (host, read, isReadOpen) => {
  it.each(Object.keys(CALLERS) as Caller[])('answers or refuses %s', async (caller) => {
    const app = appOn(host, read);
    await app.ready();
    const routes = routesOf(app);
    expect(routes.length).toBeGreaterThan(25);
    for (const route of routes) {
      // A stream has no end; the guard is the same, and another test opens them.
      const refusal = refusalOf(needOf(route), caller, isReadOpen);
      if (STREAMS.has(route) && refusal === undefined) continue;
      const [method, path] = route.split(' ') as [HTTPMethods, string];
      const { statusCode, body, headers } = await app.inject({
        method,
        url: path.replace(/:\w+/g, '1'),
        headers: {
          ...CALLERS[caller],
          'content-type': route === 'POST /query' ? 'application/x-www-form-urlencoded' : 'application/json',
        },
        payload: method === 'GET' ? undefined : route === 'POST /query' ? 'q=SHOW+DATABASES' : '{}',
      });
      const { code } = body.startsWith('{') ? (JSON.parse(body) as { code?: string }) : {};
      const answer = `${statusCode} ${code}`;
      if (refusal === undefined && route !== 'GET /api/session' && route !== 'POST /api/sign-in') {
        expect(GUARDS, route).not.toContain(answer);
      }
      if (refusal !== undefined) {
        expect(`${route}: ${answer}`).toBe(`${route}: ${refusal}`);
        expect(body, route).not.toMatch(/token-|hash of/);
        expect(headers['www-authenticate'], route).toBe(
          statusCode === 401 ? 'Bearer realm="sluice"' : undefined,
        );
      }
    }
  });

  it('answers HEAD as GET', async () => {
    const { statusCode } = await appOn(host, read).inject({ method: 'HEAD', url: '/api/ledger' });
    expect(statusCode).toBe(isReadOpen ? 200 : 401);
  });
});

describe('without users', () => {
  it.each([
    ['127.0.0.1', true],
    ['0.0.0.0', false],
  ])('every route on %s is guarded by http.changes alone', async (host, mayChange) => {
    const app = appOn(host, 'token', null);
    await app.ready();
    for (const route of routesOf(app)) {
      if (STREAMS.has(route) || route === 'POST /query') continue;
      const [method, path] = route.split(' ') as [HTTPMethods, string];
      const headers = method === 'GET' ? {} : { 'content-type': 'application/json' };
      const payload = method === 'GET' ? undefined : '{}';
      const { statusCode, body } = await app.inject({
        method,
        url: path.replace(/:\w+/g, '1'),
        headers,
        payload,
      });
      const isRefused = needOf(route) === 'change' && !mayChange;
      if (isRefused) expect(`${statusCode} ${JSON.parse(body).code}`, route).toBe('403 CHANGE_REFUSED');
      else expect([401, 403], route).not.toContain(statusCode);
    }
  });
});

describe('health', () => {
  it('is answered without a token, and details only to those who may read', async () => {
    const app = appOn('0.0.0.0');
    expect((await app.inject({ url: '/healthz' })).json()).toEqual({ status: 'ok' });
    expect((await app.inject({ url: '/readyz' })).json()).toEqual({ ready: true });
    for (const authorization of ['Bearer wrong', 'Bearer nobody-token']) {
      const answer = await app.inject({ url: '/readyz', headers: { authorization } });
      expect([answer.statusCode, answer.json()]).toEqual([200, { ready: true }]);
    }
    const detailed = await app.inject({ url: '/readyz', headers: CALLERS['a reader'] });
    expect(detailed.json()).toMatchObject({
      ready: true,
      problems: [],
      backlog: expect.anything() as object,
    });
  });

  it('is answered while no credential is looked at any more', async () => {
    const access = new FakeAccess();
    access.refuses = { reason: 'too-many-attempts', retryAfterMs: 4_500 };
    const app = appOn('0.0.0.0', undefined, access);
    for (const url of ['/healthz', '/readyz']) {
      const answer = await app.inject({ url, headers: CALLERS['a reader'] });
      expect(answer.statusCode).toBe(200);
    }
    const { statusCode, headers, body } = await app.inject({ url: '/metrics', headers: CALLERS['a reader'] });
    expect([statusCode, headers['retry-after'], JSON.parse(body).code]).toEqual([
      429,
      '5',
      'TOO_MANY_SIGN_INS',
    ]);
  });
});

it('what is refused names the role that is needed, and the setting that gives it', async () => {
  const { body } = await appOn('0.0.0.0').inject({
    method: 'POST',
    url: '/api/reload',
    headers: { ...CALLERS['a reader'], 'content-type': 'application/json' },
    payload: '{}',
  });
  expect(JSON.parse(body).reason).toMatch(/"reader".*http: change.*broker\.access/);
});

it('with users, http.changes: never still switches changes off for everybody', async () => {
  const access = new FakeAccess();
  const app = createHttpApp({
    host: '127.0.0.1',
    view: new FakeGatewayView(),
    clock: { nowNs: () => 0n, monotonicMs: () => 0 },
    pageFiles: { version: 'none', files: new Map() },
    mqttPort: null,
    changes: 'never',
    requestTimeoutMs: 10_000,
    access,
  });
  apps.push(app);
  const { body } = await app.inject({
    method: 'POST',
    url: '/api/reload',
    headers: { ...CALLERS['one who may change'], 'content-type': 'application/json' },
    payload: '{}',
  });
  expect(JSON.parse(body).code).toBe('CHANGE_REFUSED');
  expect(access.attempts).toEqual([]);
});

it('a reload of the rules takes effect with the next request', async () => {
  const access = new FakeAccess();
  const app = appOn('0.0.0.0', undefined, access);
  const ask = () => app.inject({ url: '/api/ledger', headers: CALLERS['a reader'] });
  expect((await ask()).statusCode).toBe(200);
  access.users.get('reader')!.role = 'none';
  expect((await ask()).statusCode).toBe(403);
});

it('a user name from a token cannot forge a line of the answer', async () => {
  const access = new FakeAccess();
  access.users.set('a\n\u001b[31m', { secret: 'odd', role: 'none' });
  const { body } = await appOn('0.0.0.0', undefined, access).inject({
    url: '/api/ledger',
    headers: { authorization: 'Bearer odd' },
  });
  expect(JSON.parse(body).reason).not.toMatch(/\p{Cc}/u);
});
