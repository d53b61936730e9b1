import type { KeptProperties } from '../protocol/kept-properties.js';
import type { QoS } from '../protocol/packets.js';
import type { RetainedMessage } from '../retained/retained-messages.js';
import type { Outlet } from './deliveries.js';
import type { DurableWrites } from './durable-writes.js';
import { type KeptBytes, keepBytes } from './kept-bytes.js';
import { LiveMessage5 } from './live-message-5.js';
import type { Recipient } from './message-entry.js';
import type { MessageSender } from './message-sender.js';
import type { MqttSession, Subscription } from './mqtt-session.js';
import { countedBytesOf, type KeptMessage } from './owed-message.js';
import type { OwedTotals } from './owed-totals.js';
import { identifiersOf } from './retained-sender.js';
import { isTooLarge, type SentCounts } from './sent-counts.js';
import { encodeSessionEntry } from './session-entry.js';

/** A durable session that is to be owed a message, and how it is sent to it. */
export interface Owner {
  readonly session: MqttSession;
  readonly qos: 1 | 2;
  readonly isRetained: boolean;
  /** Those of the subscriptions that the message matched (MQTT 5); undefined without. */
  readonly identifiers: readonly number[] | undefined;
}

export interface OwedWriterDeps {
  readonly writes: DurableWrites;
  readonly totals: OwedTotals;
  readonly sender: MessageSender;
  readonly counts: SentCounts;
  readonly nowMs: () => number;
}

/** OwedWriter queues messages for sessions, and writes what durable ones are owed into the journal. */
export class OwedWriter {
  readonly #deps: OwedWriterDeps;
  /** Set it once the journal is read. */
  lastMessageId = 0;

  constructor(deps: OwedWriterDeps) {
    this.#deps = deps;
  }

  /** Queues a message of MQTT 3.1.1 for a session that ends with its connection, and sends what can be sent. */
  queue(session: MqttSession, topic: Buffer, payload: Buffer, qos: QoS, isRetained: boolean): void {
    const countedBytes = countedBytesOf(topic, payload);
    session.packets.pushDelivery(topic, payload, qos, isRetained, countedBytes);
    this.#queued(session, countedBytes);
  }

  /** The same for MQTT 5. */
  queue5(
    session: MqttSession,
    outlet: Outlet,
    message: LiveMessage5,
    { qos, isRetained, identifiers }: Omit<Owner, 'session' | 'qos'> & { readonly qos: QoS },
  ): void {
    const packet = message.packet(qos, 0, isRetained, identifiers);
    if (isTooLarge(outlet, packet)) {
      this.#deps.counts.tooLarge += 1;
      return;
    }
    const { countedBytes, expiresAtMs } = message;
    session.packets.push({ packet, countedBytes, expiresAtMs });
    this.#queued(session, countedBytes);
  }

  /** Queues and keeps a message for durable sessions, and sends what can be sent. */
  owe(
    owners: readonly Owner[],
    topic: string,
    payload: KeptBytes,
    properties: KeptProperties | undefined,
  ): void {
    const message: KeptMessage = { id: 0, topic, payload, properties, references: 0 };
    const position = this.#deps.writes.position + 1;
    const recipients: Recipient[] = [];
    for (const owner of owners) {
      const { session } = owner;
      const owed = session.owedMessage(message, owner, position);
      this.#deps.totals.add(session, owed);
      const { packetId, qos, isRetained, identifiers } = owed;
      recipients.push({ sessionId: session.id, packetId, qos, isRetained, mayBeSent: false, identifiers });
    }
    this.#append(message, recipients);
    for (const { session } of owners) {
      this.#deps.totals.keepWithinBounds(session);
      this.#deps.sender.pump(session);
    }
  }

  /** Queues a retained message for a new subscription. */
  oweRetained(
    session: MqttSession,
    { topic, payload, properties }: RetainedMessage,
    qos: 1 | 2,
    subscription: Subscription,
  ): void {
    const identifiers = identifiersOf(subscription);
    const { outlet } = session;
    if (session.isDurable) {
      this.owe([{ session, qos, isRetained: true, identifiers }], topic, keepBytes(payload), properties);
    } else if (outlet?.level === 5) {
      const message = new LiveMessage5(Buffer.from(topic), payload, properties, this.#deps.nowMs);
      this.queue5(session, outlet, message, { qos, isRetained: true, identifiers });
    } else {
      this.queue(session, Buffer.from(topic), payload, qos, true);
    }
  }

  #queued(session: MqttSession, countedBytes: number): void {
    this.#deps.totals.packetAdded(countedBytes);
    this.#deps.totals.keepWithinBounds(session);
    this.#deps.sender.pump(session);
  }

  #append(message: KeptMessage, recipients: readonly Recipient[]): void {
    this.lastMessageId += 1;
    message.id = this.lastMessageId;
    const { id: messageId, topic, payload, properties } = message;
    this.#deps.writes.append(
      encodeSessionEntry({ kind: 'message', messageId, topic, payload, properties, recipients }),
    );
  }
}
