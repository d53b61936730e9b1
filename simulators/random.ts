const UINT32_RANGE = 2 ** 32;
const WARM_UP_ROUNDS = 12;

/** Small Fast Counter (sfc32, Chris Doty-Humphrey's PractRand): 128 bits of state, passes PractRand, a few ns a number. */
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

  /** In [0, 1). */
  next(): number {
    return this.nextUint32() / UINT32_RANGE;
  }

  /** In [low, high). */
  between(low: number, high: number): number {
    return low + (high - low) * this.next();
  }

  /** Triangular around 0, in (-1, 1): close enough to measuring noise, and bounded. */
  noise(): number {
    return this.next() - this.next();
  }
}

/** FNV-1a over UTF-16 units: turns a name into 32 bits of seed. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  return hash >>> 0;
}

/**
 * The random numbers that belong to one place of one named stream. Random access: a reading can be made
 * without making those before it, so how devices share connections cannot change a value.
 */
export function randomAt(seed: number, stream: number, index: number): Sfc32 {
  return new Sfc32(seed, stream, index);
}
