import { BoundedCache } from '../lib/bounded-cache.js';
import type { Arrival } from './arrival.js';

/** Of so many devices, and of so many topics, the last message is kept: about 12 KiB each at most. */
export const MAX_LAST = 1_000;

/** The last message of each device and topic that was seen. Those seen longest ago are forgotten first. */
export class LastArrivals {
  readonly #byDevice = new BoundedCache<Arrival>(MAX_LAST);
  readonly #byTopic = new BoundedCache<Arrival>(MAX_LAST);

  note(arrival: Arrival, names: readonly string[]): void {
    put(this.#byTopic, arrival.topic, arrival);
    for (const name of names) put(this.#byDevice, name, arrival);
  }

  ofDevice(name: string): Arrival | undefined {
    return this.#byDevice.get(name);
  }

  ofTopic(topic: string): Arrival | undefined {
    return this.#byTopic.get(topic);
  }
}

/** What is known of an older message comes late after an outage: it must not replace a newer one. */
function put(cache: BoundedCache<Arrival>, key: string, arrival: Arrival): void {
  const before = cache.get(key);
  if (before === undefined || BigInt(before.id) <= BigInt(arrival.id)) cache.set(key, arrival);
}
