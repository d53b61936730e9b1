import { type Schedule, scheduleOnTimer } from './timers.js';

/** Resolves after `ms`, or as soon as `signal` aborts; never rejects: the caller looks at the signal. */
export type Pause = (ms: number, signal?: AbortSignal) => Promise<void>;

/** Leaves no listener on the signal, which may live as long as the process. */
export function pauseOn(schedule: Schedule): Pause {
  return (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted === true) {
        resolve();
        return;
      }
      const finish = () => {
        cancel();
        signal?.removeEventListener('abort', finish);
        resolve();
      };
      const cancel = schedule(ms, finish);
      signal?.addEventListener('abort', finish, { once: true });
    });
}

export const pause = pauseOn(scheduleOnTimer);
