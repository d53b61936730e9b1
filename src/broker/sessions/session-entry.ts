import {
  NO_SESSION_EXPIRY,
  type QoS,
  type RetainHandling,
  type SubscriptionOptions,
} from '../protocol/packets.js';
import {
  decodeMessageEntry,
  encodeMessageEntry,
  type MessageEntry,
  type Recipient,
  readRecipient,
  recipientBytes,
  writeRecipient,
} from './message-entry.js';

/**
 * The version of these entries in the journal. Format 1 had no expiry of a session, no options of a subscription, and no properties
 * and identifiers of a message.
 */
export const SESSION_ENTRY_FORMAT = 2;

/** What the journal of the sessions holds: what has happened, and in a snapshot what there is. */
export type SessionEntry =
  | {
      readonly kind: 'session';
      readonly sessionId: number;
      readonly user: string;
      readonly clientId: string;
      readonly isBridge: boolean;
      /** Since when the client is absent, in ms since 1970; 0 while it is connected. */
      readonly absentSinceMs: number;
      readonly nextPacketId: number;
      /** How long it is kept without its client; NO_SESSION_EXPIRY: as long as is configured. */
      readonly expirySeconds: number;
    }
  | { readonly kind: 'ended'; readonly sessionId: number }
  | {
      readonly kind: 'attached';
      readonly sessionId: number;
      readonly isBridge: boolean;
      readonly expirySeconds: number;
    }
  | {
      readonly kind: 'detached';
      readonly sessionId: number;
      readonly atMs: number;
      readonly expirySeconds: number;
    }
  | {
      readonly kind: 'subscribed';
      readonly sessionId: number;
      readonly filter: string;
      readonly qos: QoS;
      /** Of MQTT 5. */
      readonly options: SubscriptionOptions | undefined;
      /** The retained messages of the filter are not all sent yet. */
      readonly isRetainedOwed: boolean;
    }
  | { readonly kind: 'unsubscribed'; readonly sessionId: number; readonly filter: string }
  | { readonly kind: 'retained-sent'; readonly sessionId: number; readonly filter: string }
  | MessageEntry
  /** Only in a snapshot: the message stands before. */
  | { readonly kind: 'owed'; readonly messageId: number; readonly recipient: Recipient }
  /** PUBREC has come: the message is not sent again, only PUBREL. */
  | { readonly kind: 'received'; readonly sessionId: number; readonly packetId: number }
  /** The client has the message, or a full queue has lost it. */
  | { readonly kind: 'done'; readonly sessionId: number; readonly packetId: number };

const KINDS = [
  'session',
  'ended',
  'attached',
  'detached',
  'subscribed',
  'unsubscribed',
  'retained-sent',
  'message',
  'owed',
  'received',
  'done',
] as const satisfies readonly SessionEntry['kind'][];

/** The kind of a message with properties. */
const MESSAGE_WITH_PROPERTIES = KINDS.length;

const BRIDGE = 1;
const HAS_EXPIRY = 2;

// Of a subscription; its lowest two bits are the QoS.
const RETAINED_OWED = 4;
const HAS_OPTIONS = 8;
// In the byte that follows with HAS_OPTIONS; its lowest two bits are the retain handling.
const NO_LOCAL = 4;
const RETAIN_AS_PUBLISHED = 8;

/**
 * Encodes an entry, little endian: a byte for its kind, the number of the session (u32) or of the message (u48), and the
 * fields in the order of the type. A text at the end has no length; the others have one (u16). An expiry (u32) is only there
 * when a flag says it, or the entry is long enough; without, it is NO_SESSION_EXPIRY. Options are a byte and the identifier (u32),
 * which is 0 without one.
 */
export function encodeSessionEntry(entry: SessionEntry): Buffer {
  const kind = KINDS.indexOf(entry.kind);
  switch (entry.kind) {
    case 'session':
      return encodeSession(kind, entry);
    case 'ended':
      return header(kind, entry.sessionId, 0);
    case 'attached': {
      const { expirySeconds } = entry;
      const bytes = header(kind, entry.sessionId, 1 + expiryBytes(expirySeconds));
      bytes[5] = entry.isBridge ? BRIDGE : 0;
      writeExpiry(bytes, 6, expirySeconds);
      return bytes;
    }
    case 'detached': {
      const { expirySeconds } = entry;
      const bytes = header(kind, entry.sessionId, 6 + expiryBytes(expirySeconds));
      bytes.writeUIntLE(entry.atMs, 5, 6);
      writeExpiry(bytes, 11, expirySeconds);
      return bytes;
    }
    case 'subscribed':
      return encodeSubscribed(kind, entry);
    case 'unsubscribed':
    case 'retained-sent': {
      const bytes = header(kind, entry.sessionId, Buffer.byteLength(entry.filter));
      bytes.write(entry.filter, 5);
      return bytes;
    }
    case 'message':
      return encodeMessageEntry(entry.properties === undefined ? kind : MESSAGE_WITH_PROPERTIES, entry);
    case 'owed': {
      const bytes = Buffer.allocUnsafe(7 + recipientBytes(entry.recipient));
      bytes[0] = kind;
      bytes.writeUIntLE(entry.messageId, 1, 6);
      writeRecipient(bytes, 7, entry.recipient);
      return bytes;
    }
    case 'received':
    case 'done': {
      const bytes = header(kind, entry.sessionId, 2);
      bytes.writeUInt16LE(entry.packetId, 5);
      return bytes;
    }
  }
}

