import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { createHttpRefusalCounts } from '../../src/http/http-refusals.js';
import { type HttpServer, type HttpServerOptions, startHttpServer } from '../../src/http/http-server.js';
import { FakeGatewayView } from '../support/fake-gateway-view.js';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start(view = new FakeGatewayView(), options: Partial<HttpServerOptions> = {}) {
  const server = await startHttpServer({ host: '127.0.0.1', port: 0, view, ...options });
  cleanups.push(() => server.close());
  return server;
}

/** A client on an address of its own: all of 127.0.0.0/8 is this machine. */
async function open({ port }: HttpServer, localAddress = '127.0.0.1'): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  socket.on('error', () => undefined);
  cleanups.push(() => socket.destroy());
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  return socket;
}

/** The first part of the answer to a request. */
async function asked(socket: Socket, path: string): Promise<string> {
  const answer = new Promise<string>((resolve) => {
    socket.once('data', (chunk) => resolve(String(chunk)));
    socket.once('close', () => resolve('closed'));
  });
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  return answer;
}

const OK = /^HTTP\/1\.1 200 /;

describe('one client [drill B7]', () => {
  it('that opens 300 connections and uses none shuts nobody out', async () => {
    const refusals = createHttpRefusalCounts();
    const server = await start(undefined, { refusals });
    const sockets: Socket[] = [];
    for (let i = 0; i < 300; i++) sockets.push(await open(server));
    for (const path of ['/healthz', '/readyz', '/metrics']) {
      expect(await asked(await open(server), path)).toMatch(OK);
    }
    expect(await asked(await open(server, '127.0.0.2'), '/api/ledger')).toMatch(OK);
    await expect.poll(() => sockets.filter(({ closed }) => !closed).length).toBeLessThanOrEqual(64);
    // 303 connections of this address, 64 at once.
    expect(refusals).toMatchObject({ 'idle-closed': 303 - 64, 'connection-refused': 0 });
    // The newest are kept: the client itself goes on with them.
    expect(await asked(sockets.at(-1)!, '/api/ledger')).toMatch(OK);
  });

  it('whose connections are all busy still gets its health, and others get everything', async () => {
    const view = new FakeGatewayView();
    let release = () => {};
    view.storeGate = new Promise((resolve) => {
      release = resolve;
    });
    onTestFinished(() => release());
    const refusals = createHttpRefusalCounts();
    const server = await start(view, { maxConnectionsPerAddress: 8, refusals });
    const busy = await Promise.all(Array.from({ length: 8 }, () => open(server)));
    for (const [n, socket] of busy.entries()) {
      socket.write(
        `GET /api/series?measurement=m&field=f${n}&from=1&to=2 HTTP/1.1\r\nHost: localhost\r\n\r\n`,
      );
    }
    await expect.poll(() => view.seriesQueries.length).toBe(8);
    expect(await asked(await open(server), '/api/ledger')).toMatch(/^HTTP\/1\.1 503 .*TOO_MANY_CONNECTIONS/s);
    expect(refusals).toMatchObject({ 'too-many-connections': 1, 'idle-closed': 0 });
    for (const path of ['/healthz', '/readyz', '/metrics']) {
      expect(await asked(await open(server), path)).toMatch(/^HTTP\/1\.1 200 .*connection: close/is);
    }
    expect(await asked(await open(server, '127.0.0.2'), '/api/ledger')).toMatch(OK);
    expect(busy.every(({ closed }) => !closed)).toBe(true);
  });

  it('that floods the reserve beside its busy connections does not keep health from being answered', async () => {
    const view = new FakeGatewayView();
    view.storeGate = new Promise(() => undefined);
    const server = await start(view, { maxConnectionsPerAddress: 4, closeGraceMs: 10 });
    for (let i = 0; i < 4; i++) {
      (await open(server)).write(
        `GET /api/series?measurement=m&field=f${i}&from=1&to=2 HTTP/1.1\r\nHost: localhost\r\n\r\n`,
      );
    }
    await expect.poll(() => view.seriesQueries.length).toBe(4);
    for (let i = 0; i < 100; i++) await open(server);
    expect(await asked(await open(server), '/healthz')).toMatch(OK);
    expect(await asked(await open(server, '127.0.0.2'), '/healthz')).toMatch(OK);
  });

  it('may have 8 event streams; the others have theirs', async () => {
    const server = await start();
    for (let i = 0; i < 8; i++) expect(await asked(await open(server), '/api/live')).toMatch(OK);
    expect(await asked(await open(server), '/api/live')).toMatch(
      /^HTTP\/1\.1 503 .*retry-after: 5.*8 pages of this address are open already/is,
    );
    const other = await open(server, '127.0.0.2');
    expect(await asked(other, '/api/live')).toMatch(OK);
  });
});

it('many addresses together leave room for health and for a new one', async () => {
  const server = await start();
  for (let i = 0; i < 300; i++) await open(server, `127.0.1.${1 + (i % 100)}`);
  expect(await asked(await open(server, '127.0.0.3'), '/api/ledger')).toMatch(OK);
  expect(await asked(await open(server, '127.0.1.1'), '/healthz')).toMatch(OK);
});
