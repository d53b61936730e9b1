import type { QoS } from '../protocol/packets.js';
import type { RetainedMessage } from './retained-messages.js';

/**
 * A change of the retained messages as an entry of a journal: u8 QoS of the message, or 3 when there is none any more; u16
 * bytes of the topic, little endian; the topic; the payload. An entry can be replayed onto any state.
 */
export const RETAINED_FORMAT = 1;

const REMOVED = 3;
const NAMES_AT = 3;

export function encodeSet({ topic, payload, qos }: RetainedMessage): Buffer {
  return encode(topic, payload, qos);
}

export function encodeRemoval(topic: string): Buffer {
  return encode(topic, undefined, REMOVED);
}

/** How long the entry of a message is. */
export function entryBytes(topicBytes: number, payloadBytes: number): number {
  return NAMES_AT + topicBytes + payloadBytes;
}

export interface RetainedChange {
  readonly topic: string;
  /** A view of the entry; undefined: the message is removed. */
  readonly payload: Buffer | undefined;
  readonly qos: QoS;
}

/** Returns undefined for an entry that no version has written. */
export function decodeEntry(entry: Buffer): RetainedChange | undefined {
  if (entry.length < NAMES_AT) return undefined;
  const kind = entry.readUInt8(0);
  const payloadAt = NAMES_AT + entry.readUInt16LE(1);
  if (kind > REMOVED || payloadAt > entry.length) return undefined;
  const topic = entry.toString('utf8', NAMES_AT, payloadAt);
  if (kind === REMOVED) return { topic, payload: undefined, qos: 0 };
  return { topic, payload: entry.subarray(payloadAt), qos: kind as QoS };
}

function encode(topic: string, payload: Buffer | undefined, kind: number): Buffer {
  const topicBytes = Buffer.byteLength(topic);
  const entry = Buffer.allocUnsafe(entryBytes(topicBytes, payload?.length ?? 0));
  entry.writeUInt8(kind, 0);
  entry.writeUInt16LE(topicBytes, 1);
  entry.write(topic, NAMES_AT, 'utf8');
  payload?.copy(entry, NAMES_AT + topicBytes);
  return entry;
}
