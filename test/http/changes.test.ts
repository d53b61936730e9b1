import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WhereChanges } from '../../src/http/guards.js';
import { createHttpApp } from '../../src/http/http-app.js';
import { SluiceError } from '../../src/lib/errors.js';
import { FakeGatewayView, parkedDetail } from '../support/fake-gateway-view.js';

const CHANGES = [
  ['POST', '/api/dead-letters/replay', { all: true }],
  ['POST', '/api/dead-letters/purge', { ids: ['1'] }],
  ['PUT', '/api/log-level', { level: 'debug' }],
  ['POST', '/api/reload', {}],
] as const;

let view: FakeGatewayView;
const apps: FastifyInstance[] = [];

function makeApp(options: { host?: string; changes?: WhereChanges } = {}): FastifyInstance {
  const app = createHttpApp({
    host: '127.0.0.1',
    view,
    clock: { nowNs: () => 0n, monotonicMs: () => 0 },
    pageFiles: { version: 'none', files: new Map() },
    mqttPort: null,
    changes: 'loopback',
    requestTimeoutMs: 10_000,
    ...options,
  });
  apps.push(app);
  return app;
}

/** Nothing was begun and nothing set. */
function expectUnchanged(): void {
  expect(view.replaysAsked).toEqual([]);
  expect(view.level).toBe('info');
  expect(view.reloadsAsked).toBe(0);
}

beforeEach(() => {
  view = new FakeGatewayView();
});
afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
});

describe('where changes are answered', () => {
  it.each([
    ['loopback', '127.0.0.1', true],
    ['loopback', '::1', true],
    ['loopback', 'localhost', true],
    ['loopback', '0.0.0.0', false],
    ['loopback', '10.0.0.7', false],
    ['always', '0.0.0.0', true],
    ['always', '127.0.0.1', true],
    ['never', '127.0.0.1', false],
    ['never', '0.0.0.0', false],
  ] as const)('with http.changes %s on %s: %s', async (changes, host, isAnswered) => {
    const app = makeApp({ changes, host });
    for (const [method, url, payload] of CHANGES) {
      const answer = await app.inject({ method, url, payload });
      if (isAnswered) {
        expect([200, 202]).toContain(answer.statusCode);
      } else {
        expect([answer.statusCode, answer.json().code]).toEqual([403, 'CHANGE_REFUSED']);
        expect(answer.json().reason).toContain('http.changes');
      }
    }
    if (!isAnswered) expectUnchanged();
  });

  it.each([true, false])('the live state has mayChange: %s', async (mayChange) => {
    const app = makeApp({ changes: mayChange ? 'loopback' : 'never' });
    const url = await app.listen({ host: '127.0.0.1', port: 0 });
    const answer = await fetch(`${url}/api/live`);
    const reader = answer.body!.getReader();
    const text = await untilFound(reader, /"mayChange":(true|false)/);
    expect(text).toContain(`"mayChange":${mayChange}`);
    await reader.cancel();
  });
});

async function untilFound(reader: ReadableStreamDefaultReader<Uint8Array>, sought: RegExp): Promise<string> {
  let text = '';
  while (!sought.test(text)) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`the stream ended without ${sought}: ${text}`);
    text += Buffer.from(value).toString();
  }
  return text;
}

