import type { QoS, SubscriptionOptions } from '../protocol/packets.js';
import type { MessageEntry, Recipient } from './message-entry.js';
import { MAX_IN_FLIGHT, MqttSession } from './mqtt-session.js';
import type { KeptMessage, OwedMessage } from './owed-message.js';
import type { OwedTotals } from './owed-totals.js';
import { decodeSessionEntry, type SessionEntry } from './session-entry.js';
import type { StoredSessions } from './stored-sessions.js';

export interface SessionRestoreDeps {
  readonly sessions: StoredSessions;
  readonly totals: OwedTotals;
  readonly subscribe: (
    session: MqttSession,
    filter: string,
    qos: QoS,
    options: SubscriptionOptions | undefined,
    isRetainedOwed: boolean,
  ) => void;
  readonly unsubscribe: (session: MqttSession, filter: string) => void;
}

/** SessionRestore makes the sessions from the entries of the journal. */
export class SessionRestore {
  readonly #deps: SessionRestoreDeps;
  readonly #messages = new Map<number, KeptMessage>();
  /** What each session is owed, by packet id and in order. */
  readonly #owed = new Map<MqttSession, Map<number, OwedMessage>>();
  #lastMessageId = 0;

  constructor(deps: SessionRestoreDeps) {
    this.#deps = deps;
  }

  /** Takes the next entry of the journal. */
  take(bytes: Buffer): void {
    const entry = decodeSessionEntry(bytes);
    if (entry === undefined) return;
    switch (entry.kind) {
      case 'message':
        this.#takeMessage(entry);
        return;
      case 'owed': {
        const message = this.#messages.get(entry.messageId);
        if (message !== undefined) this.#owe(message, entry.recipient);
        return;
      }
      case 'session': {
        const session = new MqttSession(entry.sessionId, entry);
        session.absentSinceMs = entry.absentSinceMs;
        session.nextPacketId = entry.nextPacketId;
        session.expirySeconds = entry.expirySeconds;
        this.#deps.sessions.add(session);
        return;
      }
      default: {
        const session = this.#deps.sessions.get(entry.sessionId);
        if (session !== undefined) this.#change(session, entry);
      }
    }
  }

  /** All entries are taken. Returns the number of the last message. */
  finish(): number {
    for (const [session, owed] of this.#owed) {
      for (const one of owed.values()) {
        this.#deps.totals.add(session, one);
        // Those in front may have been sent; what is in flight cannot be dropped, so only as many are as may be.
        if (!one.mayBeSent || session.inFlight.size >= MAX_IN_FLIGHT || session.waiting.length > 1) continue;
        session.waiting.take();
        this.#deps.totals.nowInFlight(session, one);
        session.inFlight.set(one.packetId, { qos: one.qos, owed: one });
      }
    }
    return this.#lastMessageId;
  }

  #takeMessage({ messageId, topic, payload, properties, recipients }: MessageEntry): void {
    const message: KeptMessage = { id: messageId, topic, payload, properties, references: 0 };
    this.#lastMessageId = Math.max(this.#lastMessageId, messageId);
    // Without recipients it is of a snapshot, and they follow.
    if (recipients.length === 0) this.#messages.set(messageId, message);
    for (const recipient of recipients) {
      this.#owe(message, recipient);
      this.#deps.sessions.get(recipient.sessionId)?.usedPacketId(recipient.packetId);
    }
  }

  #owe(message: KeptMessage, recipient: Recipient): void {
    const { sessionId, packetId, qos, isRetained, mayBeSent, identifiers } = recipient;
    const session = this.#deps.sessions.get(sessionId);
    if (session === undefined) return;
    const isConnected = session.absentSinceMs === 0;
    this.#owedTo(session).set(packetId, {
      message,
      qos,
      packetId,
      isRetained,
      identifiers,
      mayBeSent: mayBeSent || isConnected,
      position: 0,
    });
  }

  #change(
    session: MqttSession,
    entry: Exclude<SessionEntry, { kind: 'message' | 'owed' | 'session' }>,
  ): void {
    switch (entry.kind) {
      case 'ended':
        this.#owed.delete(session);
        this.#deps.sessions.forget(session);
        return;
      case 'attached':
        session.absentSinceMs = 0;
        session.isBridge = entry.isBridge;
        session.expirySeconds = entry.expirySeconds;
        for (const owed of this.#owedTo(session).values()) owed.mayBeSent = true;
        return;
      case 'detached':
        session.absentSinceMs = entry.atMs;
        session.expirySeconds = entry.expirySeconds;
        return;
      case 'subscribed':
        this.#deps.subscribe(session, entry.filter, entry.qos, entry.options, entry.isRetainedOwed);
        return;
      case 'unsubscribed':
        this.#deps.unsubscribe(session, entry.filter);
        return;
      case 'retained-sent': {
        const subscription = session.subscriptions.get(entry.filter);
        if (subscription !== undefined) subscription.isRetainedOwed = false;
        return;
      }
      case 'received':
        this.#owedTo(session).delete(entry.packetId);
        session.received.add(entry.packetId);
        return;
      default:
        if (!this.#owedTo(session).delete(entry.packetId)) session.received.delete(entry.packetId);
        return;
    }
  }

  #owedTo(session: MqttSession): Map<number, OwedMessage> {
    let owed = this.#owed.get(session);
    if (owed === undefined) {
      owed = new Map();
      this.#owed.set(session, owed);
    }
    return owed;
  }
}
