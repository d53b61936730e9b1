import { type KeptProperties, keepProperties } from '../protocol/kept-properties.js';
import type { Outlet, PublishedMessage } from './deliveries.js';
import { keepBytes } from './kept-bytes.js';
import { LiveMessage5 } from './live-message-5.js';
import type { MessageSender } from './message-sender.js';
import type { MqttSession } from './mqtt-session.js';
import { lowerQos } from './owed-message.js';
import type { OwedWriter, Owner } from './owed-writer.js';
import type { SentCounts } from './sent-counts.js';
import type { SubscriptionRouter } from './subscription-router.js';

export interface SessionPublisherDeps {
  readonly router: SubscriptionRouter<MqttSession>;
  readonly sender: MessageSender;
  readonly owed: OwedWriter;
  readonly counts: SentCounts;
  readonly nowMs: () => number;
}

/** SessionPublisher brings a published message to each session that has subscribed to its topic: at once, or into its queue. */
export class SessionPublisher {
  readonly #deps: SessionPublisherDeps;

  constructor(deps: SessionPublisherDeps) {
    this.#deps = deps;
  }

  publish(message: PublishedMessage): void {
    const { topic, payload, qos: publishedQos, isRetained, publisher } = message;
    const { targets, topicBytes } = this.#deps.router.routeOf(topic);
    let owed: Owner[] | undefined;
    let live5: LiveMessage5 | undefined;
    for (const target of targets) {
      const { session } = target;
      const { outlet } = session;
      if (outlet !== undefined && outlet === publisher && outlet.isBridge) continue;
      const granted = target.hasNoLocal && isOwn(session, publisher) ? target.own : target;
      if (granted === undefined) continue;
      // A message for an existing subscription has no retain flag (3.1.1: [MQTT-3.3.1-9]), except where it is asked for, and for bridges.
      const keepsFlag = isRetained && (session.isBridge || granted.isRetainAsPublished);
      const { identifiers } = granted;
      const qos = lowerQos(publishedQos, granted.qos);
      if (qos > 0 && session.isDurable) {
        owed ??= [];
        owed.push({ session, qos: qos as 1 | 2, isRetained: keepsFlag, identifiers });
        continue;
      }
      if (outlet === undefined || !session.hasBegun || !outlet.mayReceive(topic)) continue;
      const mayBeSent = qos === 0 || this.#deps.sender.maySendUnkept(session, outlet);
      if (outlet.level === 5) {
        live5 ??= this.#live5(message, topicBytes);
        const how = { qos, isRetained: keepsFlag, identifiers };
        if (mayBeSent) this.#deps.sender.sendLive5(session, outlet, live5, how);
        else this.#deps.owed.queue5(session, outlet, live5, how);
      } else if (!mayBeSent) {
        this.#deps.owed.queue(session, topicBytes, payload, qos, keepsFlag);
      } else if (qos > 0) {
        this.#deps.sender.sendUnkept(session, outlet, topicBytes, payload, qos as 1 | 2, keepsFlag);
      } else if (outlet.isFull) {
        this.#deps.counts.skipped += 1;
      } else {
        this.#deps.counts.sent += 1;
        outlet.deliver(topicBytes, payload, 0, 0, keepsFlag, false);
      }
    }
    if (owed === undefined) return;
    this.#deps.owed.owe(owed, topic, keepBytes(payload), this.#kept(message.properties));
  }

  #live5({ payload, properties }: PublishedMessage, topic: Buffer): LiveMessage5 {
    return new LiveMessage5(topic, payload, this.#kept(properties), this.#deps.nowMs);
  }

  /** The clock is not asked where there is nothing to keep. */
  #kept(properties: PublishedMessage['properties']): KeptProperties | undefined {
    return properties === undefined ? undefined : keepProperties(properties, this.#deps.nowMs());
  }
}

/** By its client id, because a will comes when the connection of its client has ended [MQTT-3.8.3-3]. */
function isOwn({ user, clientId }: MqttSession, publisher: Outlet | undefined): boolean {
  return publisher?.clientId === clientId && publisher.user === user;
}
