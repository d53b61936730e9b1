import type { TimeZone } from '../lib/time-zone.js';
import { MAX_TIME_NS, MIN_TIME_NS } from './split-condition.js';

const NS_PER_MS = 1_000_000n;

/** A run of windows of equal length, one after the other; `toNs` is the start of the window behind them. */
export interface WindowRun {
  readonly fromNs: bigint;
  readonly toNs: bigint;
  /** Of each window. A window that a change of the clocks made longer or shorter is a run of its own. */
  readonly everyNs: bigint;
}

/** The windows of GROUP BY time(). In a time zone they begin when its clocks show a multiple of the interval. */
export class TimeWindows {
  readonly everyNs: bigint;
  readonly zone: TimeZone | undefined;
  readonly #offsetNs: bigint;

  constructor(everyNs: bigint, offsetNs: bigint, zone: TimeZone | undefined) {
    this.everyNs = everyNs;
    this.zone = zone;
    this.#offsetNs = offsetNs;
  }

  /** The start of the window that an instant is in. */
  startNs(atNs: bigint): bigint {
    const at = atNs - this.#offsetNs;
    const shift = this.shiftNs(at);
    const since = modulo(at + shift, this.everyNs);
    let start = MIN_TIME_NS + since >= at ? MIN_TIME_NS : at - since;
    const change = shift - this.shiftNs(start);
    if (this.#isWithin(change)) start += change;
    return start + this.#offsetNs;
  }

  /** The start of the window behind it. */
  endNs(atNs: bigint): bigint {
    const at = atNs - this.#offsetNs;
    const shift = this.shiftNs(at);
    const left = this.everyNs - modulo(at + shift, this.everyNs);
    let end = MAX_TIME_NS - left <= at ? MAX_TIME_NS : at + left;
    const after = this.shiftNs(end);
    const change = shift - after;
    // Clocks that go forward change the window in which they do, and not the one before.
    if (this.#isWithin(change) && (change > 0n || this.shiftNs(end + change) === after)) end += change;
    return end + this.#offsetNs;
  }

  /** How many windows there are from the one of an instant to that of another; it ignores changes of the clocks. */
  count(fromNs: bigint, toNs: bigint): bigint {
    return (this.startNs(toNs) - this.startNs(fromNs)) / this.everyNs + 1n;
  }

  /** The windows from that of an instant to that of another. */
  runs(fromNs: bigint, toNs: bigint): readonly WindowRun[] {
    const first = this.startNs(fromNs);
    if (this.zone === undefined) {
      return [{ fromNs: first, toNs: this.endNs(toNs), everyNs: this.everyNs }];
    }
    const runs: WindowRun[] = [];
    for (let start = first; start <= toNs; ) {
      const end = this.endNs(start);
      const length = end > start ? end - start : this.everyNs;
      const last = runs.at(-1);
      if (last?.everyNs === length && last.toNs === start)
        runs.splice(-1, 1, { ...last, toNs: start + length });
      else runs.push({ fromNs: start, toNs: start + length, everyNs: length });
      start += length;
    }
    return runs;
  }

  /** How far the clocks of the zone are ahead of UTC. */
  shiftNs(atNs: bigint): bigint {
    if (this.zone === undefined) return 0n;
    const ms = Number(atNs / NS_PER_MS);
    // Beyond these no Date exists; the first and the last offset hold.
    const known = Math.max(-8.64e15, Math.min(8.64e15, ms));
    return BigInt(this.zone.wallOf(known) - known) * NS_PER_MS;
  }

  #isWithin(change: bigint): boolean {
    return change !== 0n && (change < 0n ? -change : change) < this.everyNs;
  }
}

function modulo(value: bigint, by: bigint): bigint {
  const rest = value % by;
  return rest < 0n ? rest + by : rest;
}
