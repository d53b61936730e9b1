import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createHttpApp } from '../../src/http/http-app.js';
import { createHttpRefusalCounts, type HttpRefusalCounts } from '../../src/http/http-refusals.js';
import { readPageFiles } from '../../src/http/page-files.js';
import { SluiceError } from '../../src/lib/errors.js';
import { FakeGatewayView, parkedDetail } from '../support/fake-gateway-view.js';

const pageFiles = await readPageFiles();
const clock = { nowNs: () => 5_000_000_000n, monotonicMs: () => 123.5 };

let view: FakeGatewayView;
let app: FastifyInstance;
let logged: object[];
let refusals: HttpRefusalCounts;

function makeApp(host: string, hosts?: readonly string[]): FastifyInstance {
  const logger = { error: (fields: object) => logged.push(fields), audit: () => undefined };
  return createHttpApp({
    host,
    hosts,
    view,
    clock,
    pageFiles,
    mqttPort: 1884,
    changes: 'loopback',
    requestTimeoutMs: 10_000,
    refusals,
    logger,
  });
}

beforeEach(() => {
  logged = [];
  refusals = createHttpRefusalCounts();
  view = new FakeGatewayView();
  view.startedAtMs = 2_000;
  app = makeApp('127.0.0.1');
});
afterEach(() => app.close());

const get = (url: string) => app.inject({ url });

describe('/healthz', () => {
  it('is 200 while the gateway can go on, also while a stage is not ready', async () => {
    view.readiness = [{ stage: 'sink', reason: 'away' }];
    const answer = await get('/healthz');
    expect([answer.statusCode, answer.json()]).toEqual([200, { status: 'ok' }]);
  });

  it('is 503 when only a restart would help', async () => {
    view.isAlive = false;
    const answer = await get('/healthz');
    expect(answer.statusCode).toBe(503);
    expect(answer.json()).toMatchObject({ status: 'failed' });
  });
});

describe('/readyz', () => {
  it('is 200 with an empty list when every stage is ready', async () => {
    const answer = await get('/readyz');
    expect([answer.statusCode, answer.json()]).toEqual([
      200,
      { ready: true, problems: [], backlog: view.waiting },
    ]);
  });

  it('is 503 and names the stage and the reason when one is not', async () => {
    view.readiness = [{ stage: 'log', reason: 'The log is full.' }];
    const answer = await get('/readyz');
    expect(answer.statusCode).toBe(503);
    expect(answer.json()).toMatchObject({
      ready: false,
      problems: [{ stage: 'log', reason: 'The log is full.' }],
    });
  });

  it('stays 200 with a note when only the clock is wrong', async () => {
    const notes = [{ stage: 'clock', note: 'It is 1970.' }] as const;
    view.readinessNotes = [...notes];
    const answer = await get('/readyz');
    expect([answer.statusCode, answer.json()]).toEqual([
      200,
      { ready: true, problems: [], notes, backlog: view.waiting },
    ]);
  });
});

it('/metrics gives the text with the content type that the view names', async () => {
  const answer = await get('/metrics');
  expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(answer.body).toContain('sluice_broker_packets_total 1\n');
});

it('/api/ledger is the ledger itself', async () => {
  view.outcomes = { written: 7, parked: { 'payload-not-json': 2 }, filtered: { cold: 1 }, buffered: 3 };
  expect((await get('/api/ledger')).json()).toEqual({
    received: 13,
    written: 7,
    parked: 2,
    filtered: 1,
    buffered: 3,
    lost: 0,
    balanced: true,
    reasons: { parked: { 'payload-not-json': 2 }, filtered: { cold: 1 }, lost: {} },
  });
});

