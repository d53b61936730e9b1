import { atLocalHour } from './local-time.js';

const MS_PER_MINUTE = 60_000;
const MINUTES_PER_HOUR = 60;

/** The energy that a load has used since midnight: the sum of its power in each minute. */
export class DailyEnergy {
  readonly #kilowattsAt: (atMs: number) => number;
  #midnightMs = Number.NaN;
  /** kWh from midnight to the start of each minute. They are kept: a reading would have to add up a day otherwise. */
  #untilMinute: number[] = [0];

  constructor(kilowattsAt: (atMs: number) => number) {
    this.#kilowattsAt = kilowattsAt;
  }

  kilowattHours(atMs: number): number {
    const midnightMs = atLocalHour(atMs, 0);
    if (midnightMs !== this.#midnightMs) {
      this.#midnightMs = midnightMs;
      this.#untilMinute = [0];
    }
    const minutes = (atMs - midnightMs) / MS_PER_MINUTE;
    const minute = Math.floor(minutes);
    for (let next = this.#untilMinute.length; next <= minute; next++) {
      this.#untilMinute.push(this.#untilMinute[next - 1]! + this.#inMinute(next - 1));
    }
    return this.#untilMinute[minute]! + (minutes - minute) * this.#inMinute(minute);
  }

  #inMinute(minute: number): number {
    return this.#kilowattsAt(this.#midnightMs + (minute + 0.5) * MS_PER_MINUTE) / MINUTES_PER_HOUR;
  }
}
