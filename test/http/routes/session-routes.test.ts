import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createHttpApp } from '../../../src/http/http-app.js';
import { createHttpRefusalCounts } from '../../../src/http/http-refusals.js';
import { SESSION_IDLE_MS } from '../../../src/http/sign-in/sign-in-sessions.js';
import type { AuditEntry } from '../../../src/lib/audit.js';
import { FakeAccess } from '../../support/fake-access.js';
import { FakeGatewayView } from '../../support/fake-gateway-view.js';

const ORIGIN = { host: 'gateway:8080', origin: 'http://gateway:8080', 'sec-fetch-site': 'same-origin' };

let access: FakeAccess;
let app: FastifyInstance;
let audited: AuditEntry[];
let clockMs: number;
const refusals = createHttpRefusalCounts();

beforeEach(() => {
  access = new FakeAccess();
  audited = [];
  clockMs = 1_000;
  app = makeApp(access);
});
afterEach(() => app.close());

function makeApp(given: FakeAccess | undefined, host = '0.0.0.0'): FastifyInstance {
  return createHttpApp({
    host,
    view: new FakeGatewayView(),
    clock: { nowNs: () => BigInt(clockMs) * 1_000_000n, monotonicMs: () => clockMs },
    pageFiles: { version: 'none', files: new Map() },
    mqttPort: 1883,
    changes: 'loopback',
    requestTimeoutMs: 10_000,
    access: given,
    refusals,
    logger: { error: () => undefined, audit: (entry) => audited.push(entry) },
  });
}

const signIn = (user: string, password: string, headers: Record<string, string> = {}) =>
  app.inject({
    method: 'POST',
    url: '/api/sign-in',
    headers: { ...ORIGIN, ...headers },
    payload: { user, password },
  });
const cookieOf = (answer: Awaited<ReturnType<typeof signIn>>) =>
  String(answer.headers['set-cookie']).split(';')[0]!;
const get = (url: string, cookie?: string) =>
  app.inject({ url, headers: { ...ORIGIN, ...(cookie !== undefined && { cookie }) } });
const reload = (cookie: string) =>
  app.inject({ method: 'POST', url: '/api/reload', headers: { ...ORIGIN, cookie }, payload: {} });

