import type { Duplex } from 'node:stream';
import type { QoS } from '../protocol/packets.js';
import { lengthOfDelivery, writeDelivery } from '../protocol/write-delivery.js';

const ANSWER_BYTES = 4;
/** What is allocated at first for the packets of a turn: most turns have one answer. */
const FIRST_CHUNK_BYTES = 32;
/** What is joined, so that it leaves in one write; larger packets are written on their own. */
const CHUNK_BYTES = 64 * 1024;
/** Packets up to this size are copied into the chunk. */
const MAX_COPIED_BYTES = 4 * 1024;
/** Deliveries that wait for the other sockets: less than what would keep the client itself from being read. */
const MAX_LATER_BYTES = 32 * 1024;
/** Whole chunks that are kept for the next turn. */
const MAX_SPARE_CHUNKS = 16;

const spareChunks: Buffer[] = [];

/** What Output asks of its connection. */
export interface OutputOwner {
  readonly stream: Duplex;
  /** The client has stopped to read what it is sent, or reads again. */
  outputFull(isFull: boolean): void;
}

/**
 * Output collects what is sent to one client in a turn of the event loop and writes it at its end: a commit answers many
 * packets in one turn, and their PUBACKs leave in one write, in the order in which they were added [MQTT-4.6.0-2]. While
 * the client does not read, what is added waits here.
 */
export class Output {
  readonly #owner: OutputOwner;
  /** What waits in front of the chunk. */
  #packets: Buffer[] | undefined;
  #chunk: Buffer | undefined;
  #chunkLength = 0;
  #waitingBytes = 0;
  #isScheduled = false;
  /** At the end of this turn. */
  #isScheduledNow = false;
  #isFull = false;
  #isEnded = false;

  constructor(owner: OutputOwner) {
    this.#owner = owner;
  }

