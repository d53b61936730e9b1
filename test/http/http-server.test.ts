import { Agent, request as httpRequest } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createHttpRefusalCounts } from '../../src/http/http-refusals.js';
import { type HttpServer, type HttpServerOptions, startHttpServer } from '../../src/http/http-server.js';
import { FakeGatewayView } from '../support/fake-gateway-view.js';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start(options: Partial<HttpServerOptions> = {}): Promise<HttpServer> {
  const server = await startHttpServer({
    host: '127.0.0.1',
    port: 0,
    view: new FakeGatewayView(),
    ...options,
  });
  cleanups.push(() => server.close());
  return server;
}

async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  cleanups.push(() => socket.destroy());
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  return socket;
}

/** Everything the other side sends until it closes. */
async function textUntilClosed(socket: Socket): Promise<string> {
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  return text;
}

describe('startHttpServer', () => {
  it('says where it listens and answers there', async () => {
    const server = await start();
    expect(server).toMatchObject({ address: '127.0.0.1', url: `http://127.0.0.1:${server.port}` });
    const answer = await fetch(`${server.url}/healthz`);
    expect([answer.status, await answer.json()]).toEqual([200, { status: 'ok' }]);
  });

  it('names 127.0.0.1 as the address to open when it listens on all', async () => {
    const server = await start({ host: '0.0.0.0' });
    expect(server.url).toBe(`http://127.0.0.1:${server.port}`);
  });

  it('fails with LISTENER_FAILED naming host, port and http.port when the port is taken', async () => {
    const { port } = await start();
    await expect(start({ port })).rejects.toMatchObject({
      code: 'LISTENER_FAILED',
      exitCode: 2,
      message: expect.stringMatching(new RegExp(`127\\.0\\.0\\.1:${port}.*another program.*http\\.port`)),
    });
  });

  it('fails with LISTENER_FAILED naming http.host when the address is not of this machine', async () => {
    await expect(start({ host: '192.0.2.1' })).rejects.toMatchObject({
      code: 'LISTENER_FAILED',
      message: expect.stringContaining('http.host'),
    });
  });
});

describe('slow and broken clients', () => {
  it('[security 48] headers that never end are cut off after the time-out', async () => {
    const refusals = createHttpRefusalCounts();
    const { port } = await start({ requestTimeoutMs: 100, refusals });
    const socket = await open(port);
    socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ');
    expect(await textUntilClosed(socket)).toMatch(
      /^HTTP\/1\.1 408 .*"reason":"The request took too long\."/s,
    );
    expect(refusals['request-timeout']).toBe(1);
  });

  it('does not wait for a body that is not needed', async () => {
    const { port } = await start({ requestTimeoutMs: 100 });
    const socket = await open(port);
    socket.write('POST /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n{');
    expect(await textUntilClosed(socket)).toMatch(/^HTTP\/1\.1 405 /);
  });

  it('what is not HTTP gets 400 with code and reason, and the server lives', async () => {
    const { port, url } = await start();
    const socket = await open(port);
    socket.write('\x10\x12\x00\x04MQTT\x04\x02\x00\x3c\x00\x06client\r\n\r\n');
    const text = await textUntilClosed(socket);
    expect(text).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(JSON.parse(text.slice(text.indexOf('\r\n\r\n')))).toMatchObject({ code: 'REQUEST_MALFORMED' });
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });

  it('a header larger than any browser sends is refused', async () => {
    const { port } = await start();
    const socket = await open(port);
    socket.write(`GET / HTTP/1.1\r\nHost: localhost\r\nX-Large: ${'x'.repeat(64 << 10)}\r\n\r\n`);
    expect(await textUntilClosed(socket).catch(() => 'HTTP/1.1 400 ')).toMatch(/^HTTP\/1\.1 400 /);
  });

  it('a request without a Host header gets nothing', async () => {
    const { port } = await start();
    const socket = await open(port);
    socket.write('GET /api/ledger HTTP/1.0\r\n\r\n');
    expect(await textUntilClosed(socket)).toMatch(/^HTTP\/1\.1 421 /);
  });
});

describe('close', () => {
  it('ends kept-alive connections at once and frees the port', { timeout: 3_000 }, async () => {
    const server = await start({ closeGraceMs: 60_000 });
    const agent = new Agent({ keepAlive: true });
    cleanups.push(() => agent.destroy());
    const socket = await new Promise<Socket>((resolve, reject) => {
      const request = httpRequest(`${server.url}/healthz`, { agent }, (answer) => {
        const { socket } = answer;
        answer.resume().once('end', () => resolve(socket));
      });
      request.once('error', reject).end();
    });
    const closed = new Promise((resolve) => socket.once('close', resolve));
    await server.close();
    await closed;
    await expect(fetch(`${server.url}/healthz`)).rejects.toThrow();
    await start({ port: server.port });
  });

  it('finishes an answer that has begun', async () => {
    const view = new FakeGatewayView();
    let release = () => {};
    view.storeGate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const server = await start({ view });
    const answer = fetch(`${server.url}/api/series?measurement=m&field=f&from=0&to=1000`);
    await expect.poll(() => view.seriesQueries.length).toBe(1);
    const closed = server.close();
    release();
    expect((await answer).status).toBe(200);
    await closed;
  });

  it('cuts connections that hang: a store that never answers, a client that never asks', async () => {
    const view = new FakeGatewayView();
    view.storeGate = new Promise<void>(() => {});
    const server = await start({ view, closeGraceMs: 50 });
    const silent = textUntilClosed(await open(server.port)).catch(() => '');
    const answer = fetch(`${server.url}/api/measurements`);
    const hanging = expect(answer).rejects.toThrow();
    // Both are with the server once a later request was answered.
    await fetch(`${server.url}/healthz`);
    await server.close();
    await hanging;
    expect(await silent).toBe('');
  });

  it('may be called twice', async () => {
    const server = await start();
    await Promise.all([server.close(), server.close()]);
  });
});