it('/api/counters adds version, uptime, the time of the sample and the MQTT port to the counters', async () => {
  view.readiness = [{ stage: 'broker', reason: 'starting' }];
  view.connections = 4;
  expect((await get('/api/counters')).json()).toMatchObject({
    version: '0.1.0-test',
    startedAtMs: 2_000,
    nowMs: 5_000,
    uptimeMs: 3_000,
    sampledAtMs: 123.5,
    mqttPort: 1884,
    problems: [{ stage: 'broker', reason: 'starting' }],
    broker: { connections: 4 },
    sink: { kind: 'influx', status: { state: 'healthy' } },
  });
});

it('/api/state has the same content as the state events of /api/live', async () => {
  view.level = 'debug';
  view.outcomes = { written: 7 };
  expect((await get('/api/state')).json()).toMatchObject({
    version: '0.1.0-test',
    sampledAtMs: 123.5,
    ledger: { written: 7, balanced: true },
    replay: null,
    logLevel: 'debug',
    mayChange: expect.any(Boolean) as boolean,
  });
  await view.replay({ all: true });
  expect((await get('/api/state')).json()).toMatchObject({ replay: { kind: 'replay', state: 'running' } });
});

describe('/api/dead-letters', () => {
  beforeEach(() => {
    view.deadLetters = Array.from({ length: 60 }, (_, nth) =>
      parkedDetail({ id: String(nth), parkedAtMs: 1000 - nth }),
    );
  });

  it('gives the newest first, 50 by default', async () => {
    const { deadLetters } = (await get('/api/dead-letters')).json();
    expect(deadLetters).toHaveLength(50);
    expect(deadLetters[0].id).toBe('0');
    expect((await get('/api/dead-letters?limit=3')).json().deadLetters).toHaveLength(3);
  });

  it.each(['limit=0', 'limit=501', 'limit=x', 'limit=1&limit=2', 'offset=1'])(
    'refuses ?%s',
    async (query) => {
      const answer = await get(`/api/dead-letters?${query}`);
      expect(answer.statusCode).toBe(400);
      expect(answer.json().code).toBe('QUERY_INVALID');
    },
  );
});

