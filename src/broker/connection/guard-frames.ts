import type { OnFrame } from '../transport/web-socket-frames.js';
import { type Connection, MAX_CONNECT_BYTES } from './connection.js';

/** Limits what is kept of WebSocket frames that are not complete, before CONNECT to what a CONNECT needs. */
export function guardFrames(connection: Connection): OnFrame {
  return (bytes, buffers) => {
    if (connection.state === 'closed') return;
    connection.unfinished.inFrame(bytes, buffers);
    if (bytes <= MAX_CONNECT_BYTES || connection.state !== 'new') return;
    // A CONNECT in front of the frame is read in this turn of the event loop.
    setImmediate(() => {
      if (connection.state !== 'new' || connection.isRejected) return;
      const detail = `${bytes} bytes of a WebSocket frame before CONNECT, the limit is ${MAX_CONNECT_BYTES}`;
      connection.close('packet-too-large', detail);
    });
  };
}
