import type { FairShare, Spending } from './fair-share.js';
import type { Rate, RateOwner } from './rate.js';

/** Why a client is not read: whose rate is used up, or its share of a busy machine. The list is closed: it labels metrics. */
export const PACE_REASONS = ['client', 'user', 'address', 'share'] as const;
export type PaceReason = RateOwner | 'share';

/** What ReadPaces needs of a connection. */
export interface PacedClient {
  /** Reads its socket again. */
  resume(): void;
  /** It has sent something that is not read yet: its keep alive must not expire meanwhile. */
  keepAlive(): void;
  /** It was over its rate for too long: its connection ends. */
  exceeded(detail: string): void;
  who(): { readonly clientId: string; readonly user: string; readonly remoteAddress: string };
}

export interface PaceDeps {
  readonly share: FairShare;
  readonly monotonicMs: () => number;
  readonly onSpent: () => void;
  readonly onHeld: (pace: ReadPace) => void;
}

/**
 * A socket may hold 64 KiB, hundreds of small packets: read together they would overshoot every limit and outlive the
 * young generation of the heap while they wait.
 */
const MAX_READ_BYTES = 16 * 1024;
const MAX_LIMITED_READ_BYTES = 4 * 1024;

/** A slowed client that was not held back for so long has come down to its rate. */
const BREAK_MS = 5_000;

/**
 * ReadPace decides whether the socket of one client may be read, by its rates and by its share of a busy machine. It works
 * per read, not per message: what was read in one slice is charged before the next.
 */
export class ReadPace implements Spending {
  readonly client: PacedClient;
  readonly #deps: PaceDeps;
  /** Of FairShare. */
  window = -1;
  spent = 0;
  #rates: readonly Rate[] = [];
  #messages = 0;
  #bytes = 0;
  #heldBy: PaceReason | undefined;
  #slowedSinceMs = 0;
  #resumedAtMs = Number.NEGATIVE_INFINITY;
  #hasPublished = false;

  constructor(client: PacedClient, deps: PaceDeps) {
    this.client = client;
    this.#deps = deps;
  }

  get heldBy(): PaceReason | undefined {
    return this.#heldBy;
  }

  /** Since when its rates have held it back again and again, without a break. */
  get slowedSinceMs(): number {
    return this.#slowedSinceMs;
  }

  get hasPublished(): boolean {
    return this.#hasPublished;
  }

  /** The largest single read. A client that has rates is read in smaller slices: what one is over its rate is a pause. */
  get maxReadBytes(): number {
    return this.#rates.length === 0 ? MAX_READ_BYTES : MAX_LIMITED_READ_BYTES;
  }

  /** What was read is charged to these from now on. */
  useRates(rates: readonly Rate[]): void {
    this.#rates = rates;
  }

  wasRead(bytes: number): void {
    this.#bytes += bytes;
  }

  published(messages: number): void {
    this.#messages += messages;
    this.#hasPublished = true;
  }

  /** False: it is held back, and ReadPaces resumes it. */
  mayRead(): boolean {
    if (this.#heldBy !== undefined) return false;
    const { share } = this.#deps;
    if (this.#bytes > 0) {
      share.spend(this, this.#messages, this.#bytes);
      this.#deps.onSpent();
      if (this.#rates.length > 0) this.#charge();
      this.#messages = 0;
      this.#bytes = 0;
    }
    const exceeded = this.#rates.length === 0 ? undefined : this.#exceeded();
    if (exceeded !== undefined) return this.#hold(exceeded);
    return share.isSpent(this) ? this.#hold('share') : true;
  }

  /** Resumes it when what held it back is over; ReadPaces calls it. */
  tryResume(): boolean {
    if (this.#heldBy === undefined) return true;
    if (this.#heldBy === 'share' ? this.#deps.share.isSpent(this) : this.#exceeded() !== undefined)
      return false;
    if (this.#heldBy !== 'share') this.#resumedAtMs = this.#deps.monotonicMs();
    this.#heldBy = undefined;
    this.client.resume();
    return this.#heldBy === undefined;
  }

  #charge(): void {
    const nowMs = this.#deps.monotonicMs();
    for (const rate of this.#rates) rate.take(this.#messages, this.#bytes, nowMs);
  }

  #exceeded(): RateOwner | undefined {
    const nowMs = this.#deps.monotonicMs();
    return this.#rates.find((rate) => rate.waitMs(nowMs) > 0)?.owner;
  }

  #hold(reason: PaceReason): false {
    this.#heldBy = reason;
    if (reason !== 'share') {
      const nowMs = this.#deps.monotonicMs();
      if (nowMs - this.#resumedAtMs > BREAK_MS) this.#slowedSinceMs = nowMs;
    }
    this.#deps.onHeld(this);
    return false;
  }
}
