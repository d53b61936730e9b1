/** Calls `run` once after `delayMs`, unless the returned function was called before. */
export type Schedule = (delayMs: number, run: () => void) => () => void;

export const scheduleOnTimer: Schedule = (delayMs, run) => {
  const timer = setTimeout(run, delayMs);
  return () => clearTimeout(timer);
};
