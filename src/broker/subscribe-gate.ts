import type { Client, Subscription } from 'aedes';
import { topicFilterFault } from '../lib/mqtt-names.js';
import { quoted } from '../lib/printable.js';
import type { Observers } from './observers.js';
import type { BrokerRefusal } from './refusals.js';
import type { Session, Sessions } from './session.js';
import type { SessionGrants } from './sign-in/session-grants.js';

type Done = (error: Error | null, subscription?: Subscription | null) => void;

/** Topic filters of one client: each costs memory for as long as the client is connected. */
export const MAX_SUBSCRIPTIONS = 100;

/** SubscribeGate checks every subscription, and every packet before it is delivered to a subscriber. */
export class SubscribeGate {
  readonly #sessions: Sessions;
  readonly #grants: SessionGrants;
  readonly #observers: Observers;

  constructor(sessions: Sessions, grants: SessionGrants, observers: Observers) {
    this.#sessions = sessions;
    this.#grants = grants;
    this.#observers = observers;
  }

  authorizeSubscribe(client: Client, subscription: Subscription, done: Done): void {
    const session = this.#sessions.of(client);
    if (session?.isAuthenticated !== true) {
      this.#reject(client, 'not-authenticated', 'SUBSCRIBE before authentication', done);
      return;
    }
    const { topic: filter } = subscription;
    const fault = filter.startsWith('$') ? undefined : topicFilterFault(filter);
    if (fault !== undefined) {
      this.#reject(client, 'subscribe-malformed', fault, done);
      return;
    }
    const denial = this.#denialOf(client, session, filter);
    if (denial !== undefined) {
      // The answer is SUBACK 0x80; the connection stays open.
      this.#sessions.deny(client, 'subscribe-denied', denial);
      done(null, null);
      return;
    }
    session.subscriptions.add(filter);
    this.#observers.add(client);
    done(null, subscription);
  }

  unsubscribed(client: Client, filters: readonly string[]): void {
    const subscriptions = this.#sessions.of(client)?.subscriptions;
    for (const filter of filters) subscriptions?.delete(filter);
  }

  /**
   * Whether a packet may be delivered to a subscriber. The subscription was allowed when it was made; the rules may have
   * been replaced since.
   */
  mayReceive(client: Client, topic: string): boolean {
    const session = this.#sessions.of(client);
    return session !== undefined && this.#grants.of(client, session)?.mayReceive(topic) === true;
  }

  #denialOf(client: Client, session: Session, filter: string): string | undefined {
    if (filter.startsWith('$')) return 'filter reserved for the broker';
    const grant = this.#grants.of(client, session);
    if (grant?.maySubscribe(filter) !== true) {
      return session.identity?.method === 'anonymous'
        ? 'only clients on this machine may subscribe'
        : `no role of the user allows ${quoted(filter)}`;
    }
    const { subscriptions } = session;
    if (subscriptions.size < MAX_SUBSCRIPTIONS || subscriptions.has(filter)) return undefined;
    return `${MAX_SUBSCRIPTIONS} subscriptions of the client are open`;
  }

  #reject(client: Client, reason: BrokerRefusal, why: string, done: Done): void {
    this.#sessions.reject(client, reason, why);
    done(new Error(why));
  }
}
