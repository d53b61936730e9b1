import { describe, expect, it } from 'vitest';
import { NO_SESSION_EXPIRY } from '../../../src/broker/protocol/packets.js';
import { keepBytes } from '../../../src/broker/sessions/kept-bytes.js';
import {
  decodeSessionEntry,
  encodeSessionEntry,
  type SessionEntry,
} from '../../../src/broker/sessions/session-entry.js';

const recipient = {
  sessionId: 7,
  packetId: 65_535,
  qos: 2,
  isRetained: true,
  mayBeSent: true,
  identifiers: undefined,
} as const;

const ENTRIES: readonly SessionEntry[] = [
  {
    kind: 'session',
    sessionId: 4_294_967_295,
    user: 'größe',
    clientId: 'hausgerät',
    isBridge: true,
    absentSinceMs: 1_796_000_000_000,
    nextPacketId: 65_535,
    expirySeconds: 3600,
  },
  {
    kind: 'session',
    sessionId: 1,
    user: '',
    clientId: 'c',
    isBridge: false,
    absentSinceMs: 0,
    nextPacketId: 1,
    expirySeconds: NO_SESSION_EXPIRY,
  },
  { kind: 'ended', sessionId: 3 },
  { kind: 'attached', sessionId: 3, isBridge: true, expirySeconds: NO_SESSION_EXPIRY },
  { kind: 'attached', sessionId: 3, isBridge: true, expirySeconds: 0 },
  { kind: 'detached', sessionId: 3, atMs: 1_796_000_000_000, expirySeconds: NO_SESSION_EXPIRY },
  { kind: 'detached', sessionId: 3, atMs: 1_796_000_000_000, expirySeconds: 60 },
  {
    kind: 'subscribed',
    sessionId: 3,
    filter: 'a/+/größe/#',
    qos: 2,
    options: undefined,
    isRetainedOwed: true,
  },
  { kind: 'subscribed', sessionId: 3, filter: '#', qos: 0, options: undefined, isRetainedOwed: false },
  {
    kind: 'subscribed',
    sessionId: 3,
    filter: 'größe/#',
    qos: 1,
    options: { isNoLocal: true, isRetainAsPublished: false, retainHandling: 2, identifier: 268_435_455 },
    isRetainedOwed: true,
  },
  {
    kind: 'subscribed',
    sessionId: 3,
    filter: 'a',
    qos: 1,
    options: { isNoLocal: false, isRetainAsPublished: true, retainHandling: 1, identifier: undefined },
    isRetainedOwed: false,
  },
  { kind: 'unsubscribed', sessionId: 3, filter: 'a' },
  { kind: 'retained-sent', sessionId: 3, filter: 'a/#' },
  {
    kind: 'message',
    messageId: 2 ** 40,
    topic: 'größe',
    payload: keepBytes(Buffer.from([0, 255])),
    properties: undefined,
    recipients: [recipient],
  },
  {
    kind: 'message',
    messageId: 2 ** 40,
    topic: 'größe',
    payload: keepBytes(Buffer.from([0, 255])),
    properties: { bytes: Buffer.from([1, 1]), expiresAtMs: 1_796_000_000_000 },
    recipients: [{ ...recipient, identifiers: [1, 268_435_455] }, recipient],
  },
  {
    kind: 'message',
    messageId: 1,
    topic: 'a',
    payload: keepBytes(Buffer.alloc(0)),
    properties: { bytes: Buffer.alloc(0), expiresAtMs: undefined },
    recipients: [],
  },
  {
    kind: 'message',
    messageId: 1,
    topic: 'a',
    payload: keepBytes(Buffer.alloc(0)),
    properties: undefined,
    recipients: [],
  },
  {
    kind: 'owed',
    messageId: 2 ** 40,
    recipient: { ...recipient, qos: 1, isRetained: false, mayBeSent: false },
  },
  { kind: 'owed', messageId: 1, recipient: { ...recipient, identifiers: [7] } },
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
    for (const entry of ENTRIES.filter(({ kind }) => kind === 'message')) {
      const message = encodeSessionEntry(entry);
      const read = decodeSessionEntry(message);
      message.fill(0);
      expect(read).toEqual(entry);
    }
  });

  it.each([
    ['session', '000100000000000000000000010001007563', ENTRIES[1]],
    ['attached', '020300000001', ENTRIES[3]],
    ['subscribed', '04030000000423', { ...ENTRIES[8], isRetainedOwed: true }],
  ] as const)('of format 1 are read: %s', (_kind, hex, expected) => {
    const read = decodeSessionEntry(Buffer.from(hex, 'hex'));
    expect(read).toMatchObject(
      _kind === 'session' ? { kind: 'session', user: 'u', clientId: 'c' } : expected!,
    );
    expect(read).toHaveProperty(_kind === 'subscribed' ? 'options' : 'expirySeconds');
  });
});
