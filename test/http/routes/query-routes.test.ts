import { existsSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createHttpApp } from '../../../src/http/http-app.js';
import { createHttpRefusalCounts } from '../../../src/http/http-refusals.js';
import { SluiceError } from '../../../src/lib/errors.js';
import type { StoreQuery, StoreQueryAnswer } from '../../../src/sink/store-query.js';
import { FakeGatewayView } from '../../support/fake-gateway-view.js';
import { tempDirectory } from '../../support/temp-directory.js';

const refusals = createHttpRefusalCounts();
let view: FakeGatewayView;
let app: FastifyInstance;
let asked: StoreQuery[];

beforeEach(() => {
  view = new FakeGatewayView();
  asked = [];
  app = makeApp('loopback', '127.0.0.1');
});
afterEach(() => app.close());

function makeApp(changes: 'loopback' | 'never', host: string): FastifyInstance {
  return createHttpApp({
    host,
    view,
    clock: { nowNs: () => 0n, monotonicMs: () => 0 },
    pageFiles: { version: 'none', files: new Map() },
    mqttPort: null,
    changes,
    requestTimeoutMs: 10_000,
    refusals,
  });
}

/** Answers each query with a file of this text; returns its path. */
function answerWith(text: string | Buffer, more: Partial<StoreQueryAnswer> = {}): string {
  const path = join(tempDirectory(), 'answer');
  view.answerQuery = async (query) => {
    asked.push(query);
    writeFileSync(path, text);
    return {
      path,
      bytes: text.length,
      rows: 2,
      columns: [{ name: 'a', type: 'BIGINT' }],
      isLimitReached: false,
      ...more,
    };
  };
  return path;
}

describe('/api/query', () => {
  it('answers JSON with columns, rows and whether the limit was reached; the file is gone then', async () => {
    const path = answerWith('[\n\t{"a":1},\n\t{"a":2}\n]\n', { isLimitReached: true });
    const { statusCode, headers, body } = await app.inject({ url: '/api/query?sql=FROM+x&limit=2' });
    expect(statusCode).toBe(200);
    expect(JSON.parse(body)).toEqual({
      columns: [{ name: 'a', type: 'BIGINT' }],
      rowCount: 2,
      limitReached: true,
      rows: [{ a: 1 }, { a: 2 }],
    });
    expect(headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'sluice-rows': '2',
      'sluice-limit-reached': 'true',
    });
    expect(asked).toMatchObject([{ of: { sql: 'FROM x' }, format: 'json', maxRows: 2 }]);
    expect(existsSync(path)).toBe(false);
  });

  it.each([
    ['csv', 'text/csv; charset=utf-8; header=present'],
    ['parquet', 'application/vnd.apache.parquet'],
  ])('answers the bytes of the file as %s', async (format, type) => {
    const bytes = Buffer.from([0x50, 0x41, 0x52, 0x31, 0x00, 0xff, 0x0a]);
    answerWith(bytes);
    const answer = await app.inject({ method: 'POST', url: '/api/query', payload: { sql: 'x', format } });
    expect(answer.rawPayload).toEqual(bytes);
    expect(answer.headers['content-type']).toBe(type);
  });

  it.each([
    ['QUERY_INVALID', 400],
    ['QUERY_LIMIT_REACHED', 422],
    ['SINK_QUERY_UNSUPPORTED', 501],
    ['SINK_QUERY_FAILED', 503],
  ] as const)('a query that ends with %s has the status %i', async (code, status) => {
    view.answerQuery = () => Promise.reject(new SluiceError(code, 'Because.'));
    const answer = await app.inject({ url: '/api/query?sql=x' });
    expect([answer.statusCode, answer.json()]).toEqual([status, { code, reason: 'Because.' }]);
  });

  it('says when to try again while another query runs, and counts it', async () => {
    view.answerQuery = () => Promise.reject(new SluiceError('TOO_MANY_QUERIES', 'Busy.'));
    const before = refusals['too-many-queries'];
    const answer = await app.inject({ url: '/api/query?sql=x' });
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '1']);
    expect(refusals['too-many-queries']).toBe(before + 1);
  });

  it('is answered by POST also where changes are not, and never for another web site', async () => {
    answerWith('[]');
    await app.close();
    app = makeApp('never', '0.0.0.0');
    const request = { method: 'POST', url: '/api/query', payload: { sql: 'x' } } as const;
    expect((await app.inject(request)).statusCode).toBe(200);
    const foreign = await app.inject({ ...request, headers: { 'sec-fetch-site': 'cross-site' } });
    expect([foreign.statusCode, foreign.json().code]).toEqual([403, 'CHANGE_REFUSED']);
    const form = await app.inject({
      ...request,
      payload: '{"sql":"x"}',
      headers: { 'content-type': 'text/plain' },
    });
    expect(form.statusCode).toBe(403);
    const change = await app.inject({ method: 'POST', url: '/api/reload', payload: {} });
    expect(change.statusCode).toBe(403);
  });

  it('four answers are sent at once, and a fifth request is refused until one is read', async () => {
    let finish: () => void = () => undefined;
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const path = answerWith('a\n1\n');
    const { answerQuery } = view;
    const begun = vi.fn();
    view.answerQuery = async (query, signal) => {
      begun();
      await finished;
      return answerQuery(query, signal);
    };
    await app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = app.server.address() as { port: number };
    const ask = () => fetch(`http://127.0.0.1:${port}/api/query?sql=x&format=csv`);
    const four = [1, 2, 3, 4].map(ask);
    await vi.waitFor(() => expect(begun).toHaveBeenCalledTimes(4));
    const fifth = await ask();
    expect([fifth.status, fifth.headers.get('retry-after')]).toEqual([503, '1']);
    finish();
    // All four answers of this fake are one file, so only the first finds it.
    await Promise.all(four.map(async (answer) => (await answer).text()));
    expect(existsSync(path)).toBe(false);
    await vi.waitFor(async () => expect((await ask()).status).toBe(200));
  });

  it('a client that disconnects ends its query', async () => {
    const ended = new Promise<void>((resolve) => {
      view.answerQuery = (query, signal) => {
        asked.push(query);
        return new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            reject(new SluiceError('SINK_QUERY_FAILED', 'stopped'));
            resolve();
          });
        });
      };
    });
    await app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = app.server.address() as { port: number };
    const client = connect(port, '127.0.0.1');
    client.write('GET /api/query?sql=x HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
    await vi.waitFor(() => expect(asked).toHaveLength(1));
    client.destroy();
    await ended;
  });

  it('a client that reads nothing of a large answer can leave, and then the next four are answered', async () => {
    answerWith(Buffer.alloc(32 * 1024 * 1024));
    await app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = app.server.address() as { port: number };
    for (let nth = 0; nth < 5; nth++) {
      const client = connect(port, '127.0.0.1');
      client.write('GET /api/query?sql=x&format=csv HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
      client.pause();
      await vi.waitFor(() => expect(asked).toHaveLength(nth + 1));
      client.destroy();
    }
  });
});
