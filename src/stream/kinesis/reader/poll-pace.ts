import { MAX_PAGE_RECORDS } from './fetch-room.js';

/** What all polling readers of a shard may do together: 5 calls and 2 MB a second (service-sizes-and-limits, 2026). */
export interface PollLimits {
  readonly callsPerSecond: number;
  readonly bytesPerSecond: number;
}

export const SHARD_READ_LIMITS: PollLimits = { callsPerSecond: 5, bytesPerSecond: 2_000_000 };

const CAUGHT_UP_MS = 250;
const LONGEST_IDLE_MS = 1_000;

/** When the next GetRecords of a shard may be made. */
export class PollPace {
  readonly #limits: PollLimits;
  #idleMs = CAUGHT_UP_MS;

  constructor(limits: PollLimits) {
    this.#limits = limits;
  }

  /** Ms from the start of the call that brought this page to the start of the next one. */
  afterPage(records: number, dataBytes: number, millisBehindLatest: number): number {
    const allowedMs = Math.max(
      1_000 / this.#limits.callsPerSecond,
      (dataBytes / this.#limits.bytesPerSecond) * 1_000,
    );
    if (records > 0) this.#idleMs = CAUGHT_UP_MS;
    // Empty answers on the way to later records are normal, and no reason to slow down. Some stand-ins always say 0.
    if (millisBehindLatest > 0 || records >= MAX_PAGE_RECORDS) return allowedMs;
    if (records > 0) return Math.max(allowedMs, CAUGHT_UP_MS);
    const idleMs = this.#idleMs;
    this.#idleMs = Math.min(LONGEST_IDLE_MS, idleMs * 2);
    return Math.max(allowedMs, idleMs);
  }
}
