import { PacketFault } from '../protocol/packets.js';
import {
  faultOfHeader,
  lengthOfHeader,
  readFixedHeader,
  remainingLengthOf,
  UNFINISHED_HEADER,
} from '../protocol/read-fixed-header.js';

/** What PacketReader does with what it reads. */
export interface PacketSink {
  /** False while no further packet may be handled: the rest of the bytes waits until `resume` is called. */
  readonly takesPackets: boolean;
  /** Whether a length in more bytes than it needs is malformed: in MQTT 5 it is [MQTT-1.5.5-1]. */
  readonly needsShortLengths: boolean;
  /** The largest remaining length that a packet with this first byte may have now. */
  maxLength(firstByte: number): number;
  /** A whole packet; `bytes` from `start` to `end` is what is behind its fixed header, valid during the call. */
  packet(firstByte: number, bytes: Buffer, start: number, end: number): void;
  /**
   * The remaining length of a packet is over `maxLength`. Returns how many bytes of its beginning to keep while it is read
   * past; `undefined` when the connection ends.
   */
  tooLarge(firstByte: number, length: number): number | undefined;
  /** A packet that was too large has been read to its end; `head` is its beginning. */
  packetPassed(firstByte: number, head: Buffer, length: number): void;
  /** The packet is malformed: the connection ends. */
  fault(firstByte: number, fault: PacketFault): void;
}

/** A packet that is too large, while it is read past. */
interface Passing {
  readonly firstByte: number;
  readonly length: number;
  readonly head: Buffer;
  headLength: number;
  /** Bytes that are still to come. */
  left: number;
}

const LONG_LENGTH = new PacketFault('a remaining length in more bytes than it needs [MQTT-1.5.5-1]');

/** Whether the remaining length of the fixed header from `at` to `start` ends with a byte that says nothing. */
function isLong(bytes: Buffer, at: number, start: number): boolean {
  return bytes[start - 1] === 0 && start - at > 2;
}

const MAX_HEADER_BYTES = 5;
/** What is allocated at first for a packet that the end of a read has cut; it doubles. */
const FIRST_KEPT_BYTES = 512;

/**
 * PacketReader finds the packets in the bytes of one client. Only a packet that the end of a read has cut is copied; the
 * copy grows with what has arrived, and not with what the header announces.
 */
export class PacketReader {
  readonly #sink: PacketSink;
  #kept: Buffer | undefined;
  #keptLength = 0;
  #passing: Passing | undefined;
  /** Bytes that wait until the sink takes packets again. */
  #held: Buffer | undefined;

  constructor(sink: PacketSink) {
    this.#sink = sink;
  }

