import { SluiceError } from '../../../errors.js';
import { type FailedCall, kinesisFailure } from './kinesis-failure.js';

/** Longer than any answer that still comes in pieces: 10 MiB at 200 kB/s. */
const CALL_DEADLINE_MS = 60_000;

/**
 * The calls of one client that are under way: each settles, by itself, at its deadline or with `close`. The deadline
 * is for what the time-outs of the connection do not cover: a credential process or a sign-in server that never
 * answers, an answer that drips.
 */
export class OpenCalls {
  readonly #streamName: string;
  readonly #deadlineMs: number;
  readonly #ends = new Set<(reason: string) => void>();
  #closed = false;

  constructor(streamName: string, deadlineMs: number = CALL_DEADLINE_MS) {
    this.#streamName = streamName;
    this.#deadlineMs = deadlineMs;
  }

  /** Rejects with one of the KINESIS_ codes; KINESIS_UNREACHABLE at the deadline and after `close`. */
  async run<T>(call: FailedCall['call'], send: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (this.#closed) throw this.#given(call, 'the client is closed');
    const controller = new AbortController();
    let end = (_reason: string): void => {};
    const ended = new Promise<never>((_, reject) => {
      end = (reason) => {
        reject(this.#given(call, reason));
        controller.abort();
      };
    });
    this.#ends.add(end);
    const timer = setTimeout(end, this.#deadlineMs, `no answer within ${this.#deadlineMs} ms`);
    try {
      return await Promise.race([send(controller.signal), ended]);
    } catch (thrown) {
      throw kinesisFailure(thrown, { call, streamName: this.#streamName });
    } finally {
      clearTimeout(timer);
      this.#ends.delete(end);
    }
  }

  close(): void {
    this.#closed = true;
    for (const end of this.#ends) end('the client is closed');
  }

  #given(call: FailedCall['call'], reason: string): SluiceError {
    return new SluiceError('KINESIS_UNREACHABLE', `${call} on stream ${this.#streamName}: ${reason}`);
  }
}
