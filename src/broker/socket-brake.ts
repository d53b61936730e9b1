import type { Duplex } from 'node:stream';
import type { Client } from 'aedes';

/** Member of aedes 1.2.0 that no type declares; a test fails when it is gone. */
interface Reading {
  _nextBatch(): void;
  /** Packets read and not done. */
  _parsingBatch: number;
}

/**
 * Most that is read at once. A socket may hold 64 KiB, hundreds of small packets: taken all together they
 * would overshoot the cap and outlive the young generation of the heap while they wait.
 */
const MAX_READ_BYTES = 16 * 1024;

/**
 * Stops reading a client's socket while too much of it waits to be stored, so that TCP slows the device down.
 * Aedes cannot do it: its counter of packets in work falls with every `readable` event, and after its own
 * pause() and resume() a connection stalls for ever.
 */
export class SocketBrake {
  readonly #maxInFlight: number;
  readonly #hasRoom: () => boolean;
  readonly #stopped: Set<SocketBrake>;
  readonly #client: Reading;
  #inFlight = 0;
  #isOutputFull = false;

  /**
   * `stopped` collects the brakes of all clients that have stopped. Call right after `aedes.handle(socket)`:
   * aedes reads only through `socket.read(null)`.
   */
  constructor(
    socket: Duplex,
    client: Client,
    maxInFlight: number,
    hasRoom: () => boolean,
    stopped: Set<SocketBrake>,
  ) {
    this.#maxInFlight = maxInFlight;
    this.#hasRoom = hasRoom;
    this.#stopped = stopped;
    this.#client = client as unknown as Reading;
    const read = socket.read;
    socket.read = (size?: number) => {
      if (size == null && !this.#mayRead(this.#maxInFlight)) {
        this.#stopped.add(this);
        return null;
      }
      if (size != null || socket.readableLength <= MAX_READ_BYTES) return read.call(socket, size);
      this.#readOn(socket);
      return read.call(socket, MAX_READ_BYTES);
    };
  }

  #mayRead(maxInFlight: number): boolean {
    return this.#inFlight < maxInFlight && !this.#isOutputFull && this.#hasRoom();
  }

  /** A slice without one whole packet has nothing that, when done, would lead to the next read. */
  #readOn(socket: Duplex): void {
    setImmediate(() => {
      if (this.#client._parsingBatch === 0 && socket.readableLength > 0) this.#client._nextBatch();
    });
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

  /** Reads on when half of what was in flight is done; no further `readable` is due after a refused read. */
  release(): void {
    if (!this.#mayRead(this.#maxInFlight / 2 + 1)) return;
    this.#stopped.delete(this);
    this.#client._nextBatch();
  }

  /** A client that does not read its answers gets no more packets taken until it does. */
  outputFull(isFull: boolean): void {
    this.#isOutputFull = isFull;
    if (!isFull && this.#stopped.has(this)) this.release();
  }

  close(): void {
    this.#stopped.delete(this);
  }
}
