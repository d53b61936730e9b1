import type { Aedes, Client } from 'aedes';

type Publish = (packet: unknown, client: unknown, done: (error?: Error | null) => void) => void;

/** Open deliveries to observers. Beyond this limit a slow observer misses packets instead of slowing the devices. */
const MAX_DELIVERIES = 1000;

/**
 * Observers delivers packets to subscribers. While there are none, a device's packet skips aedes' delivery,
 * which is most of its cost in aedes; when there are some, devices do not wait for them.
 */
export class Observers {
  readonly #subscribed = new Set<Client>();
  #deliveries = 0;
  #skipped = 0;

  constructor(aedes: Aedes) {
    const overridable = aedes as unknown as { publish: Publish };
    const deliver = overridable.publish.bind(aedes);
    overridable.publish = (packet, client, done) => {
      // Aedes' own packets have no client and are delivered as usual.
      if (typeof client === 'function' || client == null) return deliver(packet, client, done);
      if (this.#subscribed.size > 0) this.#tryDeliver(deliver, packet, client);
      done(null);
    };
    aedes.on('unsubscribe', (_filters, client) => this.#removeIfUnsubscribed(client));
    aedes.on('clientDisconnect', (client) => this.#subscribed.delete(client));
  }

  /** Call it before the SUBACK, so that no packet behind it is missed. */
  add(client: Client): void {
    this.#subscribed.add(client);
  }

  get count(): number {
    return this.#subscribed.size;
  }

  /** Packets that observers missed because they were too slow. */
  get skipped(): number {
    return this.#skipped;
  }

  #tryDeliver(deliver: Publish, packet: unknown, client: unknown): void {
    if (this.#deliveries >= MAX_DELIVERIES) {
      this.#skipped += 1;
      return;
    }
    this.#deliveries += 1;
    deliver(packet, client, () => {
      this.#deliveries -= 1;
    });
  }

  #removeIfUnsubscribed(client: Client): void {
    const { subscriptions } = client as unknown as { subscriptions: Record<string, unknown> };
    if (Object.keys(subscriptions).length === 0) this.#subscribed.delete(client);
  }
}
