import type { Clock } from '../lib/clock.js';
import {
  compacted,
  type Epoch,
  firstOfLane,
  freeFrom,
  isPlain,
  LAST_TIME_NS,
  laneOf,
  PLAIN,
  placeAt,
  UNKNOWN,
} from './epochs.js';

/** The epochs of a data directory as they are stored. */
export interface StoredEpochs {
  readonly closed: readonly Epoch[];
  /** It goes on to the newest record of the log. */
  readonly current: Pick<Epoch, 'firstNs' | 'lane'>;
}

export interface ReceiveTimesDeps {
  readonly clock: Clock;
  /** Receive time of the newest record in the log; 0 when it has none. */
  readonly lastReceivedAtNs: bigint;
  /** Undefined when none were stored: the log is new or of version 0.1. */
  readonly stored: StoredEpochs | undefined;
  /** The spans of receive times in the log, for a log without stored epochs. */
  readonly logSpans: readonly Pick<Epoch, 'firstNs' | 'lastNs'>[];
  /** Resolved means durable: it is called before the first time of an epoch is issued. It throws when it cannot save. */
  readonly save: (epochs: StoredEpochs) => void;
  readonly onSaveFailed: (thrown: unknown) => void;
}

/** How far times may run ahead of the clock before they follow it back. */
const MAX_AHEAD_NS = 60_000_000_000n;
/** A clock that gained more than this against the monotonic clock was set. */
const MAX_DRIFT_NS = 60_000_000_000n;
/** So far ahead of the last comparison of the two clocks nothing else is asked of a time. */
const CHECK_EVERY_NS = 600_000_000_000n;
/** After a failed save, and while there is nowhere to go back to. */
const RETRY_MS = 1_000;
const NS_PER_MS = 1_000_000n;

/**
 * Issues the receive times of a data directory. Invariants:
 * 1. No time is issued twice, over restarts, kills and every step of the clock.
 * 2. A time is at most a minute ahead of the clock, except where all lanes are used or the disk does not take the epochs.
 * 3. Within an epoch times rise; a new epoch is on disk before its first time is issued.
 */
export class ReceiveTimes {
  readonly #deps: ReceiveTimesDeps;
  /** What lies before the present epoch. */
  #closed: readonly Epoch[];
  #current: StoredEpochs['current'] | undefined;
  #lastNs: bigint;
  /** The present epoch may use the times below. */
  #endNs = 0n;
  /** Below it, a plain time behind the last one is good without a further look. */
  #limitNs = 0n;
  /** Both clocks when they were last compared; absent before the first time. */
  #compared: { readonly wallNs: bigint; readonly monotonicMs: number } | undefined;
  #retryAtMs = Number.NEGATIVE_INFINITY;

  constructor(deps: ReceiveTimesDeps) {
    this.#deps = deps;
    const { stored, lastReceivedAtNs, logSpans } = deps;
    this.#lastNs = lastReceivedAtNs;
    if (stored === undefined) {
      this.#closed = compacted(logSpans.map((span) => ({ ...span, lane: UNKNOWN })));
      return;
    }
    const { closed, current } = stored;
    const lane = laneOf(lastReceivedAtNs);
    this.#closed = closed;
    if (current.lane === lane && current.firstNs <= lastReceivedAtNs && !isIn(closed, lastReceivedAtNs)) {
      this.#current = current;
      this.#endNs = freeFrom(closed, lane, lastReceivedAtNs).endNs;
      return;
    }
    // The process ended before the first record of that epoch was durable: no time of it was used.
    if (isIn(closed, lastReceivedAtNs)) return;
    // Another version has written to the log, or the file is older than the log.
    this.#closed = compacted([...closed, ...logSpans.map((span) => ({ ...span, lane: UNKNOWN }))]);
  }

  /** The time that was issued last, or that of the newest record in the log. */
  get lastNs(): bigint {
    return this.#lastNs;
  }

  /** The receive time of a record that comes when the clock shows `nowNs`. */
  next(nowNs: bigint): bigint {
    if (nowNs > this.#lastNs && nowNs < this.#limitNs && isPlain(nowNs)) {
      this.#lastNs = nowNs;
      return nowNs;
    }
    return this.#nextOther(nowNs);
  }

