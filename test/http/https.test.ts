import { readFileSync } from 'node:fs';
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { request } from 'node:https';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createHttpRefusalCounts } from '../../src/http/http-refusals.js';
import { type HttpServer, type HttpServerOptions, startHttpServer } from '../../src/http/http-server.js';
import { TlsContexts } from '../../src/lib/tls/tls-contexts.js';
import { FakeAccess } from '../support/fake-access.js';
import { FakeGatewayView } from '../support/fake-gateway-view.js';
import { type CertificateFiles, HAS_OPENSSL, OpensslCa } from '../support/openssl-ca.js';
import { tempDirectory } from '../support/temp-directory.js';

describe.skipIf(!HAS_OPENSSL)('https', () => {
  let ca: OpensslCa;
  let files: CertificateFiles;
  let contexts: TlsContexts;
  let server: HttpServer;
  const refusals = createHttpRefusalCounts();

  beforeEach(() => {
    ca = new OpensslCa(tempDirectory());
    files = ca.issue('server', { names: 'DNS:localhost,IP:127.0.0.1' });
    contexts = new TlsContexts({ warn: () => undefined, checkEveryMs: 3_600_000 });
  });
  afterEach(async () => {
    contexts.close();
    await server.close();
  });

  async function start(options: Partial<HttpServerOptions> = {}): Promise<void> {
    server = await startHttpServer({
      host: '127.0.0.1',
      port: 0,
      view: new FakeGatewayView(),
      tls: await contexts.open(files),
      refusals,
      ...options,
    });
  }

  interface Asked {
    readonly status: number;
    readonly body: string;
    readonly serial: string;
    readonly headers: IncomingMessage['headers'];
  }

  function ask(
    path: string,
    options: { method?: string; headers?: OutgoingHttpHeaders; body?: string } = {},
  ): Promise<Asked> {
    const { body, ...rest } = options;
    return new Promise((resolve, reject) => {
      const call = request(
        { ...rest, port: server.port, host: '127.0.0.1', path, agent: false, ca: readFileSync(ca.cert) },
        async (answer) => {
          const { serialNumber } = (answer.socket as import('node:tls').TLSSocket).getPeerCertificate();
          const text = (await answer.toArray()).map(String).join('');
          resolve({ status: answer.statusCode!, body: text, serial: serialNumber, headers: answer.headers });
        },
      );
      call.on('error', reject);
      call.end(body);
    });
  }

  it('answers over TLS, with an address that says so, and no HSTS', async () => {
    await start();
    expect(server.url).toBe(`https://127.0.0.1:${server.port}`);
    const { status, body, headers } = await ask('/healthz');
    expect([status, JSON.parse(body)]).toEqual([200, { status: 'ok' }]);
    expect(headers).not.toHaveProperty('strict-transport-security');
  });

  it('uses a new certificate without a restart', async () => {
    await start();
    const before = await ask('/healthz');
    ca.issue('server', { names: 'IP:127.0.0.1' });
    await contexts.check();
    const after = await ask('/healthz');
    expect([before.status, after.status]).toEqual([200, 200]);
    expect(after.serial).not.toBe(before.serial);
  });

  it.each(['TLSv1', 'TLSv1.1'] as const)('refuses %s [security 16]', async (maxVersion) => {
    await start();
    const socket = connectTls({
      port: server.port,
      host: '127.0.0.1',
      ca: readFileSync(ca.cert),
      minVersion: 'TLSv1',
      maxVersion,
      ciphers: 'ALL:@SECLEVEL=0',
    });
    await expect(
      new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject)),
    ).rejects.toThrow(/protocol version|alert/i);
  });

  it('answers nothing without TLS', async () => {
    await start();
    const socket = connect(server.port, '127.0.0.1');
    socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
    const bytes = await socket.toArray().catch(() => []);
    expect(Buffer.concat(bytes).toString('latin1')).not.toContain('HTTP/1.1');
  });

  it('cuts a peer that does not begin its handshake [security 17]', async () => {
    await start({ requestTimeoutMs: 200 });
    const socket = connect(server.port, '127.0.0.1');
    expect(await socket.toArray().catch(() => [])).toEqual([]);
  });

  it('marks the cookie of a sign-in as secure', async () => {
    await start({ access: new FakeAccess(), read: 'token' });
    const body = JSON.stringify({ user: 'owner', password: 'owner-token' });
    const { headers } = await ask('/api/sign-in', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    expect(headers['set-cookie']?.[0]).toMatch(/; Secure$/);
  });

  it('keeps a connection that is in use, and a reserve for health, when its limits are reached', async () => {
    await start({ maxConnectionsPerAddress: 2, maxConnections: 2 });
    const streams = await Promise.all([openStream(), openStream()]);
    const refused = await ask('/api/ledger');
    expect([refused.status, JSON.parse(refused.body).code]).toEqual([503, 'TOO_MANY_CONNECTIONS']);
    expect((await ask('/healthz')).status).toBe(200);
    expect(streams.map(({ destroyed }) => destroyed)).toEqual([false, false]);
    for (const stream of streams) stream.destroy();
  });

  function openStream(): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const call = request(
        { port: server.port, host: '127.0.0.1', path: '/api/live', agent: false, ca: readFileSync(ca.cert) },
        (answer) => {
          answer.on('error', () => undefined); // it is cut at the end of the test
          answer.once('data', () => resolve(answer));
        },
      );
      call.on('error', reject);
      call.end();
    });
  }
});
