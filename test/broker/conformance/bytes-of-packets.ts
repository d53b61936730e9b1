/**
 * Packets of MQTT 3.1.1 as bytes. Nothing is checked, so that a case can send what no library would write; a string may be
 * given as bytes, to send one that is not UTF-8.
 */

export type Text = string | Buffer;

export interface WillFields {
  readonly topic: Text;
  readonly payload?: Text;
  readonly qos?: number;
  readonly isRetained?: boolean;
}

export interface ConnectFields {
  readonly clientId?: Text;
  readonly isClean?: boolean;
  readonly keepAlive?: number;
  readonly will?: WillFields;
  readonly userName?: Text;
  readonly password?: Text;
  readonly protocol?: Text;
  readonly level?: number;
  /** Bits that are turned over in the byte of flags. */
  readonly flipped?: number;
}

export interface PublishFields {
  readonly topic: Text;
  readonly payload?: Text;
  readonly qos?: number;
  readonly id?: number;
  readonly isDuplicate?: boolean;
  readonly isRetained?: boolean;
}

export function u16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff]);
}

/** A string with its length before it. */
export function text(value: Text): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([u16(bytes.length), bytes]);
}

export function remainingLength(length: number): Buffer {
  const bytes: number[] = [];
  let rest = length;
  do {
    bytes.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    rest >>>= 7;
  } while (rest > 0);
  return Buffer.from(bytes);
}

export function packet(firstByte: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([firstByte]), remainingLength(body.length), body]);
}

export function connect(fields: ConnectFields = {}): Buffer {
  return packet(0x10, ...connectBody(fields));
}

export function connectBody(fields: ConnectFields): Buffer[] {
  const { clientId = '', isClean = true, keepAlive = 60, will, userName, password } = fields;
  const flags =
    (isClean ? 0x02 : 0) |
    (will === undefined ? 0 : 0x04 | ((will.qos ?? 0) << 3) | (will.isRetained === true ? 0x20 : 0)) |
    (password === undefined ? 0 : 0x40) |
    (userName === undefined ? 0 : 0x80);
  return [
    text(fields.protocol ?? 'MQTT'),
    Buffer.from([fields.level ?? 4, flags ^ (fields.flipped ?? 0)]),
    u16(keepAlive),
    text(clientId),
    ...(will === undefined ? [] : [text(will.topic), text(will.payload ?? 'gone')]),
    ...(userName === undefined ? [] : [text(userName)]),
    ...(password === undefined ? [] : [text(password)]),
  ];
}

/** QoS 1 and 2 have the packet id 1 unless given; QoS 0 has none unless given. */
export function publish(fields: PublishFields): Buffer {
  const { topic, payload = 'x', qos = 0, id = qos === 0 ? undefined : 1 } = fields;
  return packet(
    0x30 | (fields.isDuplicate === true ? 8 : 0) | (qos << 1) | (fields.isRetained === true ? 1 : 0),
    text(topic),
    id === undefined ? Buffer.alloc(0) : u16(id),
    Buffer.from(payload),
  );
}

export const puback = (id: number): Buffer => packet(0x40, u16(id));
export const pubrec = (id: number): Buffer => packet(0x50, u16(id));
export const pubrel = (id: number): Buffer => packet(0x62, u16(id));
export const pubcomp = (id: number): Buffer => packet(0x70, u16(id));

export function subscribe(id: number, ...filters: readonly (readonly [filter: Text, qos: number])[]): Buffer {
  return packet(0x82, u16(id), ...filters.flatMap(([filter, qos]) => [text(filter), Buffer.from([qos])]));
}

export function unsubscribe(id: number, ...filters: readonly Text[]): Buffer {
  return packet(0xa2, u16(id), ...filters.map(text));
}

export const PINGREQ = packet(0xc0);
export const DISCONNECT = packet(0xe0);
