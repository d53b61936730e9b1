import type { Duplex } from 'node:stream';

const PUBACK_BYTES = 4;
const PUBACK_HEADER = 0x40;
const PUBACK_REMAINING_LENGTH = 2;

/**
 * Acknowledgements collects the PUBACKs of one client. A commit answers many packets in one turn of the event
 * loop: their PUBACKs leave in one write, in the order in which they were added [MQTT-4.6.0-2].
 */
export class Acknowledgements {
  readonly #socket: Duplex;
  readonly #onFull: (isFull: boolean) => void;
  #bytes = Buffer.allocUnsafe(64 * PUBACK_BYTES);
  #length = 0;
  #isScheduled = false;

  /** `onFull` is called with true when the client does not read its answers, and with false when it does again. */
  constructor(socket: Duplex, onFull: (isFull: boolean) => void) {
    this.#socket = socket;
    this.#onFull = onFull;
  }

  add(packetId: number): void {
    if (this.#length === this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes], this.#length * 2);
    this.#bytes[this.#length] = PUBACK_HEADER;
    this.#bytes[this.#length + 1] = PUBACK_REMAINING_LENGTH;
    this.#bytes[this.#length + 2] = packetId >> 8;
    this.#bytes[this.#length + 3] = packetId & 0xff;
    this.#length += PUBACK_BYTES;
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    process.nextTick(() => this.flush());
  }

  /** Writes them now: something else is about to be written that must not overtake them. */
  flush(): void {
    this.#isScheduled = false;
    if (this.#length === 0) return;
    const answers = Buffer.from(this.#bytes.subarray(0, this.#length));
    this.#length = 0;
    if (this.#socket.destroyed || this.#socket.writableEnded) return;
    if (this.#socket.write(answers)) return;
    this.#onFull(true);
    this.#socket.once('drain', () => this.#onFull(false));
  }
}
