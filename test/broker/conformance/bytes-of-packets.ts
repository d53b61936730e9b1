import { type Text, text, u16, varint } from './bytes-of-fields.js';
import { properties, sessionExpiry } from './bytes-of-properties.js';
import type { Level } from './level.js';

/**
 * Packets of MQTT 3.1.1 and MQTT 5. They become bytes when it is known which of the two their client speaks, so that one case
 * can speak both. Nothing is checked, so that a case can send what no library would write. Properties are for MQTT 5 alone.
 */
export type Packet = (level: Level) => Buffer;

export interface WillFields {
  readonly topic: Text;
  readonly payload?: Text;
  readonly qos?: number;
  readonly isRetained?: boolean;
  readonly properties?: readonly Buffer[];
}

export interface ConnectFields {
  readonly clientId?: Text;
  /** Clean start in MQTT 5. */
  readonly isClean?: boolean;
  /**
   * The session expiry interval of MQTT 5; unless given, an hour without a clean start, as a session without clean session is
   * kept, and no such property with one.
   */
  readonly expirySeconds?: number;
  readonly keepAlive?: number;
  readonly will?: WillFields;
  readonly userName?: Text;
  readonly password?: Text;
  readonly protocol?: Text;
  /** Another protocol level than that of the case. */
  readonly level?: number;
  /** Bits that are turned over in the byte of flags. */
  readonly flipped?: number;
  readonly properties?: readonly Buffer[];
}

export interface PublishFields {
  readonly topic: Text;
  readonly payload?: Text;
  readonly qos?: number;
  readonly id?: number;
  readonly isDuplicate?: boolean;
  readonly isRetained?: boolean;
  readonly properties?: readonly Buffer[];
}

const NOTHING = Buffer.alloc(0);
/** How long a session without a clean start is kept at MQTT 5 unless a case says it. */
const HOUR_SECONDS = 3600;

/** Parts that are functions differ with the level. */
export function packet(firstByte: number, ...parts: readonly (Buffer | Packet)[]): Packet {
  return (level) => {
    const body = Buffer.concat(parts.map((part) => (typeof part === 'function' ? part(level) : part)));
    return Buffer.concat([Buffer.from([firstByte]), varint(body.length), body]);
  };
}

/** The properties of a packet, which only MQTT 5 has. */
export function propertiesOf(...all: readonly Buffer[]): Packet {
  return (level) => (level === 5 ? properties(...all) : NOTHING);
}

export function connect(fields: ConnectFields = {}): Packet {
  return packet(0x10, connectBody(fields));
}

export function connectBody(fields: ConnectFields): Packet {
  const { clientId = '', isClean = true, keepAlive = 60, will, userName, password } = fields;
  const flags =
    (isClean ? 0x02 : 0) |
    (will === undefined ? 0 : 0x04 | ((will.qos ?? 0) << 3) | (will.isRetained === true ? 0x20 : 0)) |
    (password === undefined ? 0 : 0x40) |
    (userName === undefined ? 0 : 0x80);
  const expiry = fields.expirySeconds ?? (isClean ? undefined : HOUR_SECONDS);
  const all = [...(expiry === undefined ? [] : [sessionExpiry(expiry)]), ...(fields.properties ?? [])];
  return (level) =>
    Buffer.concat([
      text(fields.protocol ?? 'MQTT'),
      Buffer.from([fields.level ?? level, flags ^ (fields.flipped ?? 0)]),
      u16(keepAlive),
      propertiesOf(...all)(level),
      text(clientId),
      ...(will === undefined ? [] : [propertiesOf(...(will.properties ?? []))(level)]),
      ...(will === undefined ? [] : [text(will.topic), text(will.payload ?? 'gone')]),
      ...(userName === undefined ? [] : [text(userName)]),
      ...(password === undefined ? [] : [text(password)]),
    ]);
}

/** QoS 1 and 2 have the packet id 1 unless given; QoS 0 has none unless given. */
export function publish(fields: PublishFields): Packet {
  const { topic, payload = 'x', qos = 0, id = qos === 0 ? undefined : 1 } = fields;
  return packet(
    0x30 | (fields.isDuplicate === true ? 8 : 0) | (qos << 1) | (fields.isRetained === true ? 1 : 0),
    text(topic),
    id === undefined ? NOTHING : u16(id),
    propertiesOf(...(fields.properties ?? [])),
    Buffer.from(payload),
  );
}

/** PUBACK, PUBREC, PUBREL and PUBCOMP: with a reason code and properties in MQTT 5, when they are given. */
const acknowledgement =
  (firstByte: number) =>
  (id: number, code?: number, ...all: readonly Buffer[]): Packet =>
    packet(
      firstByte,
      u16(id),
      code === undefined ? NOTHING : Buffer.from([code]),
      all.length === 0 ? NOTHING : properties(...all),
    );
export const puback = acknowledgement(0x40);
export const pubrec = acknowledgement(0x50);
export const pubrel = acknowledgement(0x62);
export const pubcomp = acknowledgement(0x70);

/** The byte behind a topic filter: its QoS, and in MQTT 5 the options of its subscription. */
export type FilterAndOptions = readonly [filter: Text, options: number];
export const NO_LOCAL = 0x04;
export const RETAIN_AS_PUBLISHED = 0x08;
export const RETAIN_IF_NEW = 0x10;
export const RETAIN_NEVER = 0x20;

export function subscribe(id: number, ...filters: readonly FilterAndOptions[]): Packet {
  return subscribeWith([], id, ...filters);
}

export function subscribeWith(
  all: readonly Buffer[],
  id: number,
  ...filters: readonly FilterAndOptions[]
): Packet {
  const payload = filters.flatMap(([filter, options]) => [text(filter), Buffer.from([options])]);
  return packet(0x82, u16(id), propertiesOf(...all), ...payload);
}

export function unsubscribe(id: number, ...filters: readonly Text[]): Packet {
  return packet(0xa2, u16(id), propertiesOf(), ...filters.map(text));
}

export const PINGREQ = packet(0xc0);
export const DISCONNECT = packet(0xe0);

/** A DISCONNECT of MQTT 5. */
export function disconnect(code: number, ...all: readonly Buffer[]): Packet {
  return packet(0xe0, Buffer.from([code]), properties(...all));
}

/** An AUTH of MQTT 5. */
export function auth(code: number, ...all: readonly Buffer[]): Packet {
  return packet(0xf0, Buffer.from([code]), properties(...all));
}
