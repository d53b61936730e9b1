import type { Client } from 'aedes';
import type { PublishGate } from './publish-gate.js';
import type { Session } from './session.js';

/** Members of aedes 1.2.0 and mqtt-packet 9.0.2 that no type declares; a test fails when one is gone. */
interface PacketParser {
  parse(bytes: Buffer): number;
  readonly packet: { readonly length: number };
  readonly error: unknown;
  readonly _list: { readonly length: number };
  readonly _stateCounter: number;
  /** Packets that came before the CONNACK; null once they are handled. */
  readonly _queue: unknown;
}
interface ConnectedClient {
  readonly _parser: PacketParser;
  readonly connackSent: boolean;
  readonly closed: boolean;
  readonly _keepaliveInterval: number;
  readonly _keepaliveTimer: NodeJS.Timeout | null;
}

const PUBLISH = 3;
/** An unfinished packet up to this size is kept here until the rest arrives; a larger one goes to mqtt-packet's list. */
const MAX_KEPT_BYTES = 64 * 1024;
const NO_BYTES = Buffer.alloc(0);

/**
 * PublishFastPath handles the packets that devices send most: a whole PUBLISH of QoS 0 or 1 on a topic that PublishGate
 * allows, while nobody subscribes. It goes from the socket's bytes straight to the gate, without a packet object or
 * a list of buffers, and with one write for many PUBACKs. Every other packet, and everything unusual, goes through
 * mqtt-packet and aedes and their checks; the order between the two is kept.
 */
export class PublishFastPath {
  readonly #client: ConnectedClient;
  readonly #aedesClient: Client;
  readonly #session: Session;
  readonly #gate: PublishGate;
  readonly #maxPacketBytes: number;
  readonly #isWatched: () => boolean;
  /** An unfinished PUBLISH from the end of the last read. */
  #kept: Buffer = NO_BYTES;
  #topicBytes: Buffer = NO_BYTES;
  #topic = '';

  /** Puts itself in front of the client's parser. `isWatched` is true while somebody subscribes. */
  constructor(
    client: Client,
    session: Session,
    gate: PublishGate,
    maxPacketBytes: number,
    isWatched: () => boolean,
  ) {
    this.#client = client as unknown as ConnectedClient;
    this.#aedesClient = client;
    this.#session = session;
    this.#gate = gate;
    this.#maxPacketBytes = maxPacketBytes;
    this.#isWatched = isWatched;
    const parser = this.#client._parser;
    const parse = parser.parse;
    parser.parse = (bytes) => {
      const rest = this.#take(bytes);
      return rest.length === 0 ? 0 : parse.call(parser, rest);
    };
  }

  /** How much of an unfinished PUBLISH waits here for its rest. */
  get keptBytes(): number {
    return this.#kept.length;
  }

  /** Takes the packets it can from the front and returns what the parser must read. */
  #take(read: Buffer): Buffer {
    const bytes = this.#kept.length === 0 ? read : Buffer.concat([this.#kept, read]);
    this.#kept = NO_BYTES;
    if (!this.#isOpen()) return bytes;
    let at = 0;
    let packets = 0;
    let isRestKept = false;
    while (at < bytes.length) {
      const end = this.#takePublish(bytes, at);
      if (end === 'other') break;
      if (end === 'unfinished') {
        isRestKept = true;
        break;
      }
      at = end;
      packets += 1;
    }
    if (at > 0) {
      this.#session.pace.published(packets);
      this.#session.unfinished.packetEnded();
      if (this.#client._keepaliveInterval > 0) this.#client._keepaliveTimer?.refresh();
    }
    const rest = bytes.subarray(at);
    if (!isRestKept) return rest;
    // A copy: a view would hold the whole read in memory until the rest comes.
    this.#kept = Buffer.from(rest);
    return NO_BYTES;
  }

  #isOpen(): boolean {
    const { _parser: parser, connackSent, closed } = this.#client;
    const isIdle =
      parser._queue === null &&
      parser._stateCounter === 0 &&
      parser._list.length === 0 &&
      parser.packet.length === -1 &&
      parser.error === null;
    return (
      connackSent &&
      !closed &&
      isIdle &&
      this.#session.isAuthenticated &&
      !this.#isWatched() &&
      this.#gate.isOpen
    );
  }

  /** Takes the packet at `start` and returns the offset behind it. */
  #takePublish(bytes: Buffer, start: number): number | 'unfinished' | 'other' {
    const header = bytes[start]!;
    const qos = (header >> 1) & 3;
    const isDuplicate = (header & 8) !== 0;
    if (header >> 4 !== PUBLISH || qos > 1 || (qos === 0 && isDuplicate)) return 'other';

    // Remaining length, 1 to 4 bytes of 7 bits (MQTT 3.1.1 section 2.2.3).
    let at = start + 1;
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      if (shift > 21) return 'other';
      if (at >= bytes.length) return 'unfinished';
      const byte = bytes[at++]!;
      length |= (byte & 0x7f) << shift;
      if ((byte & 0x80) === 0) break;
    }
    if (length > this.#maxPacketBytes) return 'other';
    const end = at + length;
    if (end > bytes.length) return length > MAX_KEPT_BYTES ? 'other' : 'unfinished';

    const topicStart = at + 2;
    if (topicStart > end) return 'other';
    const topicEnd = topicStart + bytes.readUInt16BE(at);
    const payloadStart = topicEnd + (qos === 0 ? 0 : 2);
    if (payloadStart > end) return 'other';
    const packetId = qos === 0 ? 0 : bytes.readUInt16BE(topicEnd);
    // [MQTT-2.3.1-1]
    if (qos === 1 && packetId === 0) return 'other';
    const topic = this.#topicAt(bytes, topicStart, topicEnd);
    // Judged when it is complete: the rules may have been replaced since it began. PublishGate then counts the denial.
    if (this.#gate.denialOf(this.#aedesClient, this.#session, topic) !== undefined) return 'other';
    this.#gate.acceptChecked(this.#session, topic, qos as 0 | 1, packetId, bytes.subarray(payloadStart, end));
    return end;
  }

  /** A device publishes on one or a few topics: the last one is not decoded again. */
  #topicAt(bytes: Buffer, start: number, end: number): string {
    if (
      end - start === this.#topicBytes.length &&
      bytes.compare(this.#topicBytes, 0, this.#topicBytes.length, start, end) === 0
    ) {
      return this.#topic;
    }
    this.#topicBytes = Buffer.from(bytes.subarray(start, end));
    this.#topic = this.#topicBytes.toString('utf8');
    return this.#topic;
  }
}
