import type { MqttSession } from './mqtt-session.js';
import type { KeptMessage, OwedMessage } from './owed-message.js';
import { encodeSessionEntry } from './session-entry.js';
import { sessionEntry } from './stored-sessions.js';

/** A session as it is at one moment. */
interface Copy {
  readonly sessionId: number;
  readonly entries: readonly Buffer[];
  readonly owed: readonly OwedMessage[];
  /** So many of them, the first, are in flight. */
  readonly inFlight: number;
  readonly received: readonly number[];
}

/**
 * Returns the entries that make the present state of the durable sessions. The state is copied at once, without the
 * messages, which do not change; entries are made as they are asked for.
 */
export function sessionSnapshot(sessions: Iterable<MqttSession>): Iterable<Buffer> {
  const copies: Copy[] = [];
  for (const session of sessions) copies.push(copyOfSession(session));
  return entriesOf(copies);
}

function copyOfSession(session: MqttSession): Copy {
  const sessionId = session.id;
  const entries = [sessionEntry(session)];
  for (const { filter, qos, options, isRetainedOwed = false } of session.subscriptions.values()) {
    entries.push(encodeSessionEntry({ kind: 'subscribed', sessionId, filter, qos, options, isRetainedOwed }));
  }
  const owed: OwedMessage[] = [];
  for (const sent of session.inFlight.values()) if (sent.owed !== undefined) owed.push(sent.owed);
  const inFlight = owed.length;
  for (const waiting of session.waiting.toArray()) owed.push(waiting);
  return { sessionId, entries, owed, inFlight, received: [...session.received] };
}

function* entriesOf(copies: readonly Copy[]): Iterable<Buffer> {
  const written = new Set<KeptMessage>();
  for (const { sessionId, entries, owed, inFlight, received } of copies) {
    yield* entries;
    for (const packetId of received) yield encodeSessionEntry({ kind: 'received', sessionId, packetId });
    for (const [i, { message, packetId, qos, isRetained, mayBeSent, identifiers }] of owed.entries()) {
      const { id: messageId, topic, payload, properties } = message;
      if (!written.has(message)) {
        written.add(message);
        yield encodeSessionEntry({ kind: 'message', messageId, topic, payload, properties, recipients: [] });
      }
      const isSent = mayBeSent || i < inFlight;
      const recipient = { sessionId, packetId, qos, isRetained, mayBeSent: isSent, identifiers };
      yield encodeSessionEntry({ kind: 'owed', messageId, recipient });
    }
  }
}
