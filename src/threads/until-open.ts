import { type ErrorCode, errorText, SluiceError } from '../errors.js';
import { pause } from '../pause.js';
import type { OutletStatus } from '../stream/stream.js';

const FIRST_WAIT_MS = 1_000;
const MAX_WAIT_MS = 30_000;

/**
 * Repeats `attempt` until it succeeds, loudly. Also over errors that somebody has to mend: once the gateway runs,
 * ending would only take away the buffer from the devices. `undefined` once `signal` has aborted.
 */
export async function untilOpen<T>(
  attempt: () => Promise<T>,
  signal: AbortSignal,
  failed: (status: OutletStatus, code: ErrorCode) => void,
  firstWaitMs = FIRST_WAIT_MS,
): Promise<T | undefined> {
  for (let waitMs = firstWaitMs; !signal.aborted; waitMs = Math.min(MAX_WAIT_MS, waitMs * 2)) {
    try {
      return await attempt();
    } catch (thrown) {
      if (!(thrown instanceof SluiceError)) throw thrown;
      failed(
        { state: thrown.retryable ? 'retrying' : 'misconfigured', detail: errorText(thrown) },
        thrown.code,
      );
    }
    await pause(waitMs, signal);
  }
  return undefined;
}

/** For a start: what waiting may heal is left to `untilOpen` and false, the rest is thrown. */
export async function refuseWhatNoWaitingHeals(attempt: () => Promise<unknown>): Promise<boolean> {
  try {
    await attempt();
    return true;
  } catch (thrown) {
    if (thrown instanceof SluiceError && thrown.retryable) return false;
    throw thrown;
  }
}
