import { Aedes, type AedesPublishPacket } from 'aedes';
import { BoundedCache } from '../../lib/bounded-cache.js';
import { MAX_TOPIC_LEVELS } from '../../lib/mqtt-names.js';
import type { QoS, SubscriptionOptions } from '../protocol/packets.js';

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
  /** Of MQTT 5. */
  options: SubscriptionOptions | undefined;
  /** False once it is removed; aedes forgets its function only in a later turn of the event loop. */
  isActive = true;
  readonly match = (packet: AedesPublishPacket, done: () => void): void => {
    if (this.isActive) (packet as unknown as Probe).found.push(this);
    done();
  };

  constructor(session: Session, filter: string, qos: QoS, options: SubscriptionOptions | undefined) {
    this.session = session;
    this.filter = filter;
    this.qos = qos;
    this.options = options;
  }
}

/** What subscriptions of one session that match a topic say together. */
export interface Granted {
  /** The highest (3.1.1: [MQTT-3.3.5-1]). */
  qos: QoS;
  /** One of them wants the retain flag as it was published. */
  isRetainAsPublished: boolean;
  /** Those that they have [MQTT-3.3.4-4]; undefined when none has one. */
  identifiers: number[] | undefined;
}

/** A session that a topic goes to. */
export interface Target<Session> extends Granted {
  readonly session: Session;
  /** A subscription leaves out what the client has published itself [MQTT-3.8.3-3]. */
  hasNoLocal: boolean;
  /** What the others say, for such a message; undefined when there are no others. */
  own: Granted | undefined;
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
  add(
    session: Session,
    filter: string,
    qos: QoS,
    options?: SubscriptionOptions,
  ): RoutedSubscription<Session> {
    const subscription = new RoutedSubscription(session, filter, qos, options);
    this.#aedes.subscribe(filter, subscription.match, nothing);
    this.#size += 1;
    this.#generation += 1;
    return subscription;
  }

  change(subscription: RoutedSubscription<Session>, qos: QoS, options?: SubscriptionOptions): void {
    if (subscription.qos === qos && subscription.options === undefined && options === undefined) return;
    subscription.qos = qos;
    subscription.options = options;
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
    let hasNoLocal = false;
    for (const subscription of found) {
      const { session, filter } = subscription;
      if (isReserved && beginsWithWildcard(filter)) continue;
      let target = targets.get(session);
      if (target === undefined) {
        target = { session, ...newGranted(), hasNoLocal: false, own: undefined };
        targets.set(session, target);
      }
      add(target, subscription);
      if (subscription.options?.isNoLocal === true) {
        target.hasNoLocal = true;
        hasNoLocal = true;
      }
    }
    if (hasNoLocal) addOwn(targets, found, isReserved);
    return [...targets.values()];
  }
}

/** Most topics have no such subscription: then a target costs no more than before MQTT 5. */
function addOwn<Session>(
  targets: ReadonlyMap<Session, Target<Session>>,
  found: readonly RoutedSubscription<Session>[],
  isReserved: boolean,
): void {
  for (const subscription of found) {
    const { session, filter, options } = subscription;
    const target = targets.get(session);
    if (target?.hasNoLocal !== true || options?.isNoLocal === true) continue;
    if (isReserved && beginsWithWildcard(filter)) continue;
    target.own ??= newGranted();
    add(target.own, subscription);
  }
}

function beginsWithWildcard(filter: string): boolean {
  return filter.startsWith('+') || filter.startsWith('#');
}

function newGranted(): Granted {
  return { qos: 0, isRetainAsPublished: false, identifiers: undefined };
}

function add(granted: Granted, { qos, options }: RoutedSubscription<unknown>): void {
  if (granted.qos < qos) granted.qos = qos;
  if (options === undefined) return;
  if (options.isRetainAsPublished) granted.isRetainAsPublished = true;
  if (options.identifier === undefined) return;
  granted.identifiers ??= [];
  granted.identifiers.push(options.identifier);
}

function nothing(): void {}