  #nextOther(clockNs: bigint): bigint {
    // No store holds such a time.
    const nowNs = clockNs < 1n || clockNs >= LAST_TIME_NS - CHECK_EVERY_NS ? this.#lastNs + 1n : clockNs;
    if (this.#current === undefined || this.#isFarOff(nowNs)) this.#compareClocks(nowNs);
    let ns = this.#candidate(nowNs);
    if (ns >= this.#endNs) {
      // The clock has come to times that were used before, when it ran ahead.
      this.#begin(ns);
      ns = this.#candidate(nowNs);
    }
    if (ns >= this.#endNs) {
      const free = freeFrom(this.#closed, this.#lane, ns);
      ns = free.firstNs;
      this.#endNs = free.endNs;
    }
    this.#lastNs = ns;
    this.#setLimit();
    return ns;
  }

  #candidate(nowNs: bigint): bigint {
    return firstOfLane(this.#lane, nowNs > this.#lastNs ? nowNs : this.#lastNs + 1n);
  }

  #isFarOff(nowNs: bigint): boolean {
    if (nowNs <= this.#lastNs) return this.#lastNs - nowNs > MAX_AHEAD_NS;
    return this.#compared === undefined || nowNs >= this.#compared.wallNs + CHECK_EVERY_NS;
  }

  #compareClocks(nowNs: bigint): void {
    const monotonicMs = this.#deps.clock.monotonicMs();
    const isBehind = nowNs <= this.#lastNs;
    const isSet = isBehind || this.#current === undefined || this.#hasGained(nowNs, monotonicMs);
    // An epoch of a lane ends as soon as the clock itself will do again.
    if (isSet || (this.#lane !== PLAIN && placeAt(this.#closed, nowNs).lane === PLAIN)) this.#begin(nowNs);
    this.#compared = { wallNs: nowNs, monotonicMs };
  }

  /** After a start only the wall clock is there: what lies between is not part of an epoch, whatever has happened. */
  #hasGained(nowNs: bigint, monotonicMs: number): boolean {
    if (this.#compared === undefined) return nowNs - this.#lastNs > CHECK_EVERY_NS;
    const passedNs = BigInt(Math.round(monotonicMs - this.#compared.monotonicMs)) * NS_PER_MS;
    return nowNs - this.#compared.wallNs - passedNs > MAX_DRIFT_NS;
  }

  /** Begins an epoch at the time, unless there is no room for one or it cannot be saved: then the present one goes on. */
  #begin(nowNs: bigint): void {
    const { clock, save, onSaveFailed } = this.#deps;
    const before = this.#current;
    if (before !== undefined && clock.monotonicMs() < this.#retryAtMs) return;
    const closed =
      before === undefined ? this.#closed : compacted([...this.#closed, { ...before, lastNs: this.#lastNs }]);
    const { lane, firstNs, endNs } = placeAt(closed, nowNs);
    const current = { lane, firstNs };
    const isOfNoUse = nowNs <= this.#lastNs && firstNs > this.#lastNs;
    if (before !== undefined && isOfNoUse) {
      this.#retryAtMs = clock.monotonicMs() + RETRY_MS;
      return;
    }
    try {
      save({ closed, current });
    } catch (thrown) {
      onSaveFailed(thrown);
      this.#retryAtMs = clock.monotonicMs() + RETRY_MS;
      // Without stored epochs the next start takes the spans of the log, which has the records of this one.
      if (before !== undefined) return;
    }
    this.#closed = closed;
    this.#current = current;
    this.#lastNs = firstNs - 1n;
    this.#endNs = endNs;
  }

  get #lane(): number {
    return this.#current?.lane ?? PLAIN;
  }

  #setLimit(): void {
    if (this.#lane !== PLAIN || this.#compared === undefined) {
      this.#limitNs = 0n;
      return;
    }
    const checkNs = this.#compared.wallNs + CHECK_EVERY_NS;
    this.#limitNs = checkNs < this.#endNs ? checkNs : this.#endNs;
  }
}

/** Whether the time was issued in one of the epochs. */
function isIn(epochs: readonly Epoch[], ns: bigint): boolean {
  const lane = laneOf(ns);
  return epochs.some(
    (epoch) => (epoch.lane === lane || epoch.lane === UNKNOWN) && epoch.firstNs <= ns && ns <= epoch.lastNs,
  );
}
