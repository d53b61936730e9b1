import { atLocalHour } from './local-time.js';

const MS_PER_MINUTE = 60_000;
const MS_PER_HOUR = 3_600_000;
const MS_PER_DAY = 24 * MS_PER_HOUR;

const DRIFT_BEGINS_MS = -7 * MS_PER_HOUR;
const DRIFT_ENDS_MS = 9 * MS_PER_HOUR;
const DRIFT_TO_CELSIUS = 8;
const DRIFT_TAKES_MS = 8.3 * MS_PER_HOUR;
const REPAIR_TAKES_MS = 25 * MS_PER_MINUTE;
const SILENT_FROM_MS = -3.2 * MS_PER_HOUR;
const EMPTY_BATTERY_PERCENT = 9;
const BATTERY_PERCENT_PER_HOUR = 2.5;
const NONSENSE_FROM_MS = -14 * MS_PER_MINUTE;
const NONSENSE_LASTS_MS = 45 * MS_PER_MINUTE;
const NONSENSE_EVERY_MS = 100_000;
const GAP_AT_HOUR = 20 + 1 / 6;
const GAP_LASTS_MS = 45 * MS_PER_MINUTE;

/**
 * What goes wrong in the demo, as functions of time. At `storyMs` all of it can be seen: a cold room has become too
 * warm, another one is silent, a meter sends nonsense, and a weather station was away in the evening before. The first
 * three are repaired within half a day and fail again a day later, so that a demo that runs for days has its story too.
 */
export class Story {
  readonly #storyMs: number;
  readonly #gapFromMs: number;

  constructor(storyMs: number) {
    this.#storyMs = storyMs;
    const todayMs = atLocalHour(storyMs, GAP_AT_HOUR);
    const isOver = todayMs + GAP_LASTS_MS + MS_PER_HOUR <= storyMs;
    this.#gapFromMs = isOver ? todayMs : todayMs - MS_PER_DAY;
  }

  /** Returns by how many °C the broken cold room is too warm. */
  driftCelsius(atMs: number): number {
    const phaseMs = this.#phaseMs(atMs);
    const warmedTo = (ms: number): number =>
      DRIFT_TO_CELSIUS * (1 - Math.exp(-Math.max(0, ms - DRIFT_BEGINS_MS) / DRIFT_TAKES_MS));
    if (phaseMs <= DRIFT_ENDS_MS) return warmedTo(phaseMs);
    return warmedTo(DRIFT_ENDS_MS) * Math.exp(-(phaseMs - DRIFT_ENDS_MS) / REPAIR_TAKES_MS);
  }

  /** Whether the compressor of that cold room runs without a pause. */
  isDrifting(atMs: number): boolean {
    const phaseMs = this.#phaseMs(atMs);
    return phaseMs >= DRIFT_BEGINS_MS && phaseMs <= DRIFT_ENDS_MS;
  }

  /** Whether the battery of the silent cold room is empty. It gets another one half a day after `storyMs`. */
  isBatteryEmpty(atMs: number): boolean {
    return this.#phaseMs(atMs) >= SILENT_FROM_MS;
  }

  /** Returns the charge of that battery, which is old. */
  batteryPercent(atMs: number): number {
    const hoursLeft = (SILENT_FROM_MS - this.#phaseMs(atMs)) / MS_PER_HOUR;
    return Math.min(96, EMPTY_BATTERY_PERCENT + Math.max(0, hoursLeft) * BATTERY_PERCENT_PER_HOUR);
  }

  /** Whether the meter is broken: for some time of every hour. */
  isBroken(atMs: number): boolean {
    const sinceMs = this.#phaseMs(atMs) - NONSENSE_FROM_MS;
    return sinceMs >= 0 && sinceMs % MS_PER_HOUR < NONSENSE_LASTS_MS;
  }

  /** Returns the number of the nonsense that a broken meter sends now; it sends nothing else, and seldom. */
  nonsense(atMs: number, stepMs: number): number | undefined {
    return happened(atMs, stepMs, NONSENSE_EVERY_MS);
  }

  /** Whether the weather station has lost its connection. */
  isAway(atMs: number): boolean {
    return atMs > this.#gapFromMs && atMs < this.#gapFromMs + GAP_LASTS_MS;
  }

  /** Whether this is the last reading before that, which breaks off. */
  breaksOff(atMs: number, stepMs: number): boolean {
    return atMs <= this.#gapFromMs && atMs + stepMs > this.#gapFromMs;
  }

  /** Time relative to the nearest moment at which the faults are seen; before the first one none is repaired. */
  #phaseMs(atMs: number): number {
    const sinceMs = atMs - this.#storyMs;
    const halfDayMs = MS_PER_DAY / 2;
    return sinceMs < halfDayMs ? sinceMs : ((sinceMs + halfDayMs) % MS_PER_DAY) - halfDayMs;
  }
}

/**
 * Returns the number of what happens every `everyMs` if it happened since the reading before, else undefined. So it is
 * in one reading, however close to each other they are.
 */
export function happened(atMs: number, stepMs: number, everyMs: number): number | undefined {
  const number = Math.floor(atMs / everyMs);
  return Math.floor((atMs - stepMs) / everyMs) < number ? number : undefined;
}
