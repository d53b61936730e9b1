import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import mqttPacket from 'mqtt-packet';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { BrokerOptions } from '../../../src/broker/broker.js';
import { createRefusalCounts } from '../../../src/broker/refusals.js';
import type { ListenerOptions } from '../../../src/broker/transport/listener.js';
import { parseProxyHeader } from '../../../src/broker/transport/proxy-header.js';
import { HeldIntake, startBroker } from '../../support/broker-fixture.js';
import { HAS_OPENSSL } from '../../support/openssl-ca.js';
import { CONNECT, eventually, rawClient } from '../../support/raw-client.js';
import { tlsListener } from '../../support/tls-listener.js';

const V1 = 'PROXY TCP4 203.0.113.9 10.0.0.2 51000 1883\r\n';
const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');

/** A header of version 2 with these addresses and extensions. */
function v2(
  command: number,
  family: number,
  addresses: readonly number[],
  extensions = Buffer.alloc(0),
): Buffer {
  const rest = Buffer.concat([Buffer.from(addresses), extensions]);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(rest.length);
  return Buffer.concat([SIGNATURE, Buffer.from([command, family]), length, rest]);
}

const V4_ADDRESSES = [203, 0, 113, 9, 10, 0, 0, 2, 0xc7, 0x38, 7, 0x5b];
const V6_ADDRESSES = [0x20, 1, 0xd, 0xb8, ...Array(11).fill(0), 7, ...Array(16).fill(0), 0xc7, 0x38, 7, 0x5b];

async function startProxied(options: Partial<BrokerOptions> = {}, listener: Partial<ListenerOptions> = {}) {
  const started = await startBroker(new HeldIntake(), {
    listeners: [{ protocol: 'mqtt', host: '127.0.0.1', port: 0, proxy: ['127.0.0.0/8'], ...listener }],
    ...options,
  });
  const refusals = () => {
    const none: Readonly<Record<string, number>> = createRefusalCounts();
    const counts = Object.entries(started.broker.counters().refused);
    return Object.fromEntries(counts.filter(([reason, count]) => count !== none[reason]));
  };
  const fields = () => started.lines.at(-1)?.fields;
  return { ...started, refusals, fields };
}

/** Opens a TCP connection that begins with these bytes. */
function beginning(bytes: Buffer | string): (port: number) => Socket {
  return (port) => {
    const socket = connectTcp({ port, host: '127.0.0.1', noDelay: true });
    socket.write(bytes);
    return socket;
  };
}

describe('a PROXY header', () => {
  const parsed = (bytes: Buffer | string) => parseProxyHeader(Buffer.from(bytes as string, 'latin1'));
  const ofV2 = (bytes: Buffer) => parseProxyHeader(bytes);

  it.each([
    [V1, { kind: 'client', address: '203.0.113.9' }],
    ['PROXY TCP6 2001:db8::7 ::1 1 65535\r\n', { kind: 'client', address: '2001:db8::7' }],
    ['PROXY UNKNOWN ffff:f:f ignored\r\n', { kind: 'proxy' }],
    ['PROXY UNKNOWN\r\n', { kind: 'proxy' }],
  ])('of version 1 is read: %j', (text, value) => {
    expect(parsed(`${text}MQTT`)).toEqual({ value, length: text.length });
  });

  it.each([
    ['of IPv4', v2(0x21, 0x11, V4_ADDRESSES), { kind: 'client', address: '203.0.113.9' }],
    ['of IPv6', v2(0x21, 0x21, V6_ADDRESSES), { kind: 'client', address: '2001:db8::7' }],
    [
      'with extensions',
      v2(0x21, 0x11, V4_ADDRESSES, Buffer.alloc(1000)),
      { kind: 'client', address: '203.0.113.9' },
    ],
    ['LOCAL, a health check', v2(0x20, 0, []), { kind: 'proxy' }],
    ['LOCAL with addresses, which do not count', v2(0x20, 0x11, V4_ADDRESSES), { kind: 'proxy' }],
    ['of a Unix socket', v2(0x21, 0x31, Array(216).fill(0)), { kind: 'proxy' }],
  ] as const)('of version 2 is read: %s', (_, bytes, value) => {
    expect(ofV2(Buffer.concat([bytes, Buffer.from('MQTT')]))).toEqual({ value, length: bytes.length });
  });

  it.each([V1, v2(0x21, 0x11, V4_ADDRESSES)])('is waited for until it is complete', (header) => {
    const bytes = Buffer.from(header as string, 'latin1');
    for (let length = 1; length < bytes.length; length += 1) {
      expect(parseProxyHeader(bytes.subarray(0, length))).toBe('more');
    }
  });

  it.each([
    ['MQTT', Buffer.from([0x10, 12]), /first byte is 0x10/],
    ['TLS', Buffer.from([0x16, 3, 1]), /first byte is 0x16/],
    ['a long line', `PROXY ${'a'.repeat(200)}`, /no line end in 107 bytes/],
    ['a line end behind the limit', `PROXY TCP4 ${' '.repeat(120)}\r\n`, /no line end/],
    ['another family', 'PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n', /damaged/],
    ['no address', 'PROXY TCP4 example.com 1.2.3.4 1 2\r\n', /damaged/],
    ['an address of the other version', 'PROXY TCP4 ::1 1.2.3.4 1 2\r\n', /damaged/],
    ['a port out of range', 'PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n', /damaged/],
    ['more than two ports', 'PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n', /damaged/],
    ['another version', v2(0x31, 0x11, V4_ADDRESSES), /version and command 0x31/],
    ['another command', v2(0x22, 0x11, V4_ADDRESSES), /version and command 0x22/],
    ['too few addresses', v2(0x21, 0x21, V4_ADDRESSES), /12 bytes of addresses, expected 36/],
    [
      'a length over the limit',
      v2(0x21, 0x11, V4_ADDRESSES, Buffer.alloc(2100)).subarray(0, 16),
      /the limit is 2048/,
    ],
  ])('is refused: %s [security 19]', (_, bytes, detail) => {
    expect(parsed(bytes)).toEqual({
      value: { kind: 'invalid', detail: expect.stringMatching(detail) },
      length: 0,
    });
  });
});

