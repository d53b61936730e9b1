import type { QoS } from '../protocol/packets.js';
import { lengthOfDelivery, writeDelivery } from '../protocol/write-delivery.js';

/** A queue begins with a small chunk, so that one message does not cost much, and goes on with larger ones. */
const FIRST_CHUNK_BYTES = 1024;
const MAX_CHUNK_BYTES = 64 * 1024;
/** In front of each packet: its length and what it counts for (u32), when it expires in ms since 1970 or 0 (f64). */
const HEAD_BYTES = 16;

interface Chunk {
  readonly bytes: Buffer;
  /** The offset behind the last packet. */
  end: number;
}

/** A PUBLISH that waits. */
export interface WaitingPacket {
  /** The whole packet, with 0 for the packet id. One of the queue is valid until the next is added, or for as long as it is held if it is over 1 KiB. */
  readonly packet: Buffer;
  /** What it counts for in the bounds. */
  readonly countedBytes: number;
  /** ms since 1970; 0 when it does not expire. */
  readonly expiresAtMs: number;
}

/**
 * PacketQueue holds the messages that wait for a client whose session ends with its connection, oldest first, as packets one behind
 * the other. Objects would cost more than the messages: a client that does not read makes its queue turn over at the rate of all
 * publishers, and each message lives long enough to be copied by the garbage collector.
 */
export class PacketQueue {
  readonly #chunks: Chunk[] = [];
  /** Where the oldest is in the first chunk. */
  #first = 0;
  #length = 0;
  #bytes = 0;

  get length(): number {
    return this.#length;
  }

  /** What all of them count for. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Adds a PUBLISH of MQTT 3.1.1; `topic` is in UTF-8. Both are copied. */
  pushDelivery(topic: Buffer, payload: Buffer, qos: QoS, isRetained: boolean, countedBytes: number): void {
    const length = lengthOfDelivery(topic.length, payload.length, qos);
    const chunk = this.#added(length, countedBytes, 0);
    writeDelivery(chunk.bytes, chunk.end - length, topic, payload, qos, 0, isRetained, false);
  }

  /** Adds a whole PUBLISH, which is copied. */
  push({ packet, countedBytes, expiresAtMs }: WaitingPacket): void {
    const chunk = this.#added(packet.length, countedBytes, expiresAtMs);
    chunk.bytes.set(packet, chunk.end - packet.length);
  }

  /** Removes the oldest, and returns it. */
  take(): WaitingPacket | undefined {
    const chunk = this.#chunks[0];
    if (chunk === undefined || this.#length === 0) return undefined;
    const { bytes } = chunk;
    const at = this.#first + HEAD_BYTES;
    const packet = bytes.subarray(at, at + bytes.readUInt32LE(this.#first));
    const expiresAtMs = bytes.readDoubleLE(this.#first + 8);
    return { packet, countedBytes: this.drop(), expiresAtMs };
  }

  /** Removes the oldest, and returns what it has counted for; 0 when there is none. */
  drop(): number {
    const chunk = this.#chunks[0];
    if (chunk === undefined || this.#length === 0) return 0;
    const countedBytes = chunk.bytes.readUInt32LE(this.#first + 4);
    this.#first += HEAD_BYTES + chunk.bytes.readUInt32LE(this.#first);
    this.#length -= 1;
    this.#bytes -= countedBytes;
    if (this.#first === chunk.end) this.#emptied(chunk);
    return countedBytes;
  }

  /** Returns the chunk with room for the packet in front of its end. */
  #added(length: number, countedBytes: number, expiresAtMs: number): Chunk {
    const chunk = this.#room(HEAD_BYTES + length);
    const { bytes, end } = chunk;
    bytes.writeUInt32LE(length, end);
    bytes.writeUInt32LE(countedBytes, end + 4);
    bytes.writeDoubleLE(expiresAtMs, end + 8);
    chunk.end = end + HEAD_BYTES + length;
    this.#length += 1;
    this.#bytes += countedBytes;
    return chunk;
  }

  /** The only one is used again if it is small: most queues have one message now and then. */
  #emptied(chunk: Chunk): void {
    this.#first = 0;
    if (this.#chunks.length === 1 && chunk.bytes.length === FIRST_CHUNK_BYTES) chunk.end = 0;
    else this.#chunks.shift();
  }

  #room(needed: number): Chunk {
    const last = this.#chunks.at(-1);
    if (last !== undefined && last.end + needed <= last.bytes.length) return last;
    // Nothing may stand in front of the oldest.
    if (last?.end === 0) this.#chunks.pop();
    const size = last === undefined ? FIRST_CHUNK_BYTES : Math.min(last.bytes.length * 4, MAX_CHUNK_BYTES);
    // Of its own, and not used again if it is larger: what was taken from it may still be on its way to the socket.
    const chunk = { bytes: Buffer.allocUnsafeSlow(Math.max(size, needed)), end: 0 };
    this.#chunks.push(chunk);
    return chunk;
  }
}
