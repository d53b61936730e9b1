import { readFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { join } from 'node:path';
import type mqttPacket from 'mqtt-packet';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import type { BrokerOptions } from '../../src/broker/broker.js';
import {
  BROKER_REFUSALS,
  type BrokerRefusal,
  createRefusalCounts,
  EVERYDAY_REFUSALS,
  Refusals,
} from '../../src/broker/refusals.js';
import { NEXT_STEPS, type WarningFields } from '../../src/lib/warnings.js';
import { HeldIntake, startBroker } from '../support/broker-fixture.js';
import { CONNECT, eventually, publish, rawClient } from '../support/raw-client.js';

type Device = Awaited<ReturnType<typeof rawClient>>;

const connectBytes = (version: number, flags: number, ...rest: number[]) => {
  const body = [0, 4, ...Buffer.from('MQTT'), version, flags, 0, 60, ...rest];
  return Buffer.from([0x10, body.length, ...body]);
};
/** Of a version that nobody speaks. */
const CONNECT_6 = connectBytes(6, 0x02, 0, 2, ...Buffer.from('d6'));

/** What a device does, and the one reason for which it is rejected. */
interface Case {
  readonly what: string;
  readonly reason: BrokerRefusal;
  readonly options?: Partial<BrokerOptions>;
  readonly does: (device: Device) => void;
}

const bytes = (sent: Buffer | string) => (device: Device) => void device.socket.write(sent);
const connected =
  (...packets: mqttPacket.Packet[]) =>
  (device: Device) => {
    device.send({ ...CONNECT, clientId: 'd' });
    void device.received('connack').then(() => packets.map(device.send));
  };
const connectedBytes =
  (...sent: number[]) =>
  (device: Device) => {
    device.send({ ...CONNECT, clientId: 'd' });
    void device.received('connack').then(() => device.socket.write(Buffer.from(sent)));
  };

const CASES: readonly Case[] = [
  { what: 'a version that is none', reason: 'protocol-version', does: bytes(CONNECT_6) },
  { what: 'HTTP', reason: 'not-mqtt', does: bytes('GET / HTTP/1.1\r\nHost: h\r\n\r\n') },
  {
    what: 'TLS',
    reason: 'tls-failed',
    does: bytes(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03])),
  },
  {
    what: 'a CONNECT of another protocol',
    reason: 'connect-malformed',
    does: bytes(Buffer.from([0x10, 6, 0, 4, ...Buffer.from('AMQP')])),
  },
  { what: 'nothing', reason: 'connect-timeout', options: { connectTimeoutMs: 30 }, does: () => undefined },
  {
    what: 'half a CONNECT',
    reason: 'connect-timeout',
    options: { connectTimeoutMs: 30 },
    does: bytes(CONNECT_6.subarray(0, 5)),
  },
  {
    what: 'a CONNECT with the reserved flag [MQTT-3.1.2-3]',
    reason: 'connect-malformed',
    does: bytes(connectBytes(4, 0x03, 0, 1, 0x64)),
  },
  {
    what: 'no client id without clean session [MQTT-3.1.3-8]',
    reason: 'connect-malformed',
    does: bytes(connectBytes(4, 0, 0, 0)),
  },
  { what: 'PINGREQ first', reason: 'not-authenticated', does: (device) => device.send({ cmd: 'pingreq' }) },
  {
    what: 'PUBLISH first [MQTT-3.1.0-1]',
    reason: 'not-authenticated',
    does: (device) => device.send(publish({ messageId: 1 })),
  },
  {
    what: 'a second CONNECT [MQTT-3.1.0-2]',
    reason: 'protocol-violation',
    does: connected({ ...CONNECT, clientId: 'd' }),
  },
  {
    what: 'an answer that only brokers give',
    reason: 'protocol-violation',
    does: connected({ cmd: 'unsuback', messageId: 1 } as mqttPacket.IUnsubackPacket),
  },
  { what: 'a packet of no type', reason: 'protocol-violation', does: connectedBytes(0x00, 0x00) },
  {
    what: 'a topic with a wildcard [MQTT-3.3.2-2]',
    reason: 'publish-malformed',
    does: connectedBytes(0x30, 5, 0, 3, ...Buffer.from('a/#')),
  },
  {
    what: 'QoS 3 [MQTT-3.3.1-4]',
    reason: 'publish-malformed',
    does: connectedBytes(0x36, 6, 0, 1, 0x61, 0, 1, 0x78),
  },
  { what: 'SUBSCRIBE without a filter', reason: 'subscribe-malformed', does: connectedBytes(0x82, 2, 0, 1) },
  {
    what: 'UNSUBSCRIBE without a filter',
    reason: 'subscribe-malformed',
    does: connectedBytes(0xa2, 2, 0, 1),
  },
  {
    what: 'SUBSCRIBE of QoS 3',
    reason: 'subscribe-malformed',
    does: connectedBytes(0x82, 6, 0, 1, 0, 1, 0x61, 3),
  },
  {
    what: 'SUBSCRIBE with packet id 0',
    reason: 'subscribe-malformed',
    does: connectedBytes(0x82, 6, 0, 0, 0, 1, 0x61, 0),
  },
  {
    what: 'a packet over the limit that is no PUBLISH',
    reason: 'packet-too-large',
    options: { maxPacketBytes: 100 },
    does: connected({
      cmd: 'subscribe',
      messageId: 1,
      subscriptions: [{ topic: 'x'.repeat(200), qos: 0 }],
    }),
  },
  {
    what: 'silence over the keep alive [MQTT-3.1.2-24]',
    reason: 'keep-alive-expired',
    does: (device) => device.send({ ...CONNECT, clientId: 'd', keepalive: 1 }),
  },
];

