import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { WebSocketStream } from './web-socket-stream.js';

/** How long nothing must arrive before the kernel asks the peer; its answer costs no packet of MQTT. */
const PROBE_AFTER_MS = 5 * 60_000;

/** Member of Node's TLSSocket that no type declares: the connection that carries it. A test fails when it is gone. */
interface Carried {
  readonly _parent?: Socket;
}

/**
 * Lets the kernel find out that the peer is gone, with probes of TCP. It is for clients that have keep alive 0: a
 * connection whose peer has lost its power would stay open for ever. Others are not probed: a device that sleeps for an hour
 * and has announced it with its keep alive may not answer for seconds.
 */
export function probePeer(stream: Duplex): void {
  const inner = stream instanceof WebSocketStream ? stream.socket : stream;
  const socket = inner instanceof TLSSocket ? (inner as Carried)._parent : inner;
  if (socket instanceof Socket) socket.setKeepAlive(true, PROBE_AFTER_MS);
}
