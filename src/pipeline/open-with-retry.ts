import { type BackOff, backOffMs } from '../lib/back-off.js';
import { type ErrorCode, errorText, SluiceError } from '../lib/errors.js';
import { pause } from '../lib/timers.js';
import type { ComponentStatus } from '../stream/stream.js';

/** Attempts never follow at once: they may be many requests each. */
const SHORTEST_WAIT_MS = 1_000;
const BACK_OFF: BackOff = { baseMs: 1_000, capMs: 29_000 };

/**
 * Repeats `attempt` until it succeeds, and reports each failure to `failed`. It also goes on after errors that a person
 * has to fix: ending a running gateway would only take the buffer away from the devices. Resolves with `undefined` once
 * `signal` has aborted; rejects with anything that is not a SluiceError.
 */
export async function openWithRetry<T>(
  attempt: () => Promise<T>,
  signal: AbortSignal,
  failed: (status: ComponentStatus, code: ErrorCode) => void,
  waitMs: (failures: number) => number = backOff,
): Promise<T | undefined> {
  for (let failures = 1; !signal.aborted; failures += 1) {
    try {
      return await attempt();
    } catch (thrown) {
      if (!(thrown instanceof SluiceError)) throw thrown;
      failed(
        { state: thrown.retryable ? 'retrying' : 'misconfigured', detail: errorText(thrown) },
        thrown.code,
      );
    }
    await pause(waitMs(failures), signal);
  }
  return undefined;
}

/**
 * For a start: resolves with true when `attempt` succeeds, and with false when it may succeed later, which is left to
 * `openWithRetry`. Rejects with an error that no waiting helps against.
 */
export async function failIfPermanent(attempt: () => Promise<unknown>): Promise<boolean> {
  try {
    await attempt();
    return true;
  } catch (thrown) {
    if (thrown instanceof SluiceError && thrown.retryable) return false;
    throw thrown;
  }
}

function backOff(failures: number): number {
  return SHORTEST_WAIT_MS + backOffMs(failures, BACK_OFF, Math.random);
}
