import type { Duplex } from 'node:stream';
import type { Client } from 'aedes';

/** Member of aedes 1.2.0 that no type declares; a test fails when it is gone. */
interface Reading {
  _nextBatch(): void;
}

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
      if (size == null && (this.#inFlight >= this.#maxInFlight || !this.#hasRoom())) {
        this.#stopped.add(this);
        return null;
      }
      return read.call(socket, size);
    };
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
    if (this.#inFlight > this.#maxInFlight / 2 || !this.#hasRoom()) return;
    this.#stopped.delete(this);
    this.#client._nextBatch();
  }

  close(): void {
    this.#stopped.delete(this);
  }
}
