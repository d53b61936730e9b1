import { decodeText } from './decode-text.js';

/** A name and a value that the publisher has chosen. A name may come several times, and the order is the publisher's. */
export type UserProperty = readonly [name: string, value: string];

/** How the value of a property is written (MQTT 5 section 2.2.2.2). */
type ValueType = 'byte' | 'uint16' | 'uint32' | 'variable' | 'text' | 'data' | 'pair';

/** The properties of MQTT 5, by the names that they have here. */
const PROPERTIES = {
  payloadFormat: [0x01, 'byte'],
  messageExpirySeconds: [0x02, 'uint32'],
  contentType: [0x03, 'text'],
  responseTopic: [0x08, 'text'],
  correlationData: [0x09, 'data'],
  subscriptionIdentifier: [0x0b, 'variable'],
  sessionExpirySeconds: [0x11, 'uint32'],
  assignedClientId: [0x12, 'text'],
  serverKeepAliveSeconds: [0x13, 'uint16'],
  authenticationMethod: [0x15, 'text'],
  authenticationData: [0x16, 'data'],
  requestProblemInformation: [0x17, 'byte'],
  willDelaySeconds: [0x18, 'uint32'],
  requestResponseInformation: [0x19, 'byte'],
  responseInformation: [0x1a, 'text'],
  serverReference: [0x1c, 'text'],
  reasonString: [0x1f, 'text'],
  receiveMaximum: [0x21, 'uint16'],
  topicAliasMaximum: [0x22, 'uint16'],
  topicAlias: [0x23, 'uint16'],
  maximumQos: [0x24, 'byte'],
  retainAvailable: [0x25, 'byte'],
  userProperties: [0x26, 'pair'],
  maximumPacketBytes: [0x27, 'uint32'],
  wildcardAvailable: [0x28, 'byte'],
  identifiersAvailable: [0x29, 'byte'],
  sharedAvailable: [0x2a, 'byte'],
} as const satisfies Readonly<Record<string, readonly [id: number, type: ValueType]>>;

export type PropertyName = keyof typeof PROPERTIES;

interface Values {
  byte: number;
  uint16: number;
  uint32: number;
  variable: number;
  text: string;
  data: Buffer;
  pair: readonly UserProperty[];
}

/** The properties of one packet. A flag is 0 or 1, as it is on the wire. */
export type Properties = {
  readonly [Name in PropertyName]?: Values[(typeof PROPERTIES)[Name][1]];
};

/** What is wrong with properties. */
export class PropertyFault {
  readonly detail: string;
  /** A protocol error (0x82); false: the packet is malformed (0x81). */
  readonly isProtocolError: boolean;

  constructor(detail: string, isProtocolError: boolean) {
    this.detail = detail;
    this.isProtocolError = isProtocolError;
  }
}

interface Property {
  readonly name: PropertyName;
  readonly type: ValueType;
}

/** By their ids. All of them fit into the first byte of the variable byte integer that they are. */
const BY_ID: (Property | undefined)[] = new Array<Property | undefined>(256).fill(undefined);
for (const name of Object.keys(PROPERTIES) as PropertyName[]) {
  const [id, type] = PROPERTIES[name];
  BY_ID[id] = { name, type };
}

/** The largest value of a variable byte integer. */
export const MAX_VARIABLE_INTEGER = 268_435_455;

/**
 * Reads the properties in `bytes` from `start` to `end`, without their length. Texts and data are copies. `allowed` are those
 * that the packet may have.
 */
export function readProperties(
  bytes: Buffer,
  start: number,
  end: number,
  allowed: ReadonlySet<PropertyName>,
): Properties | PropertyFault {
  const found: { -readonly [Name in PropertyName]?: unknown } = {};
  const reader = new ValueReader(bytes, start, end);
  while (reader.at < end) {
    const id = bytes[reader.at] ?? 0;
    const property = BY_ID[id];
    if (property === undefined || !allowed.has(property.name)) {
      return malformed(`property 0x${id.toString(16).padStart(2, '0')}, which the packet must not have`);
    }
    const { name, type } = property;
    reader.at += 1;
    const value = type === 'pair' ? reader.pair() : reader.value(type);
    if (value === undefined) return malformed(`${wordsOf(name)} that is cut`);
    if (value === NOT_TEXT) return malformed(`${wordsOf(name)} that is not UTF-8 or has a NUL`);
    const before = found[name];
    if (type === 'pair') {
      if (before === undefined) found[name] = [value];
      else (before as unknown[]).push(value);
    } else if (before === undefined) {
      found[name] = value;
    } else {
      return new PropertyFault(`${wordsOf(name)} twice`, true);
    }
  }
  return found as Properties;
}

/** A property in words: `topicAliasMaximum` becomes `topic alias maximum`. */
function wordsOf(name: PropertyName): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function malformed(detail: string): PropertyFault {
  return new PropertyFault(detail, false);
}

/** A text that is not UTF-8, or has a NUL. */
const NOT_TEXT = null;

/** ValueReader reads values in their order. It returns undefined for one that does not end before `end`. */
class ValueReader {
  at: number;
  readonly #bytes: Buffer;
  readonly #end: number;

  constructor(bytes: Buffer, at: number, end: number) {
    this.#bytes = bytes;
    this.at = at;
    this.#end = end;
  }

