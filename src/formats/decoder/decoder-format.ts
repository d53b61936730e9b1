import { printable } from '../../lib/printable.js';
import { tooLarge } from '../decode-utf8.js';
import {
  type DecodeContext,
  type Decoded,
  type PayloadFormat,
  type Rejected,
  rejected,
} from '../payload-format.js';
import { toJsonValue } from '../to-json-value.js';
import { DecoderThread } from './decoder-thread.js';

export interface DecoderOptions {
  /** An ES module. */
  readonly file: string;
  /** For each payload. */
  readonly timeoutMs: number;
}

/** So many threads that end or do not start, one after the other, make the decoder pause. */
const MAX_FAILURES_IN_A_ROW = 3;
const PAUSE_MS = 1_000;
const MAX_REASON_CHARACTERS = 200;

/** Ends the threads of decoders that are no longer in force: nobody says when a rule set is given up. */
const abandoned = new FinalizationRegistry<ThreadHolder>((holder) => holder.thread?.end());

interface ThreadHolder {
  thread: DecoderThread | undefined;
}

/**
 * A decoder that the user has written, in a thread of its own. It is trusted: it can do what the gateway can. What it throws parks the
 * payload; when it does not answer in time its thread is ended, and the next payload starts another. After some such
 * failures in a row all payloads of the next second are parked at once, so that a decoder that hangs does not hold up
 * all other devices.
 */
export class DecoderFormat implements PayloadFormat {
  readonly name = 'decoder';
  readonly #options: DecoderOptions;
  readonly #readMs: () => number;
  readonly #holder: ThreadHolder = { thread: undefined };
  #failures = 0;
  #pausedUntilMs = 0;

  /** `readMs`: a clock that never goes back. */
  constructor(options: DecoderOptions, readMs = () => performance.now()) {
    this.#options = options;
    this.#readMs = readMs;
    abandoned.register(this, this.#holder);
  }

  decode(payload: Buffer, { limits, topic, receivedAtNs }: DecodeContext): Decoded {
    if (payload.length > limits.maxPayloadBytes) return tooLarge(payload.length, limits.maxPayloadBytes);
    if (this.#readMs() < this.#pausedUntilMs) {
      return failed(`it failed ${this.#failures} times in a row, and is tried again within a second`);
    }
    const thread = this.#holder.thread ?? new DecoderThread(this.#options.file);
    this.#holder.thread = thread;
    if (thread.startProblem !== undefined) return this.#lost(thread, thread.startProblem);
    const { timeoutMs } = this.#options;
    // A copy: the decoder may change or keep it.
    const answer = thread.call({ payload: new Uint8Array(payload), topic, receivedAtNs }, timeoutMs);
    if (answer === undefined) {
      return this.#lost(thread, `it gave no answer within ${timeoutMs} ms, or its thread has ended`);
    }
    this.#failures = 0;
    if ('value' in answer) return toJsonValue(answer.value, limits);
    return failed('error' in answer ? answer.error : 'it gave no value');
  }

  #lost(thread: DecoderThread, problem: string): Rejected {
    thread.end();
    this.#holder.thread = undefined;
    this.#failures++;
    if (this.#failures >= MAX_FAILURES_IN_A_ROW) this.#pausedUntilMs = this.#readMs() + PAUSE_MS;
    return failed(problem);
  }
}

function failed(problem: string): Rejected {
  return rejected('decoder-failed', `the decoder: ${printable(problem, MAX_REASON_CHARACTERS)}`);
}
