import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHttpApp } from '../../src/http/http-app.js';
import { createHttpRefusalCounts } from '../../src/http/http-refusals.js';
import { SluiceError } from '../../src/lib/errors.js';
import { FakeGatewayView } from '../support/fake-gateway-view.js';

const view = new FakeGatewayView();
const refusals = createHttpRefusalCounts();
let app: FastifyInstance;
beforeAll(() => {
  app = createHttpApp({
    host: '127.0.0.1',
    view,
    clock: { nowNs: () => 5_000_000_000n, monotonicMs: () => 1 },
    pageFiles: { version: 'none', files: new Map() },
    mqttPort: null,
    changes: 'loopback',
    requestTimeoutMs: 10_000,
    refusals,
  });
});
afterAll(() => app.close());

describe('a request that reads', () => {
  it.each([
    ['another site', { 'sec-fetch-site': 'cross-site' }],
    ['another port of this machine', { 'sec-fetch-site': 'same-site' }],
    ['the origin of another host', { origin: 'http://evil.example' }],
    ['a page without an origin', { origin: 'null' }],
  ])('from %s is refused on /api, and costs no search', async (_from, headers) => {
    for (const url of ['/api/dead-letters?topic=none', '/api/series', '/api/live', '/api/ledger']) {
      const answer = await app.inject({ url, headers: { host: 'localhost:80', ...headers } });
      expect([answer.statusCode, answer.json()]).toMatchObject([403, { code: 'CROSS_SITE_REFUSED' }]);
    }
    const health = await app.inject({ url: '/readyz', headers: { host: 'localhost:80', ...headers } });
    expect(health.statusCode).toBe(200);
  });

  it.each([
    ['a program', {}],
    ['the page itself', { 'sec-fetch-site': 'same-origin' }],
    ['a person who types the address', { 'sec-fetch-site': 'none' }],
    ['its own origin', { origin: 'http://localhost:8080' }],
  ])('from %s is answered', async (_from, headers) => {
    const answer = await app.inject({ url: '/api/ledger', headers: { host: 'localhost:8080', ...headers } });
    expect(answer.statusCode).toBe(200);
  });
});

describe('times that no store can have', () => {
  const SERIES = '/api/series?measurement=m&field=f';
  it.each([
    `${SERIES}&from=0&to=9223372036855`,
    `${SERIES}&from=9223372036855&to=9223372036856`,
    `${SERIES}&from=1&to=99007199254740`,
    `${SERIES}&from=1&to=9300000000000000000`,
    `${SERIES}&from=-1&to=2`,
    `${SERIES}&from=1e3&to=2e3`,
    `${SERIES}&from=2&to=1`,
    '/api/latest?measurement=m&from=9223372036855&silentBefore=0',
    '/api/latest?measurement=m&from=0&silentBefore=9223372036855',
  ])('%s is a wrong question, not a fault of the store', async (url) => {
    const answer = await app.inject({ url });
    expect([answer.statusCode, answer.json()]).toMatchObject([400, { code: 'QUERY_INVALID' }]);
  });

  it('the last that a store can have is asked for', async () => {
    expect((await app.inject({ url: `${SERIES}&from=9223372036000&to=9223372036854` })).statusCode).toBe(200);
  });
});

it('while the dead letter is searched twice, the next search is to try again later', async () => {
  view.parked = async () => {
    throw new SluiceError('DEAD_LETTER_SCANNING', 'the dead letter is being searched 2 times already');
  };
  const answer = await app.inject({ url: '/api/dead-letters?topic=none' });
  expect([answer.statusCode, answer.headers['retry-after'], answer.json()]).toEqual([
    429,
    '1',
    { code: 'DEAD_LETTER_SCANNING', reason: 'the dead letter is being searched 2 times already' },
  ]);
  expect(refusals['too-many-searches']).toBe(1);
});

it('a record that is not found within the limits of one search is refused with where to go on', async () => {
  view.deadLetter = async () => ({ next: '.:1:2' });
  const answer = await app.inject({ url: '/api/dead-letters/17' });
  expect([answer.statusCode, answer.json()]).toMatchObject([
    503,
    { code: 'SEARCH_INCOMPLETE', next: '.:1:2' },
  ]);
  expect(refusals['search-incomplete']).toBe(1);
});
