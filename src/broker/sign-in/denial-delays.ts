import { BoundedCache } from '../../lib/bounded-cache.js';
import type { Clock } from '../../lib/clock.js';
import { senderOf } from '../../lib/remote-address.js';

/** Users with their addresses; those that were denied last are kept. */
const MAX_KEPT = 10_000;
/** A user that was not denied for so long starts again without a delay. */
const FORGET_AFTER_MS = 10 * 60_000;
const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 5_000;
const MAX_DOUBLINGS = 10;

interface Denials {
  count: number;
  lastAtMs: number;
}

/**
 * DenialDelays makes a client wait for its CONNACK when its user was denied a PUBLISH several times from its address: a
 * device with a wrong topic is closed, connects and sends the same packet again, as fast as it can.
 */
export class DenialDelays {
  readonly #clock: Clock;
  readonly #denials = new BoundedCache<Denials>(MAX_KEPT);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  denied(user: string, remoteAddress: string): void {
    const key = keyOf(user, remoteAddress);
    const lastAtMs = this.#clock.monotonicMs();
    this.#denials.set(key, { count: this.#countOf(key) + 1, lastAtMs });
  }

  /** How long the next CONNACK waits; nothing after a single denial. */
  delayMs(user: string, remoteAddress: string): number {
    const count = this.#countOf(keyOf(user, remoteAddress));
    if (count < 2) return 0;
    return Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(count - 2, MAX_DOUBLINGS));
  }

  #countOf(key: string): number {
    const kept = this.#denials.get(key);
    if (kept === undefined || this.#clock.monotonicMs() - kept.lastAtMs > FORGET_AFTER_MS) return 0;
    return kept.count;
  }
}

/** An address has no blank. */
function keyOf(user: string, remoteAddress: string): string {
  return `${senderOf(remoteAddress)} ${user}`;
}