describe('the store', () => {
  const series = '/api/series?measurement=m&field=f&by=device&from=0&to=300000&buckets=100';

  it('lists measurements', async () => {
    view.stored = [{ name: 'm', tags: ['device'], fields: [{ name: 'f', type: 'float' }] }];
    expect((await get('/api/measurements')).json()).toEqual({ measurements: view.stored });
  });

  it('answers a series with one value per time and group', async () => {
    view.tagValues = { device: ['a', 'b'] };
    const answer = (await get(series)).json();
    expect(answer).toMatchObject({
      bucketMs: 3000,
      moreGroups: false,
      groups: [{ name: 'a' }, { name: 'b' }],
    });
    expect(answer.timesMs).toHaveLength(100);
    expect(answer.groups[0].values).toHaveLength(100);
  });

  it('shows twelve groups and says when there are more', async () => {
    view.tagValues = { device: Array.from({ length: 40 }, (_, nth) => `d${nth}`) };
    const answer = (await get(series)).json();
    expect(answer.groups).toHaveLength(12);
    expect(answer.moreGroups).toBe(true);
  });

  it('refuses a query that is not one, without asking the store', async () => {
    const answer = await get(`${series}&buckets=9`);
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toEqual({ code: 'QUERY_INVALID', reason: 'buckets: must be given once.' });
    expect(view.seriesQueries).toEqual([]);
  });

  it.each([
    ['SINK_QUERY_UNSUPPORTED', 501],
    ['SINK_QUERY_FAILED', 503],
  ] as const)('passes %s on with status %i', async (code, status) => {
    view.storeFailure = new SluiceError(code, 'The store said no.');
    for (const url of ['/api/measurements', series]) {
      const answer = await get(url);
      expect([answer.statusCode, answer.json()]).toEqual([status, { code, reason: 'The store said no.' }]);
    }
    expect(logged).toEqual([]);
  });

  it('is asked once by many open pages, and again when it failed', async () => {
    let open = () => {};
    view.storeGate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const pages = Array.from({ length: 40 }, () => get(series));
    await expect.poll(() => view.seriesQueries.length).toBe(1);
    open();
    const bodies = (await Promise.all(pages)).map(({ body }) => body);
    expect(new Set(bodies).size).toBe(1);
    await get(series);
    expect(view.seriesQueries).toHaveLength(1);

    view.storeFailure = new SluiceError('SINK_QUERY_FAILED', 'The store said no.');
    const other = series.replace('field=f', 'field=g');
    expect((await get(other)).statusCode).toBe(503);
    view.storeFailure = undefined;
    expect((await get(other)).statusCode).toBe(200);
    expect(view.seriesQueries).toHaveLength(3);
  });

  it('is asked for the part of the devices that a page shows', async () => {
    view.latestGroups = Array.from({ length: 300 }, (_, nth) => ({
      name: `d${nth}`,
      atMs: 10_000 + nth,
      values: [{ field: 'f', value: nth }],
    }));
    const url = '/api/latest?measurement=m&by=device&from=0&silentBefore=10100';
    const first = (await get(url)).json();
    expect(first).toMatchObject({
      devices: 300,
      found: 300,
      silent: 0,
      moreDevices: false,
      moreFields: false,
    });
    expect(first.groups).toHaveLength(50);
    expect(first.groups[0]).toMatchObject({ name: 'd0', atMs: 10_000, values: [{ field: 'f', value: 0 }] });
    const found = (await get(`${url}&search=D29&limit=3&offset=10&order=name`)).json();
    expect([found.found, found.groups]).toMatchObject([11, [{ name: 'd299' }]]);
    expect((await get(`${url}&limit=900`)).json()).toEqual({
      code: 'QUERY_INVALID',
      reason: 'limit: must be 1 to 200.',
    });
  });

  it('is asked for the devices that need a look once by all pages', async () => {
    const look = { measurement: 'm', tag: 'device', name: '<b>d</b>', state: 'silent', sinceMs: 1 } as const;
    view.looks = { asOfMs: 5, devices: 20, moreDevices: false, needLook: 1, found: 1, looks: [look] };
    const asked = vi.spyOn(view, 'needsLook');
    const answers = await Promise.all([get('/api/needs-look'), get('/api/needs-look')]);
    for (const answer of answers) expect(answer.json()).toEqual(view.looks);
    expect(asked).toHaveBeenCalledTimes(1);
    expect((await get('/api/needs-look?limit=1')).statusCode).toBe(200);
  });

  it('is not asked for how many devices need a look where no page is open', async () => {
    view.looks = { ...view.looks, devices: 0 };
    expect((await get('/api/state')).json()).toMatchObject({ devices: null });
    view.looks = { ...view.looks, devices: 20, needLook: 3 };
    expect((await get('/api/state')).json()).toMatchObject({ devices: { known: 20, needLook: 3 } });
    expect(view.countsAsked).toEqual([false, false]);
  });

  it('gets at most eight queries at once; the ninth must try again', async () => {
    let open = () => {};
    view.storeGate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const first = Array.from({ length: 8 }, (_, nth) => get(`${series}&onlyTag=device&only=d${nth}`));
    await expect.poll(() => view.seriesQueries.length).toBe(8);
    const ninth = await get('/api/measurements');
    expect([ninth.statusCode, ninth.json().code, ninth.headers['retry-after']]).toEqual([
      503,
      'TOO_MANY_QUERIES',
      '1',
    ]);
    expect(refusals['too-many-queries']).toBe(1);
    const shared = get(`${series}&onlyTag=device&only=d3`);
    open();
    for (const answer of [...(await Promise.all(first)), await shared]) expect(answer.statusCode).toBe(200);
    expect((await get('/api/measurements')).statusCode).toBe(200);
  });
});

