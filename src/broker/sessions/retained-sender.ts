import { encodeDelivery5 } from '../protocol/encode-delivery-5.js';
import { isExpired, publishProperties } from '../protocol/kept-properties.js';
import type { RetainedMessage, RetainedMessages } from '../retained/retained-messages.js';
import type { Outlet } from './deliveries.js';
import type { DurableWrites } from './durable-writes.js';
import { MAX_IN_FLIGHT, type MqttSession, type Subscription } from './mqtt-session.js';
import { lowerQos } from './owed-message.js';
import { isTooLarge, type SentCounts } from './sent-counts.js';
import { encodeSessionEntry } from './session-entry.js';

/** Retained messages that one client is sent in a turn of the event loop: others, and the devices, have their turn too. */
const MAX_BYTES_PER_TURN = 256 * 1024;

export interface RetainedSenderDeps {
  readonly retained: RetainedMessages;
  readonly writes: DurableWrites;
  /** Queues a message for a session. */
  readonly owe: (
    session: MqttSession,
    message: RetainedMessage,
    qos: 1 | 2,
    subscription: Subscription,
  ) => void;
  readonly counts: SentCounts;
  readonly nowMs: () => number;
}

/**
 * RetainedSender sends the retained messages of new subscriptions, as fast as the client reads them: there may be far
 * more than a queue holds. Each is read when it is sent, so it is never older than what the client was sent before. A
 * durable session that has not received all of them begins with that filter again when its client is back.
 */
export class RetainedSender {
  readonly #deps: RetainedSenderDeps;

  constructor(deps: RetainedSenderDeps) {
    this.#deps = deps;
  }

  /** The client is connected: what it was not sent begins again. */
  begin(session: MqttSession): void {
    session.backlog = undefined;
    session.retainedOwed = [];
    for (const subscription of session.subscriptions.values()) {
      if (subscription.isRetainedOwed) session.retainedOwed.push(subscription);
    }
  }

  subscribed(session: MqttSession, subscription: Subscription): void {
    if (!session.retainedOwed.includes(subscription)) session.retainedOwed.push(subscription);
  }

  /** Sends what may be sent now. */
  pump(session: MqttSession): void {
    const { outlet } = session;
    if (outlet === undefined || !session.hasBegun || session.isScheduled) return;
    let leftBytes = MAX_BYTES_PER_TURN;
    for (;;) {
      session.backlog ??= this.#nextBacklog(session);
      const { backlog } = session;
      if (backlog === undefined) return;
      const { subscription, topics } = backlog;
      while (subscription.isActive && backlog.next < topics.length) {
        if (outlet.isFull || (subscription.qos > 0 && session.waitingMessages >= MAX_IN_FLIGHT)) return;
        if (leftBytes <= 0) {
          this.#pumpNextTurn(session);
          return;
        }
        const topic = topics[backlog.next]!;
        backlog.next += 1;
        // A topic name is also the filter of its own message. It may be gone, or another one by now.
        const [message] = this.#deps.retained.matching(topic);
        if (message === undefined || !outlet.mayReceive(topic)) continue;
        if (isExpired(message.properties, this.#deps.nowMs())) continue;
        leftBytes -= topic.length + message.payload.length;
        this.#send(session, outlet, message, subscription);
      }
      session.backlog = undefined;
      this.#finished(session, subscription);
    }
  }

  #nextBacklog(session: MqttSession): MqttSession['backlog'] {
    const subscription = session.retainedOwed.shift();
    if (subscription === undefined) return undefined;
    const topics: string[] = [];
    for (const { topic } of this.#deps.retained.matching(subscription.filter)) topics.push(topic);
    return { subscription, topics, next: 0 };
  }

  #send(session: MqttSession, outlet: Outlet, message: RetainedMessage, subscription: Subscription): void {
    const { counts, owe } = this.#deps;
    const qos = lowerQos(message.qos, subscription.qos);
    if (qos > 0) {
      owe(session, message, qos as 1 | 2, subscription);
      return;
    }
    if (outlet.level !== 5) {
      outlet.deliver(Buffer.from(message.topic), message.payload, 0, 0, true, false);
      counts.sent += 1;
      return;
    }
    const packet = this.#packet5(message, subscription);
    if (isTooLarge(outlet, packet)) {
      counts.tooLarge += 1;
      return;
    }
    counts.sent += 1;
    outlet.write(packet);
  }

  #packet5({ topic, payload, properties }: RetainedMessage, subscription: Subscription): Buffer {
    return encodeDelivery5({
      topic: Buffer.from(topic),
      payload,
      qos: 0,
      packetId: 0,
      isRetained: true,
      isDuplicate: false,
      properties: publishProperties(properties, this.#deps.nowMs, identifiersOf(subscription)),
    });
  }

  #finished(session: MqttSession, subscription: Subscription): void {
    // It was subscribed to again meanwhile.
    if (session.retainedOwed.includes(subscription)) return;
    if (!subscription.isRetainedOwed || !subscription.isActive) return;
    subscription.isRetainedOwed = false;
    const { filter } = subscription;
    if (session.isDurable)
      this.#deps.writes.append(encodeSessionEntry({ kind: 'retained-sent', sessionId: session.id, filter }));
  }

  #pumpNextTurn(session: MqttSession): void {
    session.isScheduled = true;
    setImmediate(() => {
      session.isScheduled = false;
      this.pump(session);
    });
  }
}

/** As they are sent with what comes only because of this subscription. */
export function identifiersOf({ options }: Subscription): readonly number[] | undefined {
  return options?.identifier === undefined ? undefined : [options.identifier];
}
