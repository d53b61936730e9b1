import type { SampleMessage } from '../suggest/sample-message.js';

/** What a suggestion is made from. More messages say little more about what a device sends. */
export const MAX_SAMPLES = 5_000;
export const MAX_SAMPLE_BYTES = 32 * 1024 * 1024;

/** Messages up to the bounds; the others are counted. */
export class SampleCollection {
  readonly messages: SampleMessage[] = [];
  #bytes = 0;
  #isFull = false;

  /** Whether a bound is reached: nothing more is taken. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** Returns false when there is no room. */
  add(message: SampleMessage): boolean {
    const bytes = this.#bytes + message.payload.length;
    this.#isFull ||= this.messages.length >= MAX_SAMPLES || bytes > MAX_SAMPLE_BYTES;
    if (this.#isFull) return false;
    this.messages.push(message);
    this.#bytes = bytes;
    return true;
  }
}