describe('a listener with PROXY protocol', () => {
  it.each([
    ['version 1', V1, '203.0.113.9'],
    ['version 2', v2(0x21, 0x21, V6_ADDRESSES), '2001:db8::7'],
  ])('takes the address of a client from a header of %s', async (_, header, address) => {
    const { port, refusals, fields } = await startProxied();
    // Header and packet in one segment: what is behind the header belongs to MQTT.
    const connect = mqttPacket.generate({ ...CONNECT, clientId: 'd' });
    const device = await rawClient(
      port,
      beginning(Buffer.concat([Buffer.from(header as string, 'latin1'), connect])),
    );
    await device.received('connack');
    device.socket.write(Buffer.from([0xf0, 0]));
    await device.closed();
    expect(Object.values(refusals())).toEqual([1]);
    expect(fields()).toMatchObject({ remoteAddress: address, clientId: 'd' });
  });

  it('reads a header that comes byte by byte', async () => {
    const { port } = await startProxied();
    const device = await rawClient(port, beginning(''));
    for (const byte of Buffer.from(V1)) {
      device.socket.write(Buffer.from([byte]));
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    device.send({ ...CONNECT, clientId: 'd' });
    await device.received('connack');
  });

  it.each([
    ['without a header', mqttPacket.generate({ ...CONNECT, clientId: 'd' }), /first byte is 0x10/],
    ['with a damaged header', 'PROXY TCP4 x y z\r\n', /damaged header of version 1/],
  ])('refuses a listed address %s [security 19]', async (_, bytes, detail) => {
    const { port, refusals, fields } = await startProxied();
    const device = await rawClient(port, beginning(bytes));
    await device.closed();
    expect(refusals()).toEqual({ 'proxy-refused': 1 });
    expect(fields()).toMatchObject({ code: 'BROKER_PROXY_REFUSED', detail: expect.stringMatching(detail) });
  });

  it('refuses every other address, and what its header claims [security 19] [access 6]', async () => {
    const { port, refusals, fields } = await startProxied({}, { proxy: ['10.0.0.0/8', '2001:db8::/32'] });
    const device = await rawClient(port, beginning(V1));
    await device.closed();
    expect(refusals()).toEqual({ 'proxy-refused': 1 });
    expect(fields()).toMatchObject({
      remoteAddress: '127.0.0.1',
      detail: expect.stringMatching(/not in the list/),
    });
  });

  it('reads no header on a listener without `proxy`: a forged one is not MQTT [security 19]', async () => {
    const { port, refusals } = await startProxied({}, { proxy: undefined });
    const device = await rawClient(port, beginning(V1));
    await device.closed();
    expect(refusals()).toEqual({ 'not-authenticated': 1 });
  });

  it('refuses a peer that sends no complete header in time [security 19]', async () => {
    const { port, refusals, fields } = await startProxied({ connectTimeoutMs: 40 });
    const device = await rawClient(port, beginning('PROXY TCP4 '));
    await device.closed();
    expect(refusals()).toEqual({ 'proxy-refused': 1 });
    expect(fields()).toMatchObject({ detail: 'no PROXY header within 40 ms' });
  });

  it('survives a reset before the first byte and in the middle of a header [security 19]', async () => {
    const { port, refusals } = await startProxied();
    for (const bytes of ['', 'PROXY T']) {
      await new Promise<void>((resolve) => {
        const socket = connectTcp(port, '127.0.0.1', () => {
          socket.write(bytes);
          setImmediate(() => socket.resetAndDestroy());
        });
        socket.on('close', () => resolve());
      });
    }
    const device = await rawClient(port, beginning(V1));
    device.send({ ...CONNECT, clientId: 'd' });
    await device.received('connack');
    expect(refusals()).toEqual({});
  });

  it('does not take a client for one of this machine, whatever address the header has [access 6]', async () => {
    const { port, refusals } = await startProxied();
    for (const header of [
      'PROXY TCP4 127.0.0.1 10.0.0.2 1 2\r\n',
      'PROXY TCP6 ::1 ::1 1 2\r\n',
      'PROXY UNKNOWN\r\n',
    ]) {
      const device = await rawClient(port, beginning(header));
      device.send({ ...CONNECT, clientId: 'd' });
      await device.received('connack');
      device.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: '#', qos: 0 }] });
      await device.received('suback');
      expect(device.packets.at(-1)).toMatchObject({ granted: [0x80] });
      device.socket.destroy();
    }
    expect(refusals()).toMatchObject({ 'subscribe-denied': 3 });
  });

  it('counts connections by the address of the client, not of the proxy', async () => {
    const { port, refusals } = await startProxied({ maxConnectionsPerAddress: 1 });
    const connect = async (address: string) => {
      const device = await rawClient(port, beginning(`PROXY TCP4 ${address} 10.0.0.2 1 2\r\n`));
      device.send({ ...CONNECT, clientId: address });
      await Promise.race([device.received('connack'), device.closed()]);
      return device.packets;
    };
    expect(await connect('203.0.113.1')).toMatchObject([{ returnCode: 0 }]);
    expect(await connect('203.0.113.2')).toMatchObject([{ returnCode: 0 }]);
    expect(await connect('203.0.113.1')).toMatchObject([{ returnCode: 3 }]);
    expect(refusals()).toEqual({ 'too-many-from-address': 1 });
  });

  it.skipIf(!HAS_OPENSSL)('reads the header before TLS', async () => {
    const { listener, trust } = tlsListener('mqtts', { proxy: ['127.0.0.1'] });
    const { port, fields } = await startProxied({ listeners: [listener] });
    const carrier = beginning(V1)(port);
    onTestFinished(() => void carrier.destroy());
    const device = await rawClient(port, () =>
      connectTls({ socket: carrier, ...trust, servername: 'localhost' }),
    );
    device.send({ ...CONNECT, clientId: 'd' });
    await device.received('connack');
    device.socket.write(Buffer.from([0xf0, 0]));
    await device.closed();
    expect(fields()).toMatchObject({ remoteAddress: '203.0.113.9' });
  });

  it('reads the header before WebSocket', async () => {
    const { port, refusals, fields } = await startProxied({}, { protocol: 'ws' });
    const socket = beginning(`${V1}GET / HTTP/1.1\r\nHost: h\r\n\r\n`)(port);
    onTestFinished(() => void socket.destroy());
    const answer = await new Promise((resolve) => socket.once('data', (bytes) => resolve(String(bytes))));
    expect(answer).toMatch(/^HTTP\/1\.1 426 /);
    await eventually(() => refusals()['not-websocket'] === 1);
    expect(fields()).toMatchObject({ remoteAddress: '203.0.113.9' });
  });

  it('cuts a WebSocket handshake that does not end, behind a header too [security 17]', async () => {
    const { port, refusals } = await startProxied({ connectTimeoutMs: 60 }, { protocol: 'ws' });
    const socket = beginning(`${V1}GET / HTTP/1.1\r\n`)(port);
    await new Promise((resolve) => socket.resume().once('close', resolve));
    expect(refusals()).toEqual({ 'connect-timeout': 1 });
  });
});