describe('the page', () => {
  it('is HTML at /', async () => {
    const answer = await get('/');
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(answer.body).toContain('<title>Sluice</title>');
  });

  it('finds every file that it names, and those files every module that they import', async () => {
    const wanted = [(await get('/')).body.matchAll(/(?:href|src)="(\/(?:assets|page)\/[^"]+)"/g)].flatMap(
      (found) => [...found].map((match) => String(match[1])),
    );
    const seen = new Set<string>();
    for (const url of wanted) {
      if (seen.has(url)) continue;
      seen.add(url);
      const answer = await get(url);
      expect([url, answer.statusCode]).toEqual([url, 200]);
      const isOurs = url.endsWith('.js') && !url.endsWith('uplot.js');
      if (isOurs)
        for (const [, name] of answer.body.matchAll(/^import [^;]*from '\.\/([\w-]+\.js)'/gm))
          wanted.push(url.replace(/[^/]+$/, String(name)));
    }
    const names = ['uplot.js', 'uplot.css', 'poll.js'];
    expect([...seen]).toEqual(
      expect.arrayContaining(names.map((name) => `/page/${pageFiles.version}/${name}`)),
    );
  });

  it('is answered by 304 when the browser has it already', async () => {
    const first = await get('/assets/page.js');
    expect(first.headers['cache-control']).toBe('no-cache');
    const again = await app.inject({
      url: '/assets/page.js',
      headers: { 'if-none-match': String(first.headers.etag) },
    });
    expect([again.statusCode, again.body]).toEqual([304, '']);
  });

  it('is the same document at each of its views', async () => {
    const { body } = await get('/');
    for (const path of ['/devices', '/set-aside', '/pipeline']) expect((await get(path)).body).toBe(body);
  });

  it('may be kept by the browser under its version, and only there', async () => {
    const kept = await get(`/page/${pageFiles.version}/page.js`);
    expect(kept.headers['cache-control']).toBe('public, max-age=31536000, immutable');
    const old = await get('/page/older/page.js');
    expect([old.statusCode, old.headers['cache-control'], old.body]).toEqual([200, 'no-cache', kept.body]);
    expect((await get(`/page/${pageFiles.version}/__proto__`)).statusCode).toBe(404);
  });

  it('names all its modules at once, so that none is found out late', async () => {
    const { body } = await get('/');
    for (const name of pageFiles.files.keys()) {
      if (!name.endsWith('.js') || name === 'theme.js') continue;
      expect(body).toContain(`<link rel="modulepreload" href="/page/${pageFiles.version}/${name}">`);
    }
  });

  it.each([
    ['br', 'gzip, deflate, br, zstd', (body: Buffer) => brotliDecompressSync(body)],
    ['gzip', 'gzip', (body: Buffer) => gunzipSync(body)],
    ['gzip', 'br;q=0, gzip;q=0.5', (body: Buffer) => gunzipSync(body)],
    [undefined, 'identity', (body: Buffer) => body],
    [undefined, 'x-brotli, gzip;q=0.0', (body: Buffer) => body],
  ])('is sent as %s to a browser that accepts %s', async (encoding, accepted, decode) => {
    const plain = await get('/assets/page.js');
    const answer = await app.inject({ url: '/assets/page.js', headers: { 'accept-encoding': accepted } });
    expect([answer.headers['content-encoding'], answer.headers.vary]).toEqual([encoding, 'accept-encoding']);
    expect(decode(answer.rawPayload).toString('utf8')).toBe(plain.body);
    if (encoding !== undefined) expect(answer.rawPayload.length).toBeLessThan(plain.rawPayload.length / 2);
  });

  it.each([
    '/assets/../http-server.ts',
    '/assets/..%2fhttp-server.ts',
    '/assets/%2e%2e%2f%2e%2e%2fpackage.json',
    '/assets/',
    '/assets',
    '/assets/__proto__',
    '/assets/index.ts',
  ])('gives nothing for %s', async (url) => {
    expect((await get(url)).statusCode).toBe(404);
  });

  it('names no place outside the gateway', () => {
    for (const [name, { body }] of pageFiles.files) {
      if (name === 'uplot.js') continue;
      const urls = body.toString('utf8').match(/(?:https?:)?\/\/[a-z0-9.-]+\.[a-z]+[^\s"']*/gi) ?? [];
      const foreign = urls.filter((url) => url !== 'http://www.w3.org/2000/svg');
      expect([name, foreign]).toEqual([name, []]);
    }
  });

  it('never writes HTML from a string', () => {
    for (const [name, { body }] of pageFiles.files) {
      expect([
        name,
        /innerHTML|outerHTML|insertAdjacentHTML|document\.write/.test(body.toString('utf8')),
      ]).toEqual([name, false]);
    }
  });
});

describe('what holds for every answer', () => {
  it.each(['/', '/api/ledger', '/nowhere', '/api/dead-letters?limit=x', '/%zz'])(
    '%s carries the strict headers',
    async (url) => {
      const { headers } = await get(url);
      expect(headers['content-security-policy']).toMatch(/^default-src 'self';/);
      expect(headers['content-security-policy']).not.toMatch(/unsafe|\*|https?:/);
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['referrer-policy']).toBe('no-referrer');
      expect(headers['access-control-allow-origin']).toBeUndefined();
    },
  );

  it('an unknown path is 404 with code and reason', async () => {
    const answer = await get('/api/secrets');
    expect(answer.statusCode).toBe(404);
    expect(answer.json()).toEqual({ code: 'NOT_FOUND', reason: 'There is nothing here.' });
  });

  it('an address that cannot be decoded is 400 with code and reason', async () => {
    const answer = await get('/assets/%zz');
    expect([answer.statusCode, answer.json().code]).toEqual([400, 'REQUEST_MALFORMED']);
  });

  it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'] as const)(
    '%s is 405 on known and unknown paths',
    async (method) => {
      for (const url of ['/', '/api/ledger', '/nowhere']) {
        const answer = await app.inject({ method, url });
        expect([answer.statusCode, answer.json().code]).toEqual([405, 'METHOD_NOT_ALLOWED']);
        expect(answer.headers.allow).toBe('GET, HEAD');
      }
    },
  );

  it('HEAD is answered like GET without a body, as health probes ask', async () => {
    const answer = await app.inject({ method: 'HEAD', url: '/healthz' });
    expect([answer.statusCode, answer.body]).toEqual([200, '']);
  });

  it.each(['127.0.0.1', '0.0.0.0', '192.168.1.5'])(
    'bound to %s, a foreign Host header is refused before anything is read [drill N2]',
    async (host) => {
      await app.close();
      app = makeApp(host);
      for (const url of ['/', '/api/ledger', '/metrics', '/nowhere']) {
        const answer = await app.inject({ url, headers: { host: 'evil.example:8080' } });
        expect([answer.statusCode, answer.json().code]).toEqual([421, 'HOST_REFUSED']);
        expect(answer.json().reason).toContain('http.hosts');
      }
    },
  );

  it('a name that the operator lists is answered', async () => {
    await app.close();
    app = makeApp('0.0.0.0', ['gateway.plant.example']);
    const answer = await app.inject({ url: '/api/ledger', headers: { host: 'gateway.plant.example' } });
    expect(answer.statusCode).toBe(200);
  });

  it('an unexpected failure is 500, does not send its text and is logged once', async () => {
    view.failure = new Error('ENOENT /home/operator/data/ledger');
    const answer = await get('/api/ledger');
    expect(answer.statusCode).toBe(500);
    expect(answer.json()).toEqual({
      code: 'INTERNAL',
      reason: 'The gateway failed to answer; its log says why.',
    });
    expect(logged).toEqual([{ code: 'HTTP_FAILED', err: view.failure, route: '/api/ledger' }]);
  });
});
