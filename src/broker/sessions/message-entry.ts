import type { KeptProperties } from '../protocol/kept-properties.js';
import { type KeptBytes, keepBytes, writeKept } from './kept-bytes.js';

/** A session that is owed a message. */
export interface Recipient {
  readonly sessionId: number;
  readonly packetId: number;
  readonly qos: 1 | 2;
  readonly isRetained: boolean;
  /** It may have been sent before: it is sent again with DUP. */
  readonly mayBeSent: boolean;
  /** Those of its subscriptions that the message matched (MQTT 5); undefined without. */
  readonly identifiers: readonly number[] | undefined;
}

/** A message in the journal of the sessions. */
export interface MessageEntry {
  readonly kind: 'message';
  readonly messageId: number;
  readonly topic: string;
  readonly payload: KeptBytes;
  readonly properties: KeptProperties | undefined;
  readonly recipients: readonly Recipient[];
}

const RECIPIENT_BYTES = 7;
const RETAINED = 4;
const MAY_BE_SENT = 8;
const HAS_IDENTIFIERS = 16;

/** In front of the properties. */
const PROPERTIES_HEAD = 8;

/**
 * Encodes a message, little endian: a byte for its kind, u48 number, u32 recipients, u16 bytes of the topic, the recipients, the
 * topic, with properties u16 bytes of them and u48 when it expires in ms since 1970 or 0 and the properties in the form of MQTT 5,
 * the payload.
 */
export function encodeMessageEntry(
  kind: number,
  { messageId, topic, payload, properties, recipients }: MessageEntry,
): Buffer {
  const topicBytes = Buffer.byteLength(topic);
  let length = 13 + topicBytes + payload.length;
  for (const recipient of recipients) length += recipientBytes(recipient);
  if (properties !== undefined) length += PROPERTIES_HEAD + properties.bytes.length;
  const bytes = Buffer.allocUnsafe(length);
  bytes[0] = kind;
  bytes.writeUIntLE(messageId, 1, 6);
  bytes.writeUInt32LE(recipients.length, 7);
  bytes.writeUInt16LE(topicBytes, 11);
  let at = 13;
  for (const recipient of recipients) at = writeRecipient(bytes, at, recipient);
  at += bytes.write(topic, at);
  if (properties !== undefined) {
    at = bytes.writeUInt16LE(properties.bytes.length, at);
    at = bytes.writeUIntLE(properties.expiresAtMs ?? 0, at, 6);
    bytes.set(properties.bytes, at);
    at += properties.bytes.length;
  }
  writeKept(payload, bytes, at);
  return bytes;
}

/** Buffers in it are copies. */
export function decodeMessageEntry(bytes: Buffer, hasProperties: boolean): MessageEntry {
  const count = bytes.readUInt32LE(7);
  const recipients: Recipient[] = [];
  let at = 13;
  for (let i = 0; i < count; i += 1) {
    const recipient = readRecipient(bytes, at);
    recipients.push(recipient);
    at += recipientBytes(recipient);
  }
  const topicEnd = at + bytes.readUInt16LE(11);
  const propertiesEnd = hasProperties ? topicEnd + PROPERTIES_HEAD + bytes.readUInt16LE(topicEnd) : topicEnd;
  return {
    kind: 'message',
    messageId: bytes.readUIntLE(1, 6),
    topic: bytes.toString('utf8', at, topicEnd),
    payload: keepBytes(bytes.subarray(propertiesEnd)),
    properties: hasProperties
      ? {
          bytes: copyOf(bytes.subarray(topicEnd + PROPERTIES_HEAD, propertiesEnd)),
          expiresAtMs: bytes.readUIntLE(topicEnd + 2, 6) || undefined,
        }
      : undefined,
    recipients,
  };
}

export function recipientBytes({ identifiers }: Recipient): number {
  return RECIPIENT_BYTES + (identifiers === undefined ? 0 : 1 + 4 * identifiers.length);
}

/** A session has at most MAX_SUBSCRIPTIONS identifiers, so that a byte holds their number. Returns the offset behind it. */
export function writeRecipient(bytes: Buffer, start: number, recipient: Recipient): number {
  const { sessionId, packetId, qos, isRetained, mayBeSent, identifiers } = recipient;
  let at = bytes.writeUInt32LE(sessionId, start);
  at = bytes.writeUInt16LE(packetId, at);
  const flags =
    qos |
    (isRetained ? RETAINED : 0) |
    (mayBeSent ? MAY_BE_SENT : 0) |
    (identifiers === undefined ? 0 : HAS_IDENTIFIERS);
  at = bytes.writeUInt8(flags, at);
  if (identifiers === undefined) return at;
  at = bytes.writeUInt8(identifiers.length, at);
  for (const identifier of identifiers) at = bytes.writeUInt32LE(identifier, at);
  return at;
}

export function readRecipient(bytes: Buffer, at: number): Recipient {
  const flags = bytes.readUInt8(at + 6);
  return {
    sessionId: bytes.readUInt32LE(at),
    packetId: bytes.readUInt16LE(at + 4),
    qos: (flags & 3) === 2 ? 2 : 1,
    isRetained: (flags & RETAINED) !== 0,
    mayBeSent: (flags & MAY_BE_SENT) !== 0,
    identifiers: (flags & HAS_IDENTIFIERS) === 0 ? undefined : readIdentifiers(bytes, at + RECIPIENT_BYTES),
  };
}

function readIdentifiers(bytes: Buffer, at: number): number[] {
  return Array.from({ length: bytes.readUInt8(at) }, (_, i) => bytes.readUInt32LE(at + 1 + 4 * i));
}

/** Copies into memory of its own: a part of Node's pool would keep all 8 KiB of it. */
function copyOf(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  copy.set(bytes);
  return copy;
}
