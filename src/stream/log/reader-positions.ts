/** Up to where each named reader of a log has saved its position: what all have left behind is needed no more. */
export class ReaderPositions {
  readonly #saved: Map<string, number>;

  /** `known`: what the checkpoints say at the start. A reader that has never saved anything holds back everything. */
  constructor(known: ReadonlyMap<string, number> = new Map()) {
    this.#saved = new Map(known);
  }

  /** A position never goes back. */
  saved(reader: string, sequence: number): void {
    this.#saved.set(reader, Math.max(sequence, this.#saved.get(reader) ?? 0));
  }

  /** Of the slowest reader; 0 while there is none. */
  get slowest(): number {
    return this.#saved.size === 0 ? 0 : Math.min(...this.#saved.values());
  }

  get fastest(): number {
    return Math.max(0, ...this.#saved.values());
  }
}
