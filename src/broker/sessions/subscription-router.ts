import { Aedes, type AedesPublishPacket } from 'aedes';
import { BoundedCache } from '../../lib/bounded-cache.js';
import { MAX_TOPIC_LEVELS } from '../../lib/mqtt-names.js';
import type { QoS } from '../protocol/packets.js';

/** Topics that are kept with the sessions that they go to. A device publishes on one or a few. */
const MAX_CACHED_TOPICS = 20_000;

/** A topic that is asked for, in the form in which aedes hands it to the functions of a topic filter. */
interface Probe {
  readonly topic: string;
  readonly found: RoutedSubscription<unknown>[];
}

/** What is used of aedes. Its types lack the emitter, which its documented option `mq` would replace. */
type Hub = Pick<Aedes, 'subscribe' | 'unsubscribe'> & {
  readonly mq: { emit(packet: Probe, done: () => void): void };
};

/** A topic filter of one session. Its function is what aedes knows of it. */
export class RoutedSubscription<Session> {
  readonly session: Session;
  readonly filter: string;
  qos: QoS;
  /** False once it is removed; aedes forgets its function only in a later turn of the event loop. */
  isActive = true;
  readonly match = (packet: AedesPublishPacket, done: () => void): void => {
    if (this.isActive) (packet as unknown as Probe).found.push(this);
    done();
  };

  constructor(session: Session, filter: string, qos: QoS) {
    this.session = session;
    this.filter = filter;
    this.qos = qos;
  }
}

/** A session that a topic goes to, with the highest QoS that its matching filters were granted [MQTT-3.3.5-1]. */
export interface Target<Session> {
  readonly session: Session;
  qos: QoS;
}

/** Where the messages of a topic go. */
export interface Route<Session> {
  readonly generation: number;
  /** The topic in UTF-8. */
  readonly topicBytes: Buffer;
  readonly targets: readonly Target<Session>[];
}

/**
 * SubscriptionRouter finds the sessions that a topic goes to. Aedes matches topics to filters; its answer is kept per
 * topic until a subscription changes. It is never listening, so it has no timers and publishes nothing of its own.
 * Its emit calls the matching functions before it returns, as long as each of them calls `done` at once.
 */
export class SubscriptionRouter<Session> {
  readonly #aedes: Hub = new Aedes({ maxTopicLevels: MAX_TOPIC_LEVELS }) as Aedes & Pick<Hub, 'mq'>;
  readonly #routes = new BoundedCache<Route<Session>>(MAX_CACHED_TOPICS);
  /** Raised by every change: a route of an older one is made again. Emptying the cache each time would cost a storm of subscribers. */
  #generation = 0;
  #size = 0;

  /** How many subscriptions there are. */
  get size(): number {
    return this.#size;
  }

  /** The syntax of the filter must have been checked, and that it has at most MAX_TOPIC_LEVELS. */
  add(session: Session, filter: string, qos: QoS): RoutedSubscription<Session> {
    const subscription = new RoutedSubscription(session, filter, qos);
    this.#aedes.subscribe(filter, subscription.match, nothing);
    this.#size += 1;
    this.#generation += 1;
    return subscription;
  }

  setQos(subscription: RoutedSubscription<Session>, qos: QoS): void {
    if (subscription.qos === qos) return;
    subscription.qos = qos;
    this.#generation += 1;
  }

  remove(subscription: RoutedSubscription<Session>): void {
    if (!subscription.isActive) return;
    subscription.isActive = false;
    this.#aedes.unsubscribe(subscription.filter, subscription.match, nothing);
    this.#size -= 1;
    this.#generation += 1;
  }

  routeOf(topic: string): Route<Session> {
    const known = this.#routes.get(topic);
    if (known !== undefined && known.generation === this.#generation) return known;
    const route = {
      generation: this.#generation,
      topicBytes: known?.topicBytes ?? Buffer.from(topic),
      targets: this.#targetsOf(topic),
    };
    this.#routes.set(topic, route);
    return route;
  }

  #targetsOf(topic: string): readonly Target<Session>[] {
    // Aedes throws for more.
    if (topic.split('/').length > MAX_TOPIC_LEVELS) return [];
    const probe: Probe = { topic, found: [] };
    this.#aedes.mq.emit(probe, nothing);
    const found = probe.found as RoutedSubscription<Session>[];
    // A wildcard at the first level does not match a topic that begins with $ [MQTT-4.7.2-1].
    const isReserved = topic.startsWith('$');
    const targets = new Map<Session, Target<Session>>();
    for (const { session, filter, qos } of found) {
      if (isReserved && (filter.startsWith('+') || filter.startsWith('#'))) continue;
      const target = targets.get(session);
      if (target === undefined) targets.set(session, { session, qos });
      else if (target.qos < qos) target.qos = qos;
    }
    return [...targets.values()];
  }
}

function nothing(): void {}
