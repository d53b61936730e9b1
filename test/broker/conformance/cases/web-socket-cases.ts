import { connect, PINGREQ, publish, subscribe } from '../bytes-of-packets.js';
import type { ConformanceCase } from '../conformance-case.js';
import { Deviation } from '../scripted-peer.js';
import { openWebSocket } from '../web-socket-wire.js';

export const WEB_SOCKET_CASES: readonly ConformanceCase[] = [
  {
    title: 'the broker selects the subprotocol mqtt and sends binary frames, CONNACK in one of its own',
    shows: { 4: '6.0.0-1 6.0.0-4', 5: '6.0.0-1 6.0.0-4' },
    run: async (context) => {
      const { peer, socket, frames } = await openWebSocket(context);
      context.equal(socket.protocol, 'mqtt', 'subprotocol');
      const { bytes } = await context.accepted(peer);
      await peer.expectNothing();
      context.equal(
        frames.every(({ isBinary }) => isBinary),
        true,
        'all frames are binary',
      );
      context.equal(frames[0]?.length, bytes, 'bytes of the first frame');
    },
  },
  {
    title: 'a text frame ends the connection',
    shows: { 4: '6.0.0-1', 5: '6.0.0-1' },
    run: async (context) => {
      const { peer, socket } = await openWebSocket(context);
      peer.send(connect());
      await peer.expect('CONNACK present=0 code=0');
      socket.send(PINGREQ(context.level).toString('latin1'));
      await peer.expectClosed();
    },
  },
  {
    title: 'a frame may hold several packets and parts of packets',
    shows: { 4: '6.0.0-2', 5: '6.0.0-2' },
    run: async (context) => {
      const { peer } = await openWebSocket(context);
      const topic = context.name('t');
      const packets = [connect(), subscribe(1, [topic, 0]), publish({ topic, qos: 1, id: 4 }), PINGREQ];
      peer.sendInParts([1, 20, 21], ...packets);
      await peer.expectEach('CONNACK present=0 code=0', 'SUBACK 1 [0]');
      await peer.expectInAnyOrder(`PUBLISH q0 ${topic} = x`, 'PUBACK 4', 'PINGRESP');
    },
  },
  {
    title: 'a client that does not offer the subprotocol mqtt is not given one',
    shows: { 4: '6.0.0-4 6.0.0-3', 5: '6.0.0-4 6.0.0-3' },
    run: async (context) => {
      const opened = await openWebSocket(context, ['stomp']).catch(() => undefined);
      if (opened !== undefined && opened.socket.protocol !== '') {
        throw new Deviation(`expected no subprotocol, but got ${opened.socket.protocol}`);
      }
    },
  },
];