describe('who may not change anything', () => {
  const HOST = { host: 'localhost:80' };
  it.each([
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 403],
    ['plain text', { 'content-type': 'text/plain' }, 403],
    ['another site', { 'sec-fetch-site': 'cross-site' }, 403],
    ['another origin', { origin: 'http://evil.example' }, 403],
    ['a name pointed at 127.0.0.1', { host: 'evil.example', origin: 'http://evil.example' }, 421],
  ])('%s, before its body is read', async (_who, headers, status) => {
    const app = makeApp();
    for (const [method, url, payload] of CHANGES) {
      const answer = await app.inject({
        method,
        url,
        headers: { ...HOST, 'content-type': 'application/json', ...headers },
        payload: JSON.stringify(payload),
      });
      expect([answer.statusCode, answer.headers.connection]).toEqual([
        status,
        status === 403 ? 'close' : answer.headers.connection,
      ]);
    }
    expectUnchanged();
  });

  it('beyond this machine, with changes everywhere, a name that a site has pointed here [drill N2]', async () => {
    const app = makeApp({ host: '0.0.0.0', changes: 'always' });
    for (const [method, url, payload] of CHANGES) {
      const headers = { host: 'evil.example:8080', origin: 'http://evil.example:8080' };
      const answer = await app.inject({ method, url, headers, payload });
      expect([answer.statusCode, answer.json().code]).toEqual([421, 'HOST_REFUSED']);
    }
    expectUnchanged();
  });

  it('OPTIONS: no answer grants another site anything', async () => {
    const app = makeApp({ changes: 'always', host: '0.0.0.0' });
    for (const [method, url] of CHANGES) {
      const answer = await app.inject({
        method: 'OPTIONS',
        url,
        headers: {
          origin: 'http://evil.example',
          'access-control-request-method': method,
          'access-control-request-headers': 'content-type',
        },
      });
      expect(answer.statusCode).toBe(405);
      expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    }
  });
});

describe('methods', () => {
  it.each([
    ['DELETE', '/api/log-level', 'GET, HEAD, PUT'],
    ['PUT', '/api/dead-letters/replay?x=1', 'POST'],
    ['POST', '/api/ledger', 'GET, HEAD'],
    ['POST', '/api/dead-letters/7', 'GET, HEAD'],
    ['POST', '/nowhere', 'GET, HEAD'],
  ] as const)('%s %s is 405 and says what is answered: %s', async (method, url, allow) => {
    const answer = await makeApp().inject({ method, url, payload: {} });
    expect([answer.statusCode, answer.headers.allow]).toEqual([405, allow]);
    expect(answer.json()).toEqual({
      code: 'METHOD_NOT_ALLOWED',
      reason: `Only ${allow} is answered here.`,
    });
  });
});

describe('bodies', () => {
  const json = { 'content-type': 'application/json' };
  it.each([
    ['{', 400, 'The body is not valid JSON.'],
    ['', 400, 'The body is empty; a JSON object was expected.'],
    ['{"__proto__":{"all":true}}', 400, 'The body is not valid JSON.'],
    ['{"all":true,"constructor":{"prototype":{"x":1}}}', 400, 'The body is not valid JSON.'],
    [`{"code":"${'x'.repeat(600 << 10)}"}`, 413, 'The body is larger than 512 KiB.'],
  ])('%.40s is refused with a reason', async (payload, status, reason) => {
    const app = makeApp();
    for (const [method, url] of CHANGES) {
      const answer = await app.inject({ method, url, headers: json, payload });
      expect([answer.statusCode, answer.json()]).toEqual([status, { code: 'REQUEST_MALFORMED', reason }]);
    }
    expectUnchanged();
    expect(({} as Record<string, unknown>).all).toBeUndefined();
  });

  it('ten thousand ids of the longest kind fit', async () => {
    const ids = Array.from({ length: 10_000 }, (_, nth) => String(nth).padStart(20, '1'));
    const answer = await makeApp().inject({
      method: 'POST',
      url: '/api/dead-letters/purge',
      payload: { ids },
    });
    expect(answer.statusCode).toBe(202);
    expect(view.replaysAsked).toEqual([{ kind: 'purge', selection: { ids } }]);
  });
});

