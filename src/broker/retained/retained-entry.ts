import type { KeptProperties } from '../protocol/kept-properties.js';
import type { QoS } from '../protocol/packets.js';
import type { RetainedMessage } from './retained-messages.js';

/**
 * A change of the retained messages as an entry of a journal, little endian: u8 QoS of the message, or 3 when there is none any
 * more, and 4 more when it has properties; u16 bytes of the topic; the topic; with properties, u16 bytes of them, u48 when it
 * expires in ms since 1970 or 0, and the properties in the form of MQTT 5; the payload. An entry can be replayed onto any state.
 * Format 1 had no properties.
 */
export const RETAINED_FORMAT = 2;

const REMOVED = 3;
const HAS_PROPERTIES = 4;
const NAMES_AT = 3;
/** In front of the properties. */
const PROPERTIES_HEAD = 8;

export function encodeSet({ topic, payload, qos, properties }: RetainedMessage): Buffer {
  return encode(topic, payload, properties, properties === undefined ? qos : qos | HAS_PROPERTIES);
}

export function encodeRemoval(topic: string): Buffer {
  return encode(topic, undefined, undefined, REMOVED);
}

/** How long the entry of a message is. */
export function entryBytes(topicBytes: number, payloadBytes: number): number {
  return NAMES_AT + topicBytes + payloadBytes;
}

/** What properties take in an entry, and in memory. */
export function propertiesBytes(properties: KeptProperties | undefined): number {
  return properties === undefined ? 0 : PROPERTIES_HEAD + properties.bytes.length;
}

export interface RetainedChange {
  readonly topic: string;
  /** A view of the entry; undefined: the message is removed. */
  readonly payload: Buffer | undefined;
  readonly qos: QoS;
  /** Copies. */
  readonly properties: KeptProperties | undefined;
}

/** Returns undefined for an entry that no version has written. */
export function decodeEntry(entry: Buffer): RetainedChange | undefined {
  if (entry.length < NAMES_AT) return undefined;
  const kind = entry.readUInt8(0);
  const topicEnd = NAMES_AT + entry.readUInt16LE(1);
  if (kind > 2 + HAS_PROPERTIES || topicEnd > entry.length) return undefined;
  const topic = entry.toString('utf8', NAMES_AT, topicEnd);
  if (kind === REMOVED) return { topic, payload: undefined, qos: 0, properties: undefined };
  const qos = (kind & ~HAS_PROPERTIES) as QoS;
  if (kind < HAS_PROPERTIES) return { topic, payload: entry.subarray(topicEnd), qos, properties: undefined };
  if (topicEnd + PROPERTIES_HEAD > entry.length) return undefined;
  const at = topicEnd + PROPERTIES_HEAD;
  const end = at + entry.readUInt16LE(topicEnd);
  if (end > entry.length) return undefined;
  const bytes = Buffer.allocUnsafeSlow(end - at);
  entry.copy(bytes, 0, at, end);
  const expiresAtMs = entry.readUIntLE(topicEnd + 2, 6) || undefined;
  return { topic, payload: entry.subarray(end), qos, properties: { bytes, expiresAtMs } };
}

function encode(
  topic: string,
  payload: Buffer | undefined,
  properties: KeptProperties | undefined,
  kind: number,
): Buffer {
  const topicBytes = Buffer.byteLength(topic);
  const entry = Buffer.allocUnsafe(
    entryBytes(topicBytes, payload?.length ?? 0) + propertiesBytes(properties),
  );
  entry.writeUInt8(kind, 0);
  entry.writeUInt16LE(topicBytes, 1);
  entry.write(topic, NAMES_AT, 'utf8');
  const at = NAMES_AT + topicBytes;
  if (properties !== undefined) {
    entry.writeUInt16LE(properties.bytes.length, at);
    entry.writeUIntLE(properties.expiresAtMs ?? 0, at + 2, 6);
    properties.bytes.copy(entry, at + PROPERTIES_HEAD);
  }
  payload?.copy(entry, at + propertiesBytes(properties));
  return entry;
}
