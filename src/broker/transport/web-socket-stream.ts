import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';

/** Close code of RFC 6455 for data of a kind that is not taken. */
const UNSUPPORTED_DATA = 1003;

type Done = (error?: Error | null) => void;

/**
 * WebSocketStream is the byte stream in the binary frames of a WebSocket: packets and frames are independent of each other
 * [MQTT-6.0.0-2]. What is written at once leaves in one frame. A text frame fails the stream [MQTT-6.0.0-1]; the stream of
 * the package `ws` would take its text for bytes.
 */
export class WebSocketStream extends Duplex {
  /** What carries the WebSocket. */
  readonly socket: Socket;
  readonly #webSocket: WebSocket;

  constructor(webSocket: WebSocket, socket: Socket) {
    super();
    this.socket = socket;
    this.#webSocket = webSocket;
    webSocket.on('message', (message, isBinary) => this.#received(message as Buffer, isBinary));
    webSocket.on('error', (error) => this.destroy(error));
    webSocket.once('close', () => {
      if (!this.destroyed) this.push(null);
    });
  }

  override _read(): void {
    if (this.#webSocket.isPaused) this.#webSocket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#send(chunk, done);
  }

  override _writev(chunks: { readonly chunk: Buffer }[], done: Done): void {
    this.#send(Buffer.concat(chunks.map(({ chunk }) => chunk)), done);
  }

  /** Everything that was written is sent by now: the close frame follows. */
  override _final(done: Done): void {
    const webSocket = this.#webSocket;
    if (webSocket.readyState === webSocket.CLOSED) {
      done();
      return;
    }
    webSocket.once('close', () => done());
    webSocket.close();
  }

  /** The stream is closed when the socket is: the connection counts until then. */
  override _destroy(error: Error | null, done: Done): void {
    const webSocket = this.#webSocket;
    if (webSocket.readyState === webSocket.CLOSED) {
      done(error);
      return;
    }
    webSocket.once('close', () => done(error));
    webSocket.terminate();
  }

  #send(bytes: Buffer, done: Done): void {
    // A client that is closing reads nothing more; `ws` would report that as an error without a code.
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) done();
    else this.#webSocket.send(bytes, done);
  }

  #received(message: Buffer, isBinary: boolean): void {
    if (this.destroyed) return;
    if (isBinary) {
      if (!this.push(message)) this.#webSocket.pause();
      return;
    }
    this.#webSocket.close(UNSUPPORTED_DATA, 'MQTT is sent in binary frames');
    const fault = new Error('a text frame: MQTT is sent in binary frames [MQTT-6.0.0-1]');
    this.destroy(Object.assign(fault, { code: 'WS_ERR_TEXT_FRAME' }));
  }
}
