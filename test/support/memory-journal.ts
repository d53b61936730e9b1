import type { SessionJournal } from '../../src/broker/sessions/durable-writes.js';

/** A journal in memory. What is not committed is lost in a crash. */
export class MemoryJournal implements SessionJournal {
  #durable: Buffer[];
  #pending: Buffer[] = [];
  #waiting: (() => void)[] = [];
  /** False: a commit waits for `commit`. */
  isFast = true;

  constructor(entries: readonly Buffer[] = []) {
    this.#durable = [...entries];
  }

  append(entry: Buffer): void {
    this.#pending.push(Buffer.from(entry));
  }

  whenDurable(reached: () => void): void {
    this.#waiting.push(reached);
    if (this.isFast) this.commit();
  }

  commit(): void {
    this.#durable.push(...this.#pending.splice(0));
    for (const reached of this.#waiting.splice(0)) reached();
  }

  /** The entries that a crash leaves. */
  get durable(): readonly Buffer[] {
    return this.#durable;
  }

  /** Replaces everything appended with a snapshot. */
  compact(snapshot: Iterable<Buffer>): void {
    this.#durable = [...snapshot].map((entry) => Buffer.from(entry));
    this.#pending = [];
  }
}
