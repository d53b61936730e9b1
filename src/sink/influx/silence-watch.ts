import type { IncomingMessage } from 'node:http';
import { errorText, systemErrorCode } from '../../lib/errors.js';

/**
 * Ends a call when the caller's signal aborts, or when nothing comes from the peer for some time. The time that the
 * caller takes for what has come does not count. `end` must be called once.
 */
export class SilenceWatch {
  readonly #call = new AbortController();
  readonly #silenceMs: number;
  readonly #signal: AbortSignal;
  readonly #abort = () => this.#call.abort();
  #isSilent = false;

  constructor(silenceMs: number, signal: AbortSignal) {
    this.#silenceMs = silenceMs;
    this.#signal = signal;
    signal.addEventListener('abort', this.#abort, { once: true });
  }

  /** Aborts when the call has to end. */
  get signal(): AbortSignal {
    return this.#call.signal;
  }

  async within<T>(next: Promise<T>): Promise<T> {
    const timer = setTimeout(() => {
      this.#isSilent = true;
      this.#call.abort();
    }, this.#silenceMs);
    try {
      return await next;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Reads an answer as it comes, and ends the watch. Rejects with `asError` of what goes wrong. */
  async *parts(
    response: IncomingMessage,
    asError: (reason: string) => Error,
  ): AsyncGenerator<Buffer, void, undefined> {
    const iterator: AsyncIterator<Buffer> = response[Symbol.asyncIterator]();
    try {
      while (true) {
        const next = await this.within(iterator.next());
        if (next.done === true) return;
        yield next.value;
      }
    } catch (thrown) {
      throw asError(this.reason(thrown));
    } finally {
      this.end();
      response.destroy();
    }
  }

  /** Says why there is no answer, or no more of it. */
  reason(thrown: unknown): string {
    if (this.#isSilent) return `nothing came within ${this.#silenceMs} ms`;
    return errorText(thrown) || systemErrorCode(thrown) || 'the connection broke';
  }

  end(): void {
    this.#signal.removeEventListener('abort', this.#abort);
  }
}
