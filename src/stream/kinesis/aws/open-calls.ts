import { SluiceError } from '../../../lib/errors.js';
import type { CredentialRenewal } from '../credential-renewal.js';
import { type FailedCall, kinesisFailure } from './kinesis-failure.js';

/** Long enough for the largest answer on a slow network: 10 MiB at 200 kB/s. */
const CALL_DEADLINE_MS = 60_000;

/**
 * OpenCalls are the calls of one client in flight. Each promise settles at the latest at its deadline or with `close`.
 * The deadline is for what the time-outs of the connection do not cover: a credential process or a sign-in server that
 * never answers, or an answer that arrives too slowly.
 */
export class OpenCalls {
  readonly #streamName: string;
  readonly #deadlineMs: number;
  readonly #credentials: CredentialRenewal | undefined;
  readonly #ends = new Set<(reason: string) => void>();
  #closed = false;

  /** A call is sent a second time when its credentials were refused and there are others by then. */
  constructor(streamName: string, deadlineMs: number = CALL_DEADLINE_MS, credentials?: CredentialRenewal) {
    this.#streamName = streamName;
    this.#deadlineMs = deadlineMs;
    this.#credentials = credentials;
  }

  /** Rejects with one of the KINESIS_ codes; KINESIS_UNREACHABLE at the deadline and after `close`. */
  async run<T>(call: FailedCall['call'], send: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (this.#closed) throw this.#unreachable(call, 'the client is closed');
    const controller = new AbortController();
    let end = (_reason: string): void => {};
    const ended = new Promise<never>((_, reject) => {
      end = (reason) => {
        reject(this.#unreachable(call, reason));
        controller.abort();
      };
    });
    this.#ends.add(end);
    const timer = setTimeout(end, this.#deadlineMs, `no answer within ${this.#deadlineMs} ms`);
    try {
      return await Promise.race([this.#sent(send, controller.signal), ended]);
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

  async #sent<T>(send: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    const generation = this.#credentials?.generation ?? 0;
    try {
      return await send(signal);
    } catch (thrown) {
      if (this.#credentials === undefined || signal.aborted) throw thrown;
      if (!(await this.#credentials.renewed(thrown, generation))) throw thrown;
      return send(signal);
    }
  }

  #unreachable(call: FailedCall['call'], reason: string): SluiceError {
    return new SluiceError('KINESIS_UNREACHABLE', `${call} on stream ${this.#streamName}: ${reason}`);
  }
}
