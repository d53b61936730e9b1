const FIRST_SEED = 0x9747b28c;
const SECOND_SEED = 0x3c6ef372;
// Two hashes as FNV-1a makes them, with multipliers of MurmurHash3: what is alike in one differs in the other.
const MULTIPLIER_1 = 0xcc9e2d51;
const MULTIPLIER_2 = 0x1b873593;

const float = new Float64Array(1);
const words = new Int32Array(float.buffer);

/**
 * TextHash takes texts and numbers one after the other and gives 64 bits that depend on all of them and on where one ends. It
 * is fast and always the same, because it is saved; it is no protection against somebody who looks for two texts with one hash.
 */
export class TextHash {
  #first: number;
  #second: number;

  /** `seed` is a whole number of 32 bits. */
  constructor(seed = 0) {
    this.#first = FIRST_SEED ^ seed;
    this.#second = SECOND_SEED ^ seed;
  }

  /** Begins again, so that a hash for every message needs no object for each. */
  reset(): this {
    this.#first = FIRST_SEED;
    this.#second = SECOND_SEED;
    return this;
  }

  add(text: string): this {
    const { length } = text;
    // The length first, mixed: it must not cancel out with the first character.
    let first = mixed(this.#first ^ length);
    let second = mixed(this.#second + length);
    for (let at = 0; at < length; at++) {
      const code = text.charCodeAt(at);
      first = Math.imul(first ^ code, MULTIPLIER_1);
      second = Math.imul(second ^ code, MULTIPLIER_2);
    }
    this.#first = first | 0;
    this.#second = second | 0;
    return this;
  }

  /** Adds a number by its bits, which is faster than as text. */
  addNumber(value: number): this {
    float[0] = value;
    for (let at = 0; at < 2; at++) {
      const bits = words[at] as number;
      this.#first = mixed(Math.imul(this.#first ^ bits, MULTIPLIER_1)) | 0;
      this.#second = mixed(Math.imul(this.#second ^ bits, MULTIPLIER_2)) | 0;
    }
    return this;
  }

  /** As text of at most 14 characters. */
  get text(): string {
    const { high, low } = this.bits;
    return (high >>> 0).toString(36) + (low >>> 0).toString(36).padStart(7, '0');
  }

  /** One half: a signed integer of 32 bits. */
  get high(): number {
    return mixed(this.#first ^ (this.#second >>> 7)) | 0;
  }

  /** The other half, of which `high` is half of the input. */
  lowAfter(high: number): number {
    return mixed(this.#second + Math.imul(high, MULTIPLIER_1)) | 0;
  }

  /** From 0 to below 1, in steps of 2^-53. */
  get fraction(): number {
    const { high, low } = this.bits;
    return ((high >>> 0) * 2 ** 21 + (low >>> 11)) / 2 ** 53;
  }

  /** Both halves, each a signed integer of 32 bits. */
  get bits(): { readonly high: number; readonly low: number } {
    const { high } = this;
    return { high, low: this.lowAfter(high) };
  }
}

/** The last step of MurmurHash3: numbers close to each other give hashes far from each other. */
export function mixed(bits: number): number {
  let hash = bits;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
