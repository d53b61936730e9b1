import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { RejectedConnections } from '../../../src/broker/transport/rejected-connections.js';
import { HeldIntake, startBroker } from '../../support/broker-fixture.js';
import { CONNECT, eventually, rawClient } from '../../support/raw-client.js';

/** A server that rejects every connection. */
async function start(options: ConstructorParameters<typeof RejectedConnections>[0] = {}) {
  const rejected = new RejectedConnections(options);
  const held: boolean[] = [];
  const server = createServer((socket) => {
    held.push(rejected.hold(socket));
    if (held.at(-1) === true) void rejected.answer(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    rejected.close();
    server.close();
  });
  return { rejected, held, port: (server.address() as AddressInfo).port };
}

/** Sends the bytes, and returns what came back until the connection was closed. */
async function answerTo(port: number, ...parts: Buffer[]): Promise<string> {
  const socket: Socket = connect({ port, host: '127.0.0.1', noDelay: true });
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => undefined);
  const received: Buffer[] = [];
  socket.on('data', (bytes) => received.push(bytes));
  const closed = once(socket, 'close');
  for (const part of parts) {
    socket.write(part);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await closed;
  return Buffer.concat(received).toString('hex');
}

const connectBytes = (level: number, clientId: string, more = 0) => {
  const body = Buffer.concat([
    Buffer.from([0, 4, ...Buffer.from('MQTT'), level, 2, 0, 60, 0, clientId.length]),
    Buffer.from(clientId),
  ]);
  return Buffer.from([0x10, body.length + more, ...body]);
};

describe('RejectedConnections [security 21]', () => {
  it('answers a CONNECT with CONNACK 3, also when it comes in parts and with more behind it', async () => {
    const { port, rejected } = await start();
    const whole = connectBytes(4, 'd');
    expect(await answerTo(port, whole)).toBe('20020003');
    expect(await answerTo(port, whole.subarray(0, 1), whole.subarray(1, 9), whole.subarray(9))).toBe(
      '20020003',
    );
    expect(await answerTo(port, Buffer.concat([whole, Buffer.from([0xc0, 0])]))).toBe('20020003');
    await eventually(() => rejected.open === 0);
  });

  it('answers a protocol level that is not spoken with CONNACK 1 [MQTT-3.1.2-2]', async () => {
    const { port } = await start();
    expect(await answerTo(port, connectBytes(6, 'd'))).toBe('20020001');
  });

  it('closes what is not a CONNECT without an answer', async () => {
    const { port } = await start();
    expect(await answerTo(port, Buffer.from('GET / HTTP/1.1\r\n'))).toBe('');
    expect(await answerTo(port, Buffer.from([0xc0, 0]))).toBe('');
    expect(await answerTo(port, Buffer.from([0x10, 0xff, 0xff, 0x7f]))).toBe('');
    // Bytes behind the last field.
    expect(await answerTo(port, Buffer.concat([connectBytes(4, 'd', 1), Buffer.from([0])]))).toBe('');
  });

  it('holds few at once, and none for longer than its time', async () => {
    const { port, held, rejected } = await start({ maxOpen: 1, maxWaitMs: 50 });
    const silent = answerTo(port);
    await eventually(() => rejected.open === 1);
    expect(await answerTo(port, connectBytes(4, 'd'))).toBe('');
    expect(held).toEqual([true, false]);
    expect(await silent).toBe('');
    await eventually(() => rejected.open === 0);
    expect(await answerTo(port, connectBytes(4, 'd'))).toBe('20020003');
  });

  it('ends a connection that goes on to send behind its CONNECT', async () => {
    const { port, rejected } = await start({ maxWaitMs: 60_000 });
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    onTestFinished(() => void socket.destroy());
    socket.on('error', () => undefined);
    socket.on('data', () => undefined);
    socket.write(connectBytes(4, 'd'));
    await once(socket, 'end');
    expect(rejected.open).toBe(1);
    socket.write(Buffer.alloc(20_000));
    await eventually(() => rejected.open === 0);
  });
});

describe('a listener that has as many connections as it may [security 21]', () => {
  it('answers one more with CONNACK 3, and counts it', async () => {
    const { broker, port } = await startBroker(new HeldIntake(), { maxConnections: 1 });
    const first = await rawClient(port);
    first.send({ ...CONNECT, clientId: 'first' });
    await first.received('connack');
    const second = await rawClient(port);
    second.send({ ...CONNECT, clientId: 'second' });
    await second.closed();
    expect(second.packets).toMatchObject([{ cmd: 'connack', returnCode: 3, sessionPresent: false }]);
    expect(broker.counters()).toMatchObject({ connections: 1, connectionsOpened: 1 });
    expect(broker.counters().refused['too-many-connections']).toBe(1);
    first.socket.destroy();
    await eventually(() => broker.counters().connections === 0);
    const third = await rawClient(port);
    third.send({ ...CONNECT, clientId: 'third' });
    await third.received('connack');
    expect(third.packets).toMatchObject([{ returnCode: 0 }]);
  });
});
