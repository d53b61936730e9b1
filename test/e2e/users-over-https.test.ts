import { readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { connect } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { GatewayProcess } from '../../harness/gateway-process.js';
import { sluice } from '../../harness/programs.js';
import { tokenHash } from '../../src/access/access-token.js';
import { startFakeStore } from '../support/fake-store.js';
import { HAS_OPENSSL, OpensslCa } from '../support/openssl-ca.js';
import { tempDirectory } from '../support/temp-directory.js';

const TOKEN = `sluice_${'A'.repeat(43)}`;
const ROTATED = `sluice_${'B'.repeat(43)}`;
const accessText = (token: string) => `
users:
  ann: { token: "${tokenHash(Buffer.from(token))}", roles: [owner] }
roles:
  owner: { http: change }
`;

interface Answer {
  readonly status: number;
  readonly body: { readonly code?: string; readonly user?: string };
  readonly cookie: string;
}

describe.skipIf(!HAS_OPENSSL)('users over https', () => {
  it('a person reads and changes by token and by cookie, until the secret is another [access 6]', {
    timeout: 120_000,
  }, async () => {
    const directory = tempDirectory();
    const ca = new OpensslCa(directory);
    const { cert, key } = ca.issue('gateway', { names: 'IP:127.0.0.1' });
    const accessFile = join(directory, 'access.yaml');
    writeFileSync(accessFile, accessText(TOKEN), { mode: 0o600 });
    const store = await startFakeStore(() => ({ status: 204, headers: { 'X-Influxdb-Version': '1.8.10' } }));
    onTestFinished(() => store.stop());
    const gateway = new GatewayProcess({
      directory,
      config: `broker:
  access: ${JSON.stringify(accessFile)}
  listeners: [{ port: 0 }, { protocol: ws, port: 0 }]
http: { port: 0, read: token, tls: { cert: ${JSON.stringify(cert)}, key: ${JSON.stringify(key)} } }
sink: { influx: { url: "${store.url}", database: iot } }`,
    });
    onTestFinished(() => gateway.end());
    await gateway.start();
    const { port, protocol } = new URL(gateway.httpUrl);
    expect(protocol).toBe('https:');

    const ask = (path: string, headers: Record<string, string> = {}, change?: object): Promise<Answer> =>
      new Promise((resolve, reject) => {
        const call = request(
          {
            host: '127.0.0.1',
            port,
            path,
            ca: readFileSync(ca.cert),
            agent: false,
            method: change === undefined ? 'GET' : 'POST',
            headers: { ...headers, ...(change !== undefined && { 'content-type': 'application/json' }) },
          },
          async (answer) => {
            const text = (await answer.toArray()).map(String).join('');
            const cookie = answer.headers['set-cookie']?.[0]?.split(';')[0] ?? '';
            resolve({ status: answer.statusCode!, body: JSON.parse(text) as Answer['body'], cookie });
          },
        );
        call.on('error', reject);
        call.end(change === undefined ? undefined : JSON.stringify(change));
      });

    expect((await ask('/healthz')).status).toBe(200);
    expect(await ask('/api/ledger')).toMatchObject({ status: 401, body: { code: 'SIGN_IN_NEEDED' } });
    expect(await ask('/api/reload', {}, {})).toMatchObject({ status: 401, body: { code: 'SIGN_IN_NEEDED' } });
    expect((await ask('/api/ledger', { authorization: `Bearer ${TOKEN}` })).status).toBe(200);
    const { cookie, body } = await ask('/api/sign-in', {}, { user: 'ann', password: TOKEN });
    expect(body.user).toBe('ann');
    expect((await ask('/api/reload', { cookie }, {})).status).toBe(200);

    writeFileSync(accessFile, accessText(ROTATED), { mode: 0o600 });
    expect((await sluice(['reload', '-c', gateway.configFile])).code).toBe(0);
    expect((await ask('/api/ledger', { cookie })).status).toBe(401);
    expect((await ask('/api/ledger', { authorization: `Bearer ${TOKEN}` })).status).toBe(401);
    expect((await ask('/api/ledger', { authorization: `Bearer ${ROTATED}` })).status).toBe(200);

    const audited = gateway.output
      .split('\n')
      .filter((line) => line.includes('"AUDIT"'))
      .map((line) => JSON.parse(line) as object);
    expect(audited).toMatchObject([
      { change: 'reload', method: 'anonymous', outcome: 'refused', reason: '401' },
      { change: 'sign-in', user: 'ann', method: 'token', remoteAddress: '127.0.0.1', outcome: 'done' },
      { change: 'reload', user: 'ann', method: 'token', outcome: 'done' },
      { change: 'reload', user: userInfo().username, method: 'claimed', outcome: 'done' },
      { change: 'sign-in', outcome: 'refused', reason: 'SIGN_IN_REFUSED' },
    ]);
    expect(gateway.output).not.toMatch(/sluice_[AB]{4}/);
    const doctor = await sluice(['doctor', '-c', gateway.configFile]);
    expect(doctor.stdout).toMatch(/gateway .* is running here/);
  });

  it('no port of MQTT answers metrics, health or the page [security 3]', { timeout: 120_000 }, async () => {
    const store = await startFakeStore(() => ({ status: 204, headers: { 'X-Influxdb-Version': '1.8.10' } }));
    onTestFinished(() => store.stop());
    const gateway = new GatewayProcess({
      directory: tempDirectory(),
      config: `broker: { listeners: [{ port: 0 }, { protocol: ws, port: 0 }] }
http: { port: 0 }
sink: { influx: { url: "${store.url}", database: iot } }`,
    });
    onTestFinished(() => gateway.end());
    await gateway.start();
    const ports = [...gateway.output.matchAll(/(?:mqtt|ws):\/\/127\.0\.0\.1:(\d+)/g)].map(([, port]) =>
      Number(port),
    );
    expect(new Set(ports).size).toBe(2);
    for (const port of new Set(ports)) {
      for (const path of ['/', '/metrics', '/healthz', '/api/state']) {
        const socket = connect(port, '127.0.0.1');
        socket.on('error', () => undefined);
        socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
        const answer = Buffer.concat(await socket.toArray().catch(() => [])).toString('latin1');
        expect(answer, `${port} ${path}`).not.toMatch(/^HTTP\/1\.1 [23]|sluice_|<html|"status"/);
      }
    }
  });
});
