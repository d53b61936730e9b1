import { readFileSync } from 'node:fs';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { AccessRules } from '../../../src/access/access-rules.js';
import { CredentialAuthenticator } from '../../../src/access/credential-authenticator.js';
import { RuledAccess } from '../../../src/access/ruled-access.js';
import { SystemClock } from '../../../src/lib/clock.js';
import { RevocationList } from '../../../src/lib/tls/revocation-list.js';
import { TlsContexts } from '../../../src/lib/tls/tls-contexts.js';
import { HeldIntake, startBroker } from '../../support/broker-fixture.js';
import { HAS_OPENSSL, OpensslCa } from '../../support/openssl-ca.js';
import { CONNECT, eventually, rawClient } from '../../support/raw-client.js';
import { tempDirectory } from '../../support/temp-directory.js';
import { overTls, shown, tlsListener } from '../../support/tls-listener.js';

const DAY_MS = 86_400_000;

const RULES: AccessRules = {
  file: 'access.yaml',
  users: new Map(),
  roles: new Map([
    [
      'device',
      { name: 'device', clientId: '{user}', publish: [{ filter: '#', line: 5 }], subscribe: [], line: 4 },
    ],
  ]),
  mtls: { user: 'cn', roles: ['device'], line: 2 },
};

/** A listener that asks for client certificates, with access rules that take the user from them. */
async function startMutual() {
  const { ca, listener, trust } = tlsListener('mqtts', { clientCa: true });
  const warnings: object[] = [];
  const warn = (fields: object) => warnings.push(fields);
  const revocations = new RevocationList(warn);
  const tls = new TlsContexts({ warn, revocations, checkEveryMs: DAY_MS });
  onTestFinished(() => tls.close());
  const authenticator = new CredentialAuthenticator({ clock: new SystemClock(), warn });
  onTestFinished(() => authenticator.close());
  const access = new RuledAccess(RULES, authenticator);
  const started = await startBroker(
    new HeldIntake(),
    { listeners: [listener] },
    { tls, revocations, access },
  );
  /** Connects and returns the code of CONNACK, or undefined when the connection was closed before. */
  const connect = async (options: ConnectionOptions, clientId: string) => {
    const device = await rawClient(started.port, overTls({ ...trust, ...options }));
    device.send({ ...CONNECT, clientId });
    await Promise.race([device.received('connack'), device.closed()]);
    const [packet] = device.packets;
    return { device, returnCode: packet?.cmd === 'connack' ? packet.returnCode : undefined };
  };
  const lastDetail = () => (started.lines.at(-1)?.fields as { detail?: string } | undefined)?.detail;
  return { ...started, ca, trust, revocations, warnings, connect, lastDetail };
}

describe.skipIf(!HAS_OPENSSL)('mutual TLS', () => {
  it('signs a client in as the common name of its certificate [security 7]', async () => {
    const { ca, connect } = await startMutual();
    const meter = ca.issue('meter-17');
    expect((await connect(shown(meter), 'meter-17')).returnCode).toBe(0);
  });

  it('refuses another client id than that of its certificate [security 7]', async () => {
    const { ca, broker, connect } = await startMutual();
    expect((await connect(shown(ca.issue('meter-17')), 'meter-18')).returnCode).toBe(2);
    expect(broker.counters().refused['client-id-denied']).toBe(1);
  });

  it.each([
    ['no certificate', () => ({}), /showed no certificate/],
    [
      'one of another CA',
      () => shown(new OpensslCa(tempDirectory(), 'other').issue('meter-17')),
      /from a CA that is not in clientCa/,
    ],
    [
      'an expired one',
      (ca: OpensslCa) =>
        shown(
          ca.issue('meter-17', {
            from: new Date(Date.now() - 9 * DAY_MS),
            until: new Date(Date.now() - DAY_MS),
          }),
        ),
      /has expired: give the client a new one/,
    ],
    [
      'one that is not valid yet',
      (ca: OpensslCa) => shown(ca.issue('meter-17', { from: new Date(Date.now() + DAY_MS) })),
      /not valid yet/,
    ],
  ])('refuses a client with %s [security 7]', async (_, made, detail) => {
    const { ca, broker, connect, lastDetail } = await startMutual();
    expect((await connect(made(ca), 'meter-17')).returnCode).toBeUndefined();
    await eventually(() => broker.counters().refused['tls-failed'] > 0);
    expect(lastDetail()).toMatch(detail);
    expect(broker.counters().refused['tls-failed']).toBe(1);
  });

  it('does not resume the session of a certificate that has expired since [security 7]', async () => {
    const { ca, port, trust, broker, lastDetail } = await startMutual();
    const options = { ...trust, ...shown(ca.issue('meter-17', { until: new Date(Date.now() + DAY_MS) })) };
    let session: Buffer | undefined;
    const first = await rawClient(port, (at) =>
      connectTls({ host: '127.0.0.1', port: at, ...options }).on('session', (ticket) => {
        session = ticket;
      }),
    );
    first.send({ ...CONNECT, clientId: 'meter-17' });
    await first.received('connack');
    first.socket.destroy();
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 2 * DAY_MS });
    onTestFinished(() => void vi.useRealTimers());
    const again = await rawClient(port, overTls({ ...options, session }));
    await again.closed();
    expect([broker.counters().refused['tls-failed'], lastDetail()]).toEqual([
      1,
      expect.stringMatching(/has expired/),
    ]);
  });
});

