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

const NAMES = new Map<number, PropertyName>(
  (Object.keys(PROPERTIES) as PropertyName[]).map((name) => [PROPERTIES[name][0], name]),
);

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
  let at = start;
  while (at < end) {
    // All identifiers fit into the first byte of the variable byte integer that they are.
    const name = NAMES.get(bytes[at]!);
    if (name === undefined || !allowed.has(name)) {
      return malformed(
        `property 0x${bytes[at]!.toString(16).padStart(2, '0')}, which the packet must not have`,
      );
    }
    if (found[name] !== undefined && name !== 'userProperties') {
      return new PropertyFault(`${wordsOf(name)} twice`, true);
    }
    const value = readValue(bytes, at + 1, end, PROPERTIES[name][1]);
    if (value === undefined) return malformed(`${wordsOf(name)} that is cut`);
    if (value.content === undefined) return malformed(`${wordsOf(name)} that is not UTF-8 or has a NUL`);
    if (name === 'userProperties') {
      const pairs = (found.userProperties as UserProperty[] | undefined) ?? [];
      pairs.push(value.content as UserProperty);
      found.userProperties = pairs;
    } else {
      found[name] = value.content;
    }
    at = value.end;
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

interface Read {
  /** Undefined: it is not a text. */
  readonly content: unknown;
  readonly end: number;
}

/** Undefined when the value does not end before `end`. */
function readValue(bytes: Buffer, at: number, end: number, type: ValueType): Read | undefined {
  switch (type) {
    case 'byte':
      return at + 1 > end ? undefined : { content: bytes[at]!, end: at + 1 };
    case 'uint16':
      return at + 2 > end ? undefined : { content: bytes.readUInt16BE(at), end: at + 2 };
    case 'uint32':
      return at + 4 > end ? undefined : { content: bytes.readUInt32BE(at), end: at + 4 };
    case 'variable': {
      const read = readVariableInteger(bytes, at, end);
      return read && { content: read.value, end: read.end };
    }
    case 'data': {
      const bounds = fieldAt(bytes, at, end);
      // Not from the pool of Node: what is kept of it would hold all 8 KiB.
      return bounds && { content: copyOf(bytes, bounds.start, bounds.end), end: bounds.end };
    }
    case 'text': {
      const bounds = fieldAt(bytes, at, end);
      return bounds && { content: decodeText(bytes, bounds.start, bounds.end), end: bounds.end };
    }
    case 'pair': {
      const name = readValue(bytes, at, end, 'text');
      const value = name && readValue(bytes, name.end, end, 'text');
      if (name === undefined || value === undefined) return undefined;
      const isText = name.content !== undefined && value.content !== undefined;
      return { content: isText ? [name.content, value.content] : undefined, end: value.end };
    }
  }
}

function fieldAt(bytes: Buffer, at: number, end: number): { start: number; end: number } | undefined {
  if (at + 2 > end) return undefined;
  const fieldEnd = at + 2 + bytes.readUInt16BE(at);
  return fieldEnd > end ? undefined : { start: at + 2, end: fieldEnd };
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
  const parts: Buffer[] = [];
  for (const [name, value] of Object.entries(properties) as [PropertyName, unknown][]) {
    if (value === undefined) continue;
    const [id, type] = PROPERTIES[name];
    if (type === 'pair') {
      for (const [key, text] of value as readonly UserProperty[])
        parts.push(byteOf(id), field(key), field(text));
    } else {
      parts.push(byteOf(id), valueBytes(type, value));
    }
  }
  return Buffer.concat(parts);
}

function valueBytes(type: Exclude<ValueType, 'pair'>, value: unknown): Buffer {
  switch (type) {
    case 'byte':
      return byteOf(value as number);
    case 'uint16': {
      const bytes = Buffer.allocUnsafe(2);
      bytes.writeUInt16BE(value as number);
      return bytes;
    }
    case 'uint32': {
      const bytes = Buffer.allocUnsafe(4);
      bytes.writeUInt32BE(value as number);
      return bytes;
    }
    case 'variable':
      return variableInteger(value as number);
    case 'text':
    case 'data':
      return field(value as string | Buffer);
  }
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

function byteOf(value: number): Buffer {
  return Buffer.from([value]);
}

function field(value: string | Buffer): Buffer {
  const content = typeof value === 'string' ? Buffer.from(value) : value;
  if (content.length > 0xffff)
    throw new RangeError(`a property of ${content.length} bytes, more than 65,535`);
  return Buffer.concat([Buffer.from([content.length >> 8, content.length & 0xff]), content]);
}
