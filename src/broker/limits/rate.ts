import { TokenBucket } from '../../lib/token-bucket.js';

/** What may be sent in a second; absent: as much as fits. */
export interface RateOptions {
  readonly messagesPerSecond?: number;
  readonly bytesPerSecond?: number;
}

/** Whose rate it is. The list is closed: it is used by the label of metrics. */
export type RateOwner = 'client' | 'user' | 'address';

/** Rate limits the messages and bytes of one client, or of all clients of a user or an address together. */
export class Rate {
  readonly owner: RateOwner;
  readonly #messages: TokenBucket | undefined;
  readonly #bytes: TokenBucket | undefined;
  /** How many connections use it. */
  uses = 0;

  constructor(owner: RateOwner, { messagesPerSecond, bytesPerSecond }: RateOptions, burstMs: number) {
    this.owner = owner;
    this.#messages =
      messagesPerSecond === undefined ? undefined : new TokenBucket(messagesPerSecond, burstMs);
    this.#bytes = bytesPerSecond === undefined ? undefined : new TokenBucket(bytesPerSecond, burstMs);
  }

  take(messages: number, bytes: number, nowMs: number): void {
    this.#messages?.take(messages, nowMs);
    this.#bytes?.take(bytes, nowMs);
  }

  waitMs(nowMs: number): number {
    return Math.max(this.#messages?.waitMs(nowMs) ?? 0, this.#bytes?.waitMs(nowMs) ?? 0);
  }

  isFull(nowMs: number): boolean {
    return (this.#messages?.isFull(nowMs) ?? true) && (this.#bytes?.isFull(nowMs) ?? true);
  }
}

export function isLimited({ messagesPerSecond, bytesPerSecond }: RateOptions): boolean {
  return messagesPerSecond !== undefined || bytesPerSecond !== undefined;
}