describe('POST /api/sign-in', () => {
  it('sets a cookie with which the API answers, and by which it knows the user', async () => {
    const answer = await signIn('owner', 'owner-token');
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toMatchObject({ user: 'owner', role: 'change', method: 'token', hasUsers: true });
    expect(answer.body).not.toContain(cookieOf(answer).split('=')[1]);
    expect(answer.headers['set-cookie']).toMatch(/; HttpOnly; SameSite=Strict$/);
    expect((await get('/api/ledger', cookieOf(answer))).statusCode).toBe(200);
    expect((await reload(cookieOf(answer))).statusCode).toBe(200);
    expect((await get('/api/session', cookieOf(answer))).json()).toEqual(answer.json());
  });

  it('marks the cookie as secure behind a proxy that ends TLS', async () => {
    const answer = await signIn('owner', 'owner-token', { origin: 'https://gateway', host: 'gateway' });
    expect(answer.headers['set-cookie']).toMatch(/; Secure$/);
  });

  it('lets a reader read and not change', async () => {
    const cookie = cookieOf(await signIn('reader', 'reader-token'));
    expect((await get('/metrics', cookie)).statusCode).toBe(200);
    const answer = await reload(cookie);
    expect([answer.statusCode, answer.json().code]).toEqual([403, 'ROLE_NEEDED']);
  });

  it('gives no session to a user without a role', async () => {
    const answer = await signIn('nobody', 'nobody-token');
    expect([answer.statusCode, answer.json().code]).toEqual([403, 'ROLE_NEEDED']);
    expect(answer.headers['set-cookie']).toBeUndefined();
  });

  it.each([
    ['a wrong password', 'owner', 'wrong'],
    ['an unknown user', 'unknown', 'owner-token'],
    ['the secret of another user', 'owner', 'reader-token'],
  ])('answers %s in one way', async (_what, user, password) => {
    const answer = await signIn(user, password);
    expect([answer.statusCode, answer.json()]).toEqual([
      401,
      { code: 'SIGN_IN_REFUSED', reason: 'The user name, the password or the token is not right.' },
    ]);
    expect(answer.headers['set-cookie']).toBeUndefined();
  });

  it.each([
    ['too-many-attempts', 429, 'TOO_MANY_SIGN_INS', '7'],
    ['sign-in-busy', 503, 'SIGN_IN_BUSY', '1'],
    ['credential-expired', 401, 'SIGN_IN_REFUSED', undefined],
    ['user-disabled', 401, 'SIGN_IN_REFUSED', undefined],
  ] as const)('%s is %i', async (reason, status, code, retryAfter) => {
    access.refuses = { reason, retryAfterMs: 6_001 };
    const answer = await signIn('owner', 'owner-token');
    expect([answer.statusCode, answer.json().code]).toEqual([status, code]);
    expect(answer.headers['retry-after']).toBe(retryAfter);
  });

  it.each([
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['another origin', { origin: 'http://evil.example' }],
    ['another site', { 'sec-fetch-site': 'cross-site' }],
  ])(
    'is refused before the credential is looked at when it comes by %s (login CSRF)',
    async (_how, headers) => {
      const answer = await app.inject({
        method: 'POST',
        url: '/api/sign-in',
        headers: { ...ORIGIN, 'content-type': 'application/json', ...headers },
        payload: JSON.stringify({ user: 'owner', password: 'owner-token' }),
      });
      expect([answer.statusCode, answer.json().code]).toEqual([403, 'CHANGE_REFUSED']);
      expect(access.attempts).toEqual([]);
    },
  );

  it('after a hundred wrong attempts nothing is kept, and the right one still works', async () => {
    for (let nth = 0; nth < 100; nth += 1)
      expect((await signIn('owner', `wrong ${nth}`)).statusCode).toBe(401);
    expect(access.attempts).toHaveLength(100);
    expect((await signIn('owner', 'owner-token')).statusCode).toBe(200);
    // The logger writes one of them in 30 s.
    expect(audited.filter(({ outcome }) => outcome === 'refused')).toHaveLength(100);
    expect(JSON.stringify(audited)).not.toMatch(/wrong \d|owner-token/);
  });

  it('does not exist without users', async () => {
    await app.close();
    app = makeApp(undefined, '127.0.0.1');
    expect((await signIn('owner', 'owner-token')).statusCode).toBe(404);
    expect((await get('/api/session')).json()).toEqual({
      user: null,
      role: 'change',
      method: 'anonymous',
      expiresAtMs: null,
      hasUsers: false,
    });
  });
});

