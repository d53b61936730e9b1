const FIRST_SEED = 0x9747b28c;
const SECOND_SEED = 0x3c6ef372;
const MULTIPLIER_1 = 0xcc9e2d51;
const MULTIPLIER_2 = 0x1b873593;

const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);

/**
 * TextHash takes texts one after the other and gives 64 bits that depend on all of them and on where one ends. It is fast
 * and always the same, and no protection against somebody who looks for two texts with one hash.
 */
export class TextHash {
  #first: number;
  #second: number;

  /** `seed` is a whole number of 32 bits. */
  constructor(seed = 0) {
    this.#first = FIRST_SEED ^ seed;
    this.#second = SECOND_SEED ^ seed;
  }

  add(text: string): this {
    let first = this.#first ^ text.length;
    let second = this.#second ^ text.length;
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      first = Math.imul(rotated(first ^ Math.imul(code, MULTIPLIER_1), 13), 5) + 0xe6546b64;
      second = Math.imul(rotated(second ^ Math.imul(code, MULTIPLIER_2), 17), 9) + 0x38b34ae5;
    }
    this.#first = first | 0;
    this.#second = second | 0;
    return this;
  }

  /** As text of at most 14 characters. */
  get text(): string {
    const { high, low } = this.bits;
    return (high >>> 0).toString(36) + (low >>> 0).toString(36).padStart(7, '0');
  }

  /** Adds a number by its bits, which is faster than as text. */
  addNumber(value: number): this {
    float[0] = value;
    for (let at = 0; at < 2; at++) {
      const bits = words[at] as number;
      this.#first = (Math.imul(rotated(this.#first ^ Math.imul(bits, MULTIPLIER_1), 13), 5) + 0xe6546b64) | 0;
      this.#second =
        (Math.imul(rotated(this.#second ^ Math.imul(bits, MULTIPLIER_2), 17), 9) + 0x38b34ae5) | 0;
    }
    return this;
  }

  /** A signed integer of 32 bits. */
  get number(): number {
    return this.bits.high;
  }

  /** From 0 to below 1, in steps of 2^-53. */
  get fraction(): number {
    const { high, low } = this.bits;
    return ((high >>> 0) * 2 ** 21 + (low >>> 11)) / 2 ** 53;
  }

  /** Both halves, each a signed integer of 32 bits. */
  get bits(): { readonly high: number; readonly low: number } {
    const high = mixed(this.#first ^ this.#second) | 0;
    return { high, low: mixed(this.#second + Math.imul(high, MULTIPLIER_1)) | 0 };
  }
}

function rotated(bits: number, by: number): number {
  return (bits << by) | (bits >>> (32 - by));
}

/** The last step of MurmurHash3: numbers close to each other give hashes far from each other. */
export function mixed(bits: number): number {
  let hash = bits;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
