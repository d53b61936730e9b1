/** Batches make counters jump; over five seconds the jumps are gone and a change is still seen at once. */
const WINDOW_MS = 5_000;

/** Turns totals into rates, from samples that carry the gateway's own monotonic time. */
export class Rates {
  #samples = [];
  #startedAtMs = null;

  /** `totals`: name → total. Begins anew when the gateway was started anew. */
  add({ startedAtMs, sampledAtMs, totals }) {
    if (startedAtMs !== this.#startedAtMs) this.#samples = [];
    this.#startedAtMs = startedAtMs;
    this.#samples.push({ sampledAtMs, totals });
    while (this.#samples.length > 2 && this.#samples[1].sampledAtMs <= sampledAtMs - WINDOW_MS)
      this.#samples.shift();
  }

  /** Per second; null until two samples hold the name. */
  perSecond(name) {
    const first = this.#samples.find(({ totals }) => name in totals);
    const last = this.#samples.at(-1);
    if (first === undefined || !(name in last.totals) || last.sampledAtMs <= first.sampledAtMs) return null;
    const grown = last.totals[name] - first.totals[name];
    return Math.max(0, grown) / ((last.sampledAtMs - first.sampledAtMs) / 1000);
  }
}
