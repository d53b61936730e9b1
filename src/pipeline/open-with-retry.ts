import { type BackOff, backOffMs } from '../lib/back-off.js';
import { type ErrorCode, errorText, SluiceError } from '../lib/errors.js';
import { StoppedEarly, unlessStopped } from '../lib/lifecycle.js';
import { pause } from '../lib/timers.js';
import type { ComponentStatus } from '../stream/stream.js';
import type { FirstContact } from './first-contact.js';

/** Attempts never follow at once: they may be many requests each. */
const SHORTEST_WAIT_MS = 1_000;
const BACK_OFF: BackOff = { baseMs: 1_000, capMs: 29_000 };

/**
 * Repeats `attempt` until it succeeds, and reports each failure to `failed`. While `first` lasts, it rejects with an error
 * that a person has to fix. Later it goes on after such errors too: ending a running gateway would only take the buffer
 * away from the devices. Resolves with `undefined` as soon as `signal` aborts, also in the middle of an attempt, which has
 * to close what it opens then; rejects with anything that is not a SluiceError.
 */
export async function openWithRetry<T>(
  attempt: () => Promise<T>,
  signal: AbortSignal,
  failed: (status: ComponentStatus, code: ErrorCode) => void,
  first?: FirstContact,
  waitMs: (failures: number) => number = backOff,
): Promise<T | undefined> {
  for (let failures = 1; !signal.aborted; failures += 1) {
    try {
      return await unlessStopped(attempt(), signal);
    } catch (thrown) {
      if (thrown instanceof StoppedEarly) break;
      if (!(thrown instanceof SluiceError)) throw thrown;
      if (first?.isOver === false && !thrown.retryable) throw thrown;
      failed(
        { state: thrown.retryable ? 'retrying' : 'misconfigured', detail: errorText(thrown) },
        thrown.code,
      );
      first?.end();
    }
    await pause(waitMs(failures), signal);
  }
  return undefined;
}

function backOff(failures: number): number {
  return SHORTEST_WAIT_MS + backOffMs(failures, BACK_OFF, Math.random);
}
