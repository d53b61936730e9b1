import type { QoS } from '../protocol/packets.js';

/** The version of these entries in the journal. */
export const SESSION_ENTRY_FORMAT = 1;

/** A session that is owed a message. */
export interface Recipient {
  readonly sessionId: number;
  readonly packetId: number;
  readonly qos: 1 | 2;
  readonly isRetained: boolean;
  /** It may have been sent before: it is sent again with DUP. */
  readonly mayBeSent: boolean;
}

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
    }
  | { readonly kind: 'ended'; readonly sessionId: number }
  | { readonly kind: 'attached'; readonly sessionId: number; readonly isBridge: boolean }
  | { readonly kind: 'detached'; readonly sessionId: number; readonly atMs: number }
  | {
      readonly kind: 'subscribed';
      readonly sessionId: number;
      readonly filter: string;
      readonly qos: QoS;
      /** The retained messages of the filter are not all sent yet. */
      readonly isRetainedOwed: boolean;
    }
  | { readonly kind: 'unsubscribed'; readonly sessionId: number; readonly filter: string }
  | { readonly kind: 'retained-sent'; readonly sessionId: number; readonly filter: string }
  | {
      readonly kind: 'message';
      readonly messageId: number;
      readonly topic: string;
      readonly payload: Buffer;
      readonly recipients: readonly Recipient[];
    }
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

const RECIPIENT_BYTES = 7;
const RETAINED = 4;
const MAY_BE_SENT = 8;

/**
 * Encodes an entry, little endian: a byte for its kind, the number of the session (u32) or of the message (u48), and the
 * fields in the order of the type. A text at the end has no length; the others have one (u16).
 */
