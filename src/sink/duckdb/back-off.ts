import { setTimeout as delay } from 'node:timers/promises';

export interface BackOff {
  readonly firstMs: number;
  readonly capMs: number;
}

/** Full jitter: between 0 and the doubled delay, so that what failed together does not come back together. */
export function backOffMs({ firstMs, capMs }: BackOff, attempt: number, random: () => number): number {
  return random() * Math.min(capMs, firstMs * 2 ** attempt);
}

/** Resolves after the delay, or at once when the signal aborts. */
export async function waitMs(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch {
    // Aborted: the caller looks at the signal.
  }
}