  /** The client does not read what was written. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** Nothing is sent any more. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** Bytes that are not written yet. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Adds an acknowledgement: four bytes with the packet id at their end. */
  answer(firstByte: number, packetId: number): void {
    if (this.#isEnded) return;
    const chunk = this.#room(ANSWER_BYTES);
    const at = this.#chunkLength;
    chunk[at] = firstByte;
    chunk[at + 1] = 2;
    chunk[at + 2] = packetId >> 8;
    chunk[at + 3] = packetId & 0xff;
    this.#chunkLength = at + ANSWER_BYTES;
    this.#added(ANSWER_BYTES);
  }

  /**
   * Adds a PUBLISH of MQTT 3.1.1 for a subscriber; `topic` is in UTF-8. It leaves with others when all sockets had their turn:
   * with twenty publishers an observer gets one write instead of twenty.
   */
  deliver(
    topic: Buffer,
    payload: Buffer,
    qos: QoS,
    packetId: number,
    isRetained: boolean,
    isDuplicate: boolean,
  ): void {
    if (this.#isEnded) return;
    const length = lengthOfDelivery(topic.length, payload.length, qos);
    if (length > MAX_COPIED_BYTES) {
      const packet = Buffer.allocUnsafe(length);
      writeDelivery(packet, 0, topic, payload, qos, packetId, isRetained, isDuplicate);
      this.write(packet);
      return;
    }
    const chunk = this.#room(length);
    this.#chunkLength = writeDelivery(
      chunk,
      this.#chunkLength,
      topic,
      payload,
      qos,
      packetId,
      isRetained,
      isDuplicate,
    );
    this.#addedForLater(length);
  }

  /** Adds a whole PUBLISH, which leaves like those of `deliver`. Up to 4 KiB it is copied. */
  deliverPacket(packet: Buffer): void {
    if (this.#isEnded) return;
    const { length } = packet;
    if (length > MAX_COPIED_BYTES) {
      this.write(packet);
      return;
    }
    const chunk = this.#room(length);
    chunk.set(packet, this.#chunkLength);
    this.#chunkLength += length;
    this.#addedForLater(length);
  }

  /** Adds whole packets. Their bytes must not change afterwards. */
  write(packets: Buffer): void {
    if (this.#isEnded) return;
    const { length } = packets;
    if (length <= MAX_COPIED_BYTES) {
      const chunk = this.#room(length);
      chunk.set(packets, this.#chunkLength);
      this.#chunkLength += length;
    } else {
      this.#closeChunk();
      this.#packets ??= [];
      this.#packets.push(packets);
    }
    this.#added(length);
  }

  /** Writes what waits; what is added from now on is not sent. */
  end(): void {
    this.flush();
    this.#isEnded = true;
  }

  /** Writes what waits; nothing while the client does not read. */
  flush(): void {
    this.#isScheduled = false;
    this.#isScheduledNow = false;
    if (this.#isFull || this.#waitingBytes === 0) return;
    const packets = this.#packets;
    const chunk = this.#chunk;
    const last = chunk?.subarray(0, this.#chunkLength);
    this.#packets = undefined;
    this.#chunk = undefined;
    this.#chunkLength = 0;
    this.#waitingBytes = 0;
    const { stream } = this.#owner;
    if (stream.destroyed || stream.writableEnded) return;
    const isTaken = packets === undefined ? stream.write(last) : writeAll(stream, packets, last);
    // The system has all of it, so that nobody holds the chunk any more.
    if (chunk?.length === CHUNK_BYTES && stream.writableLength === 0) keepChunk(chunk);
    if (isTaken) return;
    this.#isFull = true;
    this.#owner.outputFull(true);
    stream.once('drain', () => this.#drained());
  }

  /** The chunk, with room for so many bytes; at most MAX_COPIED_BYTES. */
  #room(bytes: number): Buffer {
    const chunk = this.#chunk;
    const needed = this.#chunkLength + bytes;
    if (chunk !== undefined && needed <= chunk.length) return chunk;
    if (chunk === undefined) {
      this.#chunk = Buffer.allocUnsafe(Math.max(bytes, FIRST_CHUNK_BYTES));
    } else if (chunk.length < CHUNK_BYTES) {
      // Larger than four packets of its size: it grows once or twice a turn.
      const grown = needed > MAX_COPIED_BYTES ? newChunk() : Buffer.allocUnsafe(needed * 4);
      chunk.copy(grown, 0, 0, this.#chunkLength);
      this.#chunk = grown;
    } else {
      this.#closeChunk();
      this.#chunk = newChunk();
    }
    return this.#chunk!;
  }

  #closeChunk(): void {
    const chunk = this.#chunk;
    if (chunk === undefined) return;
    this.#packets ??= [];
    this.#packets.push(chunk.subarray(0, this.#chunkLength));
    this.#chunk = undefined;
    this.#chunkLength = 0;
  }

  #added(bytes: number): void {
    this.#waitingBytes += bytes;
    if (this.#isScheduledNow || this.#isFull) return;
    this.#isScheduled = true;
    this.#isScheduledNow = true;
    schedule(this);
  }

  #addedForLater(bytes: number): void {
    this.#waitingBytes += bytes;
    if (this.#isFull) return;
    if (this.#waitingBytes >= MAX_LATER_BYTES) {
      this.flush();
    } else if (!this.#isScheduled) {
      this.#isScheduled = true;
      scheduleLater(this);
    }
  }

  #drained(): void {
    this.#isFull = false;
    this.flush();
    if (!this.#isFull) this.#owner.outputFull(false);
  }
}

/** Returns false when the stream wants no more for now. */
function writeAll(stream: Duplex, packets: readonly Buffer[], last: Buffer | undefined): boolean {
  let isTaken = true;
  stream.cork();
  for (const packet of packets) isTaken = stream.write(packet);
  if (last !== undefined) isTaken = stream.write(last);
  stream.uncork();
  return isTaken;
}

function newChunk(): Buffer {
  return spareChunks.pop() ?? Buffer.allocUnsafeSlow(CHUNK_BYTES);
}

function keepChunk(chunk: Buffer): void {
  if (spareChunks.length < MAX_SPARE_CHUNKS) spareChunks.push(chunk);
}

/** The outputs that have something to write at the end of this turn. */
let scheduled: Output[] = [];

function schedule(output: Output): void {
  scheduled.push(output);
  if (scheduled.length === 1) process.nextTick(flushScheduled);
}

function flushScheduled(): void {
  const outputs = scheduled;
  scheduled = [];
  for (const output of outputs) output.flush();
}

/** The outputs that have something to write when all sockets had their turn. */
let scheduledLater: Output[] = [];

function scheduleLater(output: Output): void {
  scheduledLater.push(output);
  if (scheduledLater.length === 1) setImmediate(flushLater);
}

function flushLater(): void {
  const outputs = scheduledLater;
  scheduledLater = [];
  for (const output of outputs) output.flush();
}
