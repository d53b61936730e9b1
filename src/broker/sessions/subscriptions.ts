import { MAX_TOPIC_LEVELS } from '../../lib/mqtt-names.js';
import { quoted } from '../../lib/printable.js';
import { suback, unsuback } from '../protocol/encode-packets.js';
import { suback5, unsuback5 } from '../protocol/encode-packets-5.js';
import {
  type QoS,
  REASON_CODES,
  type SubscribePacket,
  type SubscriptionOptions,
  type UnsubscribePacket,
} from '../protocol/packets.js';
import type { Outlet, SubscribeDenial } from './deliveries.js';
import type { DurableWrites } from './durable-writes.js';
import type { MqttSession, Subscription } from './mqtt-session.js';
import type { RetainedSender } from './retained-sender.js';
import { encodeSessionEntry } from './session-entry.js';
import { MAX_SUBSCRIPTIONS } from './session-options.js';
import type { SubscriptionRouter } from './subscription-router.js';

/** The return code of SUBACK for a filter that is denied, before MQTT 5 (3.1.1: [MQTT-3.9.3-2]). */
const DENIED = 0x80;

/** Subscriptions makes and ends the subscriptions of sessions, as far as the access rules allow them. */
export class Subscriptions {
  readonly #router: SubscriptionRouter<MqttSession>;
  readonly #writes: DurableWrites;
  readonly #retained: RetainedSender;

  constructor(router: SubscriptionRouter<MqttSession>, writes: DurableWrites, retained: RetainedSender) {
    this.#router = router;
    this.#writes = writes;
    this.#retained = retained;
  }

  /** Answers with SUBACK, once the subscriptions of a durable session are durable; the retained messages follow. */
  subscribe(
    session: MqttSession,
    outlet: Outlet,
    { packetId, subscriptions }: SubscribePacket,
    answered: () => void,
  ): void {
    const made: Subscription[] = [];
    const returnCodes = subscriptions.map(({ filter, qos, options }) => {
      const denial = denialOf(session, outlet, filter);
      if (denial !== undefined) {
        outlet.subscriptionDenied(denial.detail);
        return outlet.level === 5 ? denial.reasonCode : DENIED;
      }
      const isNew = !session.subscriptions.has(filter);
      const wantsRetained = sendsRetained(options, isNew);
      const subscription = this.#add(session, filter, qos, options, wantsRetained);
      if (wantsRetained) made.push(subscription);
      return qos;
    });
    const packet = (outlet.level === 5 ? suback5 : suback)(packetId, returnCodes);
    this.answer(session, outlet, packet, () => {
      for (const subscription of made) {
        if (subscription.isActive) this.#retained.subscribed(session, subscription);
      }
      answered();
    });
  }

  /** Answers with UNSUBACK. A client that has never subscribed has no session. */
  unsubscribe(
    session: MqttSession | undefined,
    outlet: Outlet,
    { packetId, filters }: UnsubscribePacket,
  ): void {
    const codes = filters.map((filter) =>
      session !== undefined && this.remove(session, filter)
        ? REASON_CODES.success
        : REASON_CODES.noSubscriptionExisted,
    );
    const packet = outlet.level === 5 ? unsuback5(packetId, codes) : unsuback(packetId);
    if (session === undefined) outlet.write(packet);
    else this.answer(session, outlet, packet);
  }

