import { BoundedCache } from '../lib/bounded-cache.js';
import type { Clock } from '../lib/clock.js';
import { senderOf } from '../lib/remote-address.js';

interface Limit {
  /** Failures that cost nothing: somebody has mistyped. */
  readonly free: number;
  readonly baseMs: number;
  /** A power of 2 times `baseMs`. */
  readonly capMs: number;
  /** How long it takes until one failure is forgotten. */
  readonly drainMs: number;
}

/** A user at one address. Other addresses of the user are not concerned: nobody can lock the owner out. */
const PAIR: Limit = { free: 5, baseMs: 1_000, capMs: 128_000, drainMs: 600_000 };
/**
 * An address, for those who try many users. It forgets faster than one device with an old secret fails: such a device
 * does not close the address for the others behind it.
 */
const SENDER: Limit = { free: 20, baseMs: 1_000, capMs: 64_000, drainMs: 10_000 };
/** A user at all addresses together: only a delay, for more would let strangers lock the owner out. */
const USER: Limit = { free: 50, baseMs: 100, capMs: 3_200, drainMs: 5_000 };

/** Senders, users and pairs that are remembered, each. */
const MAX_ENTRIES = 20_000;

interface Failures {
  readonly count: number;
  readonly lastAtMs: number;
}

/**
 * SignInBackOff makes those who fail to sign in wait longer each time. The credential is not looked at meanwhile, so that
 * guessing is slow and costs the gateway nothing. A user who has signed in from an address does not wait for the others there.
 */
export class SignInBackOff {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #pairs = new BoundedCache<Failures>(MAX_ENTRIES);
  readonly #senders = new BoundedCache<Failures>(MAX_ENTRIES);
  readonly #users = new BoundedCache<Failures>(MAX_ENTRIES);
  readonly #known = new BoundedCache<true>(MAX_ENTRIES);

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  /** How long this user at this address has to wait before a credential is looked at; 0: not at all. */
  waitMs(user: string, address: string): number {
    const sender = senderOf(address);
    const pair = pairOf(user, sender);
    const own = this.#waitOf(this.#pairs.get(pair), PAIR);
    if (this.#known.get(pair) === true) return own;
    return Math.max(own, this.#waitOf(this.#senders.get(sender), SENDER));
  }

  /** How much later the credential of this user is looked at, because strangers try the user from many addresses. */
  delayMs(user: string, address: string): number {
    if (this.#known.get(pairOf(user, senderOf(address))) === true) return 0;
    return stepMs(this.#countOf(this.#users.get(user), USER), USER);
  }

  failed(user: string, address: string): void {
    const sender = senderOf(address);
    this.#add(this.#pairs, pairOf(user, sender), PAIR);
    this.#add(this.#senders, sender, SENDER);
    this.#add(this.#users, user, USER);
  }

  succeeded(user: string, address: string): void {
    const pair = pairOf(user, senderOf(address));
    // Not those of the address: somebody with a user of his own would try others without ever waiting.
    if (this.#pairs.get(pair) !== undefined) this.#pairs.set(pair, { count: 0, lastAtMs: 0 });
    this.#known.set(pair, true);
  }

  #add(all: BoundedCache<Failures>, key: string, limit: Limit): void {
    // More would only take longer to forget.
    const most = limit.free + Math.log2(limit.capMs / limit.baseMs);
    const count = Math.min(most, this.#countOf(all.get(key), limit) + 1);
    all.set(key, { count, lastAtMs: this.#clock.monotonicMs() });
  }

  #waitOf(failures: Failures | undefined, limit: Limit): number {
    if (failures === undefined) return 0;
    return Math.max(0, failures.lastAtMs + stepMs(failures.count, limit) - this.#clock.monotonicMs());
  }

  #countOf(failures: Failures | undefined, { drainMs }: Limit): number {
    if (failures === undefined) return 0;
    return Math.max(0, failures.count - (this.#clock.monotonicMs() - failures.lastAtMs) / drainMs);
  }
}

function stepMs(count: number, { free, baseMs }: Limit): number {
  return count < free ? 0 : baseMs * 2 ** (count - free);
}

/** A sender holds no blank, so that two pairs never look the same. */
function pairOf(user: string, sender: string): string {
  return `${sender} ${user}`;
}
