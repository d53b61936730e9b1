import { ProtobufCursor } from './protobuf-cursor.js';

/**
 * One of the two key tables of an aggregate: where its entries stand, four bytes each, and the texts that have been
 * asked for. A hostile aggregate of 10 MiB can hold five million entries.
 */
export class KeyTable {
  readonly #bytes: Buffer;
  #offsets = new Uint32Array(16);
  #size = 0;
  readonly #texts: string[] = [];

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get size(): number {
    return this.#size;
  }

  /** `offset`: of the length in front of the entry; both have been found to be in bounds. */
  add(offset: number): void {
    if (this.#size === this.#offsets.length) {
      const grown = new Uint32Array(this.#size + (this.#size >> 1));
      grown.set(this.#offsets);
      this.#offsets = grown;
    }
    this.#offsets[this.#size] = offset;
    this.#size += 1;
  }

  /** Each entry is decoded once, however many records name it. */
  text(index: number): string {
    const known = this.#texts[index];
    if (known !== undefined) return known;
    const cursor = new ProtobufCursor(this.#bytes, this.#offsets[index]!, this.#bytes.length);
    const length = cursor.length();
    const text = this.#bytes.toString('utf8', cursor.at, cursor.at + length);
    this.#texts[index] = text;
    return text;
  }
}
