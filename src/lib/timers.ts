/** Calls `run` once after `delayMs`, unless the returned function was called before. */
export type Schedule = (delayMs: number, run: () => void) => () => void;

export const scheduleOnTimer: Schedule = (delayMs, run) => {
  const timer = setTimeout(run, delayMs);
  return () => clearTimeout(timer);
};

/** Resolves after `ms`, or as soon as `signal` aborts. It never rejects: the caller checks the signal. */
export type Pause = (ms: number, signal?: AbortSignal) => Promise<void>;

/** Makes a Pause from a Schedule. It leaves no listener on the signal, which may live as long as the process. */
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
