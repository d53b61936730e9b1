import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import mqttPacket from 'mqtt-packet';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { WebSocketStream } from '../../../src/broker/transport/web-socket-stream.js';
import { HeldIntake, startBroker } from '../../support/broker-fixture.js';
import { CONNECT, eventually } from '../../support/raw-client.js';

async function startWs(subProtocol: string | string[] = 'mqtt') {
  const intake = new HeldIntake();
  const listeners = [{ protocol: 'ws', host: '127.0.0.1', port: 0 }] as const;
  const { broker, port, lines } = await startBroker(intake, { listeners });
  const socket = new WebSocket(`ws://127.0.0.1:${port}/mqtt`, subProtocol);
  onTestFinished(() => socket.terminate());
  const frames: { readonly hex: string; readonly isBinary: boolean }[] = [];
  socket.on('message', (data, isBinary) => frames.push({ hex: (data as Buffer).toString('hex'), isBinary }));
  await once(socket, 'open');
  return { broker, intake, lines, socket, frames };
}

const connect = mqttPacket.generate({ ...CONNECT, clientId: 'w' });
const publish = (messageId: number) =>
  mqttPacket.generate({
    cmd: 'publish',
    topic: 'a/b',
    payload: 'x',
    qos: 1,
    messageId,
    dup: false,
    retain: false,
  });

describe('MQTT over WebSocket', () => {
  it.each(['mqtt', 'mqttv3.1'])(
    'gives CONNACK as one binary frame, with the sub-protocol %s',
    async (name) => {
      const { socket, frames } = await startWs(name);
      expect(socket.protocol).toBe(name);
      socket.send(connect);
      await once(socket, 'message');
      // An answer behind it: CONNACK came whole in front of it.
      socket.send(Buffer.from([0xc0, 0]));
      await once(socket, 'message');
      expect(frames).toEqual([
        { hex: '20020000', isBinary: true },
        { hex: 'd000', isBinary: true },
      ]);
    },
  );

  it('sends all answers of a turn in one frame', async () => {
    const { socket, frames, intake } = await startWs();
    socket.send(connect);
    await once(socket, 'message');
    socket.send(Buffer.concat([publish(1), publish(2), publish(3)]));
    await eventually(() => intake.waiting.length === 3);
    intake.storeAll();
    await once(socket, 'message');
    expect(frames.at(-1)).toEqual({ hex: '400200014002000240020003', isBinary: true });
  });

  it('takes packets across frames, and frames in fragments [MQTT-6.0.0-2]', async () => {
    const { socket, frames, intake } = await startWs();
    const bytes = Buffer.concat([connect, publish(7)]);
    for (const byte of bytes.subarray(0, 5)) socket.send(Buffer.from([byte]));
    socket.send(bytes.subarray(5, 9), { fin: false });
    socket.send(bytes.subarray(9), { fin: true });
    await once(socket, 'message');
    await eventually(() => intake.waiting.length === 1);
    intake.storeAll();
    await once(socket, 'message');
    expect(frames.map(({ hex }) => hex)).toEqual(['20020000', '40020007']);
  });

  it.each([
    ['before CONNECT', false, 'not-mqtt'],
    ['behind CONNACK', true, 'protocol-violation'],
  ] as const)(
    'ends with a text frame %s, counted and with the reason [MQTT-6.0.0-1]',
    async (_when, isConnected, reason) => {
      const { socket, broker, lines, intake } = await startWs();
      if (isConnected) {
        socket.send(connect);
        await once(socket, 'message');
      }
      // Bytes that are a packet when they come in a binary frame.
      socket.send(isConnected ? publish(1).toString('latin1') : connect.toString('latin1'));
      await once(socket, 'close');
      await eventually(() => broker.counters().connections === 0);
      expect(broker.counters().refused[reason]).toBe(1);
      expect(lines.map(({ fields }) => fields)).toMatchObject([
        { reason, detail: expect.stringContaining('text frame') as string },
      ]);
      expect(intake.accepted).toEqual([]);
    },
  );
});

describe('WebSocketStream', () => {
  async function pair() {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    onTestFinished(() => server.close());
    await once(server, 'listening');
    const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
    onTestFinished(() => client.terminate());
    const [[accepted, request]] = (await Promise.all([once(server, 'connection'), once(client, 'open')])) as [
      [WebSocket, IncomingMessage],
      unknown,
    ];
    return { client, stream: new WebSocketStream(accepted, request.socket), accepted };
  }

  it('stops to read the socket while nobody reads the stream', async () => {
    const { client, stream, accepted } = await pair();
    for (let n = 0; n < 4; n += 1) client.send(Buffer.alloc(16 * 1024, n));
    await eventually(() => accepted.isPaused);
    const received: number[] = [];
    stream.on('data', (bytes: Buffer) => received.push(bytes.length));
    await eventually(() => received.reduce((sum, length) => sum + length, 0) === 64 * 1024);
  });

  it('sends what was written before it ends, and ends with the client', async () => {
    const { client, stream } = await pair();
    stream.resume();
    const received: string[] = [];
    client.on('message', (data) => received.push(String(data)));
    stream.end('last');
    const [code] = (await once(client, 'close')) as [number];
    expect(received).toEqual(['last']);
    // No code in the close frame: 1005 stands for that.
    expect(code).toBe(1005);
    await once(stream, 'close');
  });

  it('does not fail when it is written to while it is closing', async () => {
    const { client, stream, accepted } = await pair();
    const errors: Error[] = [];
    stream.on('error', (error) => errors.push(error));
    stream.resume();
    accepted.close();
    await new Promise((resolve) => stream.write('late', resolve));
    await once(client, 'close');
    stream.destroy();
    await once(stream, 'close');
    expect(errors).toEqual([]);
  });
});
