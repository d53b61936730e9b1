import type { KeptProperties } from '../protocol/kept-properties.js';
import type { DurableWrites } from './durable-writes.js';
import type { KeptBytes } from './kept-bytes.js';
import type { Recipient } from './message-entry.js';
import type { MessageSender } from './message-sender.js';
import type { MqttSession } from './mqtt-session.js';
import type { KeptMessage } from './owed-message.js';
import type { OwedTotals } from './owed-totals.js';
import { encodeSessionEntry } from './session-entry.js';

/** A session that is to be owed a message, and how it is sent to it. */
export interface Owner {
  readonly session: MqttSession;
  readonly qos: 1 | 2;
  readonly isRetained: boolean;
  /** Those of the subscriptions that the message matched (MQTT 5); undefined without. */
  readonly identifiers: readonly number[] | undefined;
}

/** OwedWriter queues messages for sessions, and writes what durable ones are owed into the journal. */
export class OwedWriter {
  readonly #writes: DurableWrites;
  readonly #totals: OwedTotals;
  readonly #sender: MessageSender;
  /** Set it once the journal is read. */
  lastMessageId = 0;

  constructor(writes: DurableWrites, totals: OwedTotals, sender: MessageSender) {
    this.#writes = writes;
    this.#totals = totals;
    this.#sender = sender;
  }

  /** Queues a message, keeps it for the durable sessions among its owners, and sends what can be sent. */
  owe(
    owners: readonly Owner[],
    topic: string,
    payload: KeptBytes,
    properties: KeptProperties | undefined,
  ): void {
    const message: KeptMessage = { id: 0, topic, payload, properties, references: 0 };
    const position = this.#writes.position + 1;
    const recipients: Recipient[] = [];
    for (const owner of owners) {
      const { session } = owner;
      const owed = session.owedMessage(message, owner, position);
      this.#totals.add(session, owed);
      if (!session.isDurable) continue;
      const { packetId, qos, isRetained, identifiers } = owed;
      recipients.push({ sessionId: session.id, packetId, qos, isRetained, mayBeSent: false, identifiers });
    }
    if (recipients.length > 0) this.#append(message, recipients);
    for (const { session } of owners) {
      this.#totals.keepWithinBounds(session);
      this.#sender.pump(session);
    }
  }

  #append(message: KeptMessage, recipients: readonly Recipient[]): void {
    this.lastMessageId += 1;
    message.id = this.lastMessageId;
    const { id: messageId, topic, payload, properties } = message;
    this.#writes.append(
      encodeSessionEntry({ kind: 'message', messageId, topic, payload, properties, recipients }),
    );
  }
}
