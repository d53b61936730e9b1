import { createHmac, randomBytes } from 'node:crypto';
import { BoundedCache } from '../lib/bounded-cache.js';
import type { Clock } from '../lib/clock.js';

/** Half of them are always kept: one each for 10,000 devices. */
const MAX_ENTRIES = 20_000;
/** A fleet that loses its network reconnects at once, most of it hours after it signed in. */
const KEEP_MS = 24 * 3_600_000;

/**
 * VerifiedPasswords remembers which passwords were right, so that a fleet that reconnects does not cost a hash each. It holds
 * an HMAC under a key that exists in memory only. The stored hash is part of it: a changed secret is never remembered.
 */
export class VerifiedPasswords {
  readonly #key = randomBytes(32);
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  /** When each was checked last. */
  readonly #checkedAtMs = new BoundedCache<number>(MAX_ENTRIES);

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  isVerified(storedHash: string, password: Buffer): boolean {
    const checkedAtMs = this.#checkedAtMs.get(this.#markOf(storedHash, password));
    return checkedAtMs !== undefined && this.#clock.monotonicMs() - checkedAtMs < KEEP_MS;
  }

  add(storedHash: string, password: Buffer): void {
    this.#checkedAtMs.set(this.#markOf(storedHash, password), this.#clock.monotonicMs());
  }

  #markOf(storedHash: string, password: Buffer): string {
    // A stored hash is a PHC string, which holds no NUL.
    return createHmac('sha256', this.#key).update(`${storedHash}\0`).update(password).digest('base64');
  }
}
