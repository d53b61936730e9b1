import type { Clock } from '../../lib/clock.js';
import type { Schedule } from '../../lib/timers.js';

const NS_PER_MS = 1_000_000n;

/**
 * The longest wait at a time. Node fires a timer of more than 24.8 days at once, and while a timer runs the wall clock
 * may be set.
 */
const MAX_WAIT_MS = 60 * 60_000;

export function isExpired(expiresAtMs: number, clock: Clock): boolean {
  return Number(clock.nowNs() / NS_PER_MS) >= expiresAtMs;
}

/** Calls `expired` once the wall clock has reached `expiresAtMs`, unless the returned function was called before. */
export function atExpiry(
  expiresAtMs: number,
  clock: Clock,
  schedule: Schedule,
  expired: () => void,
): () => void {
  let cancel: () => void;
  const wait = () => {
    if (isExpired(expiresAtMs, clock)) {
      expired();
      return;
    }
    const leftMs = expiresAtMs - Number(clock.nowNs() / NS_PER_MS);
    cancel = schedule(Math.min(leftMs, MAX_WAIT_MS), wait);
  };
  cancel = schedule(0, wait);
  return () => cancel();
}
