import { describe, expect, it } from 'vitest';
import {
  decodeSessionEntry,
  encodeSessionEntry,
  type SessionEntry,
} from '../../../src/broker/sessions/session-entry.js';

const recipient = { sessionId: 7, packetId: 65_535, qos: 2, isRetained: true, mayBeSent: true } as const;

const ENTRIES: readonly SessionEntry[] = [
  {
    kind: 'session',
    sessionId: 4_294_967_295,
    user: 'größe',
    clientId: 'hausgerät',
    isBridge: true,
    absentSinceMs: 1_796_000_000_000,
    nextPacketId: 65_535,
  },
  {
    kind: 'session',
    sessionId: 1,
    user: '',
    clientId: 'c',
    isBridge: false,
    absentSinceMs: 0,
    nextPacketId: 1,
  },
  { kind: 'ended', sessionId: 3 },
  { kind: 'attached', sessionId: 3, isBridge: true },
  { kind: 'detached', sessionId: 3, atMs: 1_796_000_000_000 },
  { kind: 'subscribed', sessionId: 3, filter: 'a/+/größe/#', qos: 2, isRetainedOwed: true },
  { kind: 'subscribed', sessionId: 3, filter: '#', qos: 0, isRetainedOwed: false },
  { kind: 'unsubscribed', sessionId: 3, filter: 'a' },
  { kind: 'retained-sent', sessionId: 3, filter: 'a/#' },
  {
    kind: 'message',
    messageId: 2 ** 40,
    topic: 'größe',
    payload: Buffer.from([0, 255]),
    recipients: [recipient],
  },
  { kind: 'message', messageId: 1, topic: 'a', payload: Buffer.alloc(0), recipients: [] },
  {
    kind: 'owed',
    messageId: 2 ** 40,
    recipient: { ...recipient, qos: 1, isRetained: false, mayBeSent: false },
  },
  { kind: 'received', sessionId: 3, packetId: 1 },
  { kind: 'done', sessionId: 3, packetId: 65_535 },
];

describe('the entries of the journal of sessions', () => {
  it.each(ENTRIES.map((entry) => [entry.kind, entry] as const))(
    '%s is read as it was written',
    (_kind, entry) => {
      expect(decodeSessionEntry(encodeSessionEntry(entry))).toEqual(entry);
    },
  );

  it('of a kind that is not known are left out', () => {
    expect(decodeSessionEntry(Buffer.from([99, 1, 2, 3, 4]))).toBeUndefined();
    expect(decodeSessionEntry(Buffer.alloc(0))).toBeUndefined();
  });

  it('keep no memory of the journal', () => {
    const message = encodeSessionEntry(ENTRIES[9]!);
    const read = decodeSessionEntry(message);
    message.fill(0);
    expect(read).toEqual(ENTRIES[9]);
  });
});