/** Decodes an entry; undefined when its kind is not known. Buffers in it are copies. */
export function decodeSessionEntry(bytes: Buffer): SessionEntry | undefined {
  if (bytes[0] === MESSAGE_WITH_PROPERTIES) return decodeMessageEntry(bytes, true);
  const kind = KINDS[bytes[0] ?? KINDS.length];
  if (kind === undefined) return undefined;
  if (kind === 'message') return decodeMessageEntry(bytes, false);
  if (kind === 'owed') return { kind, messageId: bytes.readUIntLE(1, 6), recipient: readRecipient(bytes, 7) };
  const sessionId = bytes.readUInt32LE(1);
  switch (kind) {
    case 'session':
      return decodeSession(bytes, sessionId);
    case 'ended':
      return { kind, sessionId };
    case 'attached':
      return { kind, sessionId, isBridge: bytes[5] === BRIDGE, expirySeconds: readExpiry(bytes, 6) };
    case 'detached':
      return { kind, sessionId, atMs: bytes.readUIntLE(5, 6), expirySeconds: readExpiry(bytes, 11) };
    case 'subscribed':
      return decodeSubscribed(bytes, sessionId);
    case 'unsubscribed':
    case 'retained-sent':
      return { kind, sessionId, filter: bytes.toString('utf8', 5) };
    case 'received':
    case 'done':
      return { kind, sessionId, packetId: bytes.readUInt16LE(5) };
  }
}

function encodeSession(kind: number, entry: Extract<SessionEntry, { kind: 'session' }>): Buffer {
  const { sessionId, user, clientId, expirySeconds } = entry;
  const userBytes = Buffer.byteLength(user);
  const namesAt = 16 + expiryBytes(expirySeconds);
  const bytes = header(kind, sessionId, namesAt - 5 + userBytes + Buffer.byteLength(clientId));
  bytes[5] = (entry.isBridge ? BRIDGE : 0) | (namesAt > 16 ? HAS_EXPIRY : 0);
  bytes.writeUIntLE(entry.absentSinceMs, 6, 6);
  bytes.writeUInt16LE(entry.nextPacketId, 12);
  bytes.writeUInt16LE(userBytes, 14);
  writeExpiry(bytes, 16, expirySeconds);
  bytes.write(user, namesAt);
  bytes.write(clientId, namesAt + userBytes);
  return bytes;
}

function decodeSession(bytes: Buffer, sessionId: number): SessionEntry {
  const flags = bytes.readUInt8(5);
  const hasExpiry = (flags & HAS_EXPIRY) !== 0;
  const namesAt = hasExpiry ? 20 : 16;
  const userEnd = namesAt + bytes.readUInt16LE(14);
  return {
    kind: 'session',
    sessionId,
    isBridge: (flags & BRIDGE) !== 0,
    absentSinceMs: bytes.readUIntLE(6, 6),
    nextPacketId: bytes.readUInt16LE(12),
    expirySeconds: hasExpiry ? bytes.readUInt32LE(16) : NO_SESSION_EXPIRY,
    user: bytes.toString('utf8', namesAt, userEnd),
    clientId: bytes.toString('utf8', userEnd),
  };
}

function encodeSubscribed(kind: number, entry: Extract<SessionEntry, { kind: 'subscribed' }>): Buffer {
  const { sessionId, filter, options } = entry;
  const filterAt = options === undefined ? 6 : 11;
  const bytes = header(kind, sessionId, filterAt - 5 + Buffer.byteLength(filter));
  bytes[5] =
    entry.qos | (entry.isRetainedOwed ? RETAINED_OWED : 0) | (options === undefined ? 0 : HAS_OPTIONS);
  if (options !== undefined) {
    bytes[6] =
      options.retainHandling |
      (options.isNoLocal ? NO_LOCAL : 0) |
      (options.isRetainAsPublished ? RETAIN_AS_PUBLISHED : 0);
    bytes.writeUInt32LE(options.identifier ?? 0, 7);
  }
  bytes.write(filter, filterAt);
  return bytes;
}

function decodeSubscribed(bytes: Buffer, sessionId: number): SessionEntry {
  const flags = bytes.readUInt8(5);
  const hasOptions = (flags & HAS_OPTIONS) !== 0;
  return {
    kind: 'subscribed',
    sessionId,
    filter: bytes.toString('utf8', hasOptions ? 11 : 6),
    qos: (flags & 3) as QoS,
    options: hasOptions ? readOptions(bytes) : undefined,
    isRetainedOwed: (flags & RETAINED_OWED) !== 0,
  };
}

function readOptions(bytes: Buffer): SubscriptionOptions {
  const flags = bytes.readUInt8(6);
  return {
    isNoLocal: (flags & NO_LOCAL) !== 0,
    isRetainAsPublished: (flags & RETAIN_AS_PUBLISHED) !== 0,
    retainHandling: (flags & 3) as RetainHandling,
    identifier: bytes.readUInt32LE(7) || undefined,
  };
}

function expiryBytes(expirySeconds: number): number {
  return expirySeconds === NO_SESSION_EXPIRY ? 0 : 4;
}

function writeExpiry(bytes: Buffer, at: number, expirySeconds: number): void {
  if (expirySeconds !== NO_SESSION_EXPIRY) bytes.writeUInt32LE(expirySeconds, at);
}

function readExpiry(bytes: Buffer, at: number): number {
  return bytes.length < at + 4 ? NO_SESSION_EXPIRY : bytes.readUInt32LE(at);
}

function header(kind: number, sessionId: number, moreBytes: number): Buffer {
  const bytes = Buffer.allocUnsafe(5 + moreBytes);
  bytes[0] = kind;
  bytes.writeUInt32LE(sessionId, 1);
  return bytes;
}