describe('what the broker rejects', () => {
  it.each(CASES)('is counted once and logged once: $what is $reason', async ({ reason, options, does }) => {
    const { port, broker, lines } = await startBroker(new HeldIntake(), options);
    const device = await rawClient(port);
    does(device);
    await device.closed();
    await eventually(() => broker.counters().connections === 0);
    expect(broker.counters().refused).toEqual({ ...createRefusalCounts(), [reason]: 1 });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      level: EVERYDAY_REFUSALS.includes(reason) ? 'debug' : 'warn',
      fields: { reason, remoteAddress: '127.0.0.1', detail: expect.stringMatching(/./) as string },
    });
  });

  it('names what is found, and what to do about it', async () => {
    const { port, lines } = await startBroker(new HeldIntake());
    const device = await rawClient(port);
    device.socket.write(CONNECT_6);
    await device.closed();
    expect(device.packets).toMatchObject([{ cmd: 'connack', returnCode: 1 }]);
    expect(lines.map(({ fields }) => fields)).toEqual([
      {
        code: 'BROKER_CLIENT_REFUSED',
        reason: 'protocol-version',
        remoteAddress: '127.0.0.1',
        detail: 'MQTT with level 6 is not spoken here: MQTT 5, 3.1.1 and 3.1 are [MQTT-3.1.2-2]',
        heldBack: 0,
        next: expect.stringContaining('MQTT 3.1.1') as string,
      },
    ]);
  });

  it('is the old connection when another one uses its client id [MQTT-3.1.4-2]', async () => {
    const { port, broker } = await startBroker(new HeldIntake());
    const [first, second] = [await rawClient(port), await rawClient(port)];
    first.send({ ...CONNECT, clientId: 'd' });
    await first.received('connack');
    second.send({ ...CONNECT, clientId: 'd' });
    await second.received('connack');
    await first.closed();
    expect(broker.counters().refused).toEqual({ ...createRefusalCounts(), 'taken-over': 1 });
  });

  it('is a subscription that is denied, while its connection stays', async () => {
    const { port, broker } = await startBroker(new HeldIntake());
    const device = await rawClient(port);
    device.send({ ...CONNECT, clientId: 'd' });
    device.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: '$share/g/a', qos: 0 }] });
    await device.received('suback');
    device.send({ cmd: 'pingreq' });
    await device.received('pingresp');
    expect(broker.counters().refused).toEqual({ ...createRefusalCounts(), 'subscribe-denied': 1 });
  });

  it('is not a client that closes its connection, with DISCONNECT, without, or with a reset', async () => {
    const { port, broker, lines } = await startBroker(new HeldIntake());
    const leaving: ((device: Device) => unknown)[] = [
      (device) => device.send({ cmd: 'disconnect' }),
      (device) => device.socket.end(),
      (device) => device.socket.resetAndDestroy(),
    ];
    for (const [n, leave] of leaving.entries()) {
      const device = await rawClient(port);
      device.send({ ...CONNECT, clientId: `d${n}` });
      await device.received('connack');
      leave(device);
      await eventually(() => broker.counters().connections === 0);
    }
    // A probe that says nothing.
    connectTcp(port, '127.0.0.1').end();
    await eventually(() => broker.counters().connectionsClosed === 4);
    expect(broker.counters().refused).toEqual(createRefusalCounts());
    expect(lines).toEqual([]);
  });
});

