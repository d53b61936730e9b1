import { X509Certificate } from 'node:crypto';
import { copyFileSync, readFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import mqtt from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runLoad } from '../../../harness/load-client.js';
import { createRefusalCounts } from '../../../src/broker/refusals.js';
import { TlsContexts } from '../../../src/lib/tls/tls-contexts.js';
import { HeldIntake, startBroker, startIngest } from '../../support/broker-fixture.js';
import { HAS_OPENSSL } from '../../support/openssl-ca.js';
import { CONNECT, eventually, rawClient } from '../../support/raw-client.js';
import { overTls, tlsListener } from '../../support/tls-listener.js';

const HOUR_MS = 3_600_000;

async function startTls(protocol: 'mqtts' | 'wss' = 'mqtts', connectTimeoutMs = 10_000) {
  const { listener, ...parts } = tlsListener(protocol);
  const started = await startBroker(new HeldIntake(), { listeners: [listener], connectTimeoutMs });
  const refusals = () => {
    const none: Readonly<Record<string, number>> = createRefusalCounts();
    const counts = Object.entries(started.broker.counters().refused);
    return Object.fromEntries(counts.filter(([reason, count]) => count !== none[reason]));
  };
  return { ...parts, ...started, refusals };
}

/** Resolves with the connection, or rejects when there is none. */
function handshake(port: number, options: ConnectionOptions): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host: '127.0.0.1', port, ...options });
    onTestFinished(() => void socket.destroy());
    socket.once('secureConnect', () => resolve(socket));
    socket.once('error', reject);
  });
}

/** Sends these bytes and resolves when the connection is closed. */
function sent(port: number, bytes: Buffer | string): Promise<void> {
  return new Promise((resolve) => {
    const socket = connectTcp(port, '127.0.0.1', () => socket.write(bytes));
    onTestFinished(() => void socket.destroy());
    socket.resume();
    socket.on('error', () => undefined);
    socket.on('close', () => resolve());
  });
}