describe('a session', () => {
  const refused = async (cookie: string) => {
    const answer = await get('/api/ledger', cookie);
    expect([answer.statusCode, answer.json().code]).toEqual([401, 'SIGN_IN_NEEDED']);
  };

  it('ends with POST /api/sign-out, also for a copy of the cookie', async () => {
    const cookie = cookieOf(await signIn('owner', 'owner-token'));
    const answer = await app.inject({
      method: 'POST',
      url: '/api/sign-out',
      headers: { ...ORIGIN, cookie },
      payload: {},
    });
    expect(answer.json()).toMatchObject({ user: null, role: 'none' });
    expect(answer.headers['set-cookie']).toMatch(/^sluice-session=; Path=\/; Max-Age=0/);
    await refused(cookie);
  });

  it('ends when it was not used for long', async () => {
    const cookie = cookieOf(await signIn('owner', 'owner-token'));
    clockMs += SESSION_IDLE_MS;
    await refused(cookie);
  });

  it.each([
    ['has another secret', (users: FakeAccess['users']) => (users.get('owner')!.secret = 'rotated')],
    ['is gone', (users: FakeAccess['users']) => users.delete('owner')],
    ['has no role any more', (users: FakeAccess['users']) => (users.get('owner')!.role = 'none')],
  ])('ends for good when the user %s (a stolen cookie)', async (_what, change) => {
    const cookie = cookieOf(await signIn('owner', 'owner-token'));
    const before = { ...access.users.get('owner')! };
    change(access.users);
    await refused(cookie);
    access.users.set('owner', before);
    await refused(cookie);
  });

  it('is replaced when somebody else signs in with the same browser', async () => {
    const before = cookieOf(await signIn('owner', 'owner-token'));
    const after = cookieOf(await signIn('reader', 'reader-token', { cookie: before }));
    await refused(before);
    expect((await get('/api/session', after)).json()).toMatchObject({ user: 'reader', role: 'read' });
  });

  it('does not help a wrong token', async () => {
    const cookie = cookieOf(await signIn('owner', 'owner-token'));
    const answer = await app.inject({
      url: '/api/ledger',
      headers: { ...ORIGIN, cookie, authorization: 'Bearer wrong' },
    });
    expect(answer.json().code).toBe('SIGN_IN_REFUSED');
  });

  it('does not let another web site change anything', async () => {
    const cookie = cookieOf(await signIn('owner', 'owner-token'));
    const answer = await app.inject({
      method: 'POST',
      url: '/api/reload',
      headers: { ...ORIGIN, cookie, origin: 'http://evil.example' },
      payload: {},
    });
    expect(answer.json().code).toBe('CHANGE_REFUSED');
  });
});

it('GET /api/session says what one may do without a sign-in', async () => {
  expect((await get('/api/session')).json()).toMatchObject({ user: null, role: 'none', hasUsers: true });
  await app.close();
  app = makeApp(access, '127.0.0.1');
  expect((await get('/api/session')).json()).toMatchObject({ user: null, role: 'read', hasUsers: true });
});

describe('the audit', () => {
  it('has a line for a wrong credential on any route', async () => {
    const authorization = `Basic ${Buffer.from('ann:guess').toString('base64')}`;
    await app.inject({ url: '/api/ledger', headers: { ...ORIGIN, authorization } });
    expect(audited).toEqual([
      {
        change: 'sign-in',
        user: 'ann',
        method: 'anonymous',
        remoteAddress: '127.0.0.1',
        outcome: 'refused',
        reason: 'SIGN_IN_REFUSED',
      },
    ]);
  });

  it('has a line for sign-in, each change, and sign-out', async () => {
    const cookie = cookieOf(await signIn('owner', 'owner-token'));
    await reload(cookie);
    await app.inject({
      method: 'POST',
      url: '/api/dead-letters/purge',
      headers: { ...ORIGIN, cookie },
      payload: { code: 'x' },
    });
    await app.inject({
      method: 'PUT',
      url: '/api/log-level',
      headers: { ...ORIGIN, cookie },
      payload: { level: 'loud' },
    });
    await app.inject({
      method: 'POST',
      url: '/api/sign-out',
      headers: { ...ORIGIN, cookie },
      payload: {},
    });
    const who = { user: 'owner', method: 'token', remoteAddress: '127.0.0.1' };
    expect(audited).toMatchObject([
      { ...who, change: 'sign-in', outcome: 'done' },
      { ...who, change: 'reload', outcome: 'done' },
      { ...who, change: 'purge', outcome: 'done', parameters: { code: 'x' } },
      { ...who, change: 'log-level', outcome: 'refused', reason: '400', parameters: { level: 'loud' } },
      { ...who, change: 'sign-out', outcome: 'done' },
    ]);
  });

  it('has a line for what is refused', async () => {
    await app.inject({ method: 'POST', url: '/api/reload', headers: ORIGIN, payload: {} });
    expect(audited).toMatchObject([
      { change: 'reload', method: 'anonymous', outcome: 'refused', reason: '401' },
    ]);
  });
});
