import { connect, PINGREQ, publish, subscribe } from '../bytes-of-packets.js';
import type { ConformanceCase } from '../conformance-case.js';
import { Deviation } from '../scripted-peer.js';
import { openWebSocket } from '../web-socket-wire.js';

export const WEB_SOCKET_CASES: readonly ConformanceCase[] = [
  {
    title:
      '[MQTT-6.0.0-1] [MQTT-6.0.0-4] the broker selects the subprotocol mqtt and sends binary frames, CONNACK in one of its own',
    run: async (context) => {
      const { peer, socket, frames } = await openWebSocket(context);
      context.equal(socket.protocol, 'mqtt', 'subprotocol');
      peer.send(connect());
      await peer.expect('CONNACK present=0 code=0');
      await peer.expectNothing();
      context.equal(
        frames.every(({ isBinary }) => isBinary),
        true,
        'all frames are binary',
      );
      context.equal(frames[0]?.length, 4, 'bytes of the first frame');
    },
  },
  {
    title: '[MQTT-6.0.0-1] a text frame ends the connection',
    run: async (context) => {
      const { peer, socket } = await openWebSocket(context);
      peer.send(connect());
      await peer.expect('CONNACK present=0 code=0');
      socket.send(PINGREQ.toString('latin1'));
      await peer.expectClosed();
    },
  },
  {
    title: '[MQTT-6.0.0-2] a frame may hold several packets and parts of packets',
    run: async (context) => {
      const { peer } = await openWebSocket(context);
      const topic = context.name('t');
      const bytes = Buffer.concat([
        connect(),
        subscribe(1, [topic, 0]),
        publish({ topic, qos: 1, id: 4 }),
        PINGREQ,
      ]);
      for (const [from, to] of [
        [0, 1],
        [1, 20],
        [20, 21],
        [21, bytes.length],
      ]) {
        peer.send(bytes.subarray(from, to));
      }
      await peer.expectEach('CONNACK present=0 code=0', 'SUBACK 1 [0]');
      await peer.expectInAnyOrder(`PUBLISH q0 ${topic} = x`, 'PUBACK 4', 'PINGRESP');
    },
  },
  {
    title: '[MQTT-6.0.0-4] [MQTT-6.0.0-3] a client that does not offer the subprotocol mqtt is not given one',
    run: async (context) => {
      const opened = await openWebSocket(context, ['stomp']).catch(() => undefined);
      if (opened !== undefined && opened.socket.protocol !== '') {
        throw new Deviation(`expected no subprotocol, but got ${opened.socket.protocol}`);
      }
    },
  },
];
