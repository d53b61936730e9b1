import type { Duplex } from 'node:stream';
import { decodeConnect, levelOfConnect } from '../protocol/decode-connect.js';
import { connack } from '../protocol/encode-packets.js';
import { connack5 } from '../protocol/encode-packets-5.js';
import { PACKET_TYPES, PacketFault, REASON_CODES } from '../protocol/packets.js';
import {
  lengthOfHeader,
  readFixedHeader,
  remainingLengthOf,
  UNFINISHED_HEADER,
} from '../protocol/read-fixed-header.js';
import { type Parsed, readFirstBytes } from './first-bytes.js';

/** Connections that wait for their CONNECT at once, beside those that are accepted. */
export const MAX_REJECTED = 256;

/** From the connection to its end. */
const MAX_WAIT_MS = 2_000;

/** Of a CONNECT that gets an answer, and of what a client sends behind it. */
const MAX_CONNECT_BYTES = 8 * 1024;

const SERVER_UNAVAILABLE = 3;

const NO_ANSWER: Parsed<undefined> = { value: undefined, length: 0 };

/**
 * RejectedConnections tells clients for which there is no room so: CONNACK 3, or 0x89 with MQTT 5. A connection that
 * is closed without an answer looks like a fault of the network, and clients try again at once. A CONNACK may only follow a
 * CONNECT [MQTT-3.2.0-1], so such a connection is held until it has arrived: few of them, not for long, and nothing
 * is kept of what they send.
 */
export class RejectedConnections {
  readonly #maxOpen: number;
  readonly #maxWaitMs: number;
  readonly #open = new Set<Duplex>();

  constructor({ maxOpen = MAX_REJECTED, maxWaitMs = MAX_WAIT_MS } = {}) {
    this.#maxOpen = maxOpen;
    this.#maxWaitMs = maxWaitMs;
  }

  get open(): number {
    return this.#open.size;
  }

  /** Holds a connection until `answer` or its time is over; false: there are too many, and it is closed. */
  hold(stream: Duplex): boolean {
    // Its error is its end.
    stream.on('error', () => undefined);
    if (this.#open.size >= this.#maxOpen) {
      stream.destroy();
      return false;
    }
    this.#open.add(stream);
    const timer = setTimeout(() => stream.destroy(), this.#maxWaitMs);
    stream.once('close', () => {
      clearTimeout(timer);
      this.#open.delete(stream);
    });
    return true;
  }

  /** Answers the CONNECT of a connection that is held, or of the stream that such a connection carries. */
  async answer(stream: Duplex): Promise<void> {
    stream.on('error', () => undefined);
    const read = await readFirstBytes(stream, this.#maxWaitMs, answerTo);
    if (read.kind !== 'parsed' || read.value === undefined) {
      stream.destroy();
      return;
    }
    // Closing with unread bytes would reset the connection, and the client might not read its CONNACK.
    let ignoredBytes = 0;
    stream.on('data', (bytes: Buffer) => {
      ignoredBytes += bytes.length;
      if (ignoredBytes > MAX_CONNECT_BYTES) stream.destroy();
    });
    stream.once('end', () => stream.destroy());
    stream.end(read.value);
  }

  close(): void {
    for (const stream of this.#open) stream.destroy();
  }
}

/** The answer to a CONNECT; undefined when what came first is not one that gets an answer. */
function answerTo(bytes: Buffer): Parsed<Buffer | undefined> {
  if (bytes[0] !== PACKET_TYPES.connect << 4) return NO_ANSWER;
  const header = readFixedHeader(bytes, 0);
  if (header === UNFINISHED_HEADER) return 'more';
  if (header < 0 || remainingLengthOf(header) > MAX_CONNECT_BYTES) return NO_ANSWER;
  const start = lengthOfHeader(header);
  const end = start + remainingLengthOf(header);
  if (bytes.length < end) return 'more';
  const body = bytes.subarray(start, end);
  const packet = decodeConnect(body);
  const fault = packet instanceof PacketFault ? packet : undefined;
  if (levelOfConnect(body) === 5) {
    const reasonCode = fault?.reasonCode ?? REASON_CODES.serverBusy;
    return { value: connack5({ isSessionPresent: false, reasonCode }), length: end };
  }
  const returnCode = fault?.returnCode ?? SERVER_UNAVAILABLE;
  return returnCode === 0 ? NO_ANSWER : { value: connack(false, returnCode), length: end };
}