  value(type: Exclude<ValueType, 'pair'>): number | string | Buffer | typeof NOT_TEXT | undefined {
    switch (type) {
      case 'byte':
        return this.#has(1) ? this.#bytes.readUInt8(this.#advance(1)) : undefined;
      case 'uint16':
        return this.#has(2) ? this.#bytes.readUInt16BE(this.#advance(2)) : undefined;
      case 'uint32':
        return this.#has(4) ? this.#bytes.readUInt32BE(this.#advance(4)) : undefined;
      case 'variable': {
        const read = readVariableInteger(this.#bytes, this.at, this.#end);
        if (read !== undefined) this.at = read.end;
        return read?.value;
      }
      case 'data': {
        const start = this.#field();
        // Not from the pool of Node: what is kept of it would hold all 8 KiB.
        return start === undefined ? undefined : copyOf(this.#bytes, start, this.at);
      }
      case 'text':
        return this.#text();
    }
  }

  pair(): UserProperty | typeof NOT_TEXT | undefined {
    const name = this.#text();
    const value = name === undefined ? undefined : this.#text();
    if (name === undefined || value === undefined) return undefined;
    return name === NOT_TEXT || value === NOT_TEXT ? NOT_TEXT : [name, value];
  }

  #text(): string | typeof NOT_TEXT | undefined {
    const start = this.#field();
    return start === undefined ? undefined : (decodeText(this.#bytes, start, this.at) ?? NOT_TEXT);
  }

  /** Where the bytes of a field start that has its length in front; the reader is then behind them. */
  #field(): number | undefined {
    if (!this.#has(2)) return undefined;
    const length = this.#bytes.readUInt16BE(this.#advance(2));
    return this.#has(length) ? this.#advance(length) : undefined;
  }

  #has(count: number): boolean {
    return this.at + count <= this.#end;
  }

  #advance(count: number): number {
    const { at } = this;
    this.at += count;
    return at;
  }
}

function copyOf(bytes: Buffer, start: number, end: number): Buffer {
  const copy = Buffer.allocUnsafeSlow(end - start);
  bytes.copy(copy, 0, start, end);
  return copy;
}

/** A variable byte integer (MQTT 5 section 1.5.5); undefined when it does not end before `end`, or is longer than 4 bytes. */
export function readVariableInteger(
  bytes: Buffer,
  at: number,
  end: number,
): { readonly value: number; readonly end: number } | undefined {
  let value = 0;
  for (let i = 0; i < 4 && at + i < end; i += 1) {
    const byte = bytes[at + i]!;
    value |= (byte & 0x7f) << (7 * i);
    if (byte >= 0x80) continue;
    // In the fewest bytes [MQTT-1.5.5-1].
    return i > 0 && byte === 0 ? undefined : { value, end: at + i + 1 };
  }
  return undefined;
}

/** Properties as they are sent, in the order of the object, without their length in front. */
export function writeProperties(properties: Properties): Buffer {
  let length = 0;
  for (const name in properties) length += lengthOf(name as PropertyName, properties);
  const bytes = Buffer.allocUnsafe(length);
  let at = 0;
  for (const name in properties) at = write(bytes, at, name as PropertyName, properties);
  return bytes;
}

function lengthOf(name: PropertyName, properties: Properties): number {
  const value = properties[name];
  if (value === undefined) return 0;
  if (typeof value === 'number') return 1 + lengthOfNumber(PROPERTIES[name][1], value);
  // Not isBuffer: what comes from another thread is a plain array of bytes.
  if (typeof value === 'string' || value instanceof Uint8Array) return 1 + lengthOfField(value);
  let length = 0;
  for (const [key, text] of value) length += 1 + lengthOfField(key) + lengthOfField(text);
  return length;
}

function lengthOfNumber(type: ValueType, value: number): number {
  if (type === 'byte') return 1;
  if (type === 'uint16') return 2;
  return type === 'uint32' ? 4 : variableInteger(value).length;
}

function lengthOfField(value: string | Uint8Array): number {
  const length = typeof value === 'string' ? Buffer.byteLength(value) : value.length;
  if (length > 0xffff) throw new RangeError(`a property of ${length} bytes, more than 65,535`);
  return 2 + length;
}

/** Returns the offset behind what it has written. */
function write(bytes: Buffer, at: number, name: PropertyName, properties: Properties): number {
  const value = properties[name];
  if (value === undefined) return at;
  const [id, type] = PROPERTIES[name];
  if (typeof value === 'object' && !(value instanceof Uint8Array)) {
    let end = at;
    for (const [key, text] of value) {
      bytes[end] = id;
      end = writeField(bytes, writeField(bytes, end + 1, key), text);
    }
    return end;
  }
  bytes[at] = id;
  if (typeof value !== 'number') return writeField(bytes, at + 1, value);
  if (type === 'byte') return bytes.writeUInt8(value, at + 1);
  if (type === 'uint16') return bytes.writeUInt16BE(value, at + 1);
  if (type === 'uint32') return bytes.writeUInt32BE(value, at + 1);
  return at + 1 + variableInteger(value).copy(bytes, at + 1);
}

function writeField(bytes: Buffer, at: number, value: string | Uint8Array): number {
  let { length } = value;
  if (typeof value === 'string') length = bytes.write(value, at + 2, 'utf8');
  else bytes.set(value, at + 2);
  bytes.writeUInt16BE(length, at);
  return at + 2 + length;
}

/** `value` is at most MAX_VARIABLE_INTEGER. */
export function variableInteger(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  do {
    const byte = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest > 0 ? byte | 0x80 : byte);
  } while (rest > 0);
  return Buffer.from(bytes);
}
