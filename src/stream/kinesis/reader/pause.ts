import type { Schedule } from '../timers.js';

/** Resolves after `ms`, or at once when `signal` aborts. */
export function pause(schedule: Schedule, ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0 || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = () => {
      cancel();
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const cancel = schedule(ms, finish);
    signal.addEventListener('abort', finish, { once: true });
  });
}
