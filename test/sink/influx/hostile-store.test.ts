import { describe, expect, onTestFinished, test } from 'vitest';
import { influxSettings } from '../../../src/sink/influx/influx-options.js';
import { InfluxReader } from '../../../src/sink/influx/influx-reader.js';
import { InfluxTransport } from '../../../src/sink/influx/transport.js';
import {
  drippedBody,
  drippedHeaders,
  endlessBody,
  endlessHeaders,
  gzipBomb,
  type HostilePeer,
  type Hostility,
  hostilePeer,
} from '../../support/hostile-peer.js';

const JSON_TYPE = { 'content-type': 'application/json' };
const WRITE = { path: '/api/v2/write?org=iot', body: 'm v=1 1', contentType: 'text/plain' };
const MIB = 1024 * 1024;

async function setUp(hostility: Hostility, timeoutMs = 10_000) {
  const peer = await hostilePeer(hostility);
  const settings = influxSettings({ url: peer.url, version: 2, org: 'iot', bucket: 'b', timeoutMs });
  const transport = new InfluxTransport(settings);
  onTestFinished(() => transport.close());
  return {
    peer,
    write: () => transport.post(WRITE, new AbortController().signal),
    read: () => new InfluxReader(settings, transport).measurements(),
  };
}

async function expectClosed(peer: HostilePeer): Promise<void> {
  await expect.poll(() => peer.openConnections()).toBe(0);
}

describe('an answer to a write', () => {
  test.each([400, 422, 503])('%i in gzip is not decoded, and its status counts', async (status) => {
    const { write, peer } = await setUp(gzipBomb(status, JSON_TYPE));
    expect(await write()).toMatchObject({
      kind: 'answer',
      status,
      body: 'its text is encoded (gzip), which was not asked for',
    });
    await expectClosed(peer);
  });

  test.each([200, 400, 500])('%i without end is cut, and its status counts', async (status) => {
    const { write, peer } = await setUp(endlessBody(status, JSON_TYPE));
    const answer = await write();
    expect(answer).toMatchObject({ kind: 'answer', status, json: undefined });
    expect(answer.kind === 'answer' && answer.body.length).toBeLessThanOrEqual(64 * 1024);
    await expectClosed(peer);
    expect(peer.bytesSent()).toBeLessThan(20 * MIB);
  });

  test.each([
    ['headers', drippedHeaders],
    ['a body', drippedBody(400)],
  ])('with %s in single bytes ends by the time-out', async (_what, hostility) => {
    const { write, peer } = await setUp(hostility, 200);
    expect(await write()).toEqual({ kind: 'no-answer', reason: 'no answer within 200 ms' });
    await expectClosed(peer);
  });

  test('with headers without end is no answer', async () => {
    const { write } = await setUp(endlessHeaders);
    expect(await write()).toMatchObject({ kind: 'no-answer' });
  });
});

describe('an answer to a query', () => {
  test.each([200, 400, 500])('%i in gzip is not decoded', async (status) => {
    const { read, peer } = await setUp(gzipBomb(status, JSON_TYPE));
    await expect(read()).rejects.toThrow('its text is encoded (gzip), which was not asked for');
    await expectClosed(peer);
  });

  test('without end is cut at the limit of a query, as an error already at 64 KiB', async () => {
    const good = await setUp(endlessBody(200, JSON_TYPE));
    await expect(good.read()).rejects.toThrow('answers with more than 33554432 bytes');
    const bad = await setUp(endlessBody(500, JSON_TYPE));
    await expect(bad.read()).rejects.toMatchObject({ code: 'SINK_QUERY_FAILED' });
    await expectClosed(bad.peer);
    expect(bad.peer.bytesSent()).toBeLessThan(20 * MIB);
  });
});
