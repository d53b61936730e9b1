import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createHttpApp } from '../../../src/http/http-app.js';
import { createHttpRefusalCounts } from '../../../src/http/http-refusals.js';
import { MAX_OPEN_INFLUXQL, MAX_UNSENT_BYTES } from '../../../src/http/routes/influxql-routes.js';
import { SluiceError } from '../../../src/lib/errors.js';
import { FakeGatewayView } from '../../support/fake-gateway-view.js';

let view: FakeGatewayView;
let app: FastifyInstance;
const refusals = createHttpRefusalCounts();

beforeEach(() => {
  view = new FakeGatewayView();
  app = createHttpApp({
    host: '127.0.0.1',
    view,
    clock: { nowNs: () => 5_000_000_000n, monotonicMs: () => 1 },
    pageFiles: { version: 'none', files: new Map() },
    mqttPort: null,
    changes: 'never',
    requestTimeoutMs: 10_000,
    refusals,
  });
});
afterEach(() => app.close());

const post = (payload: string, url = '/query') =>
  app.inject({
    method: 'POST',
    url,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload,
  });

describe('/query', () => {
  it('passes what the address says', async () => {
    const answer = await app.inject({
      url: '/query?db=iot&epoch=ms&pretty=true&q=SHOW%20MEASUREMENTS&chunked=true',
    });
    expect([answer.statusCode, answer.body]).toEqual([200, view.influxqlAnswer.json]);
    expect(answer.headers['content-type']).toBe('application/json');
    expect(view.influxqlRequests).toEqual([
      { query: 'SHOW MEASUREMENTS', epoch: 'ms', pretty: true, parameters: new Map(), database: 'iot' },
    ]);
  });

  it('takes a form, also where changes are switched off, with the rest in the address', async () => {
    const answer = await post('q=SELECT+1', '/query?db=iot&epoch=s&q=ignored');
    expect(answer.statusCode).toBe(200);
    expect(view.influxqlRequests).toMatchObject([{ query: 'SELECT 1', epoch: 's', database: 'iot' }]);
  });

  it('says honestly who answers, as /ping does', async () => {
    for (const url of ['/query', '/ping']) {
      const { headers } = await app.inject({ url });
      expect(headers['x-influxdb-version']).toBe('1.8.0-sluice.0.1.0-test');
    }
    const { statusCode, body } = await app.inject({ url: '/ping' });
    expect([statusCode, body]).toEqual([204, '']);
  });

  it('passes bound parameters with their types', async () => {
    const params = JSON.stringify({ text: 'a', whole: 5, part: 1.5, yes: true });
    await app.inject({ url: '/query', query: { q: 'x', params } });
    expect(view.influxqlRequests[0]?.parameters).toEqual(
      new Map<string, unknown>([
        ['text', 'a'],
        ['whole', 5n],
        ['part', 1.5],
        ['yes', true],
      ]),
    );
  });

  it.each([
    ['no query', {}, 'missing required parameter "q"'],
    ['an unknown unit', { q: 'x', epoch: 'days' }, 'epoch must be one of ns, n, u, µ, ms, s, m, h'],
    ['parameters that are no JSON', { q: 'x', params: '{' }, 'error parsing query parameters'],
    ['parameters that are a list', { q: 'x', params: '[]' }, 'a JSON object is expected'],
    ['a parameter that is a list', { q: 'x', params: '{"a":[]}' }, 'a must be a text'],
  ])('%s is an error of the form that InfluxDB has', async (_what, query, reason) => {
    const answer = await app.inject({ url: '/query', query });
    expect(answer.statusCode).toBe(400);
    expect(Object.keys(answer.json() as object)).toEqual(['error']);
    expect((answer.json() as { error: string }).error).toContain(reason);
    expect(view.influxqlRequests).toEqual([]);
  });

  it.each([
    ['SINK_QUERY_UNSUPPORTED', 501],
    ['SINK_QUERY_FAILED', 503],
  ] as const)('a store that answers %s is %i, with the reason', async (code, status) => {
    view.storeFailure = new SluiceError(code, 'the reason');
    const answer = await app.inject({ url: '/query?q=x' });
    expect([answer.statusCode, answer.json()]).toEqual([status, { error: 'the reason' }]);
  });

  it('an unexpected failure does not send its text', async () => {
    view.storeFailure = new Error('/a/path');
    const answer = await app.inject({ url: '/query?q=x' });
    expect([answer.statusCode, answer.json()]).toMatchObject([500, { code: 'INTERNAL' }]);
  });

  it('refuses more than it may have open, and goes on when they are answered', async () => {
    let release = () => {};
    view.storeGate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const before = refusals['too-many-queries'];
    // `inject` sends a request when somebody waits for its answer.
    const open = Array.from({ length: MAX_OPEN_INFLUXQL }, () =>
      app.inject({ url: '/query?q=x' }).then((answer) => answer),
    );
    const refused = await app.inject({ url: '/query?q=x' });
    expect([refused.statusCode, refused.headers['retry-after']]).toEqual([503, '1']);
    expect(refusals['too-many-queries']).toBe(before + 1);
    release();
    for (const { statusCode } of await Promise.all(open)) expect(statusCode).toBe(200);
    expect((await app.inject({ url: '/query?q=x' })).statusCode).toBe(200);
  });

  it('keeps no more answers than fit, while their readers do not read', async () => {
    view.influxqlAnswer = { status: 200, json: `"${'x'.repeat(MAX_UNSENT_BYTES)}"` };
    await app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = app.server.address() as AddressInfo;
    const closed = once(app.server, 'request').then(([, response]) =>
      once(response as ServerResponse, 'close'),
    );
    const slow = connect(port, '127.0.0.1');
    slow.write('GET /query?q=x HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await once(slow, 'readable'); // it has begun, and is read no further
    view.influxqlAnswer = { status: 200, json: '{}' };
    expect((await app.inject({ url: '/query?q=x' })).json()).toEqual({
      error: 'earlier answers have not been read yet',
    });
    slow.destroy();
    await closed;
    expect((await app.inject({ url: '/query?q=x' })).statusCode).toBe(200);
  });

  it.each([
    ['another site', { 'sec-fetch-site': 'cross-site' }],
    ['the origin of another host', { origin: 'http://evil.example' }],
  ])('a form of %s is refused, and costs no query', async (_from, headers) => {
    for (const method of ['GET', 'POST'] as const) {
      const answer = await app.inject({
        method,
        url: '/query?q=x',
        headers: { host: 'localhost:80', 'content-type': 'application/x-www-form-urlencoded', ...headers },
      });
      expect([answer.statusCode, answer.json()]).toMatchObject([403, { code: 'CROSS_SITE_REFUSED' }]);
    }
    expect(view.influxqlRequests).toEqual([]);
  });

  it('a form elsewhere is still no way to change something', async () => {
    const answer = await post('{}', '/api/reload');
    expect(answer.statusCode).toBe(403);
    expect(view.reloadsAsked).toBe(0);
  });
});