describe('dead letters', () => {
  beforeEach(() => {
    view.deadLetters = [
      parkedDetail({ id: '2', code: 'payload-not-json', topic: 'a/b' }),
      parkedDetail({
        id: '1',
        code: 'store-refused',
        topic: 'a/c',
        rule: 'climate',
        payload: 'x'.repeat(1e5),
      }),
    ];
  });

  it.each([
    ['code=store-refused', ['1']],
    ['topic=a/b', ['2']],
    ['rule=climate', ['1']],
    ['rule=climate&code=payload-not-json', []],
    ['', ['2', '1']],
  ])('are listed by %s', async (query, ids) => {
    const answer = await makeApp().inject({ url: `/api/dead-letters?${query}` });
    expect(answer.json().deadLetters.map(({ id }: { id: string }) => id)).toEqual(ids);
  });

  it('are given one by one, with at most 64 KiB of payload', async () => {
    const answer = (await makeApp().inject({ url: '/api/dead-letters/1' })).json();
    expect(answer).toMatchObject({ id: '1', rule: 'climate', qos: 1 });
    expect(answer.payload).toBe('x'.repeat(64 * 1024));
  });

  it.each(['3', 'replay', '..%2f..%2fetc', '1'.repeat(21), '__proto__'])('%s is not found', async (id) => {
    const answer = await makeApp().inject({ url: `/api/dead-letters/${id}` });
    expect([answer.statusCode, answer.json().code]).toEqual([404, 'NOT_FOUND']);
  });

  it.each(['replay', 'purge'] as const)('a %s begins with 202 and its status', async (kind) => {
    const answer = await makeApp().inject({
      method: 'POST',
      url: `/api/dead-letters/${kind}`,
      payload: { code: 'store-refused' },
    });
    expect([answer.statusCode, answer.json()]).toMatchObject([202, { kind, state: 'running', selected: 1 }]);
    expect(view.replaysAsked).toEqual([{ kind, selection: { code: 'store-refused' } }]);
  });

  it.each(['replay', 'purge'])('a %s while another is running is 409 with the reason', async (kind) => {
    view.replayFailure = new SluiceError('DEAD_LETTER_BUSY', 'A replay is under way.');
    const answer = await makeApp().inject({
      method: 'POST',
      url: `/api/dead-letters/${kind}`,
      payload: { all: true },
    });
    expect([answer.statusCode, answer.json()]).toEqual([
      409,
      { code: 'DEAD_LETTER_BUSY', reason: 'A replay is under way.' },
    ]);
  });

  it('a replay of nothing in particular is refused: all must be asked for', async () => {
    const answer = await makeApp().inject({ method: 'POST', url: '/api/dead-letters/replay', payload: {} });
    expect([answer.statusCode, answer.json()]).toEqual([
      400,
      {
        code: 'QUERY_INVALID',
        reason: 'nothing is selected: name ids, a code, a topic, a rule or a user, or ask for all.',
      },
    ]);
    expectUnchanged();
  });
});

describe('the log', () => {
  it('gives the warnings after a number', async () => {
    view.warningLines = [1, 2, 3].map((seq) => ({
      seq,
      atMs: seq,
      level: 'warn',
      code: 'LOG_FULL',
      sentence: 'full',
      next: 'n',
      fields: {},
      heldBack: 0,
    }));
    const seqs = async (query: string) =>
      (await makeApp().inject({ url: `/api/warnings${query}` }))
        .json()
        .warnings.map(({ seq }: { seq: number }) => seq);
    expect([await seqs(''), await seqs('?after=2'), await seqs('?after=9')]).toEqual([[1, 2, 3], [3], []]);
    const wrong = await makeApp().inject({ url: '/api/warnings?after=-1' });
    expect([wrong.statusCode, wrong.json().reason]).toEqual([400, 'after: must be a whole number.']);
  });

  it('says its level and takes another', async () => {
    const app = makeApp();
    expect((await app.inject({ url: '/api/log-level' })).json()).toEqual({ level: 'info' });
    const answer = await app.inject({ method: 'PUT', url: '/api/log-level', payload: { level: 'trace' } });
    expect([answer.statusCode, answer.json()]).toEqual([200, { level: 'trace' }]);
    expect(view.level).toBe('trace');
  });

  it.each([
    [{ level: 'silent' }, 'level: must be one of trace, debug, info, warn, error.'],
    [{}, 'level: must be one of trace, debug, info, warn, error.'],
    [{ level: 'debug', for: '1h' }, 'body: unknown for.'],
    [['debug'], 'body: expected a JSON object.'],
  ])('refuses the level %j and says: %s', async (payload, reason) => {
    const answer = await makeApp().inject({ method: 'PUT', url: '/api/log-level', payload });
    expect([answer.statusCode, answer.json()]).toEqual([400, { code: 'QUERY_INVALID', reason }]);
    expectUnchanged();
  });
});