  /** Writes an answer once everything that was changed is durable, also to a client that has sent DISCONNECT since. */
  answer(session: MqttSession, outlet: Outlet, packet: Buffer, answered?: () => void): void {
    if (!session.isDurable) {
      outlet.write(packet);
      answered?.();
      return;
    }
    outlet.answerOwed();
    this.#writes.whenDurable(() => {
      outlet.write(packet);
      if (session.outlet === outlet) answered?.();
      // Last: it may read further packets.
      outlet.answered();
    });
  }

  restore(
    session: MqttSession,
    filter: string,
    qos: QoS,
    options: SubscriptionOptions | undefined,
    isRetainedOwed: boolean,
  ): void {
    this.#put(session, filter, qos, options).isRetainedOwed = isRetainedOwed;
  }

  /** Returns whether the session had it. */
  remove(session: MqttSession, filter: string): boolean {
    const subscription = session.subscriptions.get(filter);
    if (subscription === undefined) return false;
    session.subscriptions.delete(filter);
    this.#router.remove(subscription);
    if (session.isDurable)
      this.#writes.append(encodeSessionEntry({ kind: 'unsubscribed', sessionId: session.id, filter }));
    return true;
  }

  /** Takes away what the rules in force do not allow, and returns those topic filters. */
  judgeAgain(session: MqttSession, outlet: Outlet): readonly string[] {
    const taken: string[] = [];
    for (const filter of [...session.subscriptions.keys()]) {
      const denial = outlet.subscribeDenial(filter);
      if (denial === undefined) continue;
      this.remove(session, filter);
      outlet.subscriptionDenied(denial.detail);
      taken.push(filter);
    }
    return taken;
  }

  #add(
    session: MqttSession,
    filter: string,
    qos: QoS,
    options: SubscriptionOptions | undefined,
    wantsRetained: boolean,
  ): Subscription {
    const subscription = this.#put(session, filter, qos, options);
    // Those of an earlier SUBSCRIBE that are on their way still come.
    if (wantsRetained) subscription.isRetainedOwed = true;
    if (session.isDurable) {
      const { id: sessionId } = session;
      const { isRetainedOwed = false } = subscription;
      const entry = { kind: 'subscribed', sessionId, filter, qos, options, isRetainedOwed } as const;
      this.#writes.append(encodeSessionEntry(entry));
    }
    return subscription;
  }

  /** A filter that the session has is replaced, and nothing that is on its way is lost [MQTT-3.8.4-3]. */
  #put(
    session: MqttSession,
    filter: string,
    qos: QoS,
    options: SubscriptionOptions | undefined,
  ): Subscription {
    const existing = session.subscriptions.get(filter);
    if (existing !== undefined) {
      this.#router.change(existing, qos, options);
      return existing;
    }
    const subscription: Subscription = this.#router.add(session, filter, qos, options);
    session.subscriptions.set(filter, subscription);
    return subscription;
  }
}

/** Whether the retained messages follow [MQTT-3.3.1-9, MQTT-3.3.1-10, MQTT-3.3.1-11]. */
function sendsRetained(options: SubscriptionOptions | undefined, isNew: boolean): boolean {
  const handling = options?.retainHandling ?? 0;
  return handling === 0 || (handling === 1 && isNew);
}

function denialOf(session: MqttSession, outlet: Outlet, filter: string): SubscribeDenial | undefined {
  // A filter that matched nothing would be granted for nothing.
  if (filter.startsWith('$share/')) {
    const detail =
      outlet.level === 5
        ? 'shared subscriptions are not available: subscribe without $share and the group'
        : 'MQTT 3.1.1 has no shared subscriptions';
    return { reasonCode: REASON_CODES.sharedSubscriptionsNotSupported, detail };
  }
  const levels = filter.split('/').length;
  if (levels > MAX_TOPIC_LEVELS) {
    const detail = `topic filter with ${levels} levels, more than ${MAX_TOPIC_LEVELS}`;
    return { reasonCode: REASON_CODES.topicFilterInvalid, detail };
  }
  const denial = outlet.subscribeDenial(filter);
  if (denial !== undefined) return denial;
  const { subscriptions } = session;
  if (subscriptions.size < MAX_SUBSCRIPTIONS || subscriptions.has(filter)) return undefined;
  const detail = `${quoted(filter)}: ${MAX_SUBSCRIPTIONS} subscriptions of the client are open`;
  return { reasonCode: REASON_CODES.quotaExceeded, detail };
}
