import type { Client } from 'aedes';
import type { Session, Sessions } from './session.js';
import { MAX_CONNECT_BYTES } from './socket-backpressure.js';
import type { OnFrame } from './transport/web-socket-frames.js';

/** Limits what is kept of WebSocket frames that are not complete, before CONNECT to what a CONNECT needs. */
export function guardFrames(client: Client, session: Session, sessions: Sessions): OnFrame {
  return (bytes, buffers) => {
    session.unfinished.inFrame(bytes, buffers);
    if (bytes <= MAX_CONNECT_BYTES || session.hasConnect) return;
    // A CONNECT in front of the frame is read in this turn of the event loop.
    setImmediate(() => {
      if (session.hasConnect || session.isRejected) return;
      const detail = `${bytes} bytes of a WebSocket frame before CONNECT, the limit is ${MAX_CONNECT_BYTES}`;
      sessions.close(client, 'packet-too-large', detail);
    });
  };
}