describe.skipIf(!HAS_OPENSSL)('TLS', () => {
  it.each(['mqtts', 'wss'] as const)(
    'carries MQTT.js over %s, and the broker knows it is encrypted',
    async (protocol) => {
      const { listener, trust } = tlsListener(protocol);
      const { port, log } = await startIngest({ listeners: [listener] });
      const device = await mqtt.connectAsync(`${protocol}://127.0.0.1:${port}/mqtt`, {
        ...trust,
        reconnectPeriod: 0,
      });
      await device.publishAsync('a/b/c', 'over TLS', { qos: 1 });
      expect((await log.readAll()).records[0]!.payload.toString()).toBe('over TLS');
      await device.endAsync();
    },
  );

  it('is version 1.3 where the client can, and 1.2 with a modern suite where it cannot [security 16]', async () => {
    const { port, trust } = await startTls();
    expect((await handshake(port, trust)).getProtocol()).toBe('TLSv1.3');
    const older = await handshake(port, { ...trust, maxVersion: 'TLSv1.2' });
    expect([older.getProtocol(), older.getCipher().name]).toEqual([
      'TLSv1.2',
      expect.stringMatching(/^ECDHE-.*(GCM|POLY1305)/),
    ]);
  });

  it.each([
    [
      'TLS 1.1',
      { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' },
      /only TLS 1\.1 or older/,
    ],
    [
      'CBC suites',
      { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0' },
      /no cipher suite/,
    ],
    [
      'suites without forward secrecy',
      { maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256:@SECLEVEL=0' },
      /no cipher suite/,
    ],
    ['another application protocol', { ALPNProtocols: ['http/1.1'] }, /another protocol than MQTT/],
  ] as [string, ConnectionOptions, RegExp][])(
    'refuses %s and says what is needed [security 16]',
    async (_, options, detail) => {
      const { port, trust, refusals, lines } = await startTls();
      await expect(handshake(port, { ...trust, ...options })).rejects.toThrow();
      await eventually(() => lines.length > 0);
      expect(refusals()).toEqual({ 'tls-failed': 1 });
      expect(lines[0]?.fields).toMatchObject({
        code: 'BROKER_TLS_FAILED',
        reason: 'tls-failed',
        detail: expect.stringMatching(detail),
      });
    },
  );

  it('agrees on mqtt where a client asks for it by ALPN, and accepts clients that ask for nothing', async () => {
    const { port, trust } = await startTls();
    expect((await handshake(port, { ...trust, ALPNProtocols: ['mqtt'] })).alpnProtocol).toBe('mqtt');
    expect((await handshake(port, trust)).alpnProtocol).toBe(false);
  });

  it('refuses renegotiation, which TLS 1.2 has [security 16]', async () => {
    const { port, trust } = await startTls();
    const socket = await handshake(port, { ...trust, maxVersion: 'TLSv1.2' });
    const failed = await new Promise((resolve) => {
      socket.once('error', resolve);
      socket.renegotiate({}, (error) => resolve(error));
    });
    expect(failed).toBeInstanceOf(Error);
  });

  it('names the cause when a client does not know the CA', async () => {
    const { port, refusals, lines } = await startTls();
    await expect(handshake(port, {})).rejects.toThrow();
    await eventually(() => lines.length > 0);
    expect(refusals()).toEqual({ 'tls-failed': 1 });
    // Node closes without an alert; OpenSSL's own client and mosquitto send one.
    expect(lines[0]?.fields).toMatchObject({ detail: expect.stringMatching(/the CA|closed the connection/) });
  });

  it.each([
    ['MQTT without TLS', 'mqtts', Buffer.from([0x10, 12, 0, 4]), /speaks MQTT without TLS: let it use TLS/],
    ['HTTP without TLS', 'wss', 'GET / HTTP/1.1\r\nHost: h\r\n\r\n', /speaks HTTP without TLS/],
    ['anything else', 'mqtts', Buffer.from([0x00]), /the first byte is 0x00, that of TLS is 0x16/],
    ['damaged TLS', 'mqtts', Buffer.from([0x16, 3, 1, 0, 4, 1, 2, 3, 4]), /./],
  ] as const)('names %s on a TLS port', async (_, protocol, bytes, detail) => {
    const { port, refusals, lines } = await startTls(protocol);
    await sent(port, bytes as Buffer);
    await eventually(() => lines.length > 0);
    expect(refusals()).toEqual({ 'tls-failed': 1 });
    expect(lines[0]?.fields).toMatchObject({ detail: expect.stringMatching(detail) });
  });

  it.each(['mqtt', 'ws'] as const)('is named on a listener that speaks %s without it', async (protocol) => {
    const { broker, port, lines } = await startBroker(new HeldIntake(), {
      listeners: [{ protocol, host: '127.0.0.1', port: 0 }],
    });
    await expect(handshake(port, {})).rejects.toThrow();
    await eventually(() => lines.length > 0);
    expect(broker.counters().refused).toEqual({ ...createRefusalCounts(), 'tls-failed': 1 });
    expect(lines[0]?.fields).toMatchObject({
      detail: expect.stringMatching(/speaks TLS, and this listener does not/),
    });
  });
});

describe.skipIf(!HAS_OPENSSL)('a peer of a TLS listener', () => {
  it.each([
    ['mqtts', 'nothing', Buffer.alloc(0)],
    ['wss', 'nothing', Buffer.alloc(0)],
    ['mqtts', 'the beginning of a handshake', Buffer.from([0x16, 3, 1, 2, 0])],
  ] as const)(
    'that sends %s %s is cut after broker.connectTimeout [security 17]',
    async (protocol, _, bytes) => {
      const { port, refusals, broker } = await startTls(protocol, 40);
      await sent(port, bytes);
      expect(refusals()).toEqual({ 'connect-timeout': 1 });
      expect(broker.counters().connections).toBe(0);
    },
  );

  it('that sends no WebSocket handshake behind TLS is cut as well [security 17]', async () => {
    const { port, trust, refusals } = await startTls('wss', 60);
    const socket = await handshake(port, trust);
    socket.write('GET /mqtt HTTP/1.1\r\n');
    await new Promise((resolve) => socket.resume().once('close', resolve));
    expect(refusals()).toEqual({ 'connect-timeout': 1 });
  });

  it.each(['mqtts', 'wss'] as const)(
    'that resets the connection to %s at any time does not end the process',
    async (protocol) => {
      const { port, trust, broker } = await startTls(protocol);
      for (const bytes of [undefined, Buffer.from([0x16]), Buffer.from([0x16, 3, 1, 2, 0, 1])]) {
        await new Promise<void>((resolve) => {
          const socket = connectTcp(port, '127.0.0.1', () => {
            if (bytes !== undefined) socket.write(bytes);
            setImmediate(() => socket.resetAndDestroy());
          });
          socket.on('close', () => resolve());
        });
      }
      const socket = await handshake(port, trust);
      socket.destroy();
      const next = await handshake(port, trust);
      expect(next.authorized).toBe(true);
      expect(broker.listeners).toHaveLength(1);
    },
  );

  it('frees its place when it goes before the handshake is complete', async () => {
    const { listener, trust } = tlsListener('mqtts');
    const { port } = await startBroker(new HeldIntake(), {
      listeners: [listener],
      maxConnectionsPerAddress: 1,
    });
    for (const bytes of ['', '\x16', '\x16\x03\x01\x02']) {
      const socket = connectTcp(port, '127.0.0.1');
      await new Promise((resolve) => socket.once('connect', resolve));
      await new Promise((resolve) => socket.write(bytes, resolve));
      socket.destroy();
    }
    // Refused while the place of the last one is not free yet.
    const connected = async (): Promise<TLSSocket> => handshake(port, trust).catch(connected);
    await connected();
  });
});

describe.skipIf(!HAS_OPENSSL)('a new certificate', () => {
  it('is used without a restart, and open connections stay, under load [security 16]', async () => {
    const { ca, files, listener, trust } = tlsListener('mqtts');
    const tls = new TlsContexts({ warn: () => undefined, checkEveryMs: HOUR_MS });
    onTestFinished(() => tls.close());
    const intake = new HeldIntake();
    const { port } = await startBroker(intake, { listeners: [listener] }, { tls });
    const pump = setInterval(() => intake.storeAll(), 1);
    onTestFinished(() => clearInterval(pump));
    const serials: (string | undefined)[] = [];
    let acknowledged = 0;
    const load = runLoad({
      host: '127.0.0.1',
      port,
      connections: 5,
      messages: 2000,
      qos: 1,
      window: 20,
      topic: () => 'a/b/c',
      payload: () => Buffer.alloc(100, 'x'),
      open: () => overTls(trust)(port),
      onAcknowledged: () => {
        acknowledged += 1;
      },
    });
    for (let swap = 1; swap <= 3; swap += 1) {
      await eventually(() => acknowledged >= swap * 1000);
      const renewed = ca.issue(`renewed-${swap}`, { names: 'DNS:localhost,IP:127.0.0.1' });
      copyFileSync(renewed.key, files.key);
      copyFileSync(renewed.cert, files.cert);
      await tls.check();
      const socket = await handshake(port, trust);
      serials.push(socket.getPeerX509Certificate()?.serialNumber);
      expect(serials.at(-1)).toBe(new X509Certificate(readFileSync(renewed.cert)).serialNumber);
      socket.destroy();
    }
    // Without `reconnect` a lost connection fails the load.
    expect((await load).acknowledged).toBe(10_000);
    expect(new Set(serials).size).toBe(3);
  });

  it('makes old session tickets useless; before, a reconnect resumes its session', async () => {
    const { listener, trust, ca } = tlsListener('mqtts');
    const tls = new TlsContexts({ warn: () => undefined, checkEveryMs: HOUR_MS });
    onTestFinished(() => tls.close());
    const { port } = await startBroker(new HeldIntake(), { listeners: [listener] }, { tls });
    // Nothing is read of a ticket before the first data.
    const connected = async (session?: Buffer) => {
      let ticket: Buffer | undefined;
      let isReused = false;
      const device = await rawClient(port, (at) => {
        const socket = connectTls({ host: '127.0.0.1', port: at, ...trust, session });
        socket.on('session', (received) => {
          ticket = received;
        });
        socket.once('secureConnect', () => {
          isReused = socket.isSessionReused();
        });
        return socket;
      });
      device.send({ ...CONNECT, clientId: 'd' });
      await device.received('connack');
      device.socket.destroy();
      return { ticket, isReused };
    };
    const first = await connected();
    expect((await connected(first.ticket)).isReused).toBe(true);
    ca.issue('server', { names: 'DNS:localhost,IP:127.0.0.1' });
    await tls.check();
    expect((await connected(first.ticket)).isReused).toBe(false);
  });
});
