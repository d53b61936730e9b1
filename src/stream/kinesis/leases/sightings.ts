interface Sighting {
  value: string | number;
  /** For how long it has been seen unchanged. */
  ageMs: number;
}

/**
 * For how long counters have not moved, on this process' own monotonic clock: no clock is compared with another's.
 * Only time that was watched counts: between two looks at most `maxGapMs`. After an outage of the table, or a
 * pause of this process, everybody's counters look old at once; the others get time to move theirs.
 */
export class Sightings {
  readonly #maxGapMs: number;
  readonly #seen = new Map<string, Sighting>();
  #lookedAtMs: number | undefined;

  constructor(maxGapMs: number) {
    this.#maxGapMs = maxGapMs;
  }

  /** What is not in `values` any more is forgotten. `nowMs`: when the answer had come, not when it was asked for. */
  look(values: ReadonlyMap<string, string | number>, nowMs: number): void {
    const gapMs = Math.min(nowMs - (this.#lookedAtMs ?? nowMs), this.#maxGapMs);
    this.#lookedAtMs = nowMs;
    for (const key of this.#seen.keys()) {
      if (!values.has(key)) this.#seen.delete(key);
    }
    for (const [key, value] of values) {
      const seen = this.#seen.get(key);
      if (seen?.value === value) seen.ageMs += gapMs;
      else this.#seen.set(key, { value, ageMs: 0 });
    }
  }

  /** As of the last look; 0 for what was never seen. */
  ageMs(key: string): number {
    return this.#seen.get(key)?.ageMs ?? 0;
  }
}