describe.skipIf(!HAS_OPENSSL)('a revocation list', () => {
  it('ends connections of revoked certificates and refuses new ones; others stay [security 7]', async () => {
    const { ca, broker, revocations, connect, lastDetail } = await startMutual();
    const [lost, kept] = [ca.issue('meter-17'), ca.issue('meter-18')];
    const victim = await connect(shown(lost), 'meter-17');
    const other = await connect(shown(kept), 'meter-18');
    expect([victim.returnCode, other.returnCode]).toEqual([0, 0]);

    await revocations.replace(ca.revoke([lost.cert]));
    await victim.device.closed();
    expect(broker.counters().refused['certificate-revoked']).toBe(1);
    expect(lastDetail()).toMatch(/serial number [0-9A-F]+ is now revoked/);
    expect((await connect(shown(lost), 'meter-17')).returnCode).toBeUndefined();
    await eventually(() => broker.counters().refused['tls-failed'] > 0);
    expect(lastDetail()).toBe('the client certificate is revoked');
    expect((await connect(shown(ca.issue('meter-19')), 'meter-19')).returnCode).toBe(0);
    expect(other.device.isClosed()).toBe(false);
  });

  it('with a session ticket is applied too [security 7]', async () => {
    const { ca, port, trust, broker, revocations } = await startMutual();
    const meter = ca.issue('meter-17');
    let session: Buffer | undefined;
    const first = await rawClient(port, (at) =>
      connectTls({ host: '127.0.0.1', port: at, ...trust, ...shown(meter) }).on('session', (ticket) => {
        session = ticket;
      }),
    );
    first.send({ ...CONNECT, clientId: 'meter-17' });
    await first.received('connack');
    first.socket.destroy();
    await revocations.replace(ca.revoke([meter.cert]));
    const again = await rawClient(port, overTls({ ...trust, ...shown(meter), session }));
    await again.closed();
    await eventually(() => broker.counters().refused['tls-failed'] > 0);
  });

  it('that has expired refuses every client certificate, with a warning once a day', async () => {
    const { ca, broker, revocations, warnings, connect, lastDetail } = await startMutual();
    await revocations.replace(ca.revoke([], new Date(Date.now() - DAY_MS)));
    revocations.check();
    revocations.check();
    expect(warnings).toEqual([
      expect.objectContaining({
        code: 'CERTIFICATE_EXPIRES',
        detail: expect.stringMatching(/has expired .*: no client certificate is accepted/),
      }),
    ]);
    expect((await connect(shown(ca.issue('meter-17')), 'meter-17')).returnCode).toBeUndefined();
    await eventually(() => broker.counters().refused['tls-failed'] > 0);
    expect(lastDetail()).toMatch(/revocation list .* has expired/);
  });

  it('that is damaged leaves the one in use, with a warning', async () => {
    const { ca, broker, revocations, warnings, connect } = await startMutual();
    const meter = ca.issue('meter-17');
    await revocations.replace(ca.revoke([meter.cert]));
    const before = readFileSync(ca.crl, 'utf8');
    await revocations.replace(ca.cert);
    expect(warnings).toEqual([
      {
        code: 'TLS_RELOAD_REFUSED',
        reason: expect.stringMatching(/test-ca\.crt: found no revocation list in PEM/),
      },
    ]);
    expect(revocations.pems?.join('')).toBe(before.trim());
    expect((await connect(shown(meter), 'meter-17')).returnCode).toBeUndefined();
    expect(broker.counters().connections).toBe(0);
  });
});
