import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';

/** Members of ws 8 that no type declares; a test fails when one is gone. */
interface Receiving {
  readonly _receiver: {
    readonly _bufferedBytes: number;
    readonly _buffers: readonly Buffer[];
    readonly _messageLength: number;
    readonly _fragments: readonly Buffer[];
  };
}

/** Called after every read with what the WebSocket keeps of a frame or message that is not complete. */
export type OnFrame = (bytes: number, buffers: number) => void;

/** Watches what a WebSocket keeps in front of the MQTT packets: frames may be as large as packets, and end as late. */
export function watchFrames(webSocket: WebSocket, socket: Socket, onFrame: OnFrame): void {
  const { _receiver: receiver } = webSocket as unknown as Receiving;
  const report = () =>
    onFrame(
      receiver._bufferedBytes + receiver._messageLength,
      receiver._buffers.length + receiver._fragments.length,
    );
  // The listener of ws comes first and has read the bytes.
  socket.on('data', report);
  webSocket.once('close', () => socket.off('data', report));
}
