import type { Level } from './level.js';
import { checkReasonCodes } from './reason-codes-of-servers.js';
import { ByteReader, readProperties } from './received-properties.js';

/** A packet that a broker has sent, described so that a case compares it with one line. */
export interface ReceivedPacket {
  /** The same at both levels where the packet says the same. It names no properties, and of reason codes only failures. */
  readonly line: string;
  /** Of a PUBLISH with QoS 1 or 2, which the line does not name, and of an acknowledgement. */
  readonly id: number;
  /** Reason codes of MQTT 5, also those that the line does not name. */
  readonly codes: readonly number[];
  /** Those of MQTT 5 as `name=value`, sorted by name. */
  readonly properties: readonly string[];
  /** With its fixed header. */
  readonly bytes: number;
}

/** Cuts what a broker sends into packets. It knows only what a server may send; other packets are malformed. */
export class ReceivedPackets {
  readonly #level: Level;
  #rest: Buffer = Buffer.alloc(0);

  constructor(level: Level) {
    this.#level = level;
  }

  /** The packets that are complete with these bytes. */
  add(bytes: Buffer): ReceivedPacket[] {
    this.#rest = Buffer.concat([this.#rest, bytes]);
    const packets: ReceivedPacket[] = [];
    for (let one = this.#take(); one !== undefined; one = this.#take()) packets.push(one);
    return packets;
  }

  #take(): ReceivedPacket | undefined {
    let length = 0;
    for (let at = 1; at < this.#rest.length && at <= 4; at += 1) {
      const byte = this.#rest[at] ?? 0;
      length |= (byte & 0x7f) << (7 * (at - 1));
      if (byte >= 0x80) continue;
      const end = at + 1 + length;
      if (this.#rest.length < end) return undefined;
      const [first = 0] = this.#rest;
      const body = this.#rest.subarray(at + 1, end);
      this.#rest = this.#rest.subarray(end);
      return { id: 0, codes: [], properties: [], ...described(first, body, this.#level), bytes: end };
    }
    return undefined;
  }
}

type Description = Pick<ReceivedPacket, 'line'> & Partial<Omit<ReceivedPacket, 'bytes'>>;

function described(first: number, body: Buffer, level: Level): Description {
  const reader = new ByteReader(body);
  try {
    const description = first >> 4 === 3 ? publish(first, reader, level) : other(first, reader, level);
    if (reader.left > 0) throw new Error('there are bytes behind its end');
    if (level === 5 && description.codes !== undefined) checkReasonCodes(first >> 4, description.codes);
    return description;
  } catch (fault) {
    const hex = Buffer.concat([Buffer.from([first]), body]).toString('hex');
    return { line: `malformed ${hex}: ${fault instanceof Error ? fault.message : fault}` };
  }
}

const ACKNOWLEDGEMENTS: Readonly<Record<number, string>> = {
  64: 'PUBACK',
  80: 'PUBREC',
  98: 'PUBREL',
  112: 'PUBCOMP',
};
const FAILURE = 0x80;

function other(first: number, reader: ByteReader, level: Level): Description {
  const acknowledgement = ACKNOWLEDGEMENTS[first];
  if (acknowledgement !== undefined) {
    const id = reader.u16();
    const { codes, properties } = reason(first, reader, level);
    const failures = codes.filter((code) => code >= FAILURE).map((code) => ` ${named(code)}`);
    return { line: `${acknowledgement} ${id}${failures.join('')}`, id, codes, properties };
  }
  if (first === 0x20) return connack(reader, level);
  if (first === 0x90 || first === 0xb0) return subscriptionAnswer(first, reader, level);
  if (first === 0xd0) return { line: 'PINGRESP' };
  if (level === 5 && (first === 0xe0 || first === 0xf0)) {
    const { codes, properties } = reason(first, reader, level);
    return {
      line: `${first === 0xe0 ? 'DISCONNECT' : 'AUTH'} ${named(codes[0] ?? 0)}`,
      codes: codes.length === 0 ? [0] : codes,
      properties,
    };
  }
  throw new Error('a server does not send it');
}

/** A reason code and properties, both of which may be omitted (section 3.4.2.1). */
function reason(first: number, reader: ByteReader, level: Level) {
  const codes = level === 5 && reader.left > 0 ? [reader.u8()] : [];
  const properties = codes.length > 0 && reader.left > 0 ? readProperties(first >> 4, reader) : [];
  return { codes, properties };
}

function connack(reader: ByteReader, level: Level): Description {
  const present = reader.u8();
  // Reserved bits [MQTT-3.2.2-1].
  if (present > 1) throw new Error('reserved bits are set');
  const code = reader.u8();
  // A client whose level is not spoken may be answered in the form of MQTT 3.1.1.
  const isShort = level === 5 && reader.left === 0 && code === 1;
  const properties = level === 5 && !isShort ? readProperties(2, reader) : [];
  const line = `CONNACK present=${present} code=${named(code)}`;
  return isShort ? { line } : { line, codes: [code], properties };
}

function subscriptionAnswer(first: number, reader: ByteReader, level: Level): Description {
  const id = reader.u16();
  const properties = level === 5 ? readProperties(first >> 4, reader) : [];
  const codes = [...reader.take(reader.left)];
  if (first === 0x90 && codes.length === 0) throw new Error('it has no reason code');
  if (first === 0x90) return { line: `SUBACK ${id} [${codes.map(named).join(' ')}]`, id, codes, properties };
  if (level === 4 && codes.length > 0) throw new Error('it has reason codes');
  return { line: `UNSUBACK ${id}`, id, codes, properties };
}

function publish(first: number, reader: ByteReader, level: Level): Description {
  const qos = (first >> 1) & 3;
  if (qos === 3) throw new Error('QoS 3');
  const topic = reader.text();
  const id = qos === 0 ? 0 : reader.u16();
  const properties = level === 5 ? readProperties(3, reader) : [];
  const flags = `${(first & 8) === 0 ? '' : ' dup'}${(first & 1) === 0 ? '' : ' retain'}`;
  return { line: `PUBLISH q${qos}${flags} ${topic} = ${reader.take(reader.left)}`, id, properties };
}

/** Failures in the form that the standards write. */
function named(code: number): string {
  return code < FAILURE ? `${code}` : `0x${code.toString(16)}`;
}
