import { Rate, type RateOptions, type RateOwner } from './rate.js';

/** Rates without a connection that are kept: a client that reconnects must not get its burst again. */
const MAX_UNUSED = 10_000;

/** SharedRates has the rate of each user, address or client id, shared by its connections and kept between them. */
export class SharedRates {
  readonly #owner: RateOwner;
  readonly #burstMs: number;
  readonly #rates = new Map<string, Rate>();
  #unused = 0;

  constructor(owner: RateOwner, burstMs: number) {
    this.#owner = owner;
    this.#burstMs = burstMs;
  }

  /** `release` must be called once with the key. `options` count when the rate is made: later users of the key share it. */
  use(key: string, options: RateOptions): Rate {
    let rate = this.#rates.get(key);
    if (rate === undefined) {
      rate = new Rate(this.#owner, options, this.#burstMs);
      this.#rates.set(key, rate);
    } else if (rate.uses === 0) {
      this.#unused -= 1;
    }
    rate.uses += 1;
    return rate;
  }

  release(key: string, nowMs: number): void {
    const rate = this.#rates.get(key);
    if (rate === undefined) return;
    rate.uses -= 1;
    if (rate.uses > 0) return;
    this.#unused += 1;
    if (rate.isFull(nowMs)) this.#forget(key);
    else if (this.#unused > MAX_UNUSED) this.#forgetUnused(nowMs);
  }

  get size(): number {
    return this.#rates.size;
  }

  /** Those that are full again; if none is, the oldest half, so that the next call is not as expensive. */
  #forgetUnused(nowMs: number): void {
    for (const [key, rate] of this.#rates) if (rate.uses === 0 && rate.isFull(nowMs)) this.#forget(key);
    for (const [key, rate] of this.#rates) {
      if (this.#unused <= MAX_UNUSED / 2) return;
      if (rate.uses === 0) this.#forget(key);
    }
  }

  #forget(key: string): void {
    this.#rates.delete(key);
    this.#unused -= 1;
  }
}