describe('what a ws listener rejects', () => {
  const startWs = (options: Partial<BrokerOptions> = {}) =>
    startBroker(new HeldIntake(), {
      listeners: [{ protocol: 'ws', host: '127.0.0.1', port: 0 }],
      ...options,
    });
  const webSocket = (port: number, options: object = {}) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/mqtt`, 'mqtt', options);
    socket.on('error', () => undefined);
    onTestFinished(() => socket.terminate());
    return socket;
  };
  const closed = (socket: WebSocket) => new Promise((resolve) => socket.once('close', resolve));
  const opened = (socket: WebSocket) => new Promise((resolve) => socket.once('open', resolve));

  it('is HTTP without an upgrade, as of a health check', async () => {
    const { port, broker } = await startWs();
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(426);
    expect(broker.counters().refused['not-websocket']).toBe(1);
  });

  it.each([
    ['MQTT without WebSocket', CONNECT_6],
    [
      'a handshake without a key',
      'GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n',
    ],
  ])('is %s, answered with 400', async (_what, sent) => {
    const { port, broker } = await startWs();
    const socket = connectTcp(port, '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    let answer = '';
    socket.on('data', (part) => {
      answer += part.toString();
    });
    const end = new Promise((resolve) => socket.once('close', resolve));
    socket.write(sent);
    await end;
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(broker.counters().refused).toEqual({ ...createRefusalCounts(), 'not-websocket': 1 });
  });

  it.each(['evil.example', 'evil.example:8083', 'localhost.evil.example', '127.0.0.1.evil.example'])(
    'is the name %s in the Host header, which a page may point at any address [drill N1] [security 18]',
    async (host) => {
      const { port, broker, lines } = await startWs();
      // The page of that name is of the same origin.
      await closed(webSocket(port, { origin: `http://${host}`, headers: { host } }));
      expect(broker.counters().refused).toEqual({ ...createRefusalCounts(), 'host-refused': 1 });
      expect(lines[0]?.fields).toMatchObject({ code: 'BROKER_HOST_REFUSED', detail: `host ${host}` });
    },
  );

  it('is not one of the names and origins that are listed [drill N1]', async () => {
    const listener = {
      protocol: 'ws',
      host: '127.0.0.1',
      port: 0,
      hosts: ['gateway.example.com'],
      origins: ['https://dashboard.example.com'],
    } as const;
    const { port, broker } = await startWs({ listeners: [listener] });
    const headers = { host: 'Gateway.Example.com:8083' };
    for (const origin of [undefined, 'http://gateway.example.com', 'https://dashboard.example.com']) {
      await opened(webSocket(port, { origin, headers: origin?.includes('dashboard') ? {} : headers }));
    }
    // Another scheme or port is another origin.
    for (const origin of ['http://dashboard.example.com', 'https://dashboard.example.com:444', 'null']) {
      await closed(webSocket(port, { origin }));
    }
    expect(broker.counters().refused).toEqual({ ...createRefusalCounts(), 'origin-refused': 3 });
  });

  it('is a client that does not offer the sub-protocol mqtt [MQTT-6.0.0-3] [security 18]', async () => {
    const { port, broker } = await startWs();
    const socket = new WebSocket(`ws://127.0.0.1:${port}/mqtt`);
    socket.on('error', () => undefined);
    await closed(socket);
    expect(broker.counters().refused).toEqual({ ...createRefusalCounts(), 'not-websocket': 1 });
  });

  it('is a page of another host [security 18]', async () => {
    const { port, broker, lines } = await startWs();
    await closed(webSocket(port, { origin: 'http://elsewhere.example' }));
    expect(broker.counters().refused).toEqual({ ...createRefusalCounts(), 'origin-refused': 1 });
    expect(lines[0]).toMatchObject({ level: 'warn', fields: { detail: 'origin http://elsewhere.example' } });
  });

  it.each([
    [
      'a frame over the limit [security 18]',
      'packet-too-large',
      (socket: WebSocket) => socket.send(Buffer.alloc(3000)),
    ],
    ['a frame that is no MQTT', 'not-mqtt', (socket: WebSocket) => socket.send('hello')],
  ] as const)('is %s', async (_what, reason, does) => {
    const { port, broker } = await startWs({ maxPacketBytes: 100 });
    const socket = webSocket(port);
    await opened(socket);
    does(socket);
    await closed(socket);
    await eventually(() => broker.counters().connections === 0);
    expect(broker.counters().refused).toEqual({ ...createRefusalCounts(), [reason]: 1 });
  });
});

