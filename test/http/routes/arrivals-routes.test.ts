import { afterEach, expect, it, onTestFinished, vi } from 'vitest';
import { MAX_SEARCHES } from '../../../src/arrivals/arrivals.js';
import { type HttpServer, type HttpServerOptions, startHttpServer } from '../../../src/http/http-server.js';
import { sampleRecord } from '../../rules/sample-record.js';
import { ArrivalsClient } from '../../support/arrivals-client.js';
import { FakeGatewayView } from '../../support/fake-gateway-view.js';

const HOSTILE = '<img src=x onerror=alert(1)>\u0000\n\nevent: arrival\ndata: {}\u202e';

async function setUp(options: Partial<HttpServerOptions> = {}) {
  const view = new FakeGatewayView();
  const server = await startHttpServer({ host: '127.0.0.1', port: 0, view, ...options });
  onTestFinished(() => server.close());
  let receivedAtNs = 1n;
  const receive = (topic: string, payload: string | Buffer = '{}') => {
    receivedAtNs += 1n;
    const record = sampleRecord(payload, { topic, clientId: HOSTILE, receivedAtNs });
    view.arrivals.accepted(record, () => undefined)();
    return String(receivedAtNs);
  };
  return { view, server, receive };
}

async function answerOf({ url }: HttpServer, path: string) {
  const answer = await fetch(url + path);
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

afterEach(() => void vi.useRealTimers());

it('sends the scope, then each message, also a hostile one, to the letter', async () => {
  const { server, receive } = await setUp();
  const client = await ArrivalsClient.open(server.url, 'ONERROR');
  const id = receive(HOSTILE, HOSTILE);
  const binary = receive(HOSTILE, Buffer.alloc(1024 * 1024, 0xff));
  await expect.poll(() => client.arrivals.length).toBe(2);
  expect(client.scope).toEqual({ sees: 'whole-path' });
  expect(client.arrivals[0]).toMatchObject({ id, topic: HOSTILE, client: HOSTILE, payload: HOSTILE });
  expect(client.arrivals[1]).toMatchObject({ id: binary, payloadBytes: 1024 * 1024 });
  expect(client.arrivals[1]?.payloadBase64?.length).toBeLessThan(6_000);
});

it('watches while a stream is open, and not after its end or that of the server', async () => {
  const { view, server } = await setUp();
  expect(view.watched).toEqual([]);
  const client = await ArrivalsClient.open(server.url);
  expect(view.watched).toEqual([true]);
  client.close();
  await expect.poll(() => view.watched).toEqual([true, false]);
  await ArrivalsClient.open(server.url);
  await server.close();
  expect(view.watched).toEqual([true, false, true, false]);
});

it('says once a period how many were omitted', async () => {
  const { server, receive } = await setUp({ livePeriodMs: 20 });
  const client = await ArrivalsClient.open(server.url, 'a');
  for (let n = 0; n < 50; n += 1) receive('a');
  await expect.poll(() => client.omitted + client.arrivals.length).toBe(50);
  expect(client.omitted).toBeGreaterThan(0);
});

it('finds the last message of a topic, and says why there is none', async () => {
  const { server, receive } = await setUp();
  const { status, body } = await answerOf(server, '/api/arrivals/last?topic=home');
  expect([status, body.code]).toEqual([404, 'NOT_FOUND']);
  expect(body.reason).toContain('while a page watched');
  await ArrivalsClient.open(server.url, 'home');
  const id = receive('home');
  expect((await answerOf(server, '/api/arrivals/last?topic=home')).body).toMatchObject({
    id,
    outcome: 'waiting',
  });
});

it.each([
  ['/api/arrivals?find=', /find: must not be empty/],
  [`/api/arrivals?find=${'x'.repeat(201)}`, /longer than 200/],
  ['/api/arrivals?search=x', /unknown search/],
  ['/api/arrivals/last', /either device or topic/],
  ['/api/arrivals/last?device=a&topic=b', /either device or topic/],
])('refuses %s', async (path, reason) => {
  const { server } = await setUp();
  const { status, body } = await answerOf(server, path);
  expect([status, body.code]).toEqual([400, 'QUERY_INVALID']);
  expect(body.reason).toMatch(reason);
});

it('refuses more streams of an address, and more different searches, than there is room for', async () => {
  const { server } = await setUp({ maxStreamsPerAddress: MAX_SEARCHES + 1 });
  for (let n = 0; n < MAX_SEARCHES; n += 1) await ArrivalsClient.open(server.url, `search ${n}`);
  const another = await answerOf(server, '/api/arrivals?find=another');
  expect([another.status, another.body.reason]).toEqual([503, 'Too many different searches run already.']);
  await ArrivalsClient.open(server.url, 'search 0');
  const full = await answerOf(server, '/api/arrivals');
  expect([full.status, full.body.code]).toEqual([503, 'TOO_MANY_STREAMS']);
});
