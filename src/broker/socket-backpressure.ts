import type { Duplex } from 'node:stream';
import type { Client } from 'aedes';
import type { ReadPace } from './limits/read-pace.js';

/** Member of aedes 1.2.0 that no type declares; a test fails when it is gone. */
interface Reading {
  _nextBatch(): void;
  /** Packets that are read and not processed. */
  _parsingBatch: number;
}

/** A CONNECT holds names and a password; no honest client needs more before it is authenticated. */
export const MAX_CONNECT_BYTES = 8 * 1024;

/** What is read of a connection before it is authenticated: the largest CONNECT with its fixed header. */
const MAX_BYTES_BEFORE_CONNACK = MAX_CONNECT_BYTES + 5;

/**
 * SocketBackpressure stops reading a client's socket while too many of its packets wait to be stored, so that TCP
 * slows the device down. Aedes cannot do it: its counter of open packets falls with every `readable` event, and
 * after its own pause() and resume() a connection stalls for ever.
 */
export class SocketBackpressure {
  readonly #maxInFlight: number;
  readonly #hasRoom: () => boolean;
  readonly #stopped: Set<SocketBackpressure>;
  readonly #client: Reading;
  readonly #pace: ReadPace;
  #inFlight = 0;
  #isOutputFull = false;
  /** What may still be read. Devices may send more behind CONNECT, which then waits in the socket. */
  #leftBytes = MAX_BYTES_BEFORE_CONNACK;

  /**
   * `stopped` collects the clients whose sockets are not read. Call this right after `aedes.handle(socket)`:
   * aedes reads only through `socket.read(null)`.
   */
  constructor(
    socket: Duplex,
    client: Client,
    maxInFlight: number,
    hasRoom: () => boolean,
    stopped: Set<SocketBackpressure>,
    pace: ReadPace,
  ) {
    this.#maxInFlight = maxInFlight;
    this.#hasRoom = hasRoom;
    this.#stopped = stopped;
    this.#pace = pace;
    this.#client = client as unknown as Reading;
    const read = socket.read;
    socket.read = (size?: number) => {
      if (size == null && !(this.#mayRead(this.#maxInFlight) && pace.mayRead())) {
        this.#stopped.add(this);
        return null;
      }
      const maxBytes = Math.min(pace.maxReadBytes, this.#leftBytes);
      const { readableLength } = socket;
      pace.wasRead(Math.min(readableLength, maxBytes));
      if (this.#leftBytes !== Number.POSITIVE_INFINITY) this.#leftBytes -= Math.min(readableLength, maxBytes);
      if (size != null || readableLength <= maxBytes) return read.call(socket, size);
      this.#readNextSlice(socket);
      return read.call(socket, maxBytes);
    };
  }

  #mayRead(maxInFlight: number): boolean {
    return this.#inFlight < maxInFlight && this.#leftBytes > 0 && !this.#isOutputFull && this.#hasRoom();
  }

  /** A slice without a whole packet triggers no further read: no packet of it is ever processed. */
  #readNextSlice(socket: Duplex): void {
    setImmediate(() => {
      if (this.#client._parsingBatch === 0 && socket.readableLength > 0) this.#client._nextBatch();
    });
  }

  /**
   * Nothing more is read until it is authenticated: aedes would handle a packet that is read while it checks the CONNECT
   * before the answer. What came in the same read waits in the queue of aedes.
   */
  connectRead(): void {
    this.#leftBytes = 0;
  }

  /** From now on as much is read as the client's packets in flight allow. */
  authenticated(): void {
    this.#leftBytes = Number.POSITIVE_INFINITY;
    // Later: aedes is about to handle the packets that came before CONNACK.
    if (this.#stopped.has(this)) setImmediate(() => this.release());
  }

  get isStopped(): boolean {
    return this.#stopped.has(this);
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  taken(): void {
    this.#inFlight += 1;
  }

  stored(): void {
    this.#inFlight -= 1;
  }

  /** Continues when half of the packets in flight are stored; no `readable` follows a read that was held back. */
  release(): void {
    if (!this.#mayRead(this.#maxInFlight / 2 + 1) || !this.#pace.mayRead()) return;
    this.#stopped.delete(this);
    this.#client._nextBatch();
  }

  /** A client that does not read its answers is not read from until it does. */
  outputFull(isFull: boolean): void {
    this.#isOutputFull = isFull;
    if (!isFull && this.#stopped.has(this)) this.release();
  }

  close(): void {
    this.#stopped.delete(this);
  }
}
