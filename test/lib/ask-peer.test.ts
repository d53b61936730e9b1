import { describe, expect, test } from 'vitest';
import { askPeer } from '../../src/lib/ask-peer.js';
import { MAX_SHORT_ANSWER_BYTES } from '../../src/lib/bounded-answer.js';
import {
  drippedBody,
  drippedHeaders,
  endlessBody,
  endlessHeaders,
  gzipBomb,
  hostilePeer,
} from '../support/hostile-peer.js';

const TIMEOUT_MS = 300;

describe('an answer of any peer takes a bounded amount of memory and time', () => {
  test.each([200, 400, 503])('%i with a body without end is cut at 64 KiB', async (status) => {
    const peer = await hostilePeer(endlessBody(status));
    const answer = await askPeer({ url: peer.url, timeoutMs: 10_000 });
    expect(answer).toMatchObject({ status, omitted: 'too-large' });
    expect(answer.text).toHaveLength(MAX_SHORT_ANSWER_BYTES);
    await expect.poll(() => peer.openConnections()).toBe(0);
    expect(peer.bytesSent()).toBeLessThan(20 * 1024 * 1024);
  });

  test.each([200, 400])('%i with an encoding that was not asked for is not decoded', async (status) => {
    const peer = await hostilePeer(gzipBomb(status));
    const answer = await askPeer({ url: peer.url, timeoutMs: 10_000, body: 'x' });
    expect(answer).toMatchObject({ status, omitted: 'encoded', text: '' });
  });

  test.each(['deflate', 'br', 'zstd', 'gzip, gzip', 'X-GZIP'])('%s is refused as well', async (encoding) => {
    const peer = await hostilePeer((socket) =>
      socket.end(`HTTP/1.1 400 No\r\ncontent-encoding: ${encoding}\r\ncontent-length: 1\r\n\r\nx`),
    );
    const answer = await askPeer({ url: peer.url, timeoutMs: 10_000 });
    expect(answer).toMatchObject({ status: 400, omitted: 'encoded', text: '' });
  });

  test('the encoding "identity" is none', async () => {
    const peer = await hostilePeer((socket) =>
      socket.end('HTTP/1.1 400 No\r\ncontent-encoding: identity\r\ncontent-length: 1\r\n\r\nx'),
    );
    expect((await askPeer({ url: peer.url, timeoutMs: 10_000 })).text).toBe('x');
  });

  test('headers without end are refused', async () => {
    const peer = await hostilePeer(endlessHeaders);
    await expect(askPeer({ url: peer.url, timeoutMs: 10_000 })).rejects.toThrow(/header/i);
    expect(peer.bytesSent()).toBeLessThan(20 * 1024 * 1024);
  });

  test.each([
    ['headers', drippedHeaders],
    ['a body', drippedBody(200)],
    ['the body of an error', drippedBody(500)],
  ])('%s in single bytes end by the time-out of the whole call', async (_what, hostility) => {
    const peer = await hostilePeer(hostility);
    await expect(askPeer({ url: peer.url, timeoutMs: TIMEOUT_MS })).rejects.toThrow(/no answer within 0.3 s/);
    await expect.poll(() => peer.openConnections()).toBe(0);
  });
});

test('a connection that breaks in the middle of an answer is no answer', async () => {
  const peer = await hostilePeer((socket) =>
    socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf'),
  );
  await expect(askPeer({ url: peer.url, timeoutMs: 10_000 })).rejects.toThrow('the connection broke');
});
