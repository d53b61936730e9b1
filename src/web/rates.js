/** Batches make counters jump. Over five seconds the jumps even out, and a change is still visible at once. */
const WINDOW_MS = 5_000;

/** Computes rates from totals, with samples that carry the gateway's own monotonic time. */
export class Rates {
  /** @type {{ sampledAtMs: number, totals: Readonly<Record<string, number>> }[]} */
  #samples = [];
  /** @type {number | null} */
  #startedAtMs = null;

  /**
   * `totals` maps a name to its total. A restarted gateway begins a new series of samples.
   *
   * @param {{ startedAtMs: number; sampledAtMs: number; totals: Readonly<Record<string, number>> }} sample
   */
  add({ startedAtMs, sampledAtMs, totals }) {
    if (startedAtMs !== this.#startedAtMs) this.#samples = [];
    this.#startedAtMs = startedAtMs;
    this.#samples.push({ sampledAtMs, totals });
    while (this.#samples.length > 2 && this.#samples[1].sampledAtMs <= sampledAtMs - WINDOW_MS)
      this.#samples.shift();
  }

  /**
   * The rate per second; null until two samples have the name.
   *
   * @param {string} name
   */
  perSecond(name) {
    const first = this.#samples.find(({ totals }) => name in totals);
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || !(name in last.totals)) return null;
    if (last.sampledAtMs <= first.sampledAtMs) return null;
    const grown = last.totals[name] - first.totals[name];
    return Math.max(0, grown) / ((last.sampledAtMs - first.sampledAtMs) / 1000);
  }
}
