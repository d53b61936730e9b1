import { randomAt } from './random.js';

/** A random curve over time: the same time has the same value, whichever readings are made of it. */
export class SmoothNoise {
  readonly #seed: number;
  readonly #stream: number;
  readonly #periodMs: number;
  /** The last stretch asked for, because the next reading is most often in it too. */
  #stretch = { index: Number.NaN, from: 0, to: 0 };

  /** The curve turns about every `periodMs`. Streams of one seed are independent of each other. */
  constructor(seed: number, stream: number, periodMs: number) {
    this.#seed = seed;
    this.#stream = stream | 0;
    this.#periodMs = periodMs;
  }

  /** Returns a value in (-1, 1) without jumps. */
  at(atMs: number): number {
    const position = atMs / this.#periodMs;
    const index = Math.floor(position);
    const into = position - index;
    const eased = into * into * (3 - 2 * into);
    if (this.#stretch.index !== index) {
      this.#stretch = { index, from: this.#knot(index), to: this.#knot(index + 1) };
    }
    const { from, to } = this.#stretch;
    return from * (1 - eased) + to * eased;
  }

  #knot(index: number): number {
    return 2 * randomAt(this.#seed, this.#stream, index).next() - 1;
  }
}

/** Returns the measuring noise of one device at one time, in (-1, 1), most often near 0. */
export function measuringNoise(seed: number, stream: number, atMs: number): number {
  return randomAt(seed, stream | 0, Math.floor(atMs / 100)).noise();
}

/** Returns 1 at `centre`, falling to 0 on both sides; `width` is the standard deviation of the bell. */
export function bell(at: number, centre: number, width: number): number {
  return Math.exp(-(((at - centre) / width) ** 2) / 2);
}

/** Returns 0 well before `centre` and 1 well after it; most of the rise takes four times `width`. */
export function rise(at: number, centre: number, width: number): number {
  return 1 / (1 + Math.exp(-(at - centre) / width));
}
