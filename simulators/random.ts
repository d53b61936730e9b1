const UINT32_RANGE = 2 ** 32;
const WARM_UP_ROUNDS = 12;

/**
 * Small Fast Counter (sfc32, Chris Doty-Humphrey's PractRand): 128 bits of state, passes PractRand, a few ns per
 * number.
 */
export class Sfc32 {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(a: number, b: number, c: number) {
    this.#a = a | 0;
    this.#b = b | 0;
    this.#c = c | 0;
    for (let round = 0; round < WARM_UP_ROUNDS; round++) this.nextUint32();
  }

  nextUint32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    return sum >>> 0;
  }

  /** Returns a number in [0, 1). */
  next(): number {
    return this.nextUint32() / UINT32_RANGE;
  }

  /** Returns a number in [low, high). */
  between(low: number, high: number): number {
    return low + (high - low) * this.next();
  }

  /** Returns a number in (-1, 1) with a triangular distribution around 0, which resembles measuring noise. */
  noise(): number {
    return this.next() - this.next();
  }
}

/** Turns a name into a seed of 32 bits, with FNV-1a over UTF-16 units. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  return hash >>> 0;
}

/**
 * Returns the random numbers of one index of one named stream. With random access a reading can be made without those
 * before it, so the way devices share connections cannot change a value.
 */
export function randomAt(seed: number, stream: number, index: number): Sfc32 {
  return new Sfc32(seed, stream, index);
}
