/** Waits for `work`, but for `ms` at most; 'late' when it has not ended by then. The work continues. */
export async function withinDeadline(work: Promise<unknown>, ms: number): Promise<'done' | 'late'> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), ms);
  });
  try {
    return await Promise.race([work.then(() => 'done' as const), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Thrown out of a start that was asked to stop. It is no failure: it needs no report. */
export class StoppedEarly extends Error {
  constructor() {
    super('asked to stop before it had started');
    this.name = 'StoppedEarly';
  }
}

export function throwIfStopped(signal: AbortSignal): void {
  if (signal.aborted) throw new StoppedEarly();
}

/** Waits for `work`, but rejects with StoppedEarly as soon as `signal` aborts. The work continues then, unobserved. */
export async function unlessStopped<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop: () => void = () => undefined;
  const stopped = new Promise<never>((_, reject) => {
    stop = () => reject(new StoppedEarly());
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work, stopped]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/**
 * Ends the process although a thread hangs in native code: `process.exit` would wait for that thread, for ever. The kernel
 * ends a process by a signal that is not handled. Service managers take SIGTERM for a clean end, SIGKILL for a failure.
 */
export function endWithoutThreads(signal: 'SIGTERM' | 'SIGKILL'): void {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}
