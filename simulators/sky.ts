import { localHour, yearShare } from './local-time.js';
import { hashText, randomAt } from './random.js';
import { bell, rise, SmoothNoise } from './smooth-noise.js';

const MS_PER_HOUR = 3_600_000;
const FRONTS = hashText('weather fronts');
/** One front in each. */
const FRONT_EVERY_MS = 30 * MS_PER_HOUR;
const WARMEST_HOUR = 14.5;
/** The last week of July. */
const WARMEST_YEAR_SHARE = 0.56;

/** What a front does to the weather now. */
interface FrontEffect {
  celsius: number;
  dewCelsius: number;
  hPa: number;
  metresPerSecond: number;
  cloud: number;
}

const NO_FRONT: FrontEffect = { celsius: 0, dewCelsius: 0, hPa: 0, metresPerSecond: 0, cloud: 0 };

/**
 * The weather over a region, as functions of time. Places of one seed share it. Values do not jump, except when clocks
 * go forward or back.
 */
export class Sky {
  readonly #seed: number;
  readonly #airMass: SmoothNoise;
  readonly #moisture: SmoothNoise;
  readonly #pressure: SmoothNoise;
  readonly #cloud: SmoothNoise;
  readonly #breeze: SmoothNoise;
  #lastFront: { readonly atMs: number; readonly effect: FrontEffect } = {
    atMs: Number.NaN,
    effect: NO_FRONT,
  };

  constructor(seed: number) {
    this.#seed = seed;
    const curve = (name: string, hours: number) =>
      new SmoothNoise(seed, hashText(`weather ${name}`), hours * MS_PER_HOUR);
    this.#airMass = curve('air mass', 40);
    this.#moisture = curve('moisture', 17);
    this.#pressure = curve('pressure', 52);
    this.#cloud = curve('cloud', 6);
    this.#breeze = curve('breeze', 5);
  }

  /** Air temperature without the time of day, °C. */
  #airMassCelsius(atMs: number, front: FrontEffect): number {
    const season = Math.cos(2 * Math.PI * (yearShare(atMs) - WARMEST_YEAR_SHARE));
    return 10.5 + 7.5 * season + 3 * this.#airMass.at(atMs) + front.celsius;
  }

  /**
   * Returns the temperature of the air, °C. `swing` scales the difference of day and night, `lagHours` delays it: the
   * sea does both.
   */
  celsius(atMs: number, swing: number, lagHours: number): number {
    const front = this.#front(atMs);
    const hour = localHour(atMs) - lagHours;
    const angle = (2 * Math.PI * (hour - WARMEST_HOUR)) / 24;
    // The morning warms faster than the evening cools.
    const day = Math.cos(angle) + 0.2 * Math.cos(2 * angle + 0.6);
    const season = Math.cos(2 * Math.PI * (yearShare(atMs) - WARMEST_YEAR_SHARE));
    const halfRange = (4.2 + 1.6 * season) * (1 - 0.65 * this.cloud(atMs));
    return this.#airMassCelsius(atMs, front) + swing * halfRange * day;
  }

  /** Returns the relative humidity of air of this temperature, %. */
  humidityPercent(atMs: number, celsius: number): number {
    const front = this.#front(atMs);
    const dewCelsius =
      this.#airMassCelsius(atMs, front) - 2.6 + 1.4 * this.#moisture.at(atMs) + front.dewCelsius;
    return Math.min(99, (100 * saturation(Math.min(dewCelsius, celsius))) / saturation(celsius));
  }

  /** Returns the pressure at sea level, hPa. */
  hPa(atMs: number): number {
    const tide = 0.5 * Math.cos((2 * Math.PI * (localHour(atMs) - 10)) / 12);
    return 1015 + 9 * this.#pressure.at(atMs) + tide + this.#front(atMs).hPa;
  }

  /** Returns the wind over open land, m/s. */
  metresPerSecond(atMs: number): number {
    const sun = Math.max(0, Math.cos((2 * Math.PI * (localHour(atMs) - 14)) / 24));
    return 3.6 + 1.5 * this.#breeze.at(atMs) + 1.2 * sun + this.#front(atMs).metresPerSecond;
  }

  /** Returns how much of the sky is covered, 0 to 1. */
  cloud(atMs: number): number {
    const covered = 0.45 + 0.45 * this.#cloud.at(atMs) + this.#front(atMs).cloud;
    return Math.min(1, Math.max(0, covered));
  }

  #front(atMs: number): FrontEffect {
    // Each reading asks several times.
    if (this.#lastFront.atMs !== atMs) this.#lastFront = { atMs, effect: this.#frontsNear(atMs) };
    return this.#lastFront.effect;
  }

  #frontsNear(atMs: number): FrontEffect {
    const number = Math.floor(atMs / FRONT_EVERY_MS);
    const sum = { ...NO_FRONT };
    for (let near = number - 1; near <= number + 1; near++) {
      const random = randomAt(this.#seed, FRONTS, near);
      const passesMs = (near + random.between(0.25, 0.75)) * FRONT_EVERY_MS;
      const strength = random.between(0.5, 1);
      const hours = (atMs - passesMs) / MS_PER_HOUR;
      // Warm and moist air ahead, colder and drier air behind it, which warms again within a day.
      sum.celsius +=
        strength * (1.6 * bell(hours, -4, 2.5) - 3.4 * rise(hours, 0.4, 0.35) * bell(hours, 2, 6));
      sum.dewCelsius += strength * (2.2 * bell(hours, -1, 2) - 1.8 * bell(hours, 6, 4));
      // The pressure falls for half a day and rises faster; the wind comes when it has fallen.
      sum.hPa -= strength * 11 * (hours < 0 ? bell(hours, 0, 5) : bell(hours, 0, 3));
      sum.metresPerSecond += strength * (4 * bell(hours, -0.5, 2.2) + 4 * bell(hours, 1, 1.2));
      sum.cloud += strength * 0.7 * bell(hours, -1, 3);
    }
    return sum;
  }
}

/** Water vapour that air can hold, in hPa (Magnus). */
function saturation(celsius: number): number {
  return 6.112 * Math.exp((17.62 * celsius) / (243.12 + celsius));
}
