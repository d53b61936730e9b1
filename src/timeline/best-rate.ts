const MS_PER_HOUR = 3_600_000;
const KEPT_HOURS = 24;
const LEAST_ELAPSED_MS = 10_000;

/** Totals behind the rate; they never decrease. */
export interface StoredSample {
  /** Monotonic. */
  readonly atMs: number;
  readonly processed: number;
  /** Time in which the stages worked on them, as far as they count it; 0 where they do not. */
  readonly busyMs: number;
  /** Requests that had to be repeated: time spent on those says nothing of the speed. */
  readonly retries: number;
}

export interface BestOfHour {
  /** Hours since 1970. */
  readonly hour: number;
  readonly perSecond: number;
}

/**
 * The best rate of the last 24 hours at which messages were stored, from which it is estimated how long catching up takes.
 * While little comes in, the rate says nothing; then it is taken of the time in which the stages were busy. Few messages at a
 * time are slower than many, so catching up takes at most about that long.
 */
export class BestRate {
  #best: BestOfHour[] = [];
  #before: StoredSample | undefined;

  load(best: readonly BestOfHour[]): void {
    this.#best = [...best].slice(-KEPT_HOURS);
  }

  get hours(): readonly BestOfHour[] {
    return this.#best;
  }

  add(sample: StoredSample, wallMs: number): void {
    const before = this.#before ?? sample;
    const elapsedMs = sample.atMs - before.atMs;
    if (this.#before !== undefined && elapsedMs < LEAST_ELAPSED_MS) return;
    this.#before = sample;
    const processed = sample.processed - before.processed;
    if (processed <= 0 || sample.retries !== before.retries) return;
    const busyMs = sample.busyMs - before.busyMs;
    const perSecond = Math.max(processed / elapsedMs, busyMs > 0 ? processed / busyMs : 0) * 1_000;
    this.#note(Math.floor(wallMs / MS_PER_HOUR), perSecond);
  }

  /** Undefined while nothing is known. */
  perSecond(wallMs: number): number | undefined {
    const oldest = Math.floor(wallMs / MS_PER_HOUR) - KEPT_HOURS;
    const rates = this.#best.filter(({ hour }) => hour > oldest).map(({ perSecond }) => perSecond);
    return rates.length === 0 ? undefined : Math.max(...rates);
  }

  #note(hour: number, perSecond: number): void {
    const known = this.#best.find((of) => of.hour === hour);
    if (known !== undefined && known.perSecond >= perSecond) return;
    const others = this.#best.filter((of) => of.hour !== hour && of.hour > hour - KEPT_HOURS);
    this.#best = [...others, { hour, perSecond: Math.round(perSecond) }].slice(-KEPT_HOURS);
  }
}