describe('the lines of refusals', () => {
  it('come at most every 30 s per reason, and one reason does not hold back another', () => {
    let nowMs = 0;
    const warned: WarningFields[] = [];
    const refusals = new Refusals({
      warn: (fields) => warned.push(fields),
      clock: { nowNs: () => 0n, monotonicMs: () => nowMs },
    });
    const peer = { remoteAddress: '10.0.0.1', clientId: '' };
    for (let n = 0; n < 100; n += 1) refusals.add('protocol-version', peer, 'v');
    refusals.add('packet-too-large', peer, 'p');
    refusals.add('too-many-connections', peer, 'c');
    nowMs = 30_000;
    refusals.add('protocol-version', peer, 'v');
    expect(warned.map(({ code, reason, heldBack }) => [code, reason, heldBack])).toEqual([
      ['BROKER_CLIENT_REFUSED', 'protocol-version', 0],
      ['BROKER_CLIENT_REFUSED', 'packet-too-large', 0],
      ['BROKER_TOO_MANY_CONNECTIONS', 'too-many-connections', 0],
      ['BROKER_CLIENT_REFUSED', 'protocol-version', 99],
    ]);
    expect(refusals.counts()['protocol-version']).toBe(101);
  });

  it('name one next step for each reason that gives a warning', () => {
    const next = new Map<BrokerRefusal, string>();
    const refusals = new Refusals({
      warn: ({ code, reason, next: own = NEXT_STEPS[code] }) => next.set(reason as BrokerRefusal, own),
    });
    for (const reason of BROKER_REFUSALS) refusals.add(reason, { remoteAddress: '', clientId: '' }, 'd');
    const warned = BROKER_REFUSALS.filter((reason) => !EVERYDAY_REFUSALS.includes(reason));
    expect([...next.keys()]).toEqual(warned);
    expect(new Set(next.values()).size).toBe(warned.length);
    expect([...next.values()]).not.toContain(NEXT_STEPS.BROKER_CLIENT_REFUSED);
  });

  it('have every reason in docs/runbook.md', () => {
    const text = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'runbook.md'), 'utf8');
    const section = text.split('### Clients refused')[1]!.split('\n### ')[0]!;
    const rows = [...section.matchAll(/^\| `([^`]+)` \| (\w+) \|/gm)].map((m) => [m[1], m[2]]);
    expect(rows).toEqual(
      BROKER_REFUSALS.map((reason) => [reason, EVERYDAY_REFUSALS.includes(reason) ? 'debug' : 'warn']),
    );
  });
});
