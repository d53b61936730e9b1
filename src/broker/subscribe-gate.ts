import type { Client, Subscription } from 'aedes';
import { topicFilterFault } from '../lib/mqtt-names.js';
import type { Observers } from './observers.js';
import type { Sessions } from './session.js';

type Done = (error: Error | null, subscription?: Subscription | null) => void;

/** SubscribeGate checks every subscription. Only clients on this machine may subscribe, as observers. */
export class SubscribeGate {
  readonly #sessions: Sessions;
  readonly #observers: Observers;

  constructor(sessions: Sessions, observers: Observers) {
    this.#sessions = sessions;
    this.#observers = observers;
  }

  authorizeSubscribe(client: Client, subscription: Subscription, done: Done): void {
    const session = this.#sessions.of(client);
    if (session?.isAuthenticated !== true) {
      const why = 'SUBSCRIBE before authentication';
      this.#sessions.reject(client, 'not-authenticated', why);
      done(new Error(why));
      return;
    }
    // The answer is SUBACK 0x80; the connection stays open.
    if (!session.isLocal || subscription.topic.startsWith('$')) {
      const why = session.isLocal
        ? 'filter reserved for the broker'
        : 'only clients on this machine may subscribe';
      this.#sessions.deny(client, 'subscribe-denied', why);
      done(null, null);
      return;
    }
    const fault = topicFilterFault(subscription.topic);
    if (fault !== undefined) {
      this.#sessions.reject(client, 'subscribe-malformed', fault);
      done(new Error(fault));
      return;
    }
    this.#observers.add(client);
    done(null, subscription);
  }
}