  /** Memory that a packet which has not ended uses. */
  get keptBytes(): number {
    return (this.#kept?.length ?? 0) + (this.#passing?.head.length ?? 0);
  }

  /** What has arrived of a packet that has not ended. */
  get arrivedBytes(): number {
    return this.#keptLength + (this.#passing === undefined ? 0 : this.#passing.length - this.#passing.left);
  }

  /** Handles what was held back. */
  resume(): void {
    const held = this.#held;
    if (held === undefined) return;
    this.#held = undefined;
    this.take(held);
  }

  /** Forgets what it keeps. */
  close(): void {
    this.#dropKept();
    this.#passing = undefined;
    this.#held = undefined;
  }

  /** Handles the packets in the next bytes of the client, which are valid during the call. Returns how many. */
  take(bytes: Buffer): number {
    let at = 0;
    let packets = 0;
    if (this.#passing !== undefined || this.#keptLength > 0) {
      at = this.#passing === undefined ? this.#completeKept(bytes) : this.#pass(bytes, 0);
      if (at < 0) return 0;
      packets = 1;
    }
    const sink = this.#sink;
    while (at < bytes.length) {
      if (!sink.takesPackets) {
        this.#hold(bytes, at);
        return packets;
      }
      const header = readFixedHeader(bytes, at);
      const firstByte = bytes[at]!;
      if (header === UNFINISHED_HEADER) {
        this.#keep(bytes, at, bytes.length, MAX_HEADER_BYTES);
        return packets;
      }
      if (header < 0) {
        sink.fault(firstByte, faultOfHeader(header));
        return packets;
      }
      const start = at + lengthOfHeader(header);
      const length = remainingLengthOf(header);
      if (isLong(bytes, at, start) && sink.needsShortLengths) {
        sink.fault(firstByte, LONG_LENGTH);
        return packets;
      }
      if (length > sink.maxLength(firstByte)) {
        at = this.#beginPassing(firstByte, length) ? this.#pass(bytes, start) : -1;
        if (at < 0) return packets;
      } else {
        const end = start + length;
        if (end > bytes.length) {
          this.#keep(bytes, at, bytes.length, end - at);
          return packets;
        }
        sink.packet(firstByte, bytes, start, end);
        at = end;
      }
      packets += 1;
    }
    return packets;
  }

  /** Completes the packet that was cut. Returns the offset behind it; -1 when it has not ended, or the connection has. */
  #completeKept(bytes: Buffer): number {
    let at = 0;
    let header = this.#keptHeader();
    while (header === UNFINISHED_HEADER) {
      if (at === bytes.length) return -1;
      this.#keep(bytes, at, at + 1, MAX_HEADER_BYTES);
      at += 1;
      header = this.#keptHeader();
    }
    const firstByte = this.#kept![0]!;
    if (header < 0) {
      this.#sink.fault(firstByte, faultOfHeader(header));
      return -1;
    }
    const start = lengthOfHeader(header);
    const length = remainingLengthOf(header);
    if (isLong(this.#kept!, 0, start) && this.#sink.needsShortLengths) {
      this.#sink.fault(firstByte, LONG_LENGTH);
      return -1;
    }
    if (length > this.#sink.maxLength(firstByte)) {
      this.#dropKept();
      return this.#beginPassing(firstByte, length) ? this.#pass(bytes, at) : -1;
    }
    const end = start + length;
    const missing = end - this.#keptLength;
    const taken = Math.min(missing, bytes.length - at);
    this.#keep(bytes, at, at + taken, end);
    if (taken < missing) return -1;
    const packet = this.#kept!;
    this.#dropKept();
    this.#sink.packet(firstByte, packet, start, end);
    return at + taken;
  }

  /** See `readFixedHeader`; of the packet that was cut. */
  #keptHeader(): number {
    return readFixedHeader(this.#kept!.subarray(0, this.#keptLength), 0);
  }

  /** `wholeBytes`: what the packet will have, as far as it is known. */
  #keep(bytes: Buffer, from: number, to: number, wholeBytes: number): void {
    const needed = this.#keptLength + to - from;
    let kept = this.#kept;
    if (kept === undefined || kept.length < needed) {
      const capacity = Math.max(needed, Math.min(wholeBytes, Math.max(FIRST_KEPT_BYTES, needed * 2)));
      const grown = Buffer.allocUnsafeSlow(capacity);
      kept?.copy(grown, 0, 0, this.#keptLength);
      kept = grown;
      this.#kept = kept;
    }
    bytes.copy(kept, this.#keptLength, from, to);
    this.#keptLength = needed;
  }

  #dropKept(): void {
    this.#kept = undefined;
    this.#keptLength = 0;
  }

  /** A copy: a view would keep the whole read in memory. */
  #hold(bytes: Buffer, at: number): void {
    const rest = bytes.subarray(at);
    this.#held = this.#held === undefined ? Buffer.from(rest) : Buffer.concat([this.#held, rest]);
  }

  #beginPassing(firstByte: number, length: number): boolean {
    const keptBytes = this.#sink.tooLarge(firstByte, length);
    if (keptBytes === undefined) return false;
    const head = Buffer.allocUnsafeSlow(Math.min(keptBytes, length));
    this.#passing = { firstByte, length, head, headLength: 0, left: length };
    return true;
  }

  /** Reads past it, from `at` on. Returns the offset behind it, -1 while more of it is to come. */
  #pass(bytes: Buffer, at: number): number {
    const passing = this.#passing!;
    const available = Math.min(passing.left, bytes.length - at);
    const forHead = Math.min(passing.head.length - passing.headLength, available);
    bytes.copy(passing.head, passing.headLength, at, at + forHead);
    passing.headLength += forHead;
    passing.left -= available;
    if (passing.left > 0) return -1;
    this.#passing = undefined;
    this.#sink.packetPassed(passing.firstByte, passing.head, passing.length);
    return at + available;
  }
}
