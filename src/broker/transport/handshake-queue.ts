import type { Socket } from 'node:net';

/** A handshake costs milliseconds of CPU: more at once would hold up everything else in the event loop. */
const BEGINS_PER_TURN = 4;

export interface HandshakeQueueOptions {
  /** Handshakes under way at once; the others wait. */
  readonly maxUnderWay: number;
  /** A handshake that waits for its client for longer than this no longer holds up others. */
  readonly slotMs: number;
}

export const HANDSHAKE_QUEUE_DEFAULTS: HandshakeQueueOptions = { maxUnderWay: 256, slotMs: 1000 };

/**
 * HandshakeQueue begins TLS handshakes in the order in which connections come, a few in each turn of the event loop, so
 * that devices that reconnect all at once are absorbed one after the other. It holds no more than the open connections.
 */
export class HandshakeQueue {
  readonly #options: HandshakeQueueOptions;
  /** In order of arrival. */
  readonly #waiting = new Map<Socket, (done: () => void) => void>();
  #underWay = 0;
  #isScheduled = false;

  constructor(options = HANDSHAKE_QUEUE_DEFAULTS) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  get underWay(): number {
    return this.#underWay;
  }

  /** Calls `begin` when it is its turn, unless the socket closes before. `done` must be called when the handshake ends. */
  add(socket: Socket, begin: (done: () => void) => void): void {
    this.#waiting.set(socket, begin);
    socket.once('close', () => this.#waiting.delete(socket));
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#waiting.size === 0 || this.#underWay >= this.#options.maxUnderWay) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#beginSome();
    });
  }

  #beginSome(): void {
    let begun = 0;
    for (const [socket, begin] of this.#waiting) {
      if (begun === BEGINS_PER_TURN || this.#underWay >= this.#options.maxUnderWay) break;
      this.#waiting.delete(socket);
      begun += 1;
      this.#begin(begin);
    }
    this.#schedule();
  }

  #begin(begin: (done: () => void) => void): void {
    this.#underWay += 1;
    let isDone = false;
    const done = () => {
      if (isDone) return;
      isDone = true;
      clearTimeout(timer);
      this.#underWay -= 1;
      this.#schedule();
    };
    const timer = setTimeout(done, this.#options.slotMs).unref();
    begin(done);
  }
}