export function encodeSessionEntry(entry: SessionEntry): Buffer {
  const kind = KINDS.indexOf(entry.kind);
  switch (entry.kind) {
    case 'session': {
      const userBytes = Buffer.byteLength(entry.user);
      const bytes = header(kind, entry.sessionId, 11 + userBytes + Buffer.byteLength(entry.clientId));
      bytes[5] = entry.isBridge ? 1 : 0;
      bytes.writeUIntLE(entry.absentSinceMs, 6, 6);
      bytes.writeUInt16LE(entry.nextPacketId, 12);
      bytes.writeUInt16LE(userBytes, 14);
      bytes.write(entry.user, 16);
      bytes.write(entry.clientId, 16 + userBytes);
      return bytes;
    }
    case 'ended':
      return header(kind, entry.sessionId, 0);
    case 'attached': {
      const bytes = header(kind, entry.sessionId, 1);
      bytes[5] = entry.isBridge ? 1 : 0;
      return bytes;
    }
    case 'detached': {
      const bytes = header(kind, entry.sessionId, 6);
      bytes.writeUIntLE(entry.atMs, 5, 6);
      return bytes;
    }
    case 'subscribed': {
      const bytes = header(kind, entry.sessionId, 1 + Buffer.byteLength(entry.filter));
      bytes[5] = entry.qos | (entry.isRetainedOwed ? RETAINED : 0);
      bytes.write(entry.filter, 6);
      return bytes;
    }
    case 'unsubscribed':
    case 'retained-sent': {
      const bytes = header(kind, entry.sessionId, Buffer.byteLength(entry.filter));
      bytes.write(entry.filter, 5);
      return bytes;
    }
    case 'message':
      return encodeMessage(kind, entry);
    case 'owed': {
      const bytes = Buffer.allocUnsafe(7 + RECIPIENT_BYTES);
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
  const kind = KINDS[bytes[0] ?? KINDS.length];
  if (kind === undefined) return undefined;
  if (kind === 'message') return decodeMessage(bytes);
  if (kind === 'owed') return { kind, messageId: bytes.readUIntLE(1, 6), recipient: readRecipient(bytes, 7) };
  const sessionId = bytes.readUInt32LE(1);
  switch (kind) {
    case 'session': {
      const userEnd = 16 + bytes.readUInt16LE(14);
      return {
        kind,
        sessionId,
        isBridge: bytes[5] === 1,
        absentSinceMs: bytes.readUIntLE(6, 6),
        nextPacketId: bytes.readUInt16LE(12),
        user: bytes.toString('utf8', 16, userEnd),
        clientId: bytes.toString('utf8', userEnd),
      };
    }
    case 'ended':
      return { kind, sessionId };
    case 'attached':
      return { kind, sessionId, isBridge: bytes[5] === 1 };
    case 'detached':
      return { kind, sessionId, atMs: bytes.readUIntLE(5, 6) };
    case 'subscribed': {
      const flags = bytes.readUInt8(5);
      const filter = bytes.toString('utf8', 6);
      return { kind, sessionId, filter, qos: (flags & 3) as QoS, isRetainedOwed: (flags & RETAINED) !== 0 };
    }
    case 'unsubscribed':
    case 'retained-sent':
      return { kind, sessionId, filter: bytes.toString('utf8', 5) };
    case 'received':
    case 'done':
      return { kind, sessionId, packetId: bytes.readUInt16LE(5) };
  }
}

function header(kind: number, sessionId: number, moreBytes: number): Buffer {
  const bytes = Buffer.allocUnsafe(5 + moreBytes);
  bytes[0] = kind;
  bytes.writeUInt32LE(sessionId, 1);
  return bytes;
}

function encodeMessage(
  kind: number,
  { messageId, topic, payload, recipients }: Extract<SessionEntry, { kind: 'message' }>,
): Buffer {
  const topicBytes = Buffer.byteLength(topic);
  const recipientBytes = recipients.length * RECIPIENT_BYTES;
  const bytes = Buffer.allocUnsafe(13 + recipientBytes + topicBytes + payload.length);
  bytes[0] = kind;
  bytes.writeUIntLE(messageId, 1, 6);
  bytes.writeUInt32LE(recipients.length, 7);
  bytes.writeUInt16LE(topicBytes, 11);
  let at = 13;
  for (const recipient of recipients) {
    writeRecipient(bytes, at, recipient);
    at += RECIPIENT_BYTES;
  }
  bytes.write(topic, at);
  bytes.set(payload, at + topicBytes);
  return bytes;
}

function decodeMessage(bytes: Buffer): SessionEntry {
  const count = bytes.readUInt32LE(7);
  const recipients: Recipient[] = [];
  let at = 13;
  for (let i = 0; i < count; i += 1) {
    recipients.push(readRecipient(bytes, at));
    at += RECIPIENT_BYTES;
  }
  const topicEnd = at + bytes.readUInt16LE(11);
  return {
    kind: 'message',
    messageId: bytes.readUIntLE(1, 6),
    topic: bytes.toString('utf8', at, topicEnd),
    payload: copyOf(bytes.subarray(topicEnd)),
    recipients,
  };
}

function writeRecipient(bytes: Buffer, at: number, recipient: Recipient): void {
  bytes.writeUInt32LE(recipient.sessionId, at);
  bytes.writeUInt16LE(recipient.packetId, at + 4);
  bytes[at + 6] =
    recipient.qos | (recipient.isRetained ? RETAINED : 0) | (recipient.mayBeSent ? MAY_BE_SENT : 0);
}

function readRecipient(bytes: Buffer, at: number): Recipient {
  const flags = bytes.readUInt8(at + 6);
  return {
    sessionId: bytes.readUInt32LE(at),
    packetId: bytes.readUInt16LE(at + 4),
    qos: (flags & 3) === 2 ? 2 : 1,
    isRetained: (flags & RETAINED) !== 0,
    mayBeSent: (flags & MAY_BE_SENT) !== 0,
  };
}

/** Copies into memory of its own: a part of Node's pool would keep all 8 KiB of it. */
export function copyOf(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  copy.set(bytes);
  return copy;
}
