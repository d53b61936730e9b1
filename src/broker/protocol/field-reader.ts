import { decodeText } from '../../lib/decode-text.js';
import {
  type Properties,
  PropertyFault,
  type PropertyName,
  readProperties,
  readVariableInteger,
} from '../../lib/mqtt-properties.js';
import { clause } from './clause.js';
import { PacketFault, type ProtocolLevel, REASON_CODES, type ReasonCode } from './packets.js';

const NO_BYTES = Buffer.alloc(0);

/**
 * FieldReader reads the fields of one packet in their order. The first thing that is wrong is kept in `fault`; the fields
 * that are read behind it are empty, so a decoder looks at `fault` before it returns a packet.
 */
export class FieldReader {
  /** Decides which clauses the faults name. */
  level: ProtocolLevel;
  readonly #bytes: Buffer;
  #at = 0;
  #fault: PacketFault | undefined;

  constructor(bytes: Buffer, level: ProtocolLevel) {
    this.#bytes = bytes;
    this.level = level;
  }

  get fault(): PacketFault | undefined {
    return this.#fault;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** Keeps `detail` as the fault unless there is one already. */
  fail(detail: string, returnCode = 0, reasonCode?: ReasonCode): void {
    this.#fault ??= new PacketFault(detail, returnCode, reasonCode);
  }

  /** Keeps a fault that MQTT 5 calls a protocol error, unless there is a fault already. */
  failProtocol(detail: string): void {
    this.fail(detail, 0, REASON_CODES.protocolError);
  }

  byte(name: string): number {
    return this.#has(1, name) ? this.#bytes.readUInt8(this.#advance(1)) : 0;
  }

  uint16(name: string): number {
    return this.#has(2, name) ? this.#bytes.readUInt16BE(this.#advance(2)) : 0;
  }

  /** A packet identifier, which is never 0 [MQTT-2.3.1-1]; [MQTT-2.2.1-3] in MQTT 5. */
  packetId(): number {
    const id = this.uint16('packet id');
    if (id === 0) this.fail(`packet id 0 ${clause(this.level, '2.3.1-1', '2.2.1-3')}`);
    return id;
  }

  /** The properties of a packet of MQTT 5 with their length in front. */
  properties(allowed: ReadonlySet<PropertyName>): Properties {
    if (this.#fault !== undefined) return {};
    const length = readVariableInteger(this.#bytes, this.#at, this.#bytes.length);
    if (length === undefined || length.end + length.value > this.#bytes.length) {
      this.fail('the packet ends in its properties');
      return {};
    }
    const end = length.end + length.value;
    const properties = readProperties(this.#bytes, length.end, end, allowed);
    this.#at = end;
    if (!(properties instanceof PropertyFault)) return properties;
    if (properties.isProtocolError) this.failProtocol(properties.detail);
    else this.fail(properties.detail);
    return {};
  }

  /** A string with its length in front (MQTT 3.1.1 section 1.5.3, MQTT 5 section 1.5.4). */
  text(name: string): string {
    const start = this.#field(name);
    if (start === undefined) return '';
    const text = decodeText(this.#bytes, start, this.#at);
    if (text !== undefined) return text;
    const clauses = this.level === 5 ? 'MQTT-1.5.4-1, MQTT-1.5.4-2' : 'MQTT-1.5.3-1, MQTT-1.5.3-2';
    this.fail(`${name} is not UTF-8 or contains U+0000 [${clauses}]`);
    return '';
  }

  /** A copy of the bytes of a field with its length in front: the packet is a view of the socket's buffer. */
  data(name: string): Buffer {
    const start = this.#field(name);
    if (start === undefined) return NO_BYTES;
    // Not from the pool of Node: it is kept as long as the connection, and would hold 8 KiB of the pool for it.
    const copy = Buffer.allocUnsafeSlow(this.#at - start);
    this.#bytes.copy(copy, 0, start, this.#at);
    return copy;
  }

  /** The packet must end here. */
  end(): void {
    if (this.#fault === undefined && !this.isAtEnd) {
      this.fail(`${this.#bytes.length - this.#at} bytes behind the last field`);
    }
  }

  /** Where the bytes of a field start; the reader is then behind them. */
  #field(name: string): number | undefined {
    const length = this.uint16(name);
    return this.#fault === undefined && this.#has(length, name) ? this.#advance(length) : undefined;
  }

  #has(bytes: number, name: string): boolean {
    if (this.#fault !== undefined) return false;
    if (this.#at + bytes <= this.#bytes.length) return true;
    this.fail(`the packet ends in the ${name}`);
    return false;
  }

  #advance(bytes: number): number {
    const at = this.#at;
    this.#at += bytes;
    return at;
  }
}
